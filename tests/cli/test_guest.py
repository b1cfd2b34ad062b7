from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document
from companion.engine.engine import BUNDLED_MODEL
from companion.engine.requests import RegenerateRequest
from companion.errors import OutOfMemory
from companion.journal import Journal, StoredFairUse
from tests.cli.conftest import MAP, Commands

if TYPE_CHECKING:
    from pathlib import Path

    from companion.engine.fake import FakeEngine


@pytest.fixture
def ready(companion: Commands) -> Commands:
    """The notice has been read."""
    Journal(companion.data).keep_fair_use(StoredFairUse(notice_acknowledged="2026-01-01"))
    return companion


def test_a_difficulty_is_written_beside_the_map_which_stays_as_it_is(
    ready: Commands, map_path: Path
):
    answer = ready("guest", map_path, "--difficulty", 3.5, "--seed", 1, "--name", "Guest", "--json")
    assert answer.status == 0, answer.err
    target = map_path.parent / "Nobody - Test (Somebody) [Guest].osu"
    assert answer.value["written"] == str(target)
    assert map_path.read_bytes() == MAP
    written = Document.parse(target.read_bytes())
    assert written.beatmap.version == "Guest"
    assert b"\r\n0,500,4,2,0,60,1,0\r\n" in written.to_bytes()
    assert len(written.beatmap.hit_objects) == answer.value["objects"] > 0
    assert {path.name for path in map_path.parent.iterdir()} == {
        map_path.name,
        "song.wav",
        target.name,
    }
    (record,) = Journal(ready.data).provenance(target)
    assert (record.action, record.start_ms, record.seed) == ("accepted", 1000, 1)


def test_wishes_reach_the_engine(ready: Commands, map_path: Path, engine: FakeEngine):
    answer = ready(
        "guest", map_path, "--difficulty", 2, "--cs", 3, "--descriptors", "streams",
        "--descriptors", "tech", "--year", 2015, "--guidance", 2, "--green-lines",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    (request,) = engine.requests
    assert isinstance(request, RegenerateRequest)
    assert request.document.beatmap.hit_objects == ()
    assert request.options.difficulty == 2
    assert request.options.change_green_lines
    about = request.conditioning
    assert about is not None
    assert (about.difficulty, about.cs, about.year) == (2, 3, 2015)
    assert about.descriptors == ("streams", "tech")
    assert about.hitsounded


def test_a_file_that_is_there_is_never_overwritten(ready: Commands, map_path: Path):
    ready("guest", map_path, "--difficulty", 2, "--name", "Guest")
    target = map_path.parent / "Nobody - Test (Somebody) [Guest].osu"
    before = target.read_bytes()
    again = ready("guest", map_path, "--difficulty", 4, "--name", "Guest")
    assert again.status == 2
    assert "exists already" in again.err
    assert target.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--difficulty", 99), "star rating"),
        (("--difficulty", 3, "--name", "two\nlines"), "one line"),
        (("--difficulty", 3, "--cs", 11), "CircleSize"),
        (("--difficulty", 3, "--negative-descriptors", "slow"), "guidance"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_any_work(
    ready: Commands, map_path: Path, engine: FakeEngine, options: tuple[object, ...], reason: str
):
    answer = ready("guest", map_path, *options)
    assert answer.status == 2
    assert reason in answer.err
    assert engine.requests == []


def test_a_failure_leaves_no_file(ready: Commands, map_path: Path, engine: FakeEngine):
    engine.error = OutOfMemory("The device is full.")
    answer = ready("guest", map_path, "--difficulty", 3)
    assert answer.status == 2
    assert {path.name for path in map_path.parent.iterdir()} == {map_path.name, "song.wav"}


def test_generating_has_to_be_allowed(companion: Commands, map_path: Path, engine: FakeEngine):
    answer = companion("guest", map_path, "--difficulty", 3)
    assert answer.status == 2
    assert engine.requests == []


def test_what_the_model_does_not_know_is_said(
    ready: Commands, map_path: Path, engine: FakeEngine, goldens: Path
):
    engine._info = replace(engine._info, folder=goldens / "v29" / "model")
    words = ("--descriptors", "wobbly", "--year", 2015, "--mapper-id", 1)
    err = ready("guest", map_path, "--difficulty", 2, *words).err
    assert "never met “wobbly” (--descriptors)" in err
    assert "--year" not in err
    engine._info = replace(engine._info, folder=BUNDLED_MODEL)
    out = map_path.with_name("b.osu")
    err = ready("guest", map_path, "--difficulty", 2, *words, "--out", out).err
    assert "knows nothing of --mapper-id, --year, --descriptors; it" in err
