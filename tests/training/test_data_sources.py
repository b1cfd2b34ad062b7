from __future__ import annotations

import datetime
import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from companion.errors import OptionRefused, UnreadableBeatmap
from companion.training.data import sources
from companion.training.data.metadata_table import sets_of_rows
from companion.training.data.sources import ArchiveSet, FolderSet, find_sources, noted_facts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
    return path


def test_folders_and_archives_are_found_at_any_depth(tmp_path: Path) -> None:
    for name in ("b", "pack/a"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "x.osu").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    archive(tmp_path / "c.OSZ", {"x.osu": b""})
    found = list(find_sources(tmp_path))
    assert [one.path.relative_to(tmp_path).as_posix() for one in found] == ["c.OSZ", "b", "pack/a"]
    assert [type(one) for one in found] == [ArchiveSet, FolderSet, FolderSet]


def test_one_set_can_be_given_by_itself(tmp_path: Path) -> None:
    (tmp_path / "x.osu").write_bytes(b"")
    assert [one.path for one in find_sources(tmp_path)] == [tmp_path]


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionRefused, match="no folder"):
        list(find_sources(tmp_path / "nowhere"))


def test_archives_are_read_without_unpacking(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.osz", {"x.osu": b"map", "sb/y.png": b"", "../z.osu": b"evil"})
    one = ArchiveSet(path)
    assert one.names() == ("x.osu",)
    assert one.read("x.osu") == b"map"
    assert list(tmp_path.iterdir()) == [path]


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.osz"
    path.write_bytes(b"PK not really")
    with pytest.raises(UnreadableBeatmap, match=r"a\.osz"):
        ArchiveSet(path).names()
    whole = archive(tmp_path / "b.osz", {"x.osu": bytes(range(256)) * 40}).read_bytes()
    path.write_bytes(whole.replace(bytes(range(200)), b"\0" * 200, 1))
    with pytest.raises(UnreadableBeatmap, match="damaged"):
        ArchiveSet(path).read("x.osu")
    with pytest.raises(UnreadableBeatmap, match=r"no\.osu"):
        ArchiveSet(tmp_path / "b.osz").read("no.osu")


def test_files_beyond_all_measure_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "a.osz", {"x.osu": b"0123456789"})
    monkeypatch.setattr(sources, "LARGEST_FILE_BYTES", 9)
    with pytest.raises(UnreadableBeatmap, match="larger"):
        ArchiveSet(path).read("x.osu")


def test_a_changed_file_changes_the_signature(tmp_path: Path) -> None:
    (tmp_path / "x.osu").write_bytes(b"one")
    before = FolderSet(tmp_path).signature()
    assert FolderSet(tmp_path).signature() == before
    (tmp_path / "x.osu").write_bytes(b"three")
    assert FolderSet(tmp_path).signature() != before


def test_notes_beside_a_set_are_read(tmp_path: Path) -> None:
    notes = {"maps": [{"file": "x.osu", "status": 4, "year": 2015, "align_ok": False}]}
    (tmp_path / "set.json").write_text(json.dumps(notes))
    facts = noted_facts(FolderSet(tmp_path))["x.osu"]
    assert (facts.status, facts.year, facts.mapper_id, facts.fits_song) == (4, 2015, None, False)
    (tmp_path / "set.json").write_text("[1]")
    with pytest.raises(UnreadableBeatmap, match=r"set\.json"):
        noted_facts(FolderSet(tmp_path))


def test_rows_of_a_metadata_table_become_sets_with_facts(tmp_path: Path) -> None:
    (tmp_path / "1 song").mkdir()
    rows = [
        {
            "BeatmapSetFolder": "1 song", "BeatmapFile": name, "Ranked": 1, "UserId": 77,
            "SubmittedDate": datetime.datetime(2014, 5, 1), "RankedDate": None,
        }
        for name in ("a.osu", "b.osu")
    ]  # fmt: skip
    for escape in ("../secret", "..", "gone"):
        rows.append(rows[0] | {"BeatmapSetFolder": escape})
    [one] = sets_of_rows(rows, tmp_path)
    assert one.path == tmp_path / "1 song"
    assert set(one.facts) == {"a.osu", "b.osu"}
    facts = one.facts["a.osu"]
    assert (facts.status, facts.year, facts.mapper_id) == (1, 2014, 77)


def test_a_metadata_table_is_read_or_says_what_it_needs(
    tmp_path: Path, make_set: Callable[..., Path]
) -> None:
    (tmp_path / "metadata.parquet").write_bytes(b"PAR1")
    # Without pyarrow the extra is named, with it the damaged table is.
    with pytest.raises(OptionRefused, match=r"pyarrow|metadata\.parquet"):
        list(find_sources(tmp_path))
