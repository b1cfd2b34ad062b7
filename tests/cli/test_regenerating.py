from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from companion.cli import workbench
from companion.engine.fake import FakeEngine
from companion.engine.requests import RegenerateRequest
from companion.errors import OutOfMemory
from companion.journal import Journal, StoredFairUse, disclosure, map_key
from tests.cli.conftest import MAP, Answer, Commands

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.engine.cancellation import CancelToken
    from companion.engine.requests import Passage

SECTION = ("--start", "1000", "--end", "00:03:000", "--seed", "7")


@pytest.fixture
def ready(companion: Commands) -> Commands:
    """The notice has been read."""
    Journal(companion.data).keep_fair_use(StoredFairUse(notice_acknowledged="2026-01-01"))
    return companion


def lines(answer: Answer) -> list[str]:
    return answer.out.strip().splitlines()


def outside(data: bytes) -> list[bytes]:
    """Lines that are no object of the section."""
    head, _, objects = data.partition(b"[HitObjects]\r\n")
    lines = objects.splitlines(keepends=True)
    return [head, *(line for line in lines if not 1000 <= int(line.split(b",")[2]) < 3000)]


def test_the_section_is_printed_and_nothing_is_written(ready: Commands, map_path: Path):
    answer = ready("regenerate", map_path, *SECTION)
    assert answer.status == 0
    times = [int(line.split(",")[2]) for line in lines(answer)]
    assert times
    assert all(1000 <= time < 3000 for time in times)
    assert map_path.read_bytes() == MAP
    assert Journal(ready.data).provenance() == ()


def test_the_same_seed_gives_the_same_section(ready: Commands, map_path: Path):
    assert (
        ready("regenerate", map_path, *SECTION).out == ready("regenerate", map_path, *SECTION).out
    )


def test_json_says_everything(ready: Commands, map_path: Path):
    value = ready("regenerate", map_path, *SECTION, "--variants", 2, "--json").value
    assert value["range"] == {"start_ms": 1000, "end_ms": 3000}
    assert value["settings"]["seed"] == 7
    assert value["model"]["name"] == "fake"
    assert [variant["variant"] for variant in value["variants"]] == [0, 1]
    assert value["best_variant"] == 0
    assert value["written"] is None
    assert not value["in_place"]


def problems(variant: dict[str, Any]) -> list[dict[str, Any]]:
    return [finding for finding in variant["findings"] if finding["severity"] == "problem"]


class UnsnappedFirst(FakeEngine):
    """Puts an object of its first variant off the beat."""

    def regenerate(self, request: RegenerateRequest, token: CancelToken) -> Iterator[Passage]:
        for passage in super().regenerate(request, token):
            if passage.variant == 0:
                line = b"100,100,1560,1,0,0:0:0:0:"
                yield replace(passage, lines=(passage.lines[0], line, *passage.lines[2:]))
            else:
                yield passage


