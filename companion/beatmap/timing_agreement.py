"""How well two timings of one song agree, beat by beat."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from companion.beatmap.timing import TimingTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap.timing import TimingPoint

FASTEST_BEAT_MS = 20.0
"""Faster red lines are effects, and no beats are counted on them."""
SAME_TEMPO = 0.002
"""Tempos that differ by no more than this part are the same."""
CLOSE_MS = 10.0
"""Beats so close to each other are the same."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What becomes of the beats of one timing on the grid of another."""

    n_beats: int
    """How many beats were compared."""
    close_share: float
    """Part of them that lies within `CLOSE_MS` of a beat of the other timing."""
    shift_ms: float
    """Median of their signed distances; above 0 the first timing is late."""
    mean_error_ms: float
    """Mean of their distances."""
    worst_error_ms: float
    same_tempo_share: float
    """Part of them at which both timings have the same tempo."""


def compare_timing(
    red_lines: Sequence[TimingPoint], others: Sequence[TimingPoint], end_ms: float
) -> Agreement | None:
    """Compare the beats of a timing with the grid of another, from when both have begun.

    Lines that are not red are left out. None when there is no beat to compare.
    """
    mine = [point for point in red_lines if _has_beats(point)]
    theirs = [point for point in others if _has_beats(point)]
    if not mine or not theirs:
        return None
    table = TimingTable(theirs)
    begin_ms = table.red_lines[0].time_ms - CLOSE_MS
    distances: list[float] = []
    n_same = 0
    for beat_ms, red in _beats(mine, end_ms):
        if beat_ms < begin_ms:
            continue
        other = table.red_at(beat_ms)
        if other is None:
            continue
        distances.append(_distance(beat_ms, table, other))
        n_same += abs(red.beat_length / other.beat_length - 1) <= SAME_TEMPO
    if not distances:
        return None
    errors = [abs(distance) for distance in distances]
    n = len(errors)
    return Agreement(
        n_beats=n,
        close_share=sum(error <= CLOSE_MS for error in errors) / n,
        shift_ms=median(distances),
        mean_error_ms=fmean(errors),
        worst_error_ms=max(errors),
        same_tempo_share=n_same / n,
    )


def _has_beats(point: TimingPoint) -> bool:
    return (
        point.uninherited
        and point.beat_length >= FASTEST_BEAT_MS
        and math.isfinite(point.beat_length)
    )


def _beats(red_lines: Sequence[TimingPoint], end_ms: float) -> Iterator[tuple[float, TimingPoint]]:
    reds = sorted(red_lines, key=lambda point: point.time_ms)
    for i, red in enumerate(reds):
        until_ms = reds[i + 1].time_ms if i + 1 < len(reds) else end_ms
        for beat in range(max(math.ceil((until_ms - red.time_ms) / red.beat_length - 1e-6), 0)):
            yield red.time_ms + beat * red.beat_length, red


def _distance(ms: float, table: TimingTable, red: TimingPoint) -> float:
    """From the nearest beat of the line that governs a moment, or of the next line, if nearer."""
    beats = (ms - red.time_ms) / red.beat_length
    distance = (beats - round(beats)) * red.beat_length
    following = next((p for p in table.red_lines if p.time_ms > ms), None)
    if following is not None and abs(ms - following.time_ms) < abs(distance):
        return ms - following.time_ms
    return distance
