from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.beatmap import (
    Document,
    Tick,
    TimeRange,
    TimingPoint,
    nearest_tick,
    snap_range_outward,
)

REDS = (TimingPoint(100, 500), TimingPoint(2000, 400))


def beatmap(timing: str = "100,500\n2000,400\n"):
    return Document.parse(f"[TimingPoints]\n{timing}".encode()).beatmap


@pytest.mark.parametrize(
    ("ms", "tick"),
    [
        (100, Tick(100, 1)),
        (101, Tick(100, 1)),
        (350, Tick(350, 2)),
        (267, Tick(100 + 500 / 3, 3)),
        (474, Tick(475, 4)),
        (-150, Tick(-150, 2)),
        (1997, Tick(2000, 1)),
        (2100, Tick(2100, 4)),
    ],
)
def test_the_nearest_tick_is_found(ms: float, tick: Tick) -> None:
    found = nearest_tick(ms, REDS)
    assert found is not None
    assert found.time_ms == pytest.approx(tick.time_ms)
    assert found.divisor == tick.divisor
    assert nearest_tick(ms, beatmap()) == found


def test_only_the_given_divisors_are_tried() -> None:
    assert nearest_tick(474, REDS, (1,)) == Tick(600, 1)
    assert nearest_tick(349, REDS, (4, 1, 2)) == Tick(350, 2)


def test_without_a_tempo_there_is_no_tick() -> None:
    assert nearest_tick(0, ()) is None
    assert nearest_tick(0, (TimingPoint(0, -5),)) is None


@pytest.mark.parametrize(
    ("wanted", "snapped"),
    [
        (TimeRange(700, 1100), TimeRange(600, 1100)),
        (TimeRange(601, 1101), TimeRange(600, 1600)),
        (TimeRange(600, 600), TimeRange(600, 600)),
        (TimeRange(0, 150), TimeRange(0, 600)),
        (TimeRange(-10, 150), TimeRange(-10, 600)),
        (TimeRange(1700, 1900), TimeRange(1600, 2000)),
        (TimeRange(2010, 2410), TimeRange(2000, 2800)),
    ],
)
def test_a_range_is_widened_to_whole_beats(wanted: TimeRange, snapped: TimeRange) -> None:
    assert snap_range_outward(wanted, beatmap()) == snapped


def test_a_beat_between_two_milliseconds_is_its_lower_one() -> None:
    thirds = beatmap("0,333.333333333333\n")
    assert snap_range_outward(TimeRange(333, 666), thirds) == TimeRange(333, 666)
    assert snap_range_outward(TimeRange(332, 667), thirds) == TimeRange(0, 1000)


def test_without_a_tempo_a_range_stays_as_it_is() -> None:
    for timing in ("", "0,-5\n"):
        assert snap_range_outward(TimeRange(3, 17), beatmap(timing)) == TimeRange(3, 17)


@given(st.integers(0, 5000), st.integers(0, 3000), st.floats(50, 900))
def test_snapping_covers_the_range_and_does_nothing_twice(
    start: int, length: int, beat: float
) -> None:
    view = beatmap(f"37,{beat}\n1500.5,{beat * 0.7}\n")
    wanted = TimeRange(start, start + length)
    snapped = snap_range_outward(wanted, view)
    assert snapped.start_ms <= wanted.start_ms
    assert snapped.end_ms >= wanted.end_ms
    assert snap_range_outward(snapped, view) == snapped
