from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from companion.beatmap import Document, Mode
from companion.cli import workbench
from companion.engine.engine import BUNDLED_MODEL, LocalEngine
from companion.engine.map_requests import MapBegun, MapProgress, MapRequest
from companion.errors import NoBeatHeard
from companion.journal import Journal, StoredFairUse, map_key
from tests.cli.conftest import MAP, Answer, Commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.engine.fake import FakeEngine


@pytest.fixture
def ready(companion: Commands) -> Commands:
    """The notice has been read."""
    Journal(companion.data).keep_fair_use(StoredFairUse(notice_acknowledged="2026-01-01"))
    return companion


def song(map_path: Path) -> Path:
    path = map_path.with_name("Nobody - Something.wav")
    path.write_bytes(map_path.with_name("song.wav").read_bytes())
    return path


def refused(answer: Answer, code: str) -> None:
    assert answer.status == 2
    assert json.loads(answer.out)["error"]["code"] == code
    assert answer.err.splitlines()[-1].startswith("companion: ")


def test_a_map_gives_its_song_its_settings_and_its_red_lines(ready: Commands, map_path: Path):
    value = ready("generate", map_path, "--difficulty", 3.5, "--seed", 5, "--json").value
    target = map_path.with_name("Nobody - Test (Somebody) [3.5 stars].osu")
    beatmap = Document.parse(target.read_bytes()).beatmap
    assert (value["written"], value["kind"]) == (str(target), "osu")
    assert value["objects"] == len(beatmap.hit_objects) == 16
    assert value["settings"]["seed"] == 5
    assert value["settings"]["timing"] == "given"
    assert (beatmap.title, beatmap.creator, beatmap.cs) == ("Test", "Somebody", 4)
    assert beatmap.audio_filename == "song.wav"
    assert [(p.time_ms, p.beat_length) for p in beatmap.red_lines] == [(0, 500)]
    assert map_path.read_bytes() == MAP
    (record,) = Journal(ready.data).provenance(target)
    assert (record.action, record.start_ms, record.end_ms, record.seed) == ("accepted", 0, 8000, 5)


def test_what_the_rules_find_in_it_is_told(ready: Commands, map_path: Path):
    answer = ready("generate", map_path, "--seed", 5, "--json")
    path = answer.value["written"]
    found = ready("mod", path, "--rules-only", "--json").value["findings"]
    told = answer.value["findings"]
    assert told
    # What the rules find in the set around it is told by “companion mod” alone.
    assert {one["id"] for one in told} < {one["id"] for one in found}
    n_problems = sum(one["severity"] == "problem" for one in told)
    assert f"The rules find {n_problems} problem" in answer.err


def test_of_a_map_that_is_there_only_what_is_new_is_told(ready: Commands, map_path: Path):
    into = ("--add-to-beatmap", "--overwrite-reference-beatmap")
    answer = ready("generate", map_path, *into, "--start-time", 2500, "--end-time", 4000, "--json")
    assert answer.value["kind"] == "map"
    whole = ready("mod", map_path, "--rules-only", "--json").value["findings"]
    assert {one["id"] for one in answer.value["findings"]} < {one["id"] for one in whole}


def test_the_new_difficulty_stays_in_the_submitted_set(ready: Commands, map_path: Path):
    map_path.write_bytes(MAP.replace(b"Version:Normal", b"Version:Normal\r\nBeatmapSetID:77"))
    value = ready("generate", map_path, "--json").value
    beatmap = Document.parse(Path(value["written"]).read_bytes()).beatmap
    assert (beatmap.beatmap_set_id, beatmap.beatmap_id) == (77, 0)


def test_new_timing_leaves_the_red_lines_to_the_model(ready: Commands, map_path: Path):
    value = ready("generate", map_path, "--new-timing", "--json").value
    beatmap = Document.parse(Path(value["written"]).read_bytes()).beatmap
    assert value["settings"]["timing"] == "heard"
    assert [p.time_ms for p in beatmap.red_lines] == [25]


def test_a_song_alone_becomes_a_folder_with_song_and_map(ready: Commands, map_path: Path):
    source = song(map_path)
    picture = map_path.with_name("picture.jpg")
    picture.write_bytes(b"picture")
    value = ready("generate", source, "--background", picture, "--json").value
    folder = map_path.with_name("Nobody - Something")
    name = "Nobody - Something (osu! companion) [Generated].osu"
    assert (value["written"], value["kind"]) == (str(folder), "folder")
    assert {path.name for path in folder.iterdir()} == {name, source.name, "picture.jpg"}
    assert (folder / source.name).read_bytes() == source.read_bytes()
    beatmap = Document.parse((folder / name).read_bytes()).beatmap
    assert (beatmap.artist, beatmap.title) == ("Nobody", "Something")
    assert beatmap.audio_filename == source.name
    assert b'0,0,"picture.jpg",0,0' in (folder / name).read_bytes()
    assert len(Journal(ready.data).provenance(folder / name)) == 1


