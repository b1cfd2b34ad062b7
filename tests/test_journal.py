"""What survives restarts, and what happens when the disk does not help."""

from __future__ import annotations

import errno
import os
from dataclasses import replace

import pytest

from companion.beatmap import TextEdit
from companion.errors import WriteFailed
from companion.journal import (
    KEPT_UNDO_STEPS,
    Journal,
    ProvenanceRecord,
    StoredFairUse,
    UndoStep,
    disclosure,
    map_key,
)

RECORD = ProvenanceRecord(
    "2026-11-22T10:00:00+00:00", "accepted", "x.osu", 5000, 9000, "m", "ab", 7
)
STEP = UndoStep(
    "before",
    "after",
    (TextEdit(3, (b"1,2\r\n", b"\xff\xfe raw \x00\r\n"), (b"caf\xc3\xa9\r\n",)),),
    "Regenerated",
    "2026-11-22T10:00:00+00:00",
    RECORD,
)


@pytest.fixture
def journal(tmp_path):
    return Journal(tmp_path / "data")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "Songs" / "1" / "x.osu"


def test_nothing_is_known_at_first_and_nothing_is_written_by_looking(journal, path):
    assert journal.fair_use() == StoredFairUse()
    assert journal.dismissed(path) == journal.dismissed_rules(path.parent) == frozenset()
    assert journal.level(path) is None
    assert journal.undo_steps(path, "x") == ()
    assert journal.provenance() == ()
    assert not journal.folder.exists()


def test_fair_use_survives(journal):
    state = StoredFairUse(True, frozenset({"a", "b"}), "2026-11-22")
    journal.keep_fair_use(state)
    assert Journal(journal.folder).fair_use() == state


def test_dismissed_ids_survive_per_map(journal, path):
    journal.keep_dismissed(path, {"b", "a"})
    assert journal.dismissed(path) == {"a", "b"}
    assert journal.dismissed(path.with_name("y.osu")) == frozenset()


def test_dismissed_rules_survive_per_mapset(journal, path):
    journal.keep_dismissed_rules(path.parent, {"b", "a"})
    assert journal.dismissed_rules(path.parent) == {"a", "b"}
    assert journal.dismissed_rules(path.parent.with_name("2")) == frozenset()


def test_a_stated_level_survives_per_map_and_can_be_taken_back(journal, path):
    journal.keep_level(path, "hard")
    assert journal.level(path) == "hard"
    assert journal.level(path.with_name("y.osu")) is None
    journal.keep_level(path, None)
    assert journal.level(path) is None


def test_undo_steps_survive_byte_for_byte(journal, path):
    plain = replace(STEP, provenance=None)
    journal.keep_undo_steps(path, [plain, STEP])
    assert journal.undo_steps(path, "after") == (plain, STEP)


def test_only_the_newest_undo_steps_are_kept(journal, path):
    steps = [replace(STEP, description=str(n)) for n in range(KEPT_UNDO_STEPS + 5)]
    journal.keep_undo_steps(path, steps)
    kept = journal.undo_steps(path, "after")
    assert len(kept) == KEPT_UNDO_STEPS
    assert kept[-1].description == str(KEPT_UNDO_STEPS + 4)


def test_a_step_whose_write_never_happened_is_left_out(journal, path):
    first = replace(STEP, before_digest="zero", after_digest="before")
    journal.keep_undo_steps(path, [first, STEP])
    assert journal.undo_steps(path, "before") == (first,)
    assert journal.undo_steps(path, "after") == (first, STEP)
    assert journal.undo_steps(path, "something else") == (first, STEP)


def test_provenance_is_told_per_map_and_in_order(journal, path):
    mine = replace(RECORD, file=str(path))
    journal.record(mine)
    journal.record(RECORD)
    journal.record(replace(mine, seed=8))
    assert [r.seed for r in journal.provenance(path)] == [7, 8]
    assert len(journal.provenance()) == 3


def test_disclosure_leaves_out_what_was_taken_back():
    undone = replace(RECORD, action="undone")
    assert "No part" in disclosure([RECORD, undone])
    text = disclosure([RECORD, RECORD, undone])
    assert text.count("00:05:000 - 00:09:000") == 1
    assert "seed 7" in text


def test_a_damaged_file_is_set_aside(journal, path):
    journal.keep_dismissed(path, {"a"})
    file = journal.folder / "maps" / map_key(path) / "dismissed.json"
    file.write_bytes(b"{ not json")
    assert journal.dismissed(path) == frozenset()
    assert file.with_suffix(".damaged").read_bytes() == b"{ not json"
    file.write_bytes(b'{"not": "a list"}')
    assert journal.dismissed(path) == frozenset()


def test_damaged_lines_of_the_provenance_journal_are_left_out(journal):
    journal.record(RECORD)
    with (journal.folder / "provenance.jsonl").open("ab") as file:
        file.write(b'{"half": \n\xff\n')
    journal.record(RECORD)
    assert journal.provenance() == (RECORD, RECORD)


def test_a_damaged_undo_step_is_left_out(journal, path):
    journal.keep_undo_steps(path, [STEP])
    file = journal.folder / "maps" / map_key(path) / "undo.json"
    file.write_bytes(file.read_bytes().replace(b'"first_line": 3', b'"first_line": "x"'))
    assert journal.undo_steps(path, "after") == ()


def test_a_renamed_map_takes_everything_along(journal, path):
    journal.keep_dismissed(path, {"a"})
    journal.keep_level(path, "hard")
    new = path.with_name("z.osu")
    journal.rename(path, new)
    assert journal.dismissed(new) == {"a"}
    assert journal.level(new) == "hard"
    assert journal.dismissed(path) == frozenset()


def test_provenance_is_found_under_earlier_names(journal, path):
    journal.keep_undo_steps(path, [STEP])
    journal.record(replace(RECORD, file=str(path)))
    second, third = path.with_name("y.osu"), path.with_name("z.osu")
    journal.rename(path, second)
    journal.record(replace(RECORD, file=str(second), seed=8))
    journal.rename(second, third)
    assert [r.seed for r in journal.provenance(third)] == [7, 8]


def test_modding_only_goes_along_with_a_renamed_folder(journal, path):
    journal.keep_fair_use(StoredFairUse(modding_only_mapsets=frozenset({map_key(path.parent)})))
    new = path.parent.with_name("2") / path.name
    journal.rename(path, new)
    assert map_key(new.parent) in journal.fair_use().modding_only_mapsets


def test_dismissed_rules_go_along_with_a_renamed_folder(journal, path):
    journal.keep_dismissed_rules(path.parent, {"a"})
    new = path.parent.with_name("2") / path.name
    journal.rename(path, new)
    assert journal.dismissed_rules(new.parent) == {"a"}
    journal.keep_dismissed_rules(new.parent, ())
    journal.rename(path.with_name("y.osu"), new.with_name("y.osu"))
    assert journal.dismissed_rules(new.parent) == frozenset()


def test_a_full_disk_is_an_error_in_plain_words(journal, path, monkeypatch):
    journal.keep_dismissed(path, {"a"})

    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for write in (
        lambda: journal.keep_dismissed(path, {"b"}),
        lambda: journal.record(RECORD),
        lambda: journal.keep_undo_steps(path, [STEP]),
    ):
        with pytest.raises(WriteFailed, match="No space left"):
            write()
    assert journal.dismissed(path) == {"a"}
