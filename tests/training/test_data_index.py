from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from companion.errors import OptionRefused
from companion.training.data.index import Index
from companion.training.data.records import (
    MapRecord,
    SetRecord,
    mapper_of,
    mappers_of,
    read_records,
)
from companion.training.data.selection import MapFilter, songs_of, split_songs, statuses_of
from companion.training.data.sources import FolderSet, MapFacts, find_sources
from tests.training.conftest import map_lines, osu_objects

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Reluctant:
    """A set that may be told of, but not read."""

    inner: FolderSet

    @property
    def path(self) -> Path:
        return self.inner.path

    @property
    def facts(self) -> dict[str, MapFacts]:
        return {}

    def signature(self) -> str:
        return self.inner.signature()

    def names(self) -> tuple[str, ...]:
        raise AssertionError("looked at again")

    def read(self, name: str) -> bytes:
        raise AssertionError(f"{name} read again")


@pytest.fixture
def sets(make_set: Callable[..., Path], tmp_path: Path) -> Path:
    for letter in "bcd":
        make_set(f"Song {letter}", (0, 3), tmp_path / "sets")
    return tmp_path / "sets"


def test_a_set_is_described(sets: Path) -> None:
    [record] = read_records(FolderSet(sets / "Song-b"))
    assert (record.title, record.audio, record.problems) == ("Song b", "song.wav", ())
    assert [(one.file, one.mode) for one in record.maps] == [("0.osu", 0), ("1.osu", 3)]
    assert record.maps[0].stars is not None
    assert SetRecord.of_json(record.to_json()) == record


def test_what_is_wrong_with_a_set_is_told_and_the_rest_used(sets: Path) -> None:
    folder = sets / "Song-b"
    few = map_lines(0, "Song b", osu_objects()[:3])
    (folder / "few.osu").write_bytes(few)
    (folder / "no map.osu").write_bytes(b"\x89PNG")
    (folder / "lost.osu").write_bytes(
        (folder / "0.osu").read_bytes().replace(b"song.wav", b"other.wav")
    )
    (folder / "shouted.osu").write_bytes(
        (folder / "0.osu").read_bytes().replace(b"song.wav", b"SONG.WAV")
    )
    [record] = read_records(FolderSet(folder, {"1.osu": MapFacts(fits_song=False)}))
    assert [one.file for one in record.maps] == ["0.osu", "shouted.osu"]
    told = " ".join(record.problems)
    assert len(record.problems) == 4
    for part in ("few.osu: fewer than 20", "no map.osu", "lost.osu: no song “other.wav”", "1.osu"):
        assert part in told


def test_a_set_of_several_songs_gives_several_records(sets: Path) -> None:
    folder = sets / "Song-b"
    shutil.copy(sets / "Song-c/song.wav", folder / "second.wav")
    text = (folder / "0.osu").read_bytes().replace(b"song.wav", b"second.wav")
    (folder / "2.osu").write_bytes(text)
    records = read_records(FolderSet(folder))
    assert [(one.audio, len(one.maps)) for one in records] == [("song.wav", 2), ("second.wav", 1)]


def test_a_set_without_maps_is_a_problem_and_no_failure(tmp_path: Path) -> None:
    [record] = read_records(FolderSet(tmp_path))
    assert record.maps == ()
    assert record.problems


@pytest.mark.parametrize(
    ("version", "mapper"),
    [
        ("Insane", "Host"),
        ("Somebody's Insane", "Somebody"),
        ("A r M i N's Extra", "A r M i N"),
        ("Andreas' Hard", "Andreas"),
        ("host's Easy", "Host"),
        ("It's", "Host"),
    ],
)
def test_guest_difficulties_are_their_mappers_own(version: str, mapper: str) -> None:
    assert mapper_of("Host", version) == mapper


def test_mappers_are_found_without_looking_through_a_set(sets: Path) -> None:
    folder = sets / "Song-b"
    text = (folder / "0.osu").read_bytes().replace(b"[Metadata]", b"[Metadata]\nCreator:Host ")
    (folder / "0.osu").write_bytes(text)
    (folder / "1.osu").write_bytes(text.replace(b"Version:0", b"Version: Guest's Hard"))
    assert mappers_of(FolderSet(folder)) == {"Host", "Guest"}
    assert {one.mapper for one in read_records(FolderSet(folder))[0].maps} == {"Host", "Guest"}