@pytest.mark.parametrize("name", ["map.osu", "song.wav"])
def test_osz_holds_song_and_map(ready: Commands, map_path: Path, name: str):
    target = map_path.with_name("new.osz")
    answer = ready("generate", map_path.with_name(name), "--osz", "--out", target, "--bpm", 120)
    if name == "map.osu":
        assert "--bpm needs --new-timing" in answer.err
        answer = ready("generate", map_path, "--osz", "--out", target)
    assert answer.status == 0
    with zipfile.ZipFile(io.BytesIO(target.read_bytes())) as archive:
        names = archive.namelist()
        assert archive.read("song.wav") == map_path.with_name("song.wav").read_bytes()
    assert [Path(n).suffix for n in names] == [".osu", ".wav"]


def test_options_reach_the_engine(ready: Commands, map_path: Path, engine: FakeEngine):
    ready(
        *("generate", song(map_path), "--gamemode", 3, "--keycount", 7, "--hold-note-ratio", 0.3),
        *("--scroll-speed-ratio", 0.1, "--descriptors", "tech", "--descriptors", "stream"),
        *("--negative-descriptors", "simple", "--cfg-scale", 2, "--temperature", 0.7),
        *("--timing-temperature", 0.2, "--mania-column-temperature", 0.6, "--top-p", 0.8),
        *("--top-k", 9, "--timeshift-bias", 0.5, "--timing-leniency", 4, "--no-hitsounded"),
        *("--year", 2020, "--mapper-id", 12, "--original-quirks", "--overall-difficulty", 7),
        *("--slider-tick-rate", 2, "--preview-time", 1500, "--version", "Mine", "--bpm", 150),
        *("--offset", 40, "--title", "Other", "--artist", "Else", "--creator", "Me"),
    )
    (request,) = engine.map_requests
    about, options, header = request.conditioning, request.options, request.header
    assert (about.mode, about.keycount, about.hold_note_ratio) == (Mode.MANIA, 7, 0.3)
    assert (about.scroll_speed_ratio, about.year, about.mapper_id) == (0.1, 2020, 12)
    assert about.descriptors == ("tech", "stream")
    assert about.negative_descriptors == ("simple",)
    assert not about.hitsounded
    assert (options.guidance, options.temperature, options.timing_temperature) == (2, 0.7, 0.2)
    assert (options.mania_column_temperature, options.top_p, options.top_k) == (0.6, 0.8, 9)
    assert (options.time_bias, options.timing_leniency_ms) == (0.5, 4)
    assert options.original_quirks
    assert (header.mode, header.cs, header.od, header.slider_tick_rate) == (Mode.MANIA, 7, 7, 2)
    assert (header.title, header.artist, header.creator) == ("Other", "Else", "Me")
    assert (header.version, header.preview_time_ms) == ("Mine", 1500)
    assert request.red_lines is not None
    assert [(p.time_ms, p.bpm) for p in request.red_lines] == [(40, 150)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--gamemode", 4), "game mode"),
        (("--keycount", 4), "--keycount means nothing in osu maps"),
        (("--hold-note-ratio", 0.5), "--hold-note-ratio"),
        (("--scroll-speed-ratio", 0.5), "--scroll-speed-ratio"),
        (("--mania-column-temperature", 1), "--mania-column-temperature"),
        (("--taiko-hit-temperature", 1), "--taiko-hit-temperature"),
        (("--gamemode", 3, "--circle-size", 4), "--circle-size"),
        (("--gamemode", 1, "--diffusion", "x"), "this is a taiko map"),
        (("--gamemode", 3, "--diffusion", "x"), "this is a mania map"),
        (("--hp-drain-rate", 11), "--hp-drain-rate has to be between 0 and 10"),
        (("--slider-multiplier", 9), "--slider-multiplier"),
        (("--difficulty", 13), "star rating"),
        (("--year", 1999), "year"),
        (("--negative-descriptors", "tech"), "guidance"),
        (("--temperature", "nan"), "temperature"),
        (("--top-p", 0), "Top-p"),
        (("--top-k", -1), "Top-k"),
        (("--seed", -1), "seed"),
        (("--offset", 5), "--offset goes with --bpm"),
        (("--bpm", 120), "--new-timing"),
        (("--title", "a\nb"), "one line"),
        (("--background", "no.jpg"), "no background"),
        (("--out", "x.mp3"), ".osu"),
        (("--osz", "--out", "x.osu"), ".osz"),
        (("--out", "no/where.osu"), "no folder"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    ready: Commands, map_path: Path, engine: FakeEngine, options: tuple[object, ...], words: str
):
    before = sorted(map_path.parent.iterdir())
    answer = ready("generate", map_path, *options)
    assert answer.status == 2
    assert words in answer.err
    assert answer.out == ""
    assert engine.map_requests == []
    assert sorted(map_path.parent.iterdir()) == before


def test_new_timing_needs_a_map_and_a_folder_is_no_osu_file(ready: Commands, map_path: Path):
    refused(ready("generate", song(map_path), "--new-timing", "--json"), "option_refused")
    out = map_path.with_name("x.osu")
    refused(ready("generate", song(map_path), "--out", out, "--json"), "option_refused")


def test_what_the_model_ignores_is_said(ready: Commands, map_path: Path, engine: FakeEngine):
    engine.ignored = ("mapper_id", "cs", "hitsounded", "slider_multiplier", "time_bias")
    wishes = ("--mapper-id", 3, "--circle-size", 3, "--no-hitsounded", "--timeshift-bias", 2)
    answer = ready("generate", map_path, *wishes, "--json")
    assert answer.value["model"]["name"] == "fake"
    # Nobody wished for another slider multiplier than the map's own.
    named = "--mapper-id, --circle-size, --no-hitsounded, --timeshift-bias"
    assert f"knows nothing of {named}; it" in answer.err


def test_nothing_is_overwritten(ready: Commands, map_path: Path, engine: FakeEngine):
    refused(ready("generate", map_path, "--out", map_path, "--json"), "stale_edit")
    source = song(map_path)
    map_path.with_name("Nobody - Something").mkdir()
    refused(ready("generate", source, "--json"), "stale_edit")
    assert engine.map_requests == []
    assert map_path.read_bytes() == MAP


@pytest.mark.parametrize("name", ["map.osu", "song.wav"])
def test_writing_needs_the_notice(
    companion: Commands, map_path: Path, engine: FakeEngine, name: str
):
    source = map_path.with_name(name)
    refused(companion("generate", source, "--json"), "notice_not_acknowledged")
    assert engine.map_requests == []
    assert companion("generate", source, "--acknowledge").status == 0
    assert Journal(companion.data).fair_use().notice_acknowledged is not None


def test_modding_only_refuses(ready: Commands, map_path: Path, engine: FakeEngine):
    keys = frozenset({map_key(map_path.parent)})
    Journal(ready.data).keep_fair_use(StoredFairUse(False, keys, "2026-01-01"))
    refused(ready("generate", map_path, "--json"), "modding_only")
    Journal(ready.data).keep_fair_use(StoredFairUse(True, frozenset(), "2026-01-01"))
    refused(ready("generate", song(map_path), "--json"), "modding_only")
    assert engine.map_requests == []


def test_a_song_that_is_not_there_is_told(ready: Commands, map_path: Path):
    refused(ready("generate", map_path.with_name("no.mp3"), "--json"), "audio_missing")
    refused(ready("generate", map_path.with_name("no.osu"), "--json"), "unreadable_beatmap")


def test_a_song_without_a_beat_leaves_nothing(ready: Commands, map_path: Path, engine: FakeEngine):
    source = song(map_path)
    before = sorted(map_path.parent.iterdir())
    engine.error = NoBeatHeard("No beat was found in this song.")
    refused(ready("generate", source, "--json"), "no_beat_heard")
    assert sorted(map_path.parent.iterdir()) == before


@pytest.mark.parametrize("name", ["map.osu", "song.wav"])
def test_ctrl_c_stops_with_130_and_leaves_nothing(
    ready: Commands, map_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, name: str
):
    tokens: list[Any] = []

    def generate(request: MapRequest, token: Any) -> Iterator[MapBegun | MapProgress]:
        tokens.append(token)
        yield MapBegun((), 8000)
        yield MapProgress("map", 100)
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "generate_map", generate)
    before = sorted(map_path.parent.iterdir())
    answer = ready("generate", map_path.with_name(name), "--json")
    assert answer.status == 130
    assert json.loads(answer.out)["error"]["code"] == "cancelled"
    assert "Nothing was written" in answer.err
    assert tokens[0].cancelled
    assert sorted(map_path.parent.iterdir()) == before
    assert Journal(ready.data).provenance() == ()


def test_the_bundled_model_needs_a_timing_and_says_so_before_it_is_loaded(
    ready: Commands, map_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def load(_: object) -> None:
        raise AssertionError("it was loaded")

    monkeypatch.setattr(LocalEngine, "_model", load)
    monkeypatch.setattr(workbench, "make_engine", lambda settings: LocalEngine(BUNDLED_MODEL))
    for arguments in ((song(map_path),), (map_path, "--new-timing")):
        answer = ready("generate", *arguments, "--json")
        refused(answer, "option_refused")
        assert "This model cannot hear timing" in answer.err
        assert "give a map that has red lines" in answer.err


def test_a_map_without_red_lines_is_refused(ready: Commands, map_path: Path, engine: FakeEngine):
    map_path.write_bytes(MAP.replace(b"0,500,4,2,0,60,1,0\r\n", b""))
    refused(ready("generate", map_path, "--json"), "option_refused")
    assert engine.map_requests == []
