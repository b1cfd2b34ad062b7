from __future__ import annotations

from companion.engine.events import TYPES, Event, EventType, merge, only, span_of, without


def at(time_ms: int, kind: EventType = EventType.CIRCLE) -> Event:
    return Event(kind, 0, time_ms)


def test_merging_puts_the_first_stream_first_at_equal_times():
    first, second = [at(1), at(5, EventType.BEAT)], [at(0), at(5)]
    assert merge(first, second) == [at(0), at(1), at(5, EventType.BEAT), at(5)]


def test_merging_keeps_the_order_inside_a_stream_even_where_time_steps_back():
    slider = [at(10), at(30), at(20)]
    assert only(merge(slider, [at(25, EventType.BEAT)]), {EventType.CIRCLE}) == slider


def test_a_span_is_half_open():
    events = [at(0), at(10), at(20)]
    assert span_of(events, 0, 20) == (0, 2)
    assert span_of(events, 21, 30) == (3, 3)
    assert span_of([], 0, 10) == (0, 0)


def test_a_span_is_looked_for_from_the_end():
    events = [at(0), at(30), at(10), at(40)]
    assert span_of(events, 20, 50) == (3, 4)


def test_events_can_be_left_out_by_kind():
    events = [at(0), at(0, EventType.VOLUME)]
    assert without(events, {EventType.VOLUME}) == [at(0)]


def test_attributes_are_no_types():
    assert EventType.TIME_SHIFT not in TYPES
    assert EventType.SLIDER_END in TYPES
