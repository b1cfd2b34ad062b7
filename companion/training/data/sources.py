"""Where beatmap sets lie: folders with ``.osu`` files, and ``.osz`` archives."""

from __future__ import annotations

import json
import os
import zipfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Protocol, cast

from companion.errors import OptionRefused, UnreadableBeatmap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOTES = "set.json"
"""What is known of a set beside its files; optional."""
ARCHIVE_SUFFIX = ".osz"
LARGEST_FILE_BYTES = 256 * 2**20
"""No song or map is larger; archives may claim anything."""


@dataclass(frozen=True, slots=True)
class MapFacts:
    """What is known of a map that its file does not say."""

    status: int | None = None
    """As osu!'s API has it: -2 graveyard, -1 WIP, 0 pending, 1 ranked, 2 approved, 3 qualified,
    4 loved."""
    year: int | None = None
    mapper_id: int | None = None
    fits_song: bool = True
    """False where the objects are known to belong to another cut of the song."""


class SetSource(Protocol):
    """The files of one set."""

    @property
    def path(self) -> Path:
        """Folder or archive."""
        ...

    @property
    def facts(self) -> Mapping[str, MapFacts]:
        """By the name of the ``.osu`` file."""
        ...

    def signature(self) -> str:
        """Another one as soon as a file has changed."""
        ...

    def names(self) -> tuple[str, ...]:
        """All files, sorted."""
        ...

    def read(self, name: str) -> bytes:
        """A file's bytes.

        Raises:
            UnreadableBeatmap: It is not there or cannot be read.
        """
        ...


@dataclass(frozen=True, slots=True)
class FolderSet:
    """A set that is a folder."""

    path: Path
    facts: Mapping[str, MapFacts] = field(default_factory=dict[str, MapFacts])

    def signature(self) -> str:
        """Names, sizes and times of change."""
        parts: list[str] = []
        for name in self.names():
            status = (self.path / name).stat()
            parts.append(f"{name} {status.st_size} {status.st_mtime_ns}")
        return "\n".join(parts)

    def names(self) -> tuple[str, ...]:
        """Files of the folder itself; storyboards and skins lie deeper."""
        return tuple(sorted(entry.name for entry in os.scandir(self.path) if entry.is_file()))

    def read(self, name: str) -> bytes:
        """See `SetSource`."""
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise UnreadableBeatmap(f"{self.path / name} cannot be read: {error}.") from error


@dataclass(frozen=True, slots=True)
class ArchiveSet:
    """A set that is an ``.osz`` archive; nothing of it is unpacked to the disk."""

    path: Path
    facts: Mapping[str, MapFacts] = field(default_factory=dict[str, MapFacts])

    def signature(self) -> str:
        """Size and time of change."""
        status = self.path.stat()
        return f"{status.st_size} {status.st_mtime_ns}"

    def names(self) -> tuple[str, ...]:
        """Files at the archive's top.

        Raises:
            UnreadableBeatmap: It is not an archive.
        """
        with self._open() as archive:
            tops = (info for info in archive.infolist() if not info.is_dir())
            return tuple(
                sorted(one.filename for one in tops if PurePosixPath(one.filename).parts[1:] == ())
            )

    def read(self, name: str) -> bytes:
        """See `SetSource`."""
        try:
            with self._open() as archive, archive.open(name) as file:
                data = file.read(LARGEST_FILE_BYTES + 1)
        except (
            KeyError,
            OSError,
            ValueError,
            RuntimeError,
            NotImplementedError,
            EOFError,
        ) as error:
            raise UnreadableBeatmap(f"“{name}” in {self.path} cannot be read: {error}.") from error
        except zipfile.BadZipFile as error:
            raise UnreadableBeatmap(f"“{name}” in {self.path} is damaged: {error}.") from error
        if len(data) > LARGEST_FILE_BYTES:
            raise UnreadableBeatmap(f"“{name}” in {self.path} is larger than any song.")
        return data

    def _open(self) -> zipfile.ZipFile:
        try:
            return zipfile.ZipFile(self.path)
        except (OSError, zipfile.BadZipFile) as error:
            raise UnreadableBeatmap(f"{self.path} is not an archive: {error}.") from error


def source_at(path: Path, facts: Mapping[str, MapFacts] | None = None) -> SetSource:
    """The set in a folder or an archive."""
    kind = ArchiveSet if path.suffix.lower() == ARCHIVE_SUFFIX else FolderSet
    return kind(path, facts or {})


def find_sources(folder: Path) -> Iterator[SetSource]:
    """All sets anywhere below a folder, in the order of their paths.

    A folder with a metadata table (the MMRS layout of Mapperatorinator's own data) gives the sets
    that the table lists, with what it knows of them.

    Raises:
        OptionRefused: There is no such folder, or what reads its table is not installed.
    """
    from companion.training.data import metadata_table

    if not folder.is_dir():
        raise OptionRefused(
            f"There is no folder {folder}. Give osu!'s Songs folder or a part of it."
        )
    if (folder / metadata_table.NAME).is_file():
        yield from metadata_table.sets_of(folder)
        return
    for place, folders, files in os.walk(folder):
        folders.sort()
        if any(name.lower().endswith(".osu") for name in files):
            folders.clear()
            yield FolderSet(Path(place))
            continue
        for name in sorted(files):
            if name.lower().endswith(ARCHIVE_SUFFIX):
                yield ArchiveSet(Path(place) / name)


def noted_facts(source: SetSource) -> dict[str, MapFacts]:
    """What a set's notes say, and over that what the source itself knows.

    Raises:
        UnreadableBeatmap: The notes are damaged.
    """
    if NOTES not in source.names():
        return dict(source.facts)
    try:
        notes: Any = json.loads(source.read(NOTES))
        entries = cast("list[dict[str, Any]]", notes.get("maps", []))
        facts = {str(entry.get("file")): _facts(entry) for entry in entries}
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise UnreadableBeatmap(f"{NOTES} in {source.path} is damaged: {error}.") from error
    return facts | dict(source.facts)


def _facts(entry: Mapping[str, Any]) -> MapFacts:
    def whole(name: str) -> int | None:
        value = entry.get(name)
        return None if value is None else int(value)

    return MapFacts(
        whole("status"), whole("year"), whole("mapper_id"), entry.get("align_ok") is not False
    )
