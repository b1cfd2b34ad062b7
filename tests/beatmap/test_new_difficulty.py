from __future__ import annotations

import pytest

from companion.beatmap import Document
from companion.beatmap.new_difficulty import (
    begin_difficulty,
    content_lines,
    difficulty_file_name,
    free_difficulty,
    renamed,
    with_content,
)
from companion.errors import UnreadableBeatmap

MAP = b"""osu file format v14\r
\r
[General]\r
AudioFilename: song.mp3\r
\r
[Editor]\r
Bookmarks: 10,20\r
BeatDivisor: 4\r
\r
[Metadata]\r
Title:What? / Why\r
Artist:Somebody\r
Creator:Me\r
Version:Hard\r
BeatmapID:123\r
BeatmapSetID:45\r
\r
[Difficulty]\r
HPDrainRate:5\r
CircleSize:4\r
OverallDifficulty:8\r
\r
[Events]\r
//Break Periods\r
2,5000,9000\r
0,0,"bg.jpg",0,0\r
\r
[TimingPoints]\r
0,500,4,2,0,60,1,0\r
1000,-50,4,2,0,60,0,1\r
\r
[Colours]\r
Combo1 : 1,2,3\r
\r
[HitObjects]\r
100,100,1000,5,2,0:0:0:0:\r
200,100,1500,1,0,0:0:0:0:"""


def changed(new: Document) -> tuple[set[bytes], set[bytes]]:
    before, after = (set(data.splitlines()) for data in (MAP, new.to_bytes()))
    return before - after, after - before


def test_only_objects_breaks_bookmarks_and_the_name_go():
    new = begin_difficulty(Document.parse(MAP), "Guest's Insane", {})
    gone, fresh = changed(new)
    assert gone == {
        b"Bookmarks: 10,20",
        b"Version:Hard",
        b"BeatmapID:123",
        b"2,5000,9000",
        b"100,100,1000,5,2,0:0:0:0:",
        b"200,100,1500,1,0,0:0:0:0:",
    }
    assert fresh == {b"Version:Guest's Insane", b"BeatmapID:0"}
    assert new.beatmap.hit_objects == ()
    assert len(new.beatmap.timing_points) == 2
    assert b"[HitObjects]" in new.to_bytes()


def test_settings_are_replaced_where_they_stand_or_added_to_their_section():
    new = begin_difficulty(
        Document.parse(MAP), "New", {"OverallDifficulty": 6.5, "ApproachRate": 9}
    )
    assert (new.beatmap.od, new.beatmap.ar, new.beatmap.cs) == (6.5, 9, 4)
    lines = new.to_bytes().split(b"\r\n")
    at = lines.index(b"OverallDifficulty:6.5")
    assert lines[at + 1] == b"ApproachRate:9"


def test_a_file_without_metadata_gets_some():
    new = begin_difficulty(Document.parse(b"osu file format v14\n\n[HitObjects]\n"), "New", {})
    assert new.beatmap.version == "New"


def test_a_file_that_cannot_be_read_is_refused():
    with pytest.raises(UnreadableBeatmap):
        begin_difficulty(Document.parse(b""), "New", {})


def test_file_names_leave_out_what_no_file_system_takes():
    beatmap = begin_difficulty(Document.parse(MAP), 'A "new" <one>', {}).beatmap
    assert difficulty_file_name(beatmap) == "Somebody - What  Why (Me) [A new one].osu"


def test_keys_of_other_sections_and_the_background_can_change():
    document = begin_difficulty(
        Document.parse(MAP),
        "Mine",
        {},
        others={"General": {"Mode": "3", "PreviewTime": "5"}, "Metadata": {"Title": "New"}},
        background="b.png",
    )
    assert (int(document.beatmap.mode), document.beatmap.title) == (3, "New")
    assert document.beatmap.preview_time_ms == 5
    lines = document.to_bytes().split(b"\r\n")
    assert b'0,0,"b.png",0,0' in lines
    assert lines.index(b'0,0,"b.png",0,0') > lines.index(b"[Events]")


def test_sections_that_are_not_there_are_made_once():
    bare = Document.parse(b"osu file format v14\n\n[General]\nMode: 0\n")
    document = begin_difficulty(bare, "Mine", {"HPDrainRate": 3, "CircleSize": 2})
    filled = with_content(document, ["0,500,4,2,0,60,1,0"], ["1,2,3,1,0,0:0:0:0:"])
    assert (filled.beatmap.version, filled.beatmap.hp, filled.beatmap.cs) == ("Mine", 3, 2)
    assert len(filled.beatmap.hit_objects) == len(filled.beatmap.red_lines) == 1
    for section in (b"[Difficulty]", b"[Metadata]", b"[TimingPoints]", b"[HitObjects]"):
        assert filled.to_bytes().count(section) == 1


def test_content_is_replaced_and_nothing_else():
    before = Document.parse(MAP)
    filled = with_content(before, ["7,300,4,2,0,60,1,0"], ["1,2,7,1,0,0:0:0:0:"])
    assert content_lines(filled, "TimingPoints") == ["7,300,4,2,0,60,1,0"]
    assert content_lines(filled, "HitObjects") == ["1,2,7,1,0,0:0:0:0:"]
    again = with_content(
        filled, content_lines(before, "TimingPoints"), content_lines(before, "HitObjects")
    )
    assert again.to_bytes().strip() == before.to_bytes().strip()


def test_a_map_under_another_name_keeps_everything_else():
    document = renamed(Document.parse(MAP), "Mine")
    assert document.beatmap.version == "Mine"
    assert document.beatmap.beatmap_id == 0
    assert len(document.beatmap.hit_objects) == len(Document.parse(MAP).beatmap.hit_objects)
    assert len(document.lines) == len(Document.parse(MAP).lines)


def test_a_name_whose_file_is_there_gets_the_next_free_number():
    document = begin_difficulty(Document.parse(MAP), "Hard", {})
    own = difficulty_file_name(document.beatmap).lower()
    assert free_difficulty(document, frozenset()) is document
    second = free_difficulty(document, {own})
    assert second.beatmap.version == "Hard 2"
    assert set(second.to_bytes().split(b"\r\n")) ^ set(document.to_bytes().split(b"\r\n")) == {
        b"Version:Hard",
        b"Version:Hard 2",
    }
    third = free_difficulty(document, {own, difficulty_file_name(second.beatmap).lower()})
    assert third.beatmap.version == "Hard 3"
