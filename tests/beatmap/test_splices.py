from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.beatmap import (
    Beatmap,
    Document,
    HitObject,
    Slider,
    TimeRange,
    TimingPoint,
    format_timing_point,
    inverted,
    objects_in,
    splice_green_lines,
    splice_objects,
    straddling_objects,
)
from companion.errors import EditConflict, RangeRefused, UnreadableBeatmap

MapText = Callable[..., bytes]
OBJECTS = (
    "0,0,500,2,0,L|140:0,1,140",  # ends at 1000
    "1,1,1000,1,0,0:0:0:0:",
    "2,2,1500,1,0,0:0:0:0:",
    "0,0,1750,2,0,L|140:0,1,140",  # ends at 2250
    "3,3,2000,1,0,0:0:0:0:",
    "0,0,2500,2,0,L|140:0,1,140",  # ends at 3000
    "4,4,3000,1,0,0:0:0:0:",
)


def starts(items: tuple[HitObject, ...]) -> list[float]:
    return [item.start_ms for item in items]


def test_only_objects_that_lie_wholly_in_the_range_are_in_it(map_text: MapText) -> None:
    beatmap = Document.parse(map_text(OBJECTS)).beatmap
    assert starts(objects_in(beatmap, TimeRange(1000, 2000))) == [1000, 1500]
    assert starts(straddling_objects(beatmap, TimeRange(1000, 2000))) == [1750]
    assert starts(objects_in(beatmap, TimeRange(2400, 3000))) == [2500]
    assert starts(straddling_objects(beatmap, TimeRange(600, 800))) == [500]
    assert starts(straddling_objects(beatmap, TimeRange(0, 1000))) == []


def test_objects_are_replaced_and_everything_else_stays_byte_for_byte(map_text: MapText) -> None:
    document = Document.parse(map_text(OBJECTS))
    edits = splice_objects(
        document, TimeRange(1000, 2000), [b"9,9,1600,1,0,0:0:0:0:", b"8,8,1100,1,0,0:0:0:0:"]
    )
    new = document.apply(edits)
    expected = map_text(
        (OBJECTS[0], "8,8,1100,1,0,0:0:0:0:", "9,9,1600,1,0,0:0:0:0:", *OBJECTS[3:])
    )
    assert new.to_bytes() == expected
    assert new.apply(inverted(edits)) == document


def test_new_objects_stand_in_time_order_around_those_that_stay(map_text: MapText) -> None:
    document = Document.parse(map_text(OBJECTS))
    edits = splice_objects(
        document,
        TimeRange(1500, 2250 - 1),
        [b"8,8,1600,1,0,0:0:0:0:", b"9,9,2100,1,0,0:0:0:0:"],
    )
    assert starts(document.apply(edits).beatmap.hit_objects) == [
        500, 1000, 1600, 1750, 2100, 2500, 3000,
    ]  # fmt: skip
    texts = [line.raw for line in document.apply(edits).lines]
    assert texts.index(b"9,9,2100,1,0,0:0:0:0:") > texts.index(OBJECTS[3].encode())


def test_objects_with_the_old_starts_take_the_old_lines_with_all_that_is_between() -> None:
    head = b"osu file format v14\n\n[TimingPoints]\n0,500,4,1,0,50,1,0\n\n[HitObjects]\n"
    old = b"1,1,2000,1,0\r\n// mine\n\n1,1,1000,1,0\n1,1,3000,1,0\n1,1,9000,1,0"
    document = Document.parse(head + old)
    new = [b"1,1,1000,1,8", b"1,1,2000,1,2", b"1,1,3000,1,0"]
    edits = splice_objects(document, TimeRange(0, 5000), new)
    assert [edit.first_line for edit in edits] == [6, 9]
    after = document.apply(edits)
    expected = old.replace(b"1000,1,0", b"1000,1,8").replace(b"2000,1,0", b"2000,1,2")
    assert after.to_bytes() == head + expected
    assert after.apply(inverted(edits)).to_bytes() == document.to_bytes()
    assert splice_objects(after, TimeRange(0, 5000), new) == ()


def test_removing_and_putting_back_gives_the_same_bytes(map_text: MapText) -> None:
    document = Document.parse(map_text(OBJECTS, newline="\n"))
    wanted = TimeRange(1000, 3001)
    inside = [document.lines[o.line].raw for o in objects_in(document.beatmap, wanted)]
    emptied = document.apply(splice_objects(document, wanted, ()))
    assert starts(emptied.beatmap.hit_objects) == [500]
    assert emptied.apply(splice_objects(emptied, wanted, inside)) == document


def test_objects_go_into_an_empty_section(map_text: MapText) -> None:
    document = Document.parse(map_text(()))
    line = b"1,1,100,1,0,0:0:0:0:"
    new = document.apply(splice_objects(document, TimeRange(0, 1000), [line]))
    assert new.to_bytes() == map_text((line.decode(),))


