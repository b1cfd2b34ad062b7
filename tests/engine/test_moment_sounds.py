from __future__ import annotations

import pytest

from companion.beatmap import Circle, HitSample, HoldNote, Slider, Spinner, curve_segments
from companion.engine.moment_sounds import MomentSounds

OLD = [
    "100,100,0,1,8,2:3:4:55:clap.wav",
    "200,100,500,2,4,L|340:100,2,140,2|4|8,1:2|0:0|3:1,1:0:7:40:",  # 500, 1000, 1500
    "256,192,3000,12,2,4000,3:0:0:0:",
]
OWN = HitSample(3, 3)


def circle(ms: float, x: float = 0) -> Circle:
    return Circle(x=x, y=0, start_ms=ms, end_ms=ms, type_bits=1, hitsound=6, sample=OWN)


def slider(ms: float, span_ms: float, slides: int = 1) -> Slider:
    points = ((0.0, 0.0), (300.0, 300.0))
    return Slider(
        x=0,
        y=0,
        start_ms=ms,
        end_ms=ms + span_ms * slides,
        type_bits=2,
        hitsound=6,
        sample=OWN,
        curve_type="L",
        segments=curve_segments("L", points),
        control_points=points,
        slides=slides,
        length_px=100,
        span_ms=span_ms,
        edge_sounds=(6,) * (slides + 1),
        edge_sets=((3, 3),) * (slides + 1),
    )


@pytest.fixture
def sounds(beatmap_of) -> MomentSounds:
    return MomentSounds(beatmap_of(OLD))


def test_a_circle_takes_over_all_that_one_sounded_like(sounds: MomentSounds):
    (moved,) = sounds.taken_over([circle(1)])
    assert (moved.hitsound, moved.sample) == (8, HitSample(2, 3, 4, 55, "clap.wav"))


@pytest.mark.parametrize(
    ("ms", "bits", "sets"), [(500, 2, (1, 2)), (1000, 4, (0, 0)), (1498, 8, (3, 1))]
)
def test_a_circle_takes_over_the_edge_of_a_slider(sounds: MomentSounds, ms, bits, sets):
    (moved,) = sounds.taken_over([circle(ms)])
    assert moved.hitsound == bits
    assert (moved.sample.normal_set, moved.sample.addition_set) == sets
    assert (moved.sample.index, moved.sample.volume) == (7, 40)


def test_where_nothing_sounded_sounds_are_the_models(sounds: MomentSounds):
    (moved,) = sounds.taken_over([circle(250)])
    assert (moved.hitsound, moved.sample) == (6, OWN)


def test_edges_of_a_slider_take_over_what_sounded_at_their_times(sounds: MomentSounds):
    (moved,) = sounds.taken_over([slider(0, 250, slides=2)])
    assert isinstance(moved, Slider)
    assert moved.edge_sounds == (8, 6, 2)
    assert moved.edge_sets == ((2, 3), (3, 3), (1, 2))
    # Its body is new, but the volume of the circle is that of all its edges now.
    assert (moved.hitsound, moved.sample) == (6, HitSample(3, 3, 4, 55, "clap.wav"))


def test_the_body_of_a_slider_that_went_on_goes_on_sounding(sounds: MomentSounds):
    (moved,) = sounds.taken_over([slider(1000, 500)])
    assert isinstance(moved, Slider)
    assert moved.edge_sounds == (4, 8)
    assert (moved.hitsound, moved.sample) == (4, HitSample(1, 0, 7, 40))


def test_a_spinner_sounds_where_it_ends(sounds: MomentSounds):
    spinner = Spinner(x=256, y=192, start_ms=3500, end_ms=4000, type_bits=12)
    (moved,) = sounds.taken_over([spinner])
    assert (moved.hitsound, moved.sample.normal_set) == (2, 3)


def test_a_denden_sounds_where_it_begins(beatmap_of):
    sounds = MomentSounds(beatmap_of(["256,192,3000,12,4,4000,0:0:0:0:"], mode=1))
    denden = Spinner(x=256, y=192, start_ms=3000, end_ms=3500, type_bits=12)
    (moved,) = sounds.taken_over([denden])
    assert moved.hitsound == 4


def test_notes_of_a_chord_share_its_sounds_by_column(beatmap_of):
    old = [
        "64,192,0,1,2,0:0:0:0:a.wav",
        "192,192,0,128,8,900:0:0:0:0:b.wav",
        "320,192,0,1,0,0:0:0:0:",
    ]
    sounds = MomentSounds(beatmap_of(old, mode=3, cs=4))
    hold = HoldNote(x=448, y=192, start_ms=0, end_ms=500, type_bits=128, hitsound=6, sample=OWN)
    notes = [circle(0, 320), circle(0, 64), hold, circle(0, 192)]
    moved = sounds.taken_over(notes)
    assert [note.x for note in moved] == [320, 64, 448, 192]
    assert [note.sample.filename for note in moved] == ["", "a.wav", "", "b.wav"]
    assert [note.hitsound for note in moved] == [0, 2, 0, 8]
    # What is in no column of its own takes the richest sound that is left.
    (alone, _) = sounds.taken_over([circle(0, 448), circle(0, 320)])
    assert alone.sample.filename in {"a.wav", "b.wav"}
