from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from companion.beatmap import Document, TimingPoint
from companion.cli import workbench
from companion.engine.engine import BUNDLED_MODEL, LocalEngine
from companion.engine.requests import TimingProgress, TimingRequest
from companion.errors import NoBeatHeard
from companion.journal import Journal, StoredFairUse, map_key
from tests.cli.conftest import MAP, Answer, Commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.engine.fake import FakeEngine

HEARD = (TimingPoint(25.0, 500.0, 4), TimingPoint(4025.0, 400.0, 3))


@pytest.fixture
def ready(companion: Commands, engine: FakeEngine) -> Commands:
    """The notice has been read, and two red lines are heard."""
    engine.heard = HEARD
    Journal(companion.data).keep_fair_use(StoredFairUse(notice_acknowledged="2026-01-01"))
    return companion


def song(map_path: Path) -> Path:
    return map_path.with_name("song.wav")


def refused(answer: Answer, code: str) -> None:
    assert answer.status == 2
    assert json.loads(answer.out)["error"]["code"] == code
    assert answer.err.splitlines()[-1].startswith("companion: ")


def test_a_song_is_reported_and_nothing_is_written(companion: Commands, map_path: Path):
    before = sorted(map_path.parent.iterdir())
    answer = companion("timing", song(map_path))
    assert answer.status == 0
    assert answer.out.startswith("song.wav: 120 BPM, offset 25 ms, one section, 16 beats heard")
    assert "The map" not in answer.out
    assert sorted(map_path.parent.iterdir()) == before


def test_a_map_is_told_how_far_its_own_lines_are(companion: Commands, map_path: Path):
    answer = companion("timing", map_path)
    assert answer.status == 0
    assert "0% of 16 beats within 10 ms, same tempo at 100%" in answer.out
    assert "error 25.0 ms on average" in answer.out
    assert "heard 25.0 ms after the map's" in answer.out
    assert map_path.read_bytes() == MAP
    assert Journal(companion.data).provenance() == ()


def test_json_is_one_document_and_progress_goes_to_stderr(ready: Commands, map_path: Path):
    answer = ready("timing", map_path, "--super", "--iterations", 3, "--seed", 5, "--json")
    value = json.loads(answer.out)
    assert value["settings"] == {"super": True, "iterations": 3, "seed": 5, "leniency_ms": 10.0}
    assert (value["bpm"], value["offset_ms"]) == (120, 25)
    assert [(s["start_ms"], s["end_ms"], s["meter"]) for s in value["sections"]] == [
        (25, 4025, 4),
        (4025, 8000, 3),
    ]
    assert value["agreement"]["shift_ms"] == pytest.approx(25, abs=125)
    assert value["model"]["name"] == "fake"
    assert value["written"] is None
    assert "3/3 windows" in answer.err
    assert "left" in answer.err


def test_options_reach_the_engine(ready: Commands, map_path: Path, engine: FakeEngine):
    ready("timing", map_path, "--super", "--leniency", 4, "--seed", 9)
    ready("timing", song(map_path))
    first, second = engine.requests
    assert isinstance(first, TimingRequest)
    assert isinstance(second, TimingRequest)
    assert (first.options.iterations, first.options.seed, first.options.leniency_ms) == (20, 9, 4)
    assert first.document is not None
    assert second.options.iterations is None
    assert second.document is None
    assert second.audio_path == song(map_path)


def test_in_place_writes_red_lines_with_backup_undo_and_provenance(ready: Commands, map_path: Path):
    value = ready("timing", map_path, "--in-place", "--seed", 3, "--json").value
    written = map_path.read_bytes()
    head, _, tail = MAP.partition(b"0,500,4,2,0,60,1,0\r\n")
    middle = b"25,500,4,2,0,60,1,0\r\n4025,400,3,2,0,60,1,0\r\n"
    assert written == head + middle + tail
    assert value["in_place"]
    assert value["written"] == str(map_path)
    assert Path(value["backup"]).read_bytes() == MAP
    (record,) = Journal(ready.data).provenance(map_path)
    assert (record.action, record.start_ms, record.end_ms, record.seed) == ("accepted", 0, 8000, 3)
    assert record.model == "fake"
    assert ready("undo", map_path).status == 0
    assert map_path.read_bytes() == MAP


def test_out_writes_a_copy_of_the_map(ready: Commands, map_path: Path):
    target = map_path.with_name("timed.osu")
    answer = ready("timing", map_path, "--out", target)
    assert answer.status == 0
    assert f"Red lines written to {target}." in answer.out
    assert map_path.read_bytes() == MAP
    assert [p.time_ms for p in Document.parse(target.read_bytes()).beatmap.red_lines] == [25, 4025]
    assert len(Journal(ready.data).provenance(target)) == 1