@pytest.mark.parametrize("head", [b"[General]\nMode: 0", b"[General]\nMode: 0\n\n"])
def test_a_missing_section_is_made(head: bytes) -> None:
    document = Document.parse(head)
    new = document.apply(splice_objects(document, TimeRange(0, 1000), [b"1,1,100,1,0"]))
    assert new.to_bytes().startswith(head)
    assert [line.raw for line in new.lines][-3:] == [b"", b"[HitObjects]", b"1,1,100,1,0"]
    assert len(new.beatmap.hit_objects) == 1


def test_new_lines_must_be_objects_of_the_range(map_text: MapText) -> None:
    document = Document.parse(map_text(OBJECTS))
    wanted = TimeRange(0, 400)
    with pytest.raises(RangeRefused, match="400"):
        splice_objects(document, wanted, [b"1,1,400,1,0"])
    with pytest.raises(EditConflict, match="no hit object"):
        splice_objects(document, wanted, [b"1,1"])
    with pytest.raises(EditConflict, match="single line"):
        splice_objects(document, wanted, [b"1,1,100,1,0\n[General]"])


def test_an_unreadable_file_is_never_edited() -> None:
    document = Document.parse(b"\xff\xfe" + "[HitObjects]\n".encode("utf-16-le"))
    with pytest.raises(UnreadableBeatmap):
        splice_objects(document, TimeRange(0, 1), ())
    with pytest.raises(UnreadableBeatmap):
        splice_green_lines(document, TimeRange(0, 1), ())


def green(time_ms: float, beat_length: float = -100.0, **values: Any) -> TimingPoint:
    return TimingPoint(time_ms, beat_length, uninherited=False, **values)


TIMING = ("0,500,4,2,1,60,1,0", "1200,-50,4,2,1,70,0,1", "2400,400,4,2,1,60,1,0")


def test_green_lines_are_replaced_and_the_old_values_stated_again(map_text: MapText) -> None:
    document = Document.parse(map_text((), TIMING))
    edits = splice_green_lines(document, TimeRange(1000, 2000), [green(1500, -200, volume=30)])
    new = document.apply(edits)
    assert [new.lines[p.line].raw for p in new.beatmap.timing_points] == [
        b"0,500,4,2,1,60,1,0",
        b"1500,-200,4,1,0,30,0,0",
        b"2000,-50,4,2,1,70,0,1",
        b"2400,400,4,2,1,60,1,0",
    ]
    assert new.apply(inverted(edits)) == document


def test_a_red_line_is_stated_again_as_a_green_one(map_text: MapText) -> None:
    document = Document.parse(map_text((), ("0,500,3,2,1,60,1,8",)))
    new = document.apply(splice_green_lines(document, TimeRange(1000, 2000), [green(1500, -50)]))
    assert new.lines[new.beatmap.timing_points[-1].line].raw == b"2000,-100,3,2,1,60,0,0"


def test_nothing_is_stated_again_where_nothing_changes(map_text: MapText) -> None:
    document = Document.parse(map_text((), TIMING))
    assert splice_green_lines(document, TimeRange(0, 1000), []) == ()
    until_the_red = splice_green_lines(document, TimeRange(2000, 2400), [green(2100, -50)])
    assert [edit.added for edit in until_the_red] == [(b"2100,-50,4,1,0,100,0,0\r\n",)]


def test_without_any_line_before_there_is_nothing_to_state_again(map_text: MapText) -> None:
    document = Document.parse(map_text((), ("5000,500,4,2,1,60,1,0",)))
    new = document.apply(splice_green_lines(document, TimeRange(0, 100), [green(50)]))
    assert len(new.beatmap.timing_points) == 2


def test_red_points_and_points_outside_are_refused(map_text: MapText) -> None:
    document = Document.parse(map_text(()))
    with pytest.raises(RangeRefused, match="Red"):
        splice_green_lines(document, TimeRange(0, 100), [TimingPoint(50, 500)])
    with pytest.raises(RangeRefused, match="outside"):
        splice_green_lines(document, TimeRange(0, 100), [green(100)])


def test_a_straddling_object_keeps_the_lines_that_govern_it(map_text: MapText) -> None:
    document = Document.parse(map_text(OBJECTS))
    edits = splice_green_lines(document, TimeRange(900, 2000), [green(950, -50), green(1800, -25)])
    new = document.apply(edits)
    # The slider that ends at 1000 sounds like what is there until 1005; the one that begins
    # at 1750 and ends outside must not get faster.
    assert [p.time_ms for p in new.beatmap.timing_points] == [0, 1006, 1750]
    wanted = TimeRange(900, 2000)
    kept = outside(document.beatmap, wanted)
    assert governed(new.beatmap, kept, wanted) == governed(document.beatmap, kept, wanted)
    covered = splice_green_lines(document, TimeRange(600, 900), [green(700, -50)])
    assert covered == ()


