"""A map's rhythm, counted: which gaps between objects it uses, and where it leaves its habits.

No model is asked. Surprise is measured against the map itself: a gap that makes up a quarter of
the map's gaps costs two bits wherever it stands.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import TimeRange
from companion.engine.encoding.groups import snap_of
from companion.engine.encoding.moments import GoverningLines, moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from companion.beatmap import Beatmap

GRID = 48
"""Gaps are told apart in steps of 1/48 beat, which holds 1/16 and 1/12 exactly."""
LONGEST_GAP_BEATS = 16
"""A longer gap is a break, not a rhythm."""
STRETCH_GAPS = 8
"""A stretch is this many gaps that follow each other."""
MAX_STRETCHES = 3


@dataclass(frozen=True, slots=True)
class UnusualStretch:
    """Some gaps in a row that are rare in the map."""

    range: TimeRange
    bits_per_gap: float


@dataclass(frozen=True, slots=True)
class RhythmStatistics:
    """What a map's rhythm is made of."""

    n_objects: int
    gap_counts: Mapping[Fraction, int]
    """How often each gap, in beats, occurs; most frequent first."""
    entropy_bits: float
    """Bits it takes on average to tell which of its gaps comes next; 0 for one gap throughout."""
    divisor_shares: Mapping[int, float]
    """Share of the objects that start on each beat divisor; 0 stands for "on none up to 16"."""
    stretches: tuple[UnusualStretch, ...]
    """The least usual ones, least usual first; they do not overlap."""

    @property
    def n_gaps(self) -> int:
        """Gaps that were counted; breaks are not."""
        return sum(self.gap_counts.values())


@dataclass(frozen=True, slots=True)
class _Gap:
    start_ms: float
    end_ms: float
    beats: Fraction


def count_rhythm(beatmap: Beatmap) -> RhythmStatistics:
    """Count the gaps between starts of objects, in beats of the red line in effect.

    Objects that start together are one. A map without a red line with a tempo has no gaps.
    """
    starts = sorted({hit.start_ms for hit in beatmap.hit_objects})
    gaps = _gaps(starts, beatmap)
    counts = Counter(gap.beats for gap in gaps)
    bits = {beats: math.log2(len(gaps) / count) for beats, count in counts.items()}
    return RhythmStatistics(
        n_objects=len(beatmap.hit_objects),
        gap_counts=dict(counts.most_common()),
        entropy_bits=sum(bits[gap.beats] for gap in gaps) / len(gaps) if gaps else 0.0,
        divisor_shares=_divisor_shares(beatmap),
        stretches=_unusual(gaps, bits),
    )


def _gaps(starts: Sequence[float], beatmap: Beatmap) -> list[_Gap]:
    gaps: list[_Gap] = []
    for start_ms, end_ms in pairwise(starts):
        red = beatmap.timing.red_at(start_ms)
        if red is None or red.bpm <= 0:
            continue
        beats = Fraction(round((end_ms - start_ms) / red.beat_length * GRID), GRID)
        if beats <= LONGEST_GAP_BEATS:
            gaps.append(_Gap(start_ms, end_ms, beats))
    return gaps


def _divisor_shares(beatmap: Beatmap) -> dict[int, float]:
    lines = GoverningLines(beatmap.timing_points)
    counts = Counter(snap_of(moment(hit.start_ms), lines) for hit in beatmap.hit_objects)
    return {divisor: n / counts.total() for divisor, n in sorted(counts.items())}


def _unusual(gaps: Sequence[_Gap], bits: Mapping[Fraction, float]) -> tuple[UnusualStretch, ...]:
    length = min(STRETCH_GAPS, len(gaps))
    runs = [gaps[i : i + length] for i in range(len(gaps) - length + 1)] if gaps else []
    stretches = [
        UnusualStretch(
            TimeRange(math.floor(run[0].start_ms), math.ceil(run[-1].end_ms)),
            sum(bits[gap.beats] for gap in run) / length,
        )
        # a run across a break is no stretch that anybody hears as one
        for run in runs
        if all(left.end_ms == right.start_ms for left, right in pairwise(run))
    ]
    chosen: list[UnusualStretch] = []
    for stretch in sorted(stretches, key=lambda s: (-s.bits_per_gap, s.range)):
        if len(chosen) == MAX_STRETCHES or stretch.bits_per_gap <= 0:
            break
        if not any(stretch.range.overlaps(other.range) for other in chosen):
            chosen.append(stretch)
    return tuple(chosen)
