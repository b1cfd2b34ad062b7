"""Checks of objects against the beat grid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Circle, HoldNote, Slider, Spinner, nearest_tick
from companion.checks.check import DifficultyCheck, Issue, edge_numbers, name_of
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from companion.beatmap import Beatmap, HitObject, TextEdit
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty

GRIDS = (5, 7, 9, 12, 16)
"""Divisors whose grids hold all ticks that are commonly used (1/1 to 1/9, 1/12, 1/16)."""
PROBLEM_MS = 2.0
MINOR_MS = 1.0


def find_unsnapped(difficulty: Difficulty) -> Iterator[Issue]:
    """Objects with a head, repeat or end that is off every tick of the beat grid."""
    beatmap = difficulty.beatmap
    if not beatmap.red_lines:
        return
    owners: list[int] = []
    times: list[float] = []
    for index, item in enumerate(beatmap.hit_objects):
        edges = _edges(item)
        owners += [index] * len(edges)
        times += edges
    off = off_grid_ms(np.array(times, dtype=np.float64), beatmap)
    worst: dict[int, tuple[float, float]] = {}
    for position in np.flatnonzero(np.abs(off) >= MINOR_MS).tolist():
        owner, distance = owners[position], float(off[position])
        if owner not in worst or abs(distance) > abs(worst[owner][1]):
            worst[owner] = (times[position], distance)
    for index, (ms, distance) in worst.items():
        yield _unsnapped(difficulty, beatmap.hit_objects[index], ms, distance)


def _edges(item: HitObject) -> list[float]:
    if isinstance(item, Circle):
        return [item.start_ms]
    if isinstance(item, Slider):
        return [item.start_ms + item.span_ms * n for n in edge_numbers(item)]
    return [item.start_ms, item.end_ms]


def off_grid_ms(times: NDArray[np.float64], beatmap: Beatmap) -> NDArray[np.float64]:
    """How far each time is behind its nearest tick (negative: before it), shape = (n,).

    0 where a red line has no tempo. The start of the coming red line counts as a tick, too.
    """
    starts = np.array([red.time_ms for red in beatmap.red_lines])
    beats = np.array([red.beat_length for red in beatmap.red_lines])
    governing = np.maximum(0, np.searchsorted(starts, times, side="right") - 1)
    following = np.minimum(governing + 1, len(starts) - 1)
    since, beat = times - starts[governing], beats[governing]
    off = times - starts[following]
    for divisor in GRIDS:
        step = np.where(beat > 0, beat, 1.0) / divisor
        rest = since - np.round(since / step) * step
        off = np.where(np.abs(rest) < np.abs(off), rest, off)
    return np.where(beat > 0, off, 0.0)


def _unsnapped(difficulty: Difficulty, item: HitObject, ms: float, distance: float) -> Issue:
    side = "after" if distance > 0 else "before"
    part = name_of(item)
    if ms != item.start_ms:
        part += " end" if ms == item.end_ms else " repeat"
    fix, label = _snap_fix(difficulty, item, ms)
    return Issue(
        severity=Severity.PROBLEM if abs(distance) >= PROBLEM_MS else Severity.MINOR,
        message=f"The {part} is {abs(distance):.1f} ms {side} the nearest tick of the beat grid.",
        objects=(item,),
        fix=fix,
        fix_label=label,
    )


def _snap_fix(
    difficulty: Difficulty, item: HitObject, ms: float
) -> tuple[tuple[TextEdit, ...], str | None]:
    """The edit that puts an unsnapped time on its tick, and what to call it.

    None for a slider's later edges: they depend on its length and velocity, which are the
    mapper's to choose.
    """
    tick = nearest_tick(ms, difficulty.beatmap)
    assert tick is not None, "what is off the grid has a grid"
    snapped = math.floor(tick.time_ms + 1e-6)  # as stable writes ticks
    text = str(snapped - difficulty.beatmap.time_offset_ms)
    label = f"Snap to 1/{tick.divisor}"
    if ms == item.start_ms:
        if isinstance(item, Spinner | HoldNote) and snapped >= item.end_ms:
            return (), None
        return difficulty.replace_fields(item.line, {2: text}), label
    if isinstance(item, Spinner | HoldNote) and snapped > item.start_ms:
        old = difficulty.field(item.line, 5)
        # A hold note's sounds are glued to its end time with a colon.
        rest = old[old.index(":") :] if ":" in old else ""
        return difficulty.replace_fields(item.line, {5: text + rest}), f"{label} (end)"
    return (), None


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="unsnapped_object",
        title="Unsnapped objects",
        category="Timing",
        cause=(
            "A head, repeat or end is 1 ms (minor) or 2 ms (problem) or more away from every tick "
            "of 1/5, 1/7, 1/9, 1/12 and 1/16."
        ),
        criterion=(
            "Every object has to be snapped to the beat grid: circles, and the heads, repeats "
            "and ends of sliders, spinners and hold notes."
        ),
        answers=("MapsetVerifier:Unsnaps", "lazer:UnsnappedObjects"),
        severities=(Severity.PROBLEM, Severity.MINOR),
        find=find_unsnapped,
    ),
)
