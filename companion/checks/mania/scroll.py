"""Scroll speed of osu!mania difficulties whose tempo changes."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TimeRange
from companion.checks.check import DifficultyCheck, Issue, SetCheck
from companion.checks.gameplay.mania import main_bpm
from companion.checks.level import Level
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import Beatmap, TimingPoint
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Mapset

MANIA = frozenset({Mode.MANIA})
SAME_FACTOR = 0.02
SAME_BPM = 1.0


def _lines(beatmap: Beatmap) -> Iterator[tuple[TimingPoint, TimingPoint]]:
    """Each line that is in effect, with the red line that governs it; one for each time."""
    points = sorted(beatmap.timing_points, key=lambda p: (p.time_ms, not p.uninherited))
    red: TimingPoint | None = None
    for _, group in groupby(points, key=lambda p: p.time_ms):
        at_once = list(group)
        red = next((p for p in reversed(at_once) if p.uninherited), red)
        if red is not None and red.bpm > 0:
            yield at_once[-1], red


def _normal(main: float, red: TimingPoint) -> float:
    """The multiplier that makes a section scroll like the main tempo, as the editor rounds it."""
    return round(main / red.bpm, 2)


def find_changed_easy(mapset: Mapset) -> Iterator[Issue]:
    """Lines of Easy, or of a Normal that is the lowest, that change the scroll speed."""
    by_keys: dict[int, list[Difficulty]] = {}
    for difficulty in mapset.difficulties:
        by_keys.setdefault(difficulty.beatmap.keycount, []).append(difficulty)
    for difficulties in by_keys.values():
        lowest = min(one.level for one in difficulties)
        for difficulty in difficulties:
            if difficulty.level is Level.EASY or difficulty.level is lowest is Level.NORMAL:
                yield from _changed(difficulty)


def _changed(difficulty: Difficulty) -> Iterator[Issue]:
    beatmap = difficulty.beatmap
    main = difficulty.fact(main_bpm)
    if not main:
        return
    for point, red in _lines(beatmap):
        normal, actual = _normal(main, red), round(point.scroll_speed, 2)
        if abs(actual - normal) <= SAME_FACTOR + 1e-9 or point.time_ms > beatmap.last_ms:
            continue
        yield Issue(
            severity=Severity.PROBLEM,
            message=(
                f"The scroll speed is {actual:.2f}× here; {normal:.2f}× would keep it as it is in "
                "most of the map."
            ),
            at=TimeRange(int(point.time_ms), int(point.time_ms) + 1),
            difficulty=difficulty,
        )


def find_not_normalised(difficulty: Difficulty) -> Iterator[Issue]:
    """Red lines of another tempo that no green line on top makes scroll alike."""
    beatmap = difficulty.beatmap
    main = difficulty.fact(main_bpm)
    if not main:
        return
    for point, red in _lines(beatmap):
        if not point.uninherited or abs(main - red.bpm) <= SAME_BPM:
            continue
        if point.time_ms > beatmap.last_ms:
            continue
        late = _next_green(beatmap, red)
        normal = _normal(main, red)
        near = late is not None and abs(round(late.scroll_speed, 2) - normal) <= SAME_FACTOR + 1e-9
        yield Issue(
            severity=Severity.PROBLEM if near else Severity.WARNING,
            message=(
                f"The green line that normalises the scroll speed comes "
                f"{late.time_ms - red.time_ms:.0f} ms after its red line and should be on it."
                if near and late is not None
                else f"The tempo changes to {red.bpm:g} BPM; a green line of {normal:.2f}× on it "
                "would keep the scroll speed."
            ),
            at=TimeRange(int(red.time_ms), int(red.time_ms) + 1),
        )


def _next_green(beatmap: Beatmap, red: TimingPoint) -> TimingPoint | None:
    for point in beatmap.timing_points:
        if point.time_ms > red.time_ms:
            return None if point.uninherited else point
    return None


CHECKS = (
    SetCheck(
        code="mania_easy_scroll",
        title="Changes of scroll speed in the easiest difficulties",
        category="Timing",
        cause=(
            "In Easy, or in a Normal that is the lowest of its key count, the multiplier differs "
            "by more than 0.02 from the one that keeps the scroll speed."
        ),
        criterion=(
            "Easy difficulties, and Normals that are the lowest, must scroll at one speed; "
            "changing tempos must be normalised."
        ),
        answers=("MapsetVerifier:EasySliderVelocity",),
        differs="Red lines without a green line count, too, as they change the speed as well.",
        severities=(Severity.PROBLEM,),
        modes=MANIA,
        find=summarised(find_changed_easy),
    ),
    DifficultyCheck(
        code="mania_variable_bpm",
        title="Tempo changes that are not normalised",
        category="Timing",
        cause=(
            "A red line more than 1 BPM off the main tempo has no green line at its time "
            "(warning), or the one that normalises it comes late (problem)."
        ),
        criterion="Tempo changes should keep one scroll speed by way of green lines.",
        answers=("MapsetVerifier:VariableBpm",),
        differs=(
            "Green lines of another speed are not mentioned: they are how scroll effects are made."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=MANIA,
        find=summarised(find_not_normalised),
    ),
)
