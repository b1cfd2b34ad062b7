from __future__ import annotations

import pytest

from companion.engine.encoding.moments import moment
from companion.engine.postprocess.lines import Change, DraftLines
from companion.engine.postprocess.options import PostprocessOptions
from companion.engine.postprocess.osu_text import format_float, format_lines


@pytest.fixture
def lines(beatmap_of) -> DraftLines:
    timing = ["1000,500,4,2,0,60,1,0", "5000,-50,4,2,0,40,0,1"]
    return DraftLines.from_points(beatmap_of([], timing).timing_points)


def texts(lines: DraftLines) -> list[str]:
    return format_lines(lines, PostprocessOptions())


def test_a_volume_goes_on_until_the_end(lines: DraftLines):
    lines.set_volume(moment(3000), 80)
    assert texts(lines) == [
        "1000,500,4,2,0,60,1,0",
        "3000,-100,4,2,0,80,0,0",
        "5000,-50,4,2,0,80,0,1",
    ]


def test_a_velocity_counts_up_to_the_next_line(lines: DraftLines):
    lines.set_velocity(moment(3000), 2.0)
    assert [round(line.velocity, 6) for line in lines] == [1, 2, 2]
    lines.set_velocity(moment(4000), 0)
    assert len(lines) == 3


def test_nothing_is_added_where_nothing_would_change(lines: DraftLines):
    lines.set_kiai(moment(6000), on=True)
    assert len(lines) == 2


def test_lines_within_two_milliseconds_are_changed_instead_of_doubled(lines: DraftLines):
    lines.set_velocity(moment(5001), 4.0)
    assert len(lines) == 2
    lines.set_velocity(moment(1001), 4.0)
    assert [line.is_red for line in lines] == [True, False, False]


def test_a_change_before_the_first_line_moves_it_back_by_whole_measures(lines: DraftLines):
    lines.set_volume(moment(10), 30)
    first = next(iter(lines))
    assert first.is_red
    assert first.time == moment(-1000)


def test_a_change_without_any_line_makes_a_red_one():
    lines = DraftLines()
    lines.set_volume(moment(100), 30)
    assert [line.is_red for line in lines] == [True, False]


def test_green_lines_without_a_red_one_before_them_are_dropped(beatmap_of):
    timing = ["0,-50,4,2,0,60,0,0", "100,500,4,2,0,60,1,0"]
    lines = DraftLines.from_points(beatmap_of([], timing).timing_points)
    lines.drop_before_first_red()
    assert [line.time for line in lines] == [moment(100)]


def test_a_red_line_is_made_from_what_is_in_force(lines: DraftLines):
    lines.add_red(moment(6000), Change(beat_length=400.0, meter=3))
    assert texts(lines)[-1] == "6000,400,3,2,0,40,1,1"
    lines.add_red(moment(6000), Change(beat_length=300.0))
    assert texts(lines)[-1] == "6000,300,3,2,0,40,1,1"


def test_numbers_are_written_as_short_as_possible():
    assert format_float(-100.0) == "-100"
    assert format_float(444.444444444444) == "444.444444444444"
    assert format_float(float("nan")) == "nan"


def test_quirk_effects_are_one_or_none_and_the_index_is_kept(beatmap_of):
    lines = DraftLines.from_points(beatmap_of([], ["0,500,4,2,0,60,1,8"]).timing_points)
    lines.set_volume(moment(0), 70)
    assert texts(lines) == ["0,500,4,2,0,70,1,8"]
    quirks = PostprocessOptions(original_quirks=True)
    assert format_lines(lines, quirks) == ["0,500,4,2,-1,70,1,1"]