def test_out_writes_a_new_map_of_a_song(ready: Commands, map_path: Path):
    target = map_path.with_name("new.osu")
    value = ready("timing", song(map_path), "--out", target, "--json").value
    beatmap = Document.parse(target.read_bytes()).beatmap
    assert value["written"] == str(target)
    assert not value["in_place"]
    assert beatmap.audio_filename == "song.wav"
    assert [(p.time_ms, p.beat_length, p.meter) for p in beatmap.red_lines] == [
        (25, 500, 4),
        (4025, 400, 3),
    ]
    assert not beatmap.hit_objects
    assert len(Journal(ready.data).provenance(target)) == 1


@pytest.mark.parametrize("name", ["map.osu", "song.wav"])
def test_writing_needs_the_notice_and_reporting_does_not(
    companion: Commands, map_path: Path, engine: FakeEngine, name: str
):
    source, target = map_path.with_name(name), map_path.with_name("new.osu")
    refused(companion("timing", source, "--out", target, "--json"), "notice_not_acknowledged")
    assert engine.requests == []
    assert not target.exists()
    assert companion("timing", source, "--out", target, "--acknowledge").status == 0
    assert target.exists()
    assert Journal(companion.data).fair_use().notice_acknowledged is not None


@pytest.mark.parametrize("name", ["map.osu", "song.wav"])
def test_modding_only_refuses_writing(ready: Commands, map_path: Path, name: str):
    keys = frozenset({map_key(map_path.parent)})
    Journal(ready.data).keep_fair_use(StoredFairUse(False, keys, "2026-01-01"))
    source, target = map_path.with_name(name), map_path.with_name("new.osu")
    refused(ready("timing", source, "--out", target, "--json"), "modding_only")
    assert not target.exists()
    assert ready("timing", source).status == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--iterations", 3), "--super"),
        (("--super", "--iterations", 0), "iterations"),
        (("--leniency", 0), "leniency"),
        (("--seed", -1), "seed"),
        (("--in-place", "--out", "x.osu"), "not both"),
        (("--out", "x.mp3"), ".osu"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    ready: Commands, map_path: Path, engine: FakeEngine, options: tuple[object, ...], words: str
):
    answer = ready("timing", map_path, *options)
    assert answer.status == 2
    assert words in answer.err
    assert answer.out == ""
    assert engine.requests == []


def test_a_song_has_no_place_to_write_into(ready: Commands, map_path: Path):
    refused(ready("timing", song(map_path), "--in-place", "--json"), "option_refused")


def test_out_overwrites_nothing(ready: Commands, map_path: Path):
    answer = ready("timing", song(map_path), "--out", map_path)
    assert answer.status == 2
    assert map_path.read_bytes() == MAP


def test_a_song_that_is_not_there_is_told(ready: Commands, map_path: Path):
    refused(ready("timing", map_path.with_name("no.mp3"), "--json"), "audio_missing")
    refused(ready("timing", map_path.with_name("no.osu"), "--json"), "unreadable_beatmap")


def test_a_song_without_a_beat_leaves_the_map(ready: Commands, map_path: Path, engine: FakeEngine):
    engine.error = NoBeatHeard("No beat was found in this song.")
    refused(ready("timing", map_path, "--in-place", "--json"), "no_beat_heard")
    assert map_path.read_bytes() == MAP


@pytest.mark.parametrize("where", ["--in-place", "--out"])
def test_ctrl_c_stops_with_130_and_leaves_nothing(
    ready: Commands, map_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, where: str
):
    tokens: list[Any] = []

    def hear(request: TimingRequest, token: Any) -> Iterator[TimingProgress]:
        tokens.append(token)
        yield TimingProgress(1, 20)
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "hear_timing", hear)
    target = map_path.with_name("new.osu")
    writing = (where, target) if where == "--out" else (where,)
    before = sorted(map_path.parent.iterdir())
    answer = ready("timing", map_path, *writing, "--json")
    assert answer.status == 130
    assert json.loads(answer.out)["error"]["code"] == "cancelled"
    assert "Nothing was written" in answer.err
    assert tokens[0].cancelled
    assert map_path.read_bytes() == MAP
    assert sorted(map_path.parent.iterdir()) == before
    assert Journal(ready.data).provenance() == ()


def test_a_new_file_is_whole_or_not_there(
    ready: Commands, map_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(_: Document) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(Document, "to_bytes", interrupted)
    target = map_path.with_name("new.osu")
    assert ready("timing", song(map_path), "--out", target).status == 130
    assert not target.exists()


def test_the_bundled_model_says_that_it_cannot(
    ready: Commands, map_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def load(_: object) -> None:
        raise AssertionError("it was loaded")

    monkeypatch.setattr(LocalEngine, "_model", load)
    monkeypatch.setattr(workbench, "make_engine", lambda settings: LocalEngine(BUNDLED_MODEL))
    answer = ready("timing", map_path, "--json")
    refused(answer, "option_refused")
    assert "This model cannot hear timing" in answer.err