def test_a_variant_that_brings_problems_is_not_the_best(
    ready: Commands, map_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(workbench, "make_engine", lambda settings: UnsnappedFirst())
    answer = ready("regenerate", map_path, *SECTION, "--variants", 2, "--json")
    first, second = answer.value["variants"]
    assert [f["code"] for f in problems(first)] == ["unsnapped_object"]
    assert problems(second) == []
    assert answer.value["best_variant"] == 1
    assert "Variant 1 is left: the rules find 1 problem" in answer.err
    assert "Variant 2 is taken: variants that bring problems come last." in answer.err
    alone = ready("regenerate", map_path, *SECTION)
    assert "  00:01:560  problem, Timing: " in alone.err
    assert all(line.count(",") >= 4 for line in lines(alone))  # objects, and nothing else


def test_options_reach_the_engine(ready: Commands, map_path: Path, engine: FakeEngine):
    ready(
        "regenerate",
        map_path,
        *SECTION,
        "--difficulty",
        3.5,
        "--guidance",
        2,
        "--temperature",
        0.5,
        "--green-lines",
    )
    ready("regenerate", map_path, *SECTION, "--replace", "positions")
    request, other = engine.requests
    assert isinstance(request, RegenerateRequest)
    options = request.options
    assert (options.difficulty, options.guidance, options.temperature) == (3.5, 2, 0.5)
    assert options.change_green_lines
    assert isinstance(other, RegenerateRequest)
    assert other.options.replace == "positions"


def test_what_no_model_can_do_is_refused_before_it_is_loaded(
    ready: Commands, map_path: Path, engine: FakeEngine
):
    answer = ready("regenerate", map_path, *SECTION, "--keep", "rhythm", "--guidance", 2)
    assert answer.status == 2
    assert "Guidance works only where the rhythm is new" in answer.err
    assert engine.requests == []
    assert engine.describe() is None


def test_what_is_kept_reaches_the_engine(ready: Commands, map_path: Path, engine: FakeEngine):
    kept = ("--keep", "rhythm", "--keep", "hitsounds")
    value = ready("regenerate", map_path, *SECTION, *kept, "--json").value
    assert value["settings"]["keep"] == ["hitsounds", "rhythm"]
    (request,) = engine.requests
    assert isinstance(request, RegenerateRequest)
    assert request.options.keep == {"rhythm", "hitsounds"}


def test_keeping_what_there_is_not_is_refused(ready: Commands, map_path: Path):
    answer = ready("regenerate", map_path, *SECTION, "--keep", "colours")
    assert answer.status != 0
    assert "colours" in answer.err


def test_in_place_writes_with_backup_undo_and_provenance(ready: Commands, map_path: Path):
    value = ready("regenerate", map_path, *SECTION, "--in-place", "--json").value
    written = map_path.read_bytes()
    assert written != MAP
    assert outside(written) == outside(MAP)
    assert Path(value["backup"]).read_bytes() == MAP
    assert value["written"] == str(map_path)
    (record,) = Journal(ready.data).provenance(map_path)
    assert (record.action, record.start_ms, record.end_ms, record.seed) == (
        "accepted",
        1000,
        3000,
        7,
    )


def test_undo_restores_every_byte(ready: Commands, map_path: Path):
    ready("regenerate", map_path, *SECTION, "--in-place")
    answer = ready("undo", map_path, "--json")
    assert answer.status == 0
    assert answer.value["steps_left"] == 0
    assert map_path.read_bytes() == MAP
    actions = [record.action for record in Journal(ready.data).provenance(map_path)]
    assert actions == ["accepted", "undone"]
    again = ready("undo", map_path)
    assert again.status == 2
    assert again.err == "companion: There is nothing to undo on this map.\n"


def test_two_writes_are_undone_one_after_the_other(ready: Commands, map_path: Path):
    ready("regenerate", map_path, *SECTION, "--in-place")
    once = map_path.read_bytes()
    ready("regenerate", map_path, "--start", 4000, "--end", 6000, "--seed", 1, "--in-place")
    assert map_path.read_bytes() != once
    ready("undo", map_path)
    assert map_path.read_bytes() == once
    ready("undo", map_path)
    assert map_path.read_bytes() == MAP


def test_out_writes_a_new_file_and_leaves_the_map(ready: Commands, map_path: Path):
    target = map_path.with_name("other.osu")
    answer = ready("regenerate", map_path, *SECTION, "--out", target)
    assert answer.status == 0
    assert map_path.read_bytes() == MAP
    assert outside(target.read_bytes()) == outside(MAP)
    (record,) = Journal(ready.data).provenance(target)
    assert record.seed == 7


def test_out_overwrites_nothing(ready: Commands, map_path: Path, engine: FakeEngine):
    answer = ready("regenerate", map_path, *SECTION, "--out", map_path)
    assert answer.status == 2
    assert "exists already" in answer.err
    assert engine.requests == []


def test_the_notice_is_shown_and_generating_refused(
    companion: Commands, map_path: Path, engine: FakeEngine
):
    answer = companion("regenerate", map_path, *SECTION, "--in-place", "--json")
    assert answer.status == 2
    assert answer.value["error"]["code"] == "notice_not_acknowledged"
    assert "AI policy" in answer.err
    assert map_path.read_bytes() == MAP
    assert engine.requests == []


def test_acknowledging_is_needed_once(companion: Commands, map_path: Path):
    assert companion("regenerate", map_path, *SECTION, "--acknowledge").status == 0
    assert companion("regenerate", map_path, *SECTION).status == 0


def test_modding_only_beats_an_acknowledgement(
    ready: Commands, map_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COMPANION_MODDING_ONLY", "true")
    answer = ready("regenerate", map_path, *SECTION, "--acknowledge", "--json")
    assert answer.status == 2
    assert answer.value["error"]["code"] == "modding_only"


def test_modding_only_for_the_mapset_holds_here_too(ready: Commands, map_path: Path):
    keys = frozenset({map_key(map_path.parent)})
    Journal(ready.data).keep_fair_use(StoredFairUse(False, keys, "2026-01-01"))
    answer = ready("regenerate", map_path, *SECTION, "--in-place")
    assert answer.status == 2
    assert "mapset" in answer.err
    assert map_path.read_bytes() == MAP


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--difficulty", "99"), "star rating"),
        (("--replace", "everything"), "everything"),
        (("--variants", "0"), "variants"),
        (("--in-place", "--out", "x.osu"), "not both"),
    ],
)
def test_options_out_of_range_are_refused(
    ready: Commands, map_path: Path, options: tuple[str, ...], words: str
):
    answer = ready("regenerate", map_path, *SECTION, *options)
    assert answer.status == 2
    assert words in answer.err
    assert answer.err.count("\n") == 1


@pytest.mark.parametrize(
    "section", [("--start", "3000", "--end", "1000"), ("--start", "9000000", "--end", "9100000")]
)
def test_a_range_that_cannot_be_is_refused(
    ready: Commands, map_path: Path, section: tuple[str, ...]
):
    answer = ready("regenerate", map_path, *section, "--json")
    assert answer.status == 2
    assert answer.value["error"]["code"] == "range_refused"


def test_a_failing_engine_leaves_the_map(ready: Commands, map_path: Path, engine: FakeEngine):
    engine.error = OutOfMemory("There is not enough memory.")
    answer = ready("regenerate", map_path, *SECTION, "--in-place")
    assert answer.status == 2
    assert map_path.read_bytes() == MAP
    assert "enough memory" in answer.err


def test_a_write_that_fails_leaves_no_undo_step(ready: Commands, map_path: Path):
    from companion.beatmap import storage

    def full(*_: object, **__: object) -> None:
        from companion.errors import WriteFailed

        raise WriteFailed("The disk is full.")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(storage, "write", full)
        answer = ready("regenerate", map_path, *SECTION, "--in-place")
    assert answer.status == 2
    assert map_path.read_bytes() == MAP
    assert ready("undo", map_path).status == 2
    assert "No part of this map" in disclosure(Journal(ready.data).provenance(map_path))
