"""Sliders that beginners cannot follow."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, TimeRange
from companion.checks.check import DifficultyCheck, Issue
from companion.checks.level import Level
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.difficulty import Difficulty

SHORTEST_MS = 125.0
"""Half a beat at 240 BPM."""
MANY_SLIDERS, LONG_MS = 6, 5000.0
BEATS = {Level.EASY: 1.0, Level.NORMAL: 0.5}
"""How long a slider is at most that should have one reverse only."""
FAST_BEAT_MS, USUAL_BEAT_MS = 60_000 / 240, 60_000 / 180


def find_short(difficulty: Difficulty) -> Iterator[Issue]:
    """Sliders that are over at once."""
    for item in difficulty.beatmap.hit_objects:
        if isinstance(item, Slider) and item.duration_ms < SHORTEST_MS - 1e-6:
            yield Issue(
                severity=Severity.WARNING,
                message=(
                    f"The slider lasts {item.duration_ms:.0f} ms; in Easy at least "
                    f"{SHORTEST_MS:.0f} ms are expected."
                ),
                objects=(item,),
            )


def find_reverses(difficulty: Difficulty) -> Iterator[Issue]:
    """Short sliders with several reverses."""
    beats = BEATS[difficulty.level]
    for item in difficulty.beatmap.hit_objects:
        if not isinstance(item, Slider) or item.slides < 3:
            continue
        if item.duration_ms >= USUAL_BEAT_MS * beats:
            continue
        much = item.duration_ms < FAST_BEAT_MS * beats
        yield Issue(
            severity=Severity.PROBLEM if much else Severity.WARNING,
            message=(
                f"The slider has {item.slides - 1} reverses in {item.duration_ms:.0f} ms, "
                f"{'far ' if much else ''}too many to be read."
            ),
            objects=(item,),
        )


def find_slider_sections(difficulty: Difficulty) -> Iterator[Issue]:
    """Long stretches of nothing but sliders."""
    for is_slider, run in groupby(
        difficulty.beatmap.hit_objects, key=lambda item: isinstance(item, Slider)
    ):
        items = tuple(run)
        lasting_ms = items[-1].end_ms - items[0].start_ms
        if is_slider and len(items) > MANY_SLIDERS and lasting_ms > LONG_MS:
            yield Issue(
                severity=Severity.MINOR,
                message=(
                    f"{len(items)} sliders in a row last {lasting_ms / 1000:.0f} s; a circle or a "
                    "pause would be a rest."
                ),
                objects=(items[0],),
                at=TimeRange(int(items[0].start_ms), int(items[-1].end_ms) + 1),
            )


CHECKS = (
    DifficultyCheck(
        code="short_slider",
        title="Too short sliders",
        category="Spread",
        cause="In Easy a slider lasts less than 125 ms, half a beat at 240 BPM.",
        criterion="Sliders shorter than half a beat are too quick for new players.",
        answers=("MapsetVerifier:ShortSliders", "lazer:TooShortSliders"),
        differs=(
            "Its whole duration counts, as the criteria have it, where lazer measures one span; "
            "and it is a guideline, so not a problem as in lazer."
        ),
        severities=(Severity.WARNING,),
        modes=frozenset({Mode.OSU}),
        levels=frozenset({Level.EASY}),
        find=find_short,
    ),
    DifficultyCheck(
        code="multiple_reverses",
        title="Several reverses on short sliders",
        category="Spread",
        cause=(
            "A slider with two or more reverses lasts less than a beat in Easy or half a beat in "
            "Normal, at 240 BPM (problem) or 180 BPM (warning)."
        ),
        criterion="Short sliders should not reverse more than once in Easy and Normal.",
        answers=("MapsetVerifier:MultipleReverses",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.OSU}),
        levels=frozenset(BEATS),
        find=find_reverses,
    ),
    DifficultyCheck(
        code="slider_only_section",
        title="Slider-only sections",
        category="Compose",
        cause="In Easy or Normal more than six sliders follow one another over more than 5 s.",
        criterion="Stretches of nothing but sliders tire new players.",
        answers=("MapsetVerifier:SliderOnlySections",),
        severities=(Severity.MINOR,),
        modes=frozenset({Mode.OSU}),
        levels=frozenset(BEATS),
        find=find_slider_sections,
    ),
)
