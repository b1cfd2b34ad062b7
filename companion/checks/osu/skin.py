"""Skins of osu! sets: complete elements, spinners of one style, a slider border of its own."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, Spinner
from companion.beatmap.colours import colours_of
from companion.checks.check import FolderCheck, Issue
from companion.checks.skin_sets import (
    Element,
    ElementSet,
    elements,
    find_set_issues,
    has_picture,
    incomplete,
    is_skinned,
    pictures_of,
    shows,
)
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.mapset import Folder

SIMILAR_COLOURS = 30.0
"""Distance in RGB at which border and body look alike."""

has_sliders = shows(Mode.OSU, lambda item: isinstance(item, Slider))
has_reverses = shows(Mode.OSU, lambda item: isinstance(item, Slider) and item.slides > 1)
has_spinners = shows(Mode.OSU, lambda item: isinstance(item, Spinner))

CURSOR = ElementSet(
    "cursor elements",
    [
        *elements("cursor", "cursortrail"),
        *elements("cursormiddle", "cursor-smoke", required=False),
    ],
)
HIT_BURSTS = ElementSet(
    "hit bursts",
    [
        *elements("hit0-{n}", "hit50-{n}", "hit100-{n}", "hit100k-{n}"),
        *elements("hit300-{n}", "hit300g-{n}", "hit300k-{n}"),
        *elements("particle50", "particle100", "particle300", required=False),
        *elements("sliderpoint10", "sliderpoint30", required=False),
    ],
)
HIT_CIRCLES = ElementSet(
    "hit circles",
    [
        *elements("approachcircle", "followpoint-{n}", "hitcircle", "hitcircleoverlay-{n}"),
        Element("reversearrow", used=has_reverses),
        Element("sliderendcircle", used=has_sliders),
        Element("sliderendcircleoverlay-{n}", used=has_sliders),
        Element("sliderstartcircle", used=has_sliders),
        Element("sliderstartcircleoverlay-{n}", used=has_sliders),
        Element("hitcircleselect", required=False),
    ],
)
SLIDERS = ElementSet(
    "slider elements",
    [
        Element("sliderb{n}", used=has_sliders),
        Element("sliderfollowcircle-{n}", used=has_sliders),
        Element("sliderscorepoint", used=has_sliders),
        Element("sliderb-nd", required=False, used=has_sliders),
        Element("sliderb-spec", required=False, used=has_sliders),
    ],
)
NUMBERS = ElementSet("hit circle numbers", elements(*(f"default-{n}" for n in range(10))))
GROUPS = (CURSOR, HIT_BURSTS, HIT_CIRCLES, SLIDERS, NUMBERS)

SPINNER_SHARED = ("spinner-approachcircle", "spinner-clear", "spinner-spin")
SPINNER_OLD = ("spinner-background", "spinner-circle", "spinner-metre")
SPINNER_NEW = (
    "spinner-bottom",
    "spinner-glow",
    "spinner-middle",
    "spinner-middle2",
    "spinner-top",
)
DISTINCT = (
    ("hit100-{n}", "hit100k-{n}"),
    ("hit300-{n}", "hit300g-{n}"),
    ("hit300-{n}", "hit300k-{n}"),
)


def find_skin_issues(folder: Folder) -> Iterator[Issue]:
    """All that is wrong with the skin of an osu! set."""
    yield from find_set_issues(GROUPS, folder)
    if has_spinners(folder):
        yield from _spinners(folder)
    yield from _same_bursts(folder)
    if is_skinned(HIT_CIRCLES, folder) or is_skinned(SLIDERS, folder):
        yield from _colours(folder)


def _spinners(folder: Folder) -> Iterator[Issue]:
    for file in pictures_of("spinner-osu", folder):
        yield Issue(
            severity=Severity.WARNING,
            message="It is shown in skins of version 1 only, which hardly anybody has.",
            file=file.name,
            detail="spinner-osu",
        )
    old = [name for name in SPINNER_OLD if has_picture(name, folder)]
    new = [name for name in SPINNER_NEW if has_picture(name, folder)]
    if old and new:
        yield Issue(
            severity=Severity.PROBLEM,
            message=f"{old[0]} belongs to the old spinner and {new[0]} to the new one.",
            detail="mixed spinner",
        )
        return
    if new:
        yield Issue(
            severity=Severity.WARNING,
            message=(
                "The new spinner is shown rightly only with the default skin; the old one is "
                "recommended."
            ),
            detail="new spinner",
        )
    if old or new:
        wanted = (*(SPINNER_OLD if old else SPINNER_NEW), *SPINNER_SHARED)
        missing = [name for name in wanted if not has_picture(name, folder)]
        if missing:
            yield incomplete("spinner elements", missing)


def _same_bursts(folder: Folder) -> Iterator[Issue]:
    for one, two in DISTINCT:
        first, second = (next(pictures_of(name, folder), None) for name in (one, two))
        if first is None or second is None or first.size_bytes != second.size_bytes:
            continue
        if first.read() == second.read():
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"{first.name} and {second.name} are the same picture.",
                file=second.name,
                detail="same",
            )


def _colours(folder: Folder) -> Iterator[Issue]:
    for difficulty in folder.mapset.by_mode.get(Mode.OSU, ()):
        colours = colours_of(difficulty.document)
        if colours.slider_border is None:
            yield Issue(
                severity=Severity.PROBLEM,
                message="The set skins circles or sliders, but states no slider border colour.",
                detail="border",
                difficulty=difficulty,
            )
        elif colours.slider_track is not None and (
            math.dist(colours.slider_border, colours.slider_track) < SIMILAR_COLOURS
        ):
            yield Issue(
                severity=Severity.PROBLEM,
                message="The colour of slider bodies is too similar to that of their border.",
                detail="similar",
                difficulty=difficulty,
            )


CHECKS = (
    FolderCheck(
        code="osu_skin",
        title="Incomplete or unsuitable skin",
        category="Skinning",
        cause=(
            "A set of skin elements lacks some; old and new spinner are mixed; bursts of 100 or "
            "300 are the same as their katu or geki; a skinned slider has no border colour of its "
            "own, or one within 30 of its body (problems); an element is no PNG, or is of the new "
            "spinner or spinner-osu (warnings)."
        ),
        criterion=(
            "Skinned elements have to come in complete sets, be distinguishable, and fit the map's "
            "colours."
        ),
        answers=("MapsetVerifier:SkinningStandard",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.OSU}),
        find=find_skin_issues,
    ),
)
