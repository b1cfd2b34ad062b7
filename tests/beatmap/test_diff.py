from __future__ import annotations

from collections.abc import Callable

import pytest

from companion.beatmap import Document, TimeRange, diff, whole_song

MapText = Callable[..., bytes]
OBJECTS = ("1,1,1000,1,0", "2,2,2000,1,0", "0,0,3000,2,0,L|140:0,1,140", "4,4,5000,1,0")
TIMING = ("0,500,4,2,1,60,1,0", "4000,-100,4,2,1,60,0,0")


def documents(
    map_text: MapText, before: dict[str, object], after: dict[str, object]
) -> tuple[Document, Document]:
    defaults: dict[str, object] = {"objects": OBJECTS, "timing": TIMING}
    return (
        Document.parse(map_text(**(defaults | before))),
        Document.parse(map_text(**(defaults | after))),
    )


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        ({}, ()),
        ({"newline": "\n"}, ()),
        ({"objects": ("9,9,1000,1,0", *OBJECTS[1:])}, (TimeRange(1000, 1001),)),
        ({"objects": OBJECTS[1:]}, (TimeRange(1000, 1001),)),
        ({"objects": (*OBJECTS, OBJECTS[0])}, (TimeRange(1000, 1001),)),
        (
            {"objects": ("1,1,1100,1,0", *OBJECTS[1:3], "4,4,5001,1,0")},
            (TimeRange(1000, 1001), TimeRange(1100, 1101), TimeRange(5000, 5002)),
        ),
        ({"events": ("2,5200,6000",)}, (TimeRange(5200, 6001),)),
        ({"timing": (TIMING[0],)}, ()),
        ({"timing": (TIMING[0], "4000,-100,4,2,1,50,0,0")}, (TimeRange(4000, 5001),)),
        ({"timing": (TIMING[0], "4500,-100,4,2,1,60,0,1")}, (TimeRange(4500, 5001),)),
        (
            {"timing": (TIMING[0], "500,-100,4,2,1,60,0,1", "600,-100,4,2,1,60,0,0")},
            (TimeRange(500, 600),),
        ),
    ],
)
def test_changes_are_found_where_they_are(
    map_text: MapText, after: dict[str, object], changed: tuple[TimeRange, ...]
) -> None:
    old, new = documents(map_text, {}, after)
    assert diff(old, new) == changed
    assert diff(new, old) == changed


def test_lines_before_all_others_are_compared_too(map_text: MapText) -> None:
    old, new = documents(map_text, {}, {"timing": ("-500,-50,4,2,1,60,0,0", *TIMING)})
    assert diff(old, new) == (TimeRange(-500, 0),)


def test_an_object_that_became_longer_has_changed(map_text: MapText) -> None:
    old, new = documents(
        map_text, {}, {"timing": (TIMING[0], "2900,-200,4,2,1,60,0,0", "3100,-100,4,2,1,60,0,0")}
    )
    assert diff(old, new) == (TimeRange(2900, 4001),)


@pytest.mark.parametrize(
    "after",
    [
        {"timing": ("0,400,4,2,1,60,1,0",)},
        {"timing": ("0,500,3,2,1,60,1,0",)},
        {"timing": ()},
        {"difficulty": ("CircleSize:5",)},
        {"mode": 3},
        {"version": 4},
    ],
)
def test_a_change_of_settings_concerns_the_whole_song(
    map_text: MapText, after: dict[str, object]
) -> None:
    old, new = documents(map_text, {}, after)
    whole = whole_song(old.beatmap).union(whole_song(new.beatmap))
    assert diff(old, new) == (whole,)
    assert whole.start_ms == 0
    assert whole.end_ms >= 5001


def test_the_whole_song_begins_before_zero_where_something_does(map_text: MapText) -> None:
    document = Document.parse(map_text(("1,1,-50,1,0", "1,1,700,1,0"), ("-200,500", "900,400")))
    assert whole_song(document.beatmap) == TimeRange(-200, 901)
    assert whole_song(Document.parse(b"").beatmap) == TimeRange(0, 1)
