"""Maps as they are drawn."""

from __future__ import annotations

import pytest

from companion.beatmap import Document
from companion.bridge.drawing import PathBook, generated_objects, thinned, timeline, wire_ms

MAP = b"""osu file format v14

[General]
Mode: %(mode)d
PreviewTime: 1234

[Editor]
Bookmarks: 500,1500

[Difficulty]
CircleSize:4
SliderMultiplier:1

[Events]
2,6000,9000

[TimingPoints]
0,500,4,2,0,50,1,0
3000,-50,4,2,0,70,0,1
5000,-100,4,2,0,50,0,0

[HitObjects]
100,100,1000,5,0,0:0:0:0:
200,100,1500,2,0,L|300:100,2,100
256,192,3000,12,0,4000
100,200,4500,1,0,0:0:0:0:
"""


def drawn(mode=0, song_ms=None):
    return timeline(Document.parse(MAP % {b"mode": mode}), song_ms)


def test_objects_say_which_of_their_hits_have_additions():
    data = MAP % {b"mode": 0}
    data = data.replace(b"100,100,1000,5,0,", b"100,100,1000,5,3,")
    data = data.replace(b"L|300:100,2,100\n", b"L|300:100,2,100,0|8|14,0:0|0:0|0:0,0:0:0:0:\n")
    circle, slider, spinner, _ = timeline(Document.parse(data), None).objects
    assert (circle.sounds, slider.sounds, spinner.sounds) == ([2], [0, 8, 14], [])


def test_objects_carry_what_a_canvas_needs():
    circle, slider, spinner, last = drawn().objects
    assert (circle.kind, circle.start_ms, circle.new_combo, circle.combo_number) == (
        "circle",
        1000,
        True,
        1,
    )
    assert (slider.kind, slider.end_ms, slider.slides, slider.combo_number) == (
        "slider",
        2500,
        2,
        2,
    )
    assert slider.path[0] == (200, 100)
    assert slider.path[-1] == (300, 100)
    assert (spinner.kind, spinner.end_ms) == ("spinner", 4000)
    assert (last.new_combo, last.column, last.path) == (True, None, [])


def test_lines_kiai_breaks_and_marks():
    made = drawn()
    red, green, _ = made.timing_points
    assert (red.kind, red.bpm, red.velocity) == ("red", 120, None)
    assert (green.kind, green.velocity, green.kiai, green.volume) == ("green", 2.0, True, 70)
    assert [(s.start_ms, s.end_ms) for s in made.kiai] == [(3000, 5000)]
    assert [(s.start_ms, s.end_ms) for s in made.breaks] == [(6000, 9000)]
    assert made.bookmarks_ms == [500, 1500]
    assert made.preview_ms == 1234


def test_mania_objects_have_columns():
    assert [o.column for o in drawn(mode=3).objects][:2] == [0, 1]


def test_the_length_is_the_songs_once_it_is_known():
    assert drawn().length_ms == 4500
    assert drawn(song_ms=60_000.4).length_ms == 60_000


def test_a_file_that_cannot_be_used_is_empty():
    assert timeline(Document.parse(b""), 1000.0).objects == []


def test_known_sliders_are_not_computed_again(monkeypatch):
    paths = PathBook()
    document = Document.parse(MAP % {b"mode": 0})
    first = timeline(document, None, paths)
    monkeypatch.setattr("companion.bridge.drawing.thinned", None)  # would fail when called
    again = timeline(Document.parse(document.to_bytes()), None, paths)
    assert again.objects[1].path == first.objects[1].path


def test_forgotten_sliders_are_let_go():
    paths = PathBook()
    document = Document.parse(MAP % {b"mode": 0})
    timeline(document, None, paths)
    timeline(Document.parse(b"osu file format v14\n"), None, paths)
    assert paths._known == {}


def test_generated_lines_are_drawn_in_the_maps_timing():
    document = Document.parse(MAP % {b"mode": 0})
    (slider,) = generated_objects(document, [b"0,0,3500,2,0,L|100:0,1,100"])
    assert slider.end_ms == 3750  # at twice the velocity


def test_thinning_keeps_both_ends():
    points = [(x / 4, 0.0) for x in range(401)]
    kept = thinned(points)
    assert kept[0] == (0, 0)
    assert kept[-1] == (100, 0)
    assert len(kept) == 26
    assert thinned([]) == []


@pytest.mark.parametrize(
    ("time_ms", "wire"), [(1.4, 1), (-3.0, -3), (1e300, 2**31 - 1), (-1e300, -(2**31 - 1))]
)
def test_absurd_times_become_the_nearest_possible(time_ms, wire):
    assert wire_ms(time_ms) == wire
