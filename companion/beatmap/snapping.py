"""The beat grid: ticks of the red lines, and ranges that begin and end on whole beats."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap.beatmap import Beatmap
from companion.beatmap.ranges import TimeRange
from companion.beatmap.timing import TimingTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap.timing import TimingPoint

DIVISORS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16)
"""Divisors that the editors offer."""

RED_LINE_REACH_MS = 20.0
"""Ticks of a coming red line are candidates this long before it begins."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the beat grid."""

    time_ms: float
    divisor: int
    """The smallest of the given divisors that has a tick here."""


def nearest_tick(
    ms: float,
    beatmap: Beatmap | Sequence[TimingPoint],
    divisors: Sequence[int] = DIVISORS,
) -> Tick | None:
    """The tick nearest to a moment; None without a red line that has a tempo.

    ``beatmap`` may be the red lines alone. Ticks come from the red line in effect, and from the
    following one where that is near; of ticks at one place the smallest divisor is named.
    """
    table = beatmap.timing if isinstance(beatmap, Beatmap) else TimingTable(beatmap)
    best: tuple[float, int, float] | None = None
    for red in _red_lines_near(ms, table):
        for divisor in divisors:
            step = red.beat_length / divisor
            time_ms = red.time_ms + round((ms - red.time_ms) / step) * step
            candidate = (round(abs(time_ms - ms), 6), divisor, time_ms)
            best = candidate if best is None else min(best, candidate)
    return None if best is None else Tick(best[2], best[1])


def _red_lines_near(ms: float, table: TimingTable) -> list[TimingPoint]:
    current = table.red_at(ms)
    following = table.red_at(ms + RED_LINE_REACH_MS)
    found = [current] if following is current else [current, following]
    return [red for red in found if red is not None and red.beat_length > 0]


def snap_range_outward(wanted: TimeRange, beatmap: Beatmap) -> TimeRange:
    """The smallest range of whole beats that covers the wanted one.

    A red line begins a beat, too. Without one that has a tempo an edge stays where it is; the
    start does not go below 0 unless it was there before.
    """
    start = _beat_before(wanted.start_ms, beatmap.timing)
    end = _beat_after(wanted.end_ms, beatmap.timing)
    return TimeRange(max(start, min(0, wanted.start_ms)), end)


def _beat_before(ms: int, table: TimingTable) -> int:
    # Beats are written at their floor: one that comes within this millisecond has begun.
    until = ms + 1 - 1e-6
    red = table.red_at(until)
    if red is None or red.beat_length <= 0:
        return ms
    beats = math.floor((until - red.time_ms) / red.beat_length)
    return min(ms, math.floor(red.time_ms + beats * red.beat_length + 1e-6))


def _beat_after(ms: int, table: TimingTable) -> int:
    red = table.red_at(ms)
    if red is None or red.beat_length <= 0:
        return ms
    beats = math.ceil((ms - red.time_ms) / red.beat_length - 1e-6)
    beat = math.floor(red.time_ms + beats * red.beat_length + 1e-6)
    nearer = [r.time_ms for r in table.red_lines if ms <= r.time_ms < beat]
    return max(ms, math.floor(nearer[0]) if nearer else beat)
