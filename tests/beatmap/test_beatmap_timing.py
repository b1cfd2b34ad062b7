from __future__ import annotations

import math
from typing import Any

import pytest

from companion.beatmap.ranges import TimeRange
from companion.beatmap.timing import TimingPoint, TimingTable, parse_timing_point


def parse(text: str, default_set: int = 1, offset_ms: int = 0) -> TimingPoint:
    return parse_timing_point(text, 3, default_set, offset_ms)


def green(time_ms: float, beat_length: float = -100.0, **values: Any) -> TimingPoint:
    return TimingPoint(time_ms, beat_length, uninherited=False, **values)


def test_a_full_line_is_read() -> None:
    point = parse("1000.5,-50,3,2,1,70,0,9")
    assert point == TimingPoint(1000.5, -50.0, 3, 2, 1, 70, uninherited=False, effects=9, line=3)
    assert point.kiai
    assert not point.omit_bar_line  # means something on red lines only
    assert point.velocity == 2.0
    assert point.bpm == 0


def test_two_fields_are_enough_for_a_red_line() -> None:
    point = parse(" 24 , 333.33 ", default_set=2)
    assert point.uninherited
    assert (point.meter, point.sample_set, point.sample_index, point.volume) == (4, 2, 0, 100)
    assert point.bpm == pytest.approx(180.0018)


@pytest.mark.parametrize(("field", "red"), [("1", True), ("10", True), ("0", False), ("", False)])
def test_only_the_first_character_tells_red_from_green(field: str, red: bool) -> None:
    assert parse(f"0,500,4,1,0,100,{field},0").uninherited is red


@pytest.mark.parametrize(("field", "meter"), [("0", 4), ("04", 4), ("3", 3), ("7.0", 7)])
def test_a_meter_beginning_with_zero_means_four(field: str, meter: int) -> None:
    assert parse(f"0,500,{field}").meter == meter


@pytest.mark.parametrize(
    "text",
    [
        "100",
        "x,500",
        "0,NaN",
        "0,inf",
        "0,2.4E+15",
        "2.4E+15,500",
        "0,500,-1",
        "0,500,4,x",
        "SliderBorder : 1,2,3",
    ],
)
def test_a_bad_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


def test_a_green_line_may_be_no_number_and_then_keeps_the_velocity_at_one() -> None:
    point = parse("0,NaN,4,1,0,100,0,0")
    assert math.isnan(point.beat_length)
    assert point.velocity == 1.0


def test_velocities_are_held_in_the_games_range() -> None:
    assert green(0, -1.0).velocity == 10.0
    assert green(0, -5000.0).velocity == 0.1
    assert green(0, -5000.0).scroll_speed == 0.02
    assert green(0, 50.0).velocity == 1.0  # a positive value means "as it is"


def test_early_formats_shift_all_times() -> None:
    assert parse("100,500", offset_ms=24).time_ms == 124


def test_bad_effects_count_as_none_and_unknown_bits_stay() -> None:
    assert parse("0,500,4,1,0,100,1,x").effects == 0
    assert parse("0,500,4,1,0,100,1,12").effects == 12
    assert parse("0,500,4,1,0,100,1,8").omit_bar_line


def test_an_empty_table_has_neutral_answers() -> None:
    table = TimingTable(())
    assert table.red_at(0) is None
    assert table.point_at(0) is None
    assert table.sample_point_at(0) is None
    assert table.velocity_at(0) == 1.0
    assert not table.kiai_at(0)
    assert table.kiai_ranges(1000) == ()


def test_the_first_red_line_also_governs_what_lies_before_it() -> None:
    table = TimingTable([TimingPoint(1000, 500), TimingPoint(2000, 250)])
    assert [table.red_at(ms).beat_length for ms in (0, 1000, 1999, 2000)] == [500, 500, 500, 250]  # type: ignore[union-attr]
    assert table.point_at(999) is None
    first = table.sample_point_at(0)
    assert first is not None
    assert first.time_ms == 1000


def test_a_red_line_alone_resets_the_velocity() -> None:
    table = TimingTable([TimingPoint(0, 500), green(100, -50), TimingPoint(200, 400)])
    assert table.velocity_at(150) == 2.0
    assert table.velocity_at(200) == 1.0


@pytest.mark.parametrize("green_first", [False, True])
def test_at_one_time_the_green_line_overrules_the_red_one(green_first: bool) -> None:
    points = [TimingPoint(0, 500), green(0, -50)]
    table = TimingTable(points[::-1] if green_first else points)
    assert table.velocity_at(0) == 2.0
    assert [p.beat_length for p in table.red_lines] == [500]


def test_of_two_green_lines_at_one_time_the_later_in_the_file_wins() -> None:
    assert TimingTable([green(0, -50), green(0, -200)]).velocity_at(0) == 0.5


def test_sounds_come_from_the_line_up_to_five_ms_later() -> None:
    table = TimingTable([TimingPoint(0, 500, volume=60), green(105, volume=30)])
    volumes = [point.volume for ms in (99.9, 100) if (point := table.sample_point_at(ms))]
    assert volumes == [60, 30]


def test_kiai_ranges_begin_and_end_with_the_lines_and_ignore_overruled_ones() -> None:
    table = TimingTable(
        [
            TimingPoint(0, 500),
            green(1000, effects=1),
            green(2000, effects=1),
            TimingPoint(3000, 500, effects=1),
            green(3000, effects=0),
            green(4000, effects=1),
        ]
    )
    assert table.kiai_ranges(5000) == (TimeRange(1000, 3000), TimeRange(4000, 5000))
    assert table.kiai_ranges(3500) == (TimeRange(1000, 3000),)
    assert table.kiai_at(1000)
    assert not table.kiai_at(3000)
