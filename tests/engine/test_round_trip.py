"""Real maps written down as events, made into maps again, and written down once more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document, Mode
from round_trip import FINE, SHAPES, Said, written

if TYPE_CHECKING:
    from pathlib import Path

    from companion.beatmap import Beatmap
    from companion.engine.encoding import EncodingOptions

MAPS_PER_MODE = 3
SAMPLED = 7
"""Maps of each mode that are taken there and back."""


def maps_of(folder: Path, mode: Mode, count: int = MAPS_PER_MODE) -> list[Path]:
    """Some of a mode's maps, from all over the sets."""
    line = re.compile(rb"^Mode: ?%d\s*$" % mode, re.MULTILINE)
    found = [file for file in sorted(folder.rglob("*.osu")) if line.search(file.read_bytes())]
    return found[:: max(len(found) // count, 1)][:count]


def there_and_back(before: Beatmap, encoding: EncodingOptions = FINE) -> tuple[Said, Said]:
    """What a map says, and what the map made of its events says."""
    return Said.by(before, encoding), Said.by(written(before, encoding), encoding)


TIMING = ["0,357.142857142857,4,2,0,60,1,0"]


@pytest.mark.parametrize(
    "line",
    [
        # So many repeats that whole milliseconds do not tell how many.
        "100,100,1000,2,0,L|114:100,24,8.75",
        # Five points in one place are four red anchors.
        "100,100,1000,2,0,B|150:100|150:100|150:100|150:100|150:100|200:100,1,100",
        "100,100,1000,2,0,B|150:100|200:100|200:100|200:100|200:100,1,100",
        # Paths that are too short for their length.
        "100,100,1000,2,0,P|140:80|180:100,1,120",
        "100,100,1000,2,0,L|160:100,1,70",
        # A length that takes no whole number of milliseconds.
        "100,100,1000,2,0,L|240:100,1,70",
        "100,100,1000,2,0,B|150:180|240:100,3,93.3333333333333",
        # Ends right where one pixel becomes the next one.
        "364,28,1000,6,0,L|252:40,1,107.999996704102",
        "360,300,1000,2,0,L|216:192,1,180",
        # A Catmull curve ends at its last point, however long it is; through two it is a line.
        "72,176,1000,6,0,C|24:88,1,90",
        "72,176,1000,6,0,C|24:88|120:60|120:60|120:60,1,190",
    ],
)
def test_what_is_hard_to_tell_of_a_slider_comes_back(document_of, line: str):
    before, after = there_and_back(document_of([line], TIMING).beatmap)
    assert after == before


@pytest.mark.parametrize("percent", ["-75", "-32.0978", "-333.333333333333", "-2000", "-5"])
def test_velocities_between_hundredths_lead_to_the_same_end(document_of, percent: str):
    timing = [*TIMING, f"900,{percent},4,2,0,60,0,0"]
    lines = ["0,277,1000,2,0,B|74:272|74:272|133:202|133:202|297:260,1,330", "9,9,9000,1,0"]
    before, after = there_and_back(document_of(lines, timing).beatmap)
    assert after == before


def test_kiai_right_beside_the_end_of_a_slider_keeps_its_moment(document_of):
    timing = [*TIMING, "1179,-100,4,2,0,60,0,1"]
    objects = ["100,100,1000,2,0,L|240:100,1,70", "100,100,1400,1,0"]
    before, after = there_and_back(document_of(objects, timing).beatmap)
    assert after == before
    assert after.kiai == ((1179, 1),)


def test_scroll_speeds_a_millisecond_apart_stay_apart(document_of):
    timing = [*TIMING, "1000,-50,4,2,0,60,0,0", "1001,-10,4,2,0,60,0,0", "1002,-100,4,2,0,60,0,0"]
    objects = ["64,192,0,1,0,0:0:0:60:", "64,192,2000,1,0,0:0:0:60:"]
    before, after = there_and_back(document_of(objects, timing, mode=3).beatmap)
    assert after == before
    assert after.speeds == ((1000, 200), (1001, 1000), (1002, 100))


def test_scroll_speeds_stay_over_many_changes_of_tempo(document_of):
    timing = [f"{100 * i}.25,{300 + 10 * (i % 3)},4,2,0,60,1,0" for i in range(20)]
    timing += ["500,-50,4,2,0,60,0,0", "900.25,-200,4,2,0,60,0,0"]
    objects = ["64,192,0,1,0,0:0:0:60:", "64,192,5000,1,0,0:0:0:60:"]
    before, after = there_and_back(document_of(objects, timing, mode=3).beatmap)
    assert after == before


def test_notes_of_one_time_keep_their_order(document_of):
    objects = [
        "64,192,1000,128,0,1500:0:0:0:60:",
        "192,192,1000,1,0,0:0:0:60:",
        "320,192,1000,128,0,1200:0:0:0:60:",
    ]
    before, after = there_and_back(document_of(objects, TIMING, mode=3).beatmap)
    assert after == before


def test_hold_notes_in_one_column_may_overlap(document_of):
    objects = ["64,192,1000,128,0,1500:0:0:0:60:", "64,192,1200,128,2,1700:0:0:0:60:"]
    before, after = there_and_back(document_of(objects, TIMING, mode=3).beatmap)
    assert after == before


@pytest.mark.parametrize("shape", SHAPES)
def test_sliders_that_overlap_are_told_apart(document_of, shape: str):
    objects = [
        "182,221,1000,2,0,B|315:232|385:194|439:179|439:179|472:291|472:291|414:346,1,460",
        "140,325,1500,2,0,P|235:285|347:332,1,230",
        "300,50,1600,2,2,L|100:60,3,100",
        "10,10,1700,1,0",
        "20,200,1700,6,0,L|120:200,1,70",
        "30,300,1700,2,8,B|130:310|130:210,1,140",
    ]
    before, after = there_and_back(document_of(objects, TIMING).beatmap, SHAPES[shape])
    assert after == before


@pytest.mark.parametrize(
    "line",
    [
        "63,301,1000,6,0,P|224:57|B|439:298|131:316|322:169|155:194,1,1040",
        "63.7,301.2,1000,6,0,B3|224.5:57.1|439:298|131:316|322:169|155.99:194,1,500",
        # Decimals that the end depends on.
        "126.66,85.43,1000,2,0,L|212.31:140.95,1,91.4700000017446",
        "57.99,206.01,1000,2,0,P|120.5:160.5|180.75:206.5,1,126",
    ],
)
def test_sliders_of_lazers_format_come_back(document_of, line: str):
    before, after = there_and_back(document_of([line], TIMING, version=128).beatmap)
    assert after == before


@pytest.mark.parametrize("mode", Mode)
def test_a_map_without_red_lines_stays_without(document_of, mode: Mode):
    timing = ["900,-50,4,2,0,40,0,0", "1500,-200,4,2,0,70,0,1"]
    objects = [
        "64,192,-300,1,0,0:0:0:60:",
        "64,192,1000,1,0,0:0:0:40:",
        *(["100,100,1600,2,0,L|200:100,2,100"] if mode is not Mode.MANIA else ()),
        "64,192,4000,1,2,0:0:0:70:",
    ]
    for lines in (timing, []):
        document = document_of(objects, lines, mode=mode)
        before, after = there_and_back(document.beatmap)
        assert after == before
        assert not after.timing


@pytest.mark.parametrize("after_it", ["70", "40"])
def test_what_lies_before_the_first_line_does_not_move_it(document_of, after_it: str):
    timing = ["1783,434.782608695652,4,2,2,70,1,0", f"1783,-133.333333333333,4,2,2,{after_it},0,0"]
    objects = ["10,194,43,5,0", "20,194,1783,1,0", "20,200,2500,2,0,L|120:200,1,105"]
    before, after = there_and_back(document_of(objects, timing).beatmap)
    assert after == before


def test_times_before_the_song_stay(document_of):
    timing = ["-713,357.142857142857,4,2,0,60,1,0", "-13,-50,4,2,0,60,0,1"]
    objects = ["64,192,-300,1,0,0:0:0:60:", "64,192,2000,1,0,0:0:0:60:"]
    before, after = there_and_back(document_of(objects, timing, mode=3).beatmap)
    assert after == before
    assert after.speeds == ((-13, 200),)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", Mode)
def test_a_real_maps_events_are_those_of_the_map_made_of_them(
    shared_data: Path, mode: Mode, shape: str
):
    files = maps_of(shared_data, mode, SAMPLED)
    assert files
    for file in files:
        before, after = there_and_back(Document.parse(file.read_bytes()).beatmap, SHAPES[shape])
        assert before.unlike(after) == {}, file.name
