from __future__ import annotations

import pytest

from companion.beatmap import (
    Circle,
    HitObject,
    HitSample,
    HoldNote,
    Slider,
    Spinner,
    TimingPoint,
    TimingTable,
)
from companion.beatmap.object_lines import ObjectReader, parse_sample


def read(
    text: str,
    *points: TimingPoint,
    multiplier: float = 1.4,
    offset_ms: int = 0,
    fractional: bool = False,
) -> HitObject:
    timing = TimingTable(points or (TimingPoint(0, 500),))
    return ObjectReader(timing, multiplier, offset_ms, fractional).read(text, 7)


def slider(text: str, *points: TimingPoint, fractional: bool = False) -> Slider:
    item = read(text, *points, fractional=fractional)
    assert isinstance(item, Slider)
    return item


def test_a_circle_is_read() -> None:
    circle = read("256,192,1000,21,8,1:2:3:40:clap.wav")
    assert circle == Circle(
        x=256, y=192, start_ms=1000, end_ms=1000, type_bits=21, hitsound=8,
        sample=HitSample(1, 2, 3, 40, "clap.wav"), line=7,
    )  # fmt: skip
    assert circle.new_combo
    assert circle.combo_skip == 1
    assert circle.duration_ms == 0


def test_sounds_may_be_missing_altogether() -> None:
    assert read("1,2,3,1") == Circle(x=1, y=2, start_ms=3, end_ms=3, type_bits=1, line=7)


@pytest.mark.parametrize(
    ("text", "sample"),
    [
        ("", HitSample()),
        ("0:0:0:0:", HitSample()),
        ("1:2", HitSample(1, 2)),
        ("1", HitSample(1)),
        ("9:-1:0", HitSample(1, 1)),
        (":", HitSample()),
        ("1:2:3:-5:a:b.wav ", HitSample(1, 2, 3, 0, "a:b.wav")),
        ("1:2::", HitSample(1, 2)),
    ],
)
def test_samples_may_be_cut_off_anywhere(text: str, sample: HitSample) -> None:
    assert parse_sample(text) == sample


def test_decimals_of_positions_count_in_the_lazer_format_only() -> None:
    old = read("10.7,-3.7,100.5,1,0")
    new = read("10.7,-3.7,100.5,1,0", fractional=True)
    assert (old.x, old.y, old.start_ms) == (10, -3, 100.5)
    assert (new.x, new.y, new.start_ms) == (10.7, -3.7, 100.5)


def test_early_formats_shift_starts_and_ends() -> None:
    assert read("0,0,100,1,0", offset_ms=24).start_ms == 124
    assert read("0,0,100,8,0,900", offset_ms=24).end_ms == 924
    assert read("0,0,100,128,0,900:0:0:0:0:", offset_ms=24).end_ms == 924


def test_a_spinner_is_at_the_centre_and_never_ends_before_it_begins() -> None:
    spinner = read("1,1,1000,12,4,2000,3:0:0:0:")
    assert isinstance(spinner, Spinner)
    assert (spinner.x, spinner.y, spinner.end_ms) == (256, 192, 2000)
    assert spinner.sample == HitSample(3)
    assert read("1,1,1000,12,4,500").end_ms == 1000


def test_a_hold_note_has_its_end_glued_to_its_sounds() -> None:
    hold = read("448,192,1000,128,2,1500:1:2:0:70:x.wav")
    assert isinstance(hold, HoldNote)
    assert hold.end_ms == 1500
    assert hold.sample == HitSample(1, 2, 0, 70, "x.wav")
    assert hold.column(4) == 3
    assert read("0,0,1000,128,0,900:0:0:0:0:").end_ms == 1000
    assert read("0,0,1000,128,0").end_ms == 1000


@pytest.mark.parametrize(("x", "column"), [(0, 0), (73, 0), (74, 1), (511, 6), (512, 6), (-5, 0)])
def test_columns_are_cut_from_the_playfields_width(x: int, column: int) -> None:
    assert read(f"{x},192,0,1,0").column(7) == column


