from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from companion.cli import workbench
from companion.demo.files import unpack
from companion.engine.engine import LocalEngine
from companion.journal import Journal, StoredFairUse
from tests.cli.conftest import MAP, Answer, Commands

if TYPE_CHECKING:
    from pathlib import Path

    from companion.engine.fake import FakeEngine

ODD_MAP = (
    MAP.replace(
        b"300,100,2009,1,8,0:0:0:0:\r\n", b"// mine\r\n\r\n300,100,2009,1,8,1:2:3:40:a.wav\n"
    )
    .replace(b"300,200,3000,5,0,0:0:0:0:", b"300,200,3000,6,0,L|400:200,1,100,2|0,0:0|0:0,0:0:0:0:")
    .replace(b"200,200,5000,1,0,0:0:0:0:\r\n", b"256,192,5000,12,0,5800,0:0:0:25:\r\n50,50,900,1,0")
)
"""A comment and a blank line between objects, one line ending of its own, an object out of order,
samples with a volume and a file, and no newline at the end."""


@pytest.fixture
def ready(companion: Commands) -> Commands:
    """The notice has been read."""
    Journal(companion.data).keep_fair_use(StoredFairUse(notice_acknowledged="2026-01-01"))
    return companion


def blanked(line: bytes) -> bytes:
    """An object line without what it sounds like: additions, edges, and the sets of its sample."""
    fields = line.split(b",")
    bits = int(fields[3])
    fields[4] = b"*"
    at = 5 if bits & 1 else 10 if bits & 2 else 6
    if bits & 2:
        fields[8:10] = [b"*", b"*"]
    if at < len(fields):
        sample = fields[at].split(b":")
        fields[at] = b":".join([b"*", b"*", *sample[2:]])
    else:
        fields += [b"*:*:0:0:" + (b"\r\n" if line.endswith(b"\r\n") else b"")]
    return b",".join(fields)


def silent(data: bytes) -> list[bytes]:
    """Every line of a map, those of objects blanked."""
    head, mark, objects = data.partition(b"[HitObjects]\r\n")
    lines = objects.splitlines(keepends=True)
    return [head, mark, *(blanked(x) if x[:1].isdigit() else x for x in lines)]


def test_every_object_sounds_anew_and_every_other_byte_stays(ready: Commands, map_path: Path):
    map_path.write_bytes(ODD_MAP)
    answer = ready("hitsounds", map_path, "--seed", 3, "--in-place", "--json")
    assert answer.status == 0
    written = map_path.read_bytes()
    assert written != ODD_MAP
    assert silent(written) == silent(ODD_MAP)
    n_changed = sum(a != b for a, b in zip(written.splitlines(), ODD_MAP.splitlines(), strict=True))
    assert n_changed >= 4


def test_undo_restores_every_byte(ready: Commands, map_path: Path):
    map_path.write_bytes(ODD_MAP)
    ready("hitsounds", map_path, "--seed", 3, "--in-place")
    assert map_path.read_bytes() != ODD_MAP
    assert ready("undo", map_path).status == 0
    assert map_path.read_bytes() == ODD_MAP


def test_a_range_leaves_the_objects_outside(ready: Commands, map_path: Path):
    ready("hitsounds", map_path, "--start", "00:01:000", "--end", 2000, "--seed", 1, "--in-place")
    before, after = MAP.splitlines(), map_path.read_bytes().splitlines()
    changed = {int(b.split(b",")[2]) for a, b in zip(before, after, strict=True) if a != b}
    assert changed
    assert changed <= {1000, 1500}


def test_without_a_target_nothing_is_written_and_json_is_one_document(
    ready: Commands, map_path: Path, engine: FakeEngine
):
    answer: Answer = ready("hitsounds", map_path, "--seed", 1, "--temperature", 0.5, "--json")
    assert answer.value["settings"]["replace"] == "hitsounds"
    assert answer.value["settings"]["temperature"] == 0.5
    assert answer.value["written"] is None
    assert len(answer.value["variants"][0]["lines"]) == 5
    assert map_path.read_bytes() == MAP
    assert len(engine.requests) == 1


def test_out_writes_a_new_file(ready: Commands, map_path: Path):
    target = map_path.with_name("other.osu")
    assert ready("hitsounds", map_path, "--out", target).status == 0
    assert map_path.read_bytes() == MAP
    assert silent(target.read_bytes()) == silent(MAP)


def test_a_map_without_objects_is_refused(ready: Commands, map_path: Path):
    map_path.write_bytes(MAP.partition(b"[HitObjects]\r\n")[0] + b"[HitObjects]\r\n")
    answer = ready("hitsounds", map_path, "--json")
    assert answer.status == 2
    assert answer.value["error"]["code"] == "range_refused"


def test_the_notice_comes_first(companion: Commands, map_path: Path, engine: FakeEngine):
    answer = companion("hitsounds", map_path, "--in-place", "--json")
    assert answer.value["error"]["code"] == "notice_not_acknowledged"
    assert engine.requests == []


@pytest.mark.slow
def test_the_bundled_model_changes_nothing_but_sounds(
    ready: Commands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(workbench, "make_engine", lambda _: LocalEngine(threads=1))
    path = unpack(tmp_path / "demo")
    before = path.read_bytes()
    spread = ("--seed", 1, "--temperature", 1.5)
    answer = ready("hitsounds", path, *spread, "--end", 12_000, "--in-place", "--json")
    assert answer.status == 0
    after = path.read_bytes()
    assert after != before
    assert answer.value["map"]["path"] == str(path)
    newline = b"\r\n" if b"\r\n" in before else b"\n"
    parted = [data.partition(b"[HitObjects]" + newline) for data in (before, after)]
    assert parted[0][0] == parted[1][0]
    lines = [part[2].splitlines(keepends=True) for part in parted]
    assert list(map(blanked, lines[0])) == list(map(blanked, lines[1]))
    assert ready("undo", path).status == 0
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(before).digest()
