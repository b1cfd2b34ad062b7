from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from companion.beatmap import TimeRange
from companion.engine.analysis import count_rhythm

if TYPE_CHECKING:
    from tests.engine.conftest import BeatmapOf


def circles(*times_ms: int) -> list[str]:
    return [f"100,100,{ms},1,0,0:0:0:0:" for ms in times_ms]


def beats(*gaps: float, beat_ms: float = 500, start_ms: float = 1000) -> list[str]:
    times = [start_ms]
    for gap in gaps:
        times.append(times[-1] + gap * beat_ms)
    return circles(*(round(ms) for ms in times))


def test_one_gap_throughout_is_no_surprise(beatmap_of: BeatmapOf):
    counted = count_rhythm(beatmap_of(beats(1, 1, 1, 1)))
    assert counted.entropy_bits == 0
    assert counted.gap_counts == {Fraction(1): 4}
    assert counted.stretches == ()


def test_entropy_counts_gaps_in_beats(beatmap_of: BeatmapOf):
    counted = count_rhythm(beatmap_of(beats(1, 1, 0.5, 1 / 3)))
    assert counted.gap_counts == {Fraction(1): 2, Fraction(1, 2): 1, Fraction(1, 3): 1}
    assert counted.entropy_bits == pytest.approx(1.5)
    assert counted.n_objects == 5


def test_neither_tempo_nor_offset_changes_the_rhythm(beatmap_of: BeatmapOf):
    gaps = (1, 0.5, 0.5, 0.75, 0.25, 1 / 3, 1 / 3, 1 / 3, 2)
    slow = count_rhythm(beatmap_of(beats(*gaps)))
    red = ("217,300,4,2,0,60,1,0",)
    quick = count_rhythm(beatmap_of(beats(*gaps, beat_ms=300, start_ms=1117), timing=red))
    assert quick.gap_counts == slow.gap_counts
    assert quick.entropy_bits == pytest.approx(slow.entropy_bits)
    assert quick.divisor_shares == slow.divisor_shares


def test_breaks_and_chords_are_no_gaps(beatmap_of: BeatmapOf):
    counted = count_rhythm(beatmap_of(circles(1000, 1000, 1500, 20000)))
    assert counted.n_gaps == 1
    assert counted.n_objects == 4


def test_shares_name_the_smallest_divisor_or_none(beatmap_of: BeatmapOf):
    shares = count_rhythm(beatmap_of(circles(1000, 1500, 1750, 1917, 2011))).divisor_shares
    assert shares == {0: 0.2, 1: 0.4, 2: 0.2, 6: 0.2}


def test_the_least_usual_stretch_is_found(beatmap_of: BeatmapOf):
    odd = (0.75, 0.25, 1 / 3, 1 / 6, 2.5, 1.5, 0.125, 0.375)
    counted = count_rhythm(beatmap_of(beats(*[1] * 20, *odd, *[1] * 20)))
    first = counted.stretches[0]
    assert first.range == TimeRange(11000, 14000)
    assert first.bits_per_gap == pytest.approx(math.log2(48))
    assert not any(
        a.range.overlaps(b.range) for a in counted.stretches for b in counted.stretches if a != b
    )


def test_a_map_without_tempo_or_objects_has_nothing_to_count(beatmap_of: BeatmapOf):
    assert count_rhythm(beatmap_of()).n_gaps == 0
    counted = count_rhythm(beatmap_of(circles(1000, 1500), timing=()))
    assert (counted.n_gaps, counted.entropy_bits) == (0, 0)
    assert counted.divisor_shares == {0: 1.0}
