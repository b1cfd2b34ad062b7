"""Only a part of generated objects, the rest as the map has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document, TimeRange, splice_section
from companion.engine.taking import lines_taken
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from companion.engine.requests import Aspect

SPAN = TimeRange(2000, 4000)
OLD = (
    b"10,20,2000,5,2,1:0:0:0:",
    b"100,100,2500,2,0,L|170:100,1,70,0|8,0:0|0:0,0:0:0:0:",
    b"256,192,3000,12,4,3400,0:0:0:30:",
)
LIKE = (
    b"300,40,2000,1,8,2:0:0:0:",
    b"200,300,2500,2,4,P|220:310|260:300,1,70,2|4,2:0|2:0,0:0:0:0:",
    b"256,192,3000,8,2,3400,0:0:0:70:",
)
OTHER = (b"300,40,2000,1,8,2:0:0:0:", b"400,50,3500,1,2,0:0:0:0:")


def chart(lines: tuple[bytes, ...], mode: int = 0) -> Document:
    head = (
        b"osu file format v14\n\n[General]\nMode:%d\n\n[Difficulty]\nCircleSize:4\n"
        b"SliderMultiplier:1.4\nSliderTickRate:1\n\n[TimingPoints]\n0,500,4,2,0,50,1,0\n\n"
        b"[HitObjects]\n"
    )
    around = (b"0,0,1000,1,0,0:0:0:0:", *lines, b"0,384,5000,1,0,0:0:0:0:")
    return Document.parse(head % mode + b"".join(line + b"\n" for line in around))


def taken(
    take: Aspect, new: tuple[bytes, ...], old: tuple[bytes, ...] = OLD, mode: int = 0
) -> tuple[bytes, ...]:
    document = chart(old, mode)
    lines = lines_taken(document, SPAN, new, None, take)
    document.apply(splice_section(document, SPAN, lines, None)).require_readable()
    return lines


def test_positions_of_the_same_objects_change_no_other_byte() -> None:
    assert taken("positions", LIKE) == (
        b"300,40,2000,5,2,1:0:0:0:",
        b"200,300,2500,2,0,P|220:310|260:300,1,70,0|8,0:0|0:0,0:0:0:0:",
        b"256,192,3000,12,4,3400,0:0:0:30:",
    )


def test_hitsounds_of_the_same_objects_change_no_other_byte() -> None:
    assert taken("hitsounds", LIKE) == (
        b"10,20,2000,5,8,2:0:0:0:",
        b"100,100,2500,2,4,L|170:100,1,70,2|4,2:0|2:0,0:0:0:0:",
        b"256,192,3000,12,2,3400,0:0:0:70:",
    )


def test_a_line_without_a_sample_gets_none_that_says_nothing() -> None:
    old = (b"10,20,2000,5,2",)
    assert taken("hitsounds", (b"1,2,2000,1,8,0:0:0:0:",), old) == (b"10,20,2000,5,8",)


def test_another_rhythm_lies_on_the_old_way_and_sounds_as_before() -> None:
    first, second = taken("rhythm", OTHER)
    assert first == b"10,20,2000,1,2,1:0:0:0:"
    # between the spinner that ends in the middle at 3400 and the circle in the corner at 5000
    assert second.split(b",")[2] == b"3500"
    x, y = (int(field) for field in second.split(b",")[:2])
    assert 230 < x < 256
    assert 192 < y < 220
    # nothing sounded there, so that it is the generated sound
    assert second.split(b",")[4] == b"2"


def test_positions_of_another_rhythm_are_its_cursors_way() -> None:
    lines = taken("positions", OTHER)
    assert lines[0] == b"300,40,2000,5,2,1:0:0:0:"
    assert lines[2] == OLD[2]
    fields, old = lines[1].split(b","), OLD[1].split(b",")
    assert fields[:2] == [b"333", b"43"]  # a third of the way from 2000 to 3500
    assert fields[2:5] + fields[6:] == old[2:5] + old[6:]


def test_hitsounds_of_another_rhythm_are_those_of_each_moment() -> None:
    lines = taken("hitsounds", OTHER)
    assert lines == (b"10,20,2000,5,8,2:0:0:0:", *OLD[1:])


@pytest.mark.parametrize(("mode", "take"), [(3, "rhythm"), (3, "positions"), (1, "positions")])
def test_what_cannot_be_told_apart_is_refused(mode: int, take: Aspect) -> None:
    notes = (b"64,192,2000,1,0,0:0:0:0:", b"192,192,2500,1,0,0:0:0:0:")
    with pytest.raises(OptionRefused):
        taken(take, (b"64,192,2250,1,0,0:0:0:0:",), notes, mode)


def test_columns_are_taken_while_the_rhythm_is_the_same() -> None:
    notes = (b"64,192,2000,1,2,0:0:0:0:", b"192,192,2500,128,0,2750:0:0:0:0:")
    new = (b"448,192,2000,1,0,0:0:0:0:", b"320,192,2500,128,8,2750:0:0:0:0:")
    assert taken("positions", new, notes, 3) == (
        b"448,192,2000,1,2,0:0:0:0:",
        b"320,192,2500,128,0,2750:0:0:0:0:",
    )
    assert taken("hitsounds", new, notes, 3)[1] == b"192,192,2500,128,8,2750:0:0:0:0:"
