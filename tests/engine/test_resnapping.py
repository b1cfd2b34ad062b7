from __future__ import annotations

import pytest

from companion.beatmap import TimingPoint
from companion.engine.events import Event, EventType
from companion.engine.postprocess import resnap

E = EventType
RED = TimingPoint(time_ms=0.0, beat_length=500.0, sample_set=2)


def times(events: list[Event]) -> list[int]:
    return [event.value for event in events if event.kind is E.TIME_SHIFT]


def snapped(ms: int, divisor: int) -> list[Event]:
    return [Event(E.CIRCLE), Event(E.TIME_SHIFT, ms), Event(E.SNAPPING, divisor)]


@pytest.mark.parametrize("quirks", [False, True])
@pytest.mark.parametrize(
    ("ms", "divisor", "expected"),
    [(509, 1, 500), (255, 2, 250), (128, 4, 125), (241, 4, 125), (170, 3, 166), (123, 0, 123)],
)
def test_times_go_to_the_nearest_tick_of_their_divisor(ms, divisor, expected, quirks):
    moved = resnap(snapped(ms, divisor), [RED], original_quirks=quirks)
    assert times(moved) == [expected]


@pytest.mark.parametrize("quirks", [False, True])
def test_a_coming_line_attracts_what_lies_just_before_it(quirks):
    reds = [RED, TimingPoint(time_ms=1010.0, beat_length=400.0)]
    assert times(resnap(snapped(1006, 1), reds, original_quirks=quirks)) == [1010]


def test_without_a_tempo_times_stay():
    assert times(resnap(snapped(123, 4), [])) == [123]


def test_quirk_of_two_ticks_that_are_equally_near_a_set_yields_the_first():
    red = TimingPoint(time_ms=0.0, beat_length=60_000 / 174)
    # On the 29th beat, so that the half beats before and after are equally far away.
    assert times(resnap(snapped(10_000, 2), [red])) == [9827]
    assert times(resnap(snapped(10_000, 2), [red], original_quirks=True)) == [10_172]
