from __future__ import annotations

import pytest

from companion.engine.encoding import EncodingOptions, encode_red_lines
from companion.engine.events import Event, EventType
from companion.engine.timing import generate_timing

V29 = EncodingOptions()


def beats(*times: int, meter: int = 4, first: EventType = EventType.MEASURE) -> list[Event]:
    events: list[Event] = []
    for i, ms in enumerate(times):
        kind = first if i == 0 else EventType.BEAT if i % meter else EventType.MEASURE
        events += [Event(kind, 0, ms), Event(EventType.TIME_SHIFT, ms, ms)]
    return events


def lines(events: list[Event], **options) -> list[tuple[float, float, int]]:
    points = generate_timing(events, **options)
    return [(p.time_ms, round(60_000 / p.beat_length, 3), p.meter) for p in points]


def test_no_beats_give_no_lines():
    assert generate_timing([]) == ()
    assert generate_timing([Event(EventType.CIRCLE), Event(EventType.TIME_SHIFT, 5)]) == ()


def test_a_steady_beat_is_one_line_of_a_whole_tempo():
    assert lines(beats(*range(1000, 9000, 500))) == [(1000, 120, 4)]


def test_unsteady_beats_within_the_leniency_are_one_line():
    times = [1000 + i * 500 + (i % 3 - 1) * 2 for i in range(16)]
    assert lines(beats(*times), leniency_ms=5) == [(999 - 1, 120, 4)]


def test_a_change_of_tempo_is_a_second_line():
    times = [*range(0, 4000, 500), *range(4000, 7000, 300)]
    events = beats(*times, first=EventType.TIMING_POINT)
    assert [(time, bpm) for time, bpm, _ in lines(events)] == [(0, 120), (4000, 200)]


def test_a_marked_line_stands_where_it_is_marked():
    events = [
        *beats(0, 500, 1000, 1500, first=EventType.TIMING_POINT),
        *beats(2100, 2600, 3100, first=EventType.TIMING_POINT),
    ]
    assert [time for time, _, _ in lines(events)] == [0, 2100]


def test_waltzes_have_three_beats_in_a_measure():
    assert lines(beats(*range(0, 9000, 500), meter=3))[0] == (0, 120, 3)


def test_halves_and_tenths_of_a_tempo_are_found():
    step = 60_000 / 174.5
    times = [int(i * step) for i in range(100)]
    assert lines(beats(*times, first=EventType.TIMING_POINT))[0][1] == 174.5


def test_types_may_come_last():
    events = [
        event
        for pair in zip(*[iter(beats(0, 500, 1000))] * 2, strict=True)
        for event in reversed(pair)
    ]
    assert lines(events, types_first=False)[0][:2] == (0, 120)


@pytest.mark.parametrize("bpm", [60, 128, 174, 200, 222.22])
def test_lines_survive_the_way_through_events(beatmap_of, bpm: float):
    red = beatmap_of([], [f"812,{60_000 / bpm},4,2,0,60,1,0"]).red_lines
    events = encode_red_lines(red, V29, 30_000)
    (point,) = generate_timing(events)
    assert point.time_ms == 812
    assert 60_000 / point.beat_length == pytest.approx(bpm, abs=0.05)


def test_a_line_without_beats_takes_its_tempo_from_the_gap_and_the_tempo_before():
    events = [
        *beats(0, 400, 800, first=EventType.TIMING_POINT),
        *beats(1200, first=EventType.TIMING_POINT),
        *beats(1610, 2010, first=EventType.TIMING_POINT),
    ]
    found = [(time, bpm) for time, bpm, _ in lines(events)]
    assert found[1] == (1200, pytest.approx(60_000 / 410, abs=1))
