"""The MMRS layout: one table of metadata beside the sets' folders.

``metadata.parquet`` has a row per map, with at least the columns ``BeatmapSetFolder`` and
``BeatmapFile``; the sets lie in ``data/<BeatmapSetFolder>``. Dates are those of osu!'s API.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, cast

from companion.errors import OptionRefused
from companion.training.data.sources import FolderSet, MapFacts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

NAME = "metadata.parquet"
SETS = "data"
_NEEDED = ("BeatmapSetFolder", "BeatmapFile")
_OPTIONAL = ("Ranked", "RankedDate", "SubmittedDate", "UserId")


def sets_of(folder: Path) -> Iterator[FolderSet]:
    """The sets that the table of an MMRS folder lists.

    Raises:
        OptionRefused: pyarrow is not installed, or the table lacks a column.
    """
    yield from sets_of_rows(_read(folder / NAME), folder / SETS)


def sets_of_rows(rows: Iterable[Mapping[str, Any]], folder: Path) -> Iterator[FolderSet]:
    """The sets of a table's rows, by name; those whose folder is missing come with no files."""
    facts: dict[str, dict[str, MapFacts]] = {}
    for row in rows:
        name = str(row["BeatmapSetFolder"])
        # Names come from a file: nothing outside the folder is ever read.
        if PurePath(name).name == name and name not in {"", ".", ".."}:
            facts.setdefault(name, {})[str(row["BeatmapFile"])] = _facts(row)
    for name in sorted(facts):
        if (folder / name).is_dir():
            yield FolderSet(folder / name, facts[name])


def _facts(row: Mapping[str, Any]) -> MapFacts:
    date = row.get("SubmittedDate") or row.get("RankedDate")
    status, user = row.get("Ranked"), row.get("UserId")
    return MapFacts(
        status=None if status is None else int(status),
        year=getattr(date, "year", None),
        mapper_id=None if user is None else int(user),
    )


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        # Part of the extra “datasets”, so its types are not at hand where this is checked.
        import pyarrow.parquet as parquet  # pyright: ignore
    except ImportError as error:
        raise OptionRefused(
            f"{path.parent} has the MMRS layout; reading its table needs pyarrow "
            "(pip install osu-companion[datasets])."
        ) from error
    reader = cast("Any", parquet)
    try:
        there = set(cast("list[str]", reader.read_schema(path).names))
        missing = [name for name in _NEEDED if name not in there]
        if missing:
            raise OptionRefused(f"{path} has no column “{missing[0]}”.")
        columns = [*_NEEDED, *(name for name in _OPTIONAL if name in there)]
        return cast("list[dict[str, Any]]", reader.read_table(path, columns=columns).to_pylist())
    except (OSError, ValueError) as error:
        raise OptionRefused(f"{path} is not a table that can be read: {error}.") from error