def test_a_second_run_looks_at_nothing_again(sets: Path, tmp_path: Path) -> None:
    path = tmp_path / "cache/index.jsonl"
    first = Index(path).records(find_sources(sets))
    again = [Reluctant(FolderSet(one.path)) for one in first]
    assert Index(path).records(again) == first


def test_a_run_that_is_killed_goes_on_where_it_was(sets: Path, tmp_path: Path) -> None:
    path = tmp_path / "index.jsonl"

    def killed(record: SetRecord) -> None:
        if record.name == "Song-c":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Index(path).records(find_sources(sets), killed)
    # What a kill in the middle of a line leaves behind.
    path.write_bytes(path.read_bytes() + b'{"format": 1, "key": "hal')
    mixed = [
        *(Reluctant(FolderSet(sets / name)) for name in ("Song-b", "Song-c")),
        FolderSet(sets / "Song-d"),
    ]
    records = Index(path).records(mixed)
    assert [one.name for one in records] == ["Song-b", "Song-c", "Song-d"]
    assert Index(path).records([Reluctant(FolderSet(one.path)) for one in records]) == records


def test_a_changed_set_is_looked_at_again(sets: Path, tmp_path: Path) -> None:
    path = tmp_path / "index.jsonl"
    Index(path).records(find_sources(sets))
    (sets / "Song-b/1.osu").unlink()
    records = Index(path).records(find_sources(sets))
    assert [len(one.maps) for one in records] == [1, 2, 2]


A_MAP = MapRecord("a.osu", 0, "Hard", "Nobody", 1, 3.5, 2015, 1, 77)


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        (MapFilter(modes=frozenset({0})), {"mode": 3}),
        (MapFilter(mapper="nobody "), {"mapper": "Somebody"}),
        (MapFilter(stars=(3, 4)), {"stars": 4.2}),
        (MapFilter(years=(2014, 2015)), {"year": 2016}),
        (MapFilter(years=(2014, 2015)), {"year": None}),
        (MapFilter(statuses=frozenset({1, 4})), {"status": None}),
        (MapFilter(), {"stars": 20.0}),
    ],
)
def test_filters_admit_what_is_wanted_alone(wanted: MapFilter, other: dict[str, object]) -> None:
    assert wanted.admits(A_MAP)
    assert not wanted.admits(replace(A_MAP, **other))


def test_statuses_go_by_name() -> None:
    assert statuses_of(["Ranked", "loved"]) == {1, 4}
    with pytest.raises(OptionRefused, match="famous"):
        statuses_of(["famous"])


def record_of(path: Path, title: str, audio_id: str = "", artist: str = "A") -> SetRecord:
    return SetRecord(path / title, artist, title, "a.mp3", audio_id or title, (A_MAP,))


def test_no_song_is_on_both_sides_whatever_its_title_or_folder(tmp_path: Path) -> None:
    titles = [f"Song {letter}" for letter in "bcdfghjklm"]
    records = [record_of(tmp_path, title) for title in titles]
    records += [record_of(tmp_path, f"{title} (TV Size)") for title in titles]
    records += [record_of(tmp_path, f"Other {i}", audio_id=t) for i, t in enumerate(titles)]
    trained, held = split_songs(records, 3)
    assert len(held) == 9
    assert len(trained) == 21
    assert not {one.audio_id for one in trained} & {one.audio_id for one in held}
    titles_of = [{one.title.split(" (")[0] for one in side} for side in (trained, held)]
    assert not titles_of[0] & titles_of[1]
    assert split_songs(list(reversed(records)), 3)[1][0].audio_id in {o.audio_id for o in held}


def test_songs_that_meet_through_a_third_are_one(tmp_path: Path) -> None:
    first = record_of(tmp_path, "One", audio_id="x")
    second = record_of(tmp_path, "Two", audio_id="y")
    bridge = record_of(tmp_path, "Two", audio_id="x")
    assert len(songs_of([first, second])) == 2
    assert len(songs_of([first, second, bridge])) == 1


def test_packs_of_several_artists_are_several_songs(tmp_path: Path) -> None:
    names = ("Various (Lipills)", "Various (Windoze)")
    records = [record_of(tmp_path, "Archive", audio_id=name, artist=name) for name in names]
    assert len(songs_of(records)) == 2
