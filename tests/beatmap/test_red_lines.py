from __future__ import annotations

import pytest

from companion.beatmap import Document, TimingPoint, TimingTable, splice_red_lines
from companion.errors import RangeRefused

HEAD = b"osu file format v14\r\n\r\n[General]\r\nAudioFilename: song.wav\r\n\r\n"
TAIL = b"\r\n[HitObjects]\r\n100,100,1000,5,2,0:0:0:0:\r\n200,100,1500,1,0,0:0:0:0:\r\n"


def document(*lines: str) -> Document:
    points = "".join(f"{line}\r\n" for line in lines).encode()
    return Document.parse(HEAD + b"[TimingPoints]\r\n" + points + TAIL)


def retimed(before: Document, *red_lines: TimingPoint) -> Document:
    return before.apply(splice_red_lines(before, red_lines))


def timing_lines(doc: Document) -> list[str]:
    return [
        doc.text_of(line)
        for line in doc.lines
        if line.section == "TimingPoints" and line.raw[:1] not in (b"[", b"")
    ]


def red(ms: float, beat_ms: float = 400.0, meter: int = 4) -> TimingPoint:
    return TimingPoint(ms, beat_ms, meter, 2, -1)


def test_the_only_red_line_is_replaced_and_keeps_its_sounds():
    doc = retimed(document("0,500,4,3,7,60,1,0"), red(12, 444.4, 3))
    assert timing_lines(doc) == [
        "12,444.4,3,3,7,60,1,0",
    ]


def test_everything_outside_the_timing_points_stays_byte_for_byte():
    before = document("0,500,4,2,0,60,1,0", "2000,-50,4,2,0,60,0,1")
    after = retimed(before, red(5), red(3000, 300))
    whole = after.to_bytes()
    assert whole.startswith(HEAD)
    assert whole.endswith(TAIL)
    assert b"2000,-50,4,2,0,60,0,1\r\n" in whole


def test_what_green_lines_said_stays_in_force():
    before = document(
        "0,500,4,2,0,60,1,0",
        "1000,-50,4,1,3,40,0,1",
        "4000,300,4,2,0,80,1,0",
        "6000,-200,4,2,0,80,0,0",
    )
    after = retimed(before, red(10), red(2000, 450), red(7000, 350))
    old, new = TimingTable(before.beatmap.timing_points), TimingTable(after.beatmap.timing_points)
    for ms in range(10, 9000, 10):
        mine, theirs = new.point_at(ms), old.point_at(ms)
        assert mine is not None
        assert theirs is not None
        assert mine.velocity == theirs.velocity, ms
        assert (mine.sample_set, mine.sample_index, mine.volume, mine.kiai) == (
            theirs.sample_set,
            theirs.sample_index,
            theirs.volume,
            theirs.kiai,
        ), ms
    assert [p.time_ms for p in after.beatmap.red_lines] == [10, 2000, 7000]


def test_a_red_line_goes_before_the_green_one_of_its_moment():
    after = retimed(document("0,500,4,2,0,60,1,0", "1000,-50,4,2,0,60,0,0"), red(0), red(1000, 350))
    assert timing_lines(after) == [
        "0,400,4,2,0,60,1,0",
        "1000,350,4,2,0,60,1,0",
        "1000,-50,4,2,0,60,0,0",
    ]


def test_a_map_without_timing_gets_some():
    assert timing_lines(retimed(document(), red(25.4))) == ["25,400,4,1,0,100,1,0"]
    bare = Document.parse(HEAD)
    assert [p.time_ms for p in retimed(bare, red(25)).beatmap.red_lines] == [25]


@pytest.mark.parametrize("lines", [(), (TimingPoint(0, -100, uninherited=False),)])
def test_only_red_lines_are_a_timing(lines: tuple[TimingPoint, ...]):
    with pytest.raises(RangeRefused):
        splice_red_lines(document("0,500,4,2,0,60,1,0"), lines)
