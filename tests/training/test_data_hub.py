from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from companion.training.data.hub import fetch_sets
from companion.training.data.records import read_records
from companion.training.data.selection import MapFilter
from companion.training.data.sounds import SoundCache
from companion.training.data.sources import find_sources
from tests.training.conftest import map_lines, osu_objects

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def opus() -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(0).normal(0, 0.1, 48_000 * 11)
    soundfile.write(file, noise, 48_000, format="OGG", subtype="OPUS")
    return file.getvalue()


def row(number: int, opus: bytes | None, **about: Any) -> dict[str, Any]:
    text = map_lines(0, f"Song {number}", osu_objects(number)).decode()
    one = {
        "content": text.replace("song.wav", "audio.mp3"), "beatmap_id": 10 + number, "mode": 0,
        "beatmapset_id": number, "creator": "Host", "creator_id": 77, "version": "Hard",
        "approved": 1, "submit_date": "2014-03-02 10:00:00", "difficultyrating": 3.5, **about,
    }  # fmt: skip
    return {"__key__": str(number), "opus": {"bytes": opus}, "json": {"beatmaps": [one]}}


def test_streamed_sets_become_archives_that_can_be_trained_on(opus: bytes, tmp_path: Path) -> None:
    n, problems = fetch_sets([row(1, opus), row(2, None)], tmp_path / "sets", MapFilter(), 9)
    assert (n, problems) == (1, ["2: no song"])
    [source] = find_sources(tmp_path / "sets")
    [record] = read_records(source)
    [one] = record.maps
    assert (one.status, one.year, one.mapper_id, record.problems) == (1, 2014, 77, ())
    cache = SoundCache(tmp_path / "sounds", 16_000, "torchaudio")
    assert cache.length_ms(record) == pytest.approx(11_000, abs=60)


def test_no_more_is_taken_than_wanted(opus: bytes, tmp_path: Path) -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield row(1, opus, mode=3)
        yield row(2, opus, submit_date="2020-01-01")
        yield row(3, opus)
        yield {"json": None}
        yield row(4, opus)
        yield row(5, opus)
        raise AssertionError("taken too far")

    wanted = MapFilter(modes=frozenset({0}), years=(2013, 2015))
    told: list[int] = []
    assert fetch_sets(rows(), tmp_path, wanted, 2, told.append) == (2, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3.osz", "4.osz"]
    assert told == [1, 2]


def test_a_second_run_writes_nothing_again(opus: bytes, tmp_path: Path) -> None:
    fetch_sets([row(1, opus)], tmp_path, MapFilter(), 5)
    before = (tmp_path / "1.osz").stat().st_mtime_ns
    assert fetch_sets([row(1, None), row(2, opus)], tmp_path, MapFilter(), 5) == (2, [])
    assert (tmp_path / "1.osz").stat().st_mtime_ns == before
