"""When something begins, turns back or ends, and how far that is from the beat grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Circle, Slider
from companion.checks.check import edge_numbers, name_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from companion.beatmap import HitObject, Mode, TimingPoint
    from companion.checks.difficulty import Difficulty

    Array = NDArray[np.float64]

GRIDS = (5, 7, 9, 12, 16)
"""Divisors whose grids hold all ticks that are commonly used (1/1 to 1/9, 1/12, 1/16)."""
DIVISORS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16)
"""Divisors that the editors offer."""
SHORTEST_BEAT_MS = 0.1
"""A red line with shorter beats is an effect; it has no grid that anything could be off."""
SNAPPED_MS = 2.0
"""What is this far from a tick is not on it."""
_WRITTEN_MS = 0.5
"""Ticks that are nearer to each other than this are one in a file of whole milliseconds."""


@dataclass(frozen=True, slots=True)
class Edges:
    """All edges of a difficulty, object by object."""

    times_ms: NDArray[np.float64]
    """Shape = (n,)."""
    owners: NDArray[np.int64]
    """Index in ``hit_objects``, shape = (n,)."""
    nodes: NDArray[np.int64]
    """0 for a head, 1 for the end of a spinner or hold note, a slider's node otherwise; (n,)."""


def edges(difficulty: Difficulty) -> Edges:
    """The edges of all objects."""
    owners: list[int] = []
    times: list[float] = []
    nodes: list[int] = []
    for index, item in enumerate(difficulty.beatmap.hit_objects):
        if isinstance(item, Circle):
            owners.append(index)
            times.append(item.start_ms)
            nodes.append(0)
        elif isinstance(item, Slider) and item.slides == 1:
            owners += (index, index)
            times += (item.start_ms, item.start_ms + item.span_ms)
            nodes += (0, 1)
        elif isinstance(item, Slider):
            numbers = edge_numbers(item)
            owners += [index] * len(numbers)
            times += [item.start_ms + item.span_ms * n for n in numbers]
            nodes += numbers
        else:
            owners += (index, index)
            times += (item.start_ms, item.end_ms)
            nodes += (0, 1)
    return Edges(
        np.array(times, dtype=np.float64),
        np.array(owners, dtype=np.int64),
        np.array(nodes, dtype=np.int64),
    )


def part_name(item: HitObject, node: int, mode: Mode) -> str:
    """What a mapper calls an edge of an object."""
    if node == 0:
        return name_of(item, mode)
    middle = isinstance(item, Slider) and node < item.slides
    return f"{name_of(item, mode)} {'repeat' if middle else 'end'}"


def off_grid_ms(difficulty: Difficulty) -> Array:
    """How far each edge is behind its nearest tick (negative: before it), shape = (n,)."""
    return grid_distances_ms(difficulty.fact(edges).times_ms, difficulty.beatmap.red_lines)


def grid_distances_ms(times: Array, red_lines: Sequence[TimingPoint]) -> Array:
    """How far times are behind their nearest tick (negative: before it), shape = (n,).

    0 where a red line has no tempo. The start of the coming red line counts as a tick, too.
    """
    if not red_lines:
        return np.zeros(len(times))
    starts, beats, governing = _governing(times, red_lines)
    following = np.minimum(governing + 1, len(starts) - 1)
    off = times - starts[following]
    own = own_grid_distances_ms(times - starts[governing], beats[governing])
    nearest = np.where(np.abs(own) < np.abs(off), own, off)
    return np.where(beats[governing] >= SHORTEST_BEAT_MS, nearest, 0.0)


def own_grid_distances_ms(since: Array, beats: Array) -> Array:
    """The same for times since the red line whose grid counts, with beats of each; shape = (n,)."""
    steps = np.where(beats >= SHORTEST_BEAT_MS, beats, 1.0)
    best = np.full(len(since), np.inf)
    for divisor in GRIDS:
        step = steps / divisor
        rest = since - np.round(since / step) * step
        best = np.where(np.abs(rest) < np.abs(best), rest, best)
    return np.where(beats >= SHORTEST_BEAT_MS, best, 0.0)


def edge_divisors(difficulty: Difficulty) -> NDArray[np.int64]:
    """The simplest divisor of the governing red line that has a tick at an edge, shape = (n,).

    0 where no tick is within 2 ms, or there is no tempo.
    """
    times = difficulty.fact(edges).times_ms
    red_lines = difficulty.beatmap.red_lines
    if not red_lines or not len(times):
        return np.zeros(len(times), dtype=np.int64)
    starts, beats, governing = _governing(times, red_lines)
    timed = beats[governing] >= SHORTEST_BEAT_MS
    steps = np.where(timed, beats[governing], 1.0)[:, None] / np.array(DIVISORS)
    since = (times - starts[governing])[:, None]
    rests = np.abs(since - np.round(since / steps) * steps)
    nearest = rests.min(axis=1)
    simplest = np.argmax(rests <= nearest[:, None] + _WRITTEN_MS, axis=1)
    return np.where(timed & (nearest < SNAPPED_MS), np.array(DIVISORS)[simplest], 0)


def _governing(
    times: Array, red_lines: Sequence[TimingPoint]
) -> tuple[Array, Array, NDArray[np.int64]]:
    """Starts and beat lengths of the red lines, and which of them governs each time."""
    starts = np.array([red.time_ms for red in red_lines])
    beats = np.array([red.beat_length for red in red_lines])
    return starts, beats, np.maximum(0, np.searchsorted(starts, times, side="right") - 1)