def test_a_sliders_duration_comes_from_tempo_and_velocity() -> None:
    item = slider(
        "0,0,1000,2,0,L|280:0,3,280",
        TimingPoint(0, 500),
        TimingPoint(900, -50, uninherited=False),
    )
    assert item.span_ms == pytest.approx(500)
    assert item.end_ms == pytest.approx(2500)
    assert item.node_times_ms == pytest.approx((1000, 1500, 2000, 2500))
    assert item.slides == 3
    assert item.end_position == pytest.approx((280, 0))
    assert slider("0,0,0,2,0,L|280:0,2,280").end_position == (0, 0)


def test_without_a_tempo_sixty_beats_per_minute_are_assumed() -> None:
    green = TimingPoint(0, -100, uninherited=False)
    assert slider("0,0,0,2,0,L|140:0,1,140", green).span_ms == 1000
    assert slider("0,0,0,2,0,L|140:0,1,140", TimingPoint(0, -5)).span_ms == 1000


@pytest.mark.parametrize("length", ["", ",0", ",-20"])
def test_a_slider_without_a_length_is_as_long_as_its_curve(length: str) -> None:
    item = slider(f"0,0,0,2,0,L|100:0,1{length}")
    assert item.length_px == pytest.approx(100)
    assert item.path.position_at(1) == pytest.approx((100, 0))


def test_a_slider_needs_neither_slides_nor_points() -> None:
    item = slider("5,6,0,2,0,B")
    assert item.slides == 1
    assert item.control_points == ((5, 6),)
    assert item.length_px == 0
    assert slider("5,6,0,2,0,").curve_type == ""
    assert slider("5,6,0,2,0,B|,0,10").slides == 1


def test_control_points_keep_red_anchors() -> None:
    item = slider("0,0,0,2,0,B|50:0|50:0|50.9:99,1,100")
    assert item.curve_type == "B"
    assert item.control_points == ((0, 0), (50, 0), (50, 0), (50, 99))
    assert [s.kind for s in item.segments] == ["B", "B"]


def test_a_lazer_slider_has_several_curve_types() -> None:
    item = slider("0,0,0,2,0,B3|50:0|L|100.5:0|100:99,1,100", fractional=True)
    assert item.curve_type == "B3"
    assert item.curve_changes == ((2, "L"),)
    assert [(s.kind, s.degree, len(s.points)) for s in item.segments] == [
        ("B", 3, 3),
        ("L", None, 2),
    ]


def test_edge_sounds_follow_the_slides_and_missing_ones_are_inherited() -> None:
    item = slider("0,0,0,2,2,L|9:0,2,9,8|x,1:2|2,3:1:0:0:")
    assert item.edge_sounds == (8, 0, 2)
    assert item.edge_sets == ((1, 2), (2, 0), (3, 1))
    longer = slider("0,0,0,2,2,L|9:0,1,9,1|2|3|4,0:0|0:0|0:0,0:0:0:0:")
    assert longer.edge_sounds == (1, 2)
    assert slider("0,0,0,2,2,L|9:0,1,9,,").edge_sounds == (2, 2)


@pytest.mark.parametrize(
    "text",
    [
        "1,2,3",
        "1,2,3,x,0",
        "1,2,3,4,0",
        "x,2,3,1,0",
        "1,131073,3,1,0",
        "1,2,NaN,1,0",
        "1,2,3,1,0,x:0:0",
        "1,2,3,8,0",
        "1,2,3,8,0,x",
        "1,2,3,128,0,x:0:0:0:0:",
        "1,2,3,2,0",
        "1,2,3,2,0,L|9:0,9001,9",
        "1,2,3,2,0,L|9:0,1,NaN",
        "1,2,3,2,0,L|9,1,9",
        "1,2,3,2,0,L|9:x,1,9",
    ],
)
def test_a_bad_line_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(text)


def test_edge_fields_that_do_not_fit_the_slides_are_remembered_as_stated() -> None:
    item = slider("0,0,0,2,2,L|9:0,1,9,1|2|3,,0:0:0:0:")
    assert item.stated_sounds == (1, 2, 3)
    assert item.stated_sets == ()
    assert slider("0,0,0,2,2,L|9:0,1,9,1|2").stated_sounds is None
