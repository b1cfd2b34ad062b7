from __future__ import annotations

from companion.beatmap.ranges import TimeRange, merge


def test_a_range_holds_its_start_but_not_its_end() -> None:
    span = TimeRange(10, 20)
    assert span.contains(10)
    assert span.contains(19.9)
    assert not span.contains(20)
    assert span.duration_ms == 10
    assert TimeRange(5, 1).duration_ms == 0


def test_ranges_that_only_touch_do_not_overlap() -> None:
    assert not TimeRange(0, 10).overlaps(TimeRange(10, 20))
    assert TimeRange(0, 11).overlaps(TimeRange(10, 20))
    assert not TimeRange(5, 5).overlaps(TimeRange(0, 10))


def test_merge_joins_what_touches_and_drops_what_is_empty() -> None:
    ranges = [TimeRange(30, 40), TimeRange(0, 10), TimeRange(10, 15), TimeRange(20, 20)]
    assert merge(ranges) == (TimeRange(0, 15), TimeRange(30, 40))
