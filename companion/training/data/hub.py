"""Sets from a dataset on a hub, streamed: each becomes an ``.osz`` in a folder.

Rows are those of Mapperatorinator's own data: ``opus`` holds a song's bytes, ``json`` an object
whose ``beatmaps`` have the ``content`` of an ``.osu`` file and what osu!'s API says of it. Only
what is wanted is kept, and what lies in the folder already is not written again, so a run that is
killed goes on.
"""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING, Any, cast

from companion.beatmap import Document
from companion.errors import DownloadFailed, OptionRefused, WriteFailed
from companion.training.data.records import MapRecord, mapper_of
from companion.training.data.sources import ARCHIVE_SUFFIX, NOTES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from companion.training.data.selection import MapFilter

Row = dict[str, Any]
_ARTICLES = re.compile(r"[^\w.-]+")


def fetch_sets(
    rows: Iterable[Mapping[str, Any]],
    folder: Path,
    wanted: MapFilter,
    at_most: int,
    tell: Callable[[int], None] = lambda _: None,
) -> tuple[int, list[str]]:
    """Write wanted sets of a stream into a folder until there are enough.

    Args:
        rows: The stream; no more of it is taken than needed.
        folder: Where the archives go.
        wanted: Which maps.
        at_most: How many sets.
        tell: Called with the number of sets that are there by now.

    Returns:
        How many there are, and what was wrong with others.

    Raises:
        WriteFailed: The disk does not take one.
    """
    n_there, problems = 0, list[str]()
    folder.mkdir(parents=True, exist_ok=True)
    for row in rows:
        if n_there >= at_most:
            break
        maps = _maps_of(row)
        chosen = [one for one in maps if wanted.admits(_record(one))]
        if not chosen:
            continue
        name = _ARTICLES.sub("-", str(chosen[0].get("beatmapset_id") or row.get("__key__")))
        path = folder / f"{name}{ARCHIVE_SUFFIX}"
        if not path.is_file():
            song = _song_of(row)
            if song is None:
                problems.append(f"{name}: no song")
                continue
            _write(path, song, chosen)
        n_there += 1
        tell(n_there)
    return n_there, problems


def streamed_rows(name: str, subset: str | None = None) -> Iterator[Row]:
    """The rows of a dataset, one by one as they are asked for.

    Raises:
        OptionRefused: The library for it is not installed.
        DownloadFailed: There is no such dataset, or no network.
    """
    try:
        # Part of the extra “datasets”, so its types are not at hand where this is checked.
        import datasets as library  # pyright: ignore
    except ImportError as error:
        raise OptionRefused(
            "Streaming a dataset needs datasets (pip install osu-companion[datasets])."
        ) from error
    hub = cast("Any", library)
    try:
        files = None if subset is None else f"{subset.rstrip('/')}/*"
        stream = hub.load_dataset(name, data_files=files, streaming=True, split="train")
        # The bytes as they are: the companion decodes songs itself.
        yield from stream.cast_column("opus", hub.Audio(decode=False))
    except (OSError, ValueError, RuntimeError) as error:
        raise DownloadFailed(f"The dataset {name} cannot be streamed: {error}.") from error


def _maps_of(row: Mapping[str, Any]) -> list[Row]:
    about: Any = row.get("json")
    if not isinstance(about, dict):
        return []
    maps = cast("list[Row]", cast("Row", about).get("beatmaps") or [])
    return [one for one in maps if one.get("content")]


def _record(one: Mapping[str, Any]) -> MapRecord:
    version = str(one.get("version") or "")
    stars, year = one.get("difficultyrating"), _year_of(one)
    return MapRecord(
        file="",
        mode=int(one.get("mode") or 0),
        version=version,
        mapper=mapper_of(str(one.get("creator") or ""), version),
        beatmap_id=int(one.get("beatmap_id") or 0),
        stars=None if stars is None else float(stars),
        year=year,
        status=_whole(one, "approved"),
        mapper_id=_whole(one, "creator_id"),
    )


def _year_of(one: Mapping[str, Any]) -> int | None:
    date = str(one.get("submit_date") or one.get("approved_date") or "")
    return int(date[:4]) if date[:4].isdigit() else None


def _whole(one: Mapping[str, Any], name: str) -> int | None:
    value = one.get(name)
    return None if value is None else int(value)


def _song_of(row: Mapping[str, Any]) -> bytes | None:
    song: Any = row.get("opus")
    data: Any = cast("dict[str, Any]", song).get("bytes") if isinstance(song, dict) else song
    return data if isinstance(data, bytes) and data else None


def _write(path: Path, song: bytes, maps: list[Row]) -> None:
    notes: list[Row] = []
    unfinished = path.with_suffix(".part")
    try:
        with zipfile.ZipFile(unfinished, "w") as archive:
            names = set[str]()
            for one in maps:
                data = str(one["content"]).encode()
                audio = Document.parse(data).beatmap.audio_filename
                if audio and audio not in names:
                    # Under the name that the maps know; what it is shows in its first bytes.
                    names.add(audio)
                    archive.writestr(audio, song)
                file = f"{int(one.get('beatmap_id') or len(notes))}.osu"
                archive.writestr(file, data, zipfile.ZIP_DEFLATED)
                record = _record(one)
                notes.append(
                    {
                        "file": file,
                        "status": record.status,
                        "year": record.year,
                        "mapper_id": record.mapper_id,
                    }
                )
            archive.writestr(NOTES, json.dumps({"maps": notes}))
        unfinished.replace(path)
    except OSError as error:
        raise WriteFailed(f"{path} cannot be written: {error.strerror or error}.") from error
