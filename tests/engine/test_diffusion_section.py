"""Positions of a section drawn anew, with a small network of random weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Slider, TimeRange, splice_objects
from companion.engine.cancellation import CancelToken
from companion.engine.conditioning import Conditioning
from companion.engine.diffusion import refine_section
from companion.engine.diffusion.section import CONTEXT_OBJECTS, _around
from companion.errors import Cancelled
from tests.engine.test_diffusion import model_of

if TYPE_CHECKING:
    from companion.beatmap import Document

OBJECTS = [
    "100,100,0,5,2,1:2:0:0:",
    "200,100,500,2,0,L|340:100,2,140,2|4|8,1:2|0:0|3:1,1:0:7:40:own.wav",  # 500 to 1500
    "200,300,2000,21,8,0:0:0:70:",
    "60,300,2500,6,4,B|130:230|130:230|200:300,1,180.25",
    "256,192,3500,12,2,4000,3:0:0:0:",
    "300,200,4500,1,0,0:0:0:0:",
    "400,200,5000,1,0,0:0:0:0:",
]
RANGE = TimeRange(1000, 4750)
"""Begins while the first slider goes on."""
ABOUT = Conditioning(difficulty=4.0, cs=4.0)


def refined(document: Document, seed: int = 1, wanted: TimeRange = RANGE) -> tuple[bytes, ...]:
    return refine_section(model_of(), document, wanted, ABOUT, seed)


def other_fields(line: bytes) -> list[bytes]:
    """All that a line says but where its object is."""
    fields = line.split(b",")
    return [*fields[2:5], *fields[6 if int(fields[3]) & 2 else 5 :]]


def test_objects_that_lie_in_the_range_move_and_nothing_else_of_them_changes(document_of):
    document = document_of(OBJECTS)
    lines = refined(document)
    old = [line.encode() for line in OBJECTS[2:6]]
    assert [other_fields(line) for line in lines] == [other_fields(line) for line in old]
    assert lines[2] == old[2]  # the spinner
    assert all(
        new != before for i, (new, before) in enumerate(zip(lines, old, strict=True)) if i != 2
    )


def test_sliders_are_long_enough_and_stay_on_the_playfield(document_of):
    document = document_of(OBJECTS)
    after = document.apply(splice_objects(document, RANGE, refined(document))).beatmap
    (slider,) = (o for o in after.hit_objects if isinstance(o, Slider) and o.start_ms == 2500)
    assert slider.length_px == 180.25
    assert slider.path.natural_length_px >= 180
    line = slider.path.polyline()
    assert line.min() >= -0.5
    assert line[:, 0].max() <= 512.5
    assert line[:, 1].max() <= 384.5


def test_the_objects_around_are_seen(document_of):
    moved = [*OBJECTS[:-1], "20,20,5000,1,0,0:0:0:0:"]
    assert refined(document_of(OBJECTS)) != refined(document_of(moved))


def test_only_the_nearer_objects_are_seen(beatmap_of):
    beatmap = beatmap_of([f"9,9,{ms},1,0" for ms in range(0, 100_000, 250)])
    items = beatmap.hit_objects
    around = _around(beatmap, items[200:210])
    assert around.hit_objects == items[200 - CONTEXT_OBJECTS : 210 + CONTEXT_OBJECTS]
    assert _around(beatmap, items[3:4]).hit_objects == items[: 4 + CONTEXT_OBJECTS]


def test_what_reaches_into_the_range_stays_where_it_is(document_of):
    # Were its end drawn, too, what the rest is drawn around would depend on the noise for it.
    document = document_of(OBJECTS)
    narrow = TimeRange(1600, 4750)
    assert refined(document) == refined(document, wanted=narrow)


def test_a_seed_gives_the_same_again(document_of):
    document = document_of(OBJECTS)
    assert refined(document) == refined(document)
    assert refined(document) != refined(document, seed=2)


def test_a_range_without_objects_has_no_lines(document_of):
    assert refined(document_of(OBJECTS), wanted=TimeRange(6000, 7000)) == ()


def test_fruits_move_sideways_only(document_of):
    document = document_of(OBJECTS, mode=2)
    lines = refined(document)
    places = [(line.split(b",")[0], line.split(b",")[1]) for line in (lines[0], lines[3])]
    assert [y for _, y in places] == [b"300", b"200"]
    assert [x for x, _ in places] != [b"200", b"300"]


def test_it_can_be_called_off(document_of):
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        refine_section(model_of(), document_of(OBJECTS), RANGE, ABOUT, 1, token)
