"""Skins of osu!taiko sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, Spinner
from companion.checks.check import FolderCheck
from companion.checks.skin_sets import Element, ElementSet, elements, find_set_issues, shows
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.check import Issue
    from companion.checks.mapset import Folder

has_drumrolls = shows(Mode.TAIKO, lambda item: isinstance(item, Slider))
has_spinners = shows(Mode.TAIKO, lambda item: isinstance(item, Spinner))


def _drumrolls_alone(folder: Folder) -> bool:
    """Whether the element that osu! has as well is osu!taiko's own here."""
    return has_drumrolls(folder) and Mode.OSU not in folder.mapset.by_mode


GROUPS = (
    ElementSet(
        "notes",
        [
            *elements("taikobigcircle", "taikobigcircleoverlay-{n}"),
            *elements("taikohitcircle", "taikohitcircleoverlay-{n}"),
            Element("sliderscorepoint", used=_drumrolls_alone),
            Element("taiko-roll-middle", used=has_drumrolls),
            Element("taiko-roll-end", used=has_drumrolls),
            Element("spinner-warning", used=has_spinners),
        ],
    ),
    ElementSet(
        "hit bursts",
        [
            *elements("taiko-hit0-{n}", "taiko-hit100-{n}", "taiko-hit100k-{n}"),
            *elements("taiko-hit300-{n}", "taiko-hit300k-{n}"),
        ],
    ),
    ElementSet(
        "pippidon pictures",
        [
            *elements("pippidonclear{n}", "pippidonfail{n}", "pippidonidle{n}", "pippidonkiai{n}"),
            Element("taiko-flower-group-{n}", required=False),
        ],
    ),
)


def find_skin_issues(folder: Folder) -> Iterator[Issue]:
    """Incomplete sets of elements, and elements that are no PNG."""
    return find_set_issues(GROUPS, folder)


CHECKS = (
    FolderCheck(
        code="taiko_skin",
        title="Incomplete skin",
        category="Skinning",
        cause="A set of skin elements lacks some (problem), or an element is no PNG (warning).",
        criterion="Skinned elements have to come in complete sets.",
        answers=("MapsetVerifier:SkinningTaiko",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.TAIKO}),
        find=find_skin_issues,
    ),
)
