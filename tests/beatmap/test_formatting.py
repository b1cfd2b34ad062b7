from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.beatmap import (
    Circle,
    Document,
    HitSample,
    HoldNote,
    Slider,
    TimingPoint,
    curve_segments,
    format_hit_object,
    format_timing_point,
)

LINES = (
    "256,192,1000,5,8,1:2:3:40:clap.wav",
    "1,2,3,1,0,0:0:0:0:",
    "256,192,1000,12,4,2000,3:0:0:0:",
    "448,192,1000,128,2,1500:1:2:0:70:x.wav",
    "0,0,1000,2,0,L|280:0,3,280.5",
    "0,0,1000,6,2,B|50:0|50:0|50:99,1,100.123456789012,2|8,1:0|0:2,1:0:0:0:",
    "0,0,1000,2,0,P|50:50|100:0,2,150,0|0|0,0:0|0:0|0:0,0:0:0:10:",
    "0,0,1000,2,4,P|50:50|100:0,1,150,4|4,0:0|0:0,0:0:0:0:",
)


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_was_read_is_written_as_it_was(line: str) -> None:
    document = Document.parse(f"[TimingPoints]\n0,500\n[HitObjects]\n{line}\n".encode())
    assert format_hit_object(document.beatmap.hit_objects[0]).decode() == line


def test_lazer_lines_keep_their_decimals_and_curve_types() -> None:
    line = "0.5,1.25,1000.125,2,0,B3|50:0|L|100.5:0|100:99,1,100"
    text = f"osu file format v128\n[TimingPoints]\n0,500\n[HitObjects]\n{line}\n"
    item = Document.parse(text.encode()).beatmap.hit_objects[0]
    assert format_hit_object(item, fractional=True).decode() == line
    assert format_hit_object(item).decode() == "1,1,1000,2,0,B3|50:0|L|101:0|100:99,1,100"


def test_times_of_early_formats_are_written_as_the_file_has_them() -> None:
    item = Circle(x=1, y=2, start_ms=124, end_ms=124, type_bits=1)
    assert format_hit_object(item, time_offset_ms=24) == b"1,2,100,1,0,0:0:0:0:"
    hold = HoldNote(x=1, y=2, start_ms=124, end_ms=224, type_bits=128)
    assert format_hit_object(hold, time_offset_ms=24) == b"1,2,100,128,0,200:0:0:0:0:"
    assert format_timing_point(TimingPoint(124, 500), time_offset_ms=24) == b"100,500,4,1,0,100,1,0"


def test_a_slider_without_a_curve_type_gets_one() -> None:
    item = Slider(
        x=0, y=0, start_ms=0, end_ms=100, type_bits=2, curve_type="",
        segments=curve_segments("", [(0, 0)]), control_points=((0, 0),), slides=1,
        length_px=10, span_ms=100, edge_sounds=(0, 0), edge_sets=((0, 0), (0, 0)),
    )  # fmt: skip
    assert format_hit_object(item) == b"0,0,0,2,0,L,1,10"
    loud = replace(item, sample=HitSample(volume=5))
    assert format_hit_object(loud) == b"0,0,0,2,0,L,1,10,0|0,0:0|0:0,0:0:0:5:"


def test_timing_points_are_written_without_noise() -> None:
    green = TimingPoint(1500, -100 / 0.75, 4, 2, 1, 60, uninherited=False, effects=1)
    assert format_timing_point(green) == b"1500,-133.333333333333,4,2,1,60,0,1"
    silent = replace(green, beat_length=math.nan)
    assert format_timing_point(silent) == b"1500,NaN,4,2,1,60,0,1"


whole = st.integers(0, 500)


@given(
    st.builds(
        Circle,
        x=whole.map(float), y=whole.map(float), start_ms=whole.map(float), end_ms=st.just(0.0),
        type_bits=st.sampled_from([1, 5, 21]), hitsound=st.sampled_from([0, 2, 8]),
        sample=st.builds(HitSample, st.integers(0, 3), st.integers(0, 3), whole, whole),
    )
)  # fmt: skip
def test_a_written_circle_reads_back_equal(circle: Circle) -> None:
    text = b"[HitObjects]\n" + format_hit_object(circle)
    (item,) = Document.parse(text).beatmap.hit_objects
    assert item == replace(circle, end_ms=circle.start_ms, line=1)