def outside(beatmap: Beatmap, wanted: TimeRange) -> list[int]:
    """Which objects (counted by time) do not lie wholly in a range."""
    inside = {item.line for item in objects_in(beatmap, wanted)}
    return [n for n, item in enumerate(beatmap.hit_objects) if item.line not in inside]


def governed(beatmap: Beatmap, numbers: list[int], wanted: TimeRange) -> list[object]:
    """What some objects take from the timing points."""
    result: list[object] = []
    for item in (beatmap.hit_objects[n] for n in numbers):
        nodes = item.node_times_ms if isinstance(item, Slider) else (item.start_ms, item.end_ms)
        points = [beatmap.sample_point_at(ms) for ms in nodes if not ms_inside(item, ms, wanted)]
        result.append(
            (
                item.start_ms,
                item.end_ms,
                beatmap.velocity_at(item.start_ms),
                beatmap.kiai_at(item.start_ms),
                [(p.sample_set, p.sample_index, p.volume) for p in points if p],
            )
        )
    return result


def ms_inside(item: HitObject, ms: float, wanted: TimeRange) -> bool:
    """A repeat of an object that covers the range from end to end may be inside."""
    return ms not in (item.start_ms, item.end_ms) and wanted.contains(ms)


percent = st.sampled_from([-200.0, -100.0, -50.0, 25.0, float("nan")])
points = st.builds(
    TimingPoint,
    time_ms=st.integers(0, 4000).map(float),
    beat_length=percent,
    meter=st.just(4),
    sample_set=st.integers(1, 3),
    sample_index=st.integers(0, 2),
    volume=st.integers(5, 100),
    uninherited=st.just(False),
    effects=st.integers(0, 1),
)
object_lines = st.one_of(
    st.integers(0, 4000).map(lambda t: f"1,1,{t},1,0"),
    st.tuples(st.integers(0, 4000), st.integers(1, 3)).map(
        lambda t: f"1,1,{t[0]},2,0,L|100:1,{t[1]},70"
    ),
    st.tuples(st.integers(0, 4000), st.integers(1, 900)).map(
        lambda t: f"1,1,{t[0]},8,0,{t[0] + t[1]}"
    ),
)


@settings(max_examples=300)
@given(
    st.lists(object_lines, max_size=12),
    st.lists(points, max_size=6),
    st.lists(points, max_size=4),
    st.integers(0, 4000),
    st.integers(0, 2500),
    st.booleans(),
)
def test_objects_outside_the_range_never_notice_a_change_of_green_lines(
    map_text: MapText,
    objects: list[str],
    old: list[TimingPoint],
    new: list[TimingPoint],
    start_ms: int,
    length_ms: int,
    second_red: bool,
) -> None:
    reds = ["0,500,4,2,1,60,1,0", *(["2000,400,3,3,1,50,1,1"] if second_red else [])]
    lines = [*reds, *(format_timing_point(p).decode() for p in old)]
    document = Document.parse(map_text(objects, lines))
    wanted = TimeRange(start_ms, start_ms + length_ms)
    inside = [p for p in new if wanted.contains(p.time_ms)]
    after = document.apply(splice_green_lines(document, wanted, inside))
    kept = outside(document.beatmap, wanted)
    assert governed(after.beatmap, kept, wanted) == governed(document.beatmap, kept, wanted)
    before_reds = [replace(p, line=-1) for p in document.beatmap.red_lines]
    assert [replace(p, line=-1) for p in after.beatmap.red_lines] == before_reds


@settings(max_examples=300)
@given(
    st.lists(object_lines, max_size=12),
    st.lists(st.integers(0, 4000).map(lambda t: f"9,9,{t},1,0".encode()), max_size=6),
    st.integers(0, 4000),
    st.integers(1, 2500),
    st.booleans(),
)
def test_a_splice_changes_the_objects_of_its_range_and_no_other_byte(
    map_text: MapText,
    objects: list[str],
    new: list[bytes],
    start_ms: int,
    length_ms: int,
    final_newline: bool,
) -> None:
    data = map_text(objects)
    document = Document.parse(data if final_newline else data.removesuffix(b"\r\n"))
    wanted = TimeRange(start_ms, start_ms + length_ms)
    fitting = [line for line in new if wanted.contains(int(line.split(b",")[2]))]
    edits = splice_objects(document, wanted, fitting)
    after = document.apply(edits)
    gone = {item.line for item in objects_in(document.beatmap, wanted)}
    kept = [line.raw for n, line in enumerate(document.lines) if n not in gone]
    texts = [line.raw for line in after.lines]
    for line in fitting:
        texts.remove(line)
    assert texts == kept
    assert sorted(starts(objects_in(after.beatmap, wanted))) == sorted(
        float(line.split(b",")[2]) for line in fitting
    )
    assert after.apply(inverted(edits)) == document
