"""A guest difficulty: what is asked of the engine, and what becomes of its passages."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from companion.beatmap import Document, TimeRange
from companion.engine.cancellation import CancelToken
from companion.engine.engine import BUNDLED_MODEL
from companion.engine.fake import FakeEngine
from companion.engine.guest import GuestBegun, GuestWish, WrittenDifficulty
from companion.engine.guest_writing import write_guest
from companion.engine.map_requests import Unknown
from companion.errors import Cancelled, OptionRefused, RangeRefused, UnreadableBeatmap

MAP = b"""osu file format v14

[Metadata]
Version:Hard

[Difficulty]
CircleSize:4

[TimingPoints]
0,500,4,2,0,60,1,0

[HitObjects]
100,100,1000,5,0,0:0:0:0:
300,100,9000,1,0,0:0:0:0:
"""
SONG = Path("song.mp3")


def request_of(wish: GuestWish, data: bytes = MAP, length_ms: float = 20_000):
    return wish.request(Document.parse(data), SONG, length_ms, 4.0)


def test_it_reaches_from_the_first_object_past_the_last():
    request = request_of(GuestWish(difficulty=2, seed=5, stats={"CircleSize": 3}))
    assert request.range == TimeRange(1000, 9001)
    assert request.document.beatmap.version == "2 stars"
    assert request.conditioning is not None
    assert (request.conditioning.difficulty, request.conditioning.cs) == (2, 3)
    assert request.conditioning.note_density is None


def test_an_empty_map_is_mapped_from_end_to_end_and_a_short_song_is_refused():
    empty = MAP.partition(b"100,100,1000")[0]
    assert request_of(GuestWish(difficulty=2), empty).range == TimeRange(0, 20_000)
    with pytest.raises(OptionRefused, match="two seconds"):
        request_of(GuestWish(difficulty=2), empty, 1_500)


def test_a_map_without_timing_or_lines_is_refused():
    with pytest.raises(RangeRefused, match="no timing"):
        request_of(GuestWish(difficulty=2), MAP.replace(b"0,500,4,2,0,60,1,0\n", b""))
    with pytest.raises(UnreadableBeatmap):
        request_of(GuestWish(difficulty=2), b"")


def test_its_passages_become_the_objects_of_the_begun_difficulty():
    request = request_of(GuestWish(difficulty=2, seed=5, name="Mine"))
    answers = list(write_guest(request, FakeEngine(), CancelToken()))
    written = answers.pop()
    assert isinstance(written, WrittenDifficulty)
    lines = [line for passage in answers for line in getattr(passage, "lines", ())]
    assert written.document.to_bytes() == (
        MAP.replace(b"Version:Hard\n", b"Version:Mine\nBeatmapID:0\n").partition(b"100,100,1000")[0]
        + b"".join(line + b"\n" for line in lines)
    )


def test_green_lines_come_along_when_they_may():
    request = request_of(GuestWish(difficulty=2, green_lines=True))
    (*_, written) = write_guest(request, FakeEngine(), CancelToken())
    assert isinstance(written, WrittenDifficulty)
    assert len(written.document.beatmap.hit_objects) > 2


def test_a_cancelled_one_yields_no_difficulty():
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        list(write_guest(request_of(GuestWish(difficulty=2)), FakeEngine(), token))


def test_what_the_model_knows_nothing_of_is_said_first(goldens: Path):
    wish = GuestWish(difficulty=2, year=2010, descriptors=("wobbly",), stats={"CircleSize": 3})
    assert wish.asked == {"difficulty", "year", "descriptors", "cs"}

    def begun(folder: Path) -> object:
        engine = FakeEngine()
        engine._info = replace(engine.load(), folder=folder)
        return next(iter(write_guest(request_of(wish), engine, CancelToken())))

    assert begun(BUNDLED_MODEL) == GuestBegun(("year", "descriptors"), ())
    met = begun(goldens / "v29" / "model")
    assert met == GuestBegun((), (Unknown("descriptors", "wobbly"),))
    assert begun(goldens / "nothing") == GuestBegun((), ())
