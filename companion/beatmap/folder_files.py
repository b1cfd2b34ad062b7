"""The files of a map's folder, listed at once and read when asked for.

Beside ``storage`` the only module of the package that touches the disk, and it only reads. Links
are left out: what they point to is not the set's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from companion.beatmap.facts import FactSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_FILES = 20_000
MAX_DEPTH = 8
MAX_READ_BYTES = 256 * 1024 * 1024
"""Larger files are listed, but never read."""


@dataclass(frozen=True, eq=False)
class FolderFile(FactSource):
    """A file as it was when the folder was listed. Its facts last as long as it does not change."""

    name: str
    """Path within the folder, with forward slashes."""
    size_bytes: int
    modified_ns: int
    path: Path

    @property
    def extension(self) -> str:
        """The extension with its dot, in lower case; empty where there is none."""
        return os.path.splitext(self.name)[1].lower()  # noqa: PTH122 - names need not be of this OS

    def read(self) -> bytes | None:
        """All bytes of the file; None when they cannot be read (any more)."""
        return self.head(MAX_READ_BYTES) if self.size_bytes <= MAX_READ_BYTES else None

    def head(self, n_bytes: int) -> bytes | None:
        """The first bytes of the file; None when they cannot be read (any more)."""
        return self.part(0, n_bytes)

    def part(self, start: int, n_bytes: int) -> bytes | None:
        """Some bytes of the file from a place on; None when they cannot be read (any more)."""
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return file.read(n_bytes)
        except OSError:
            return None


def list_files(folder: Path, known: Iterable[FolderFile] = ()) -> tuple[FolderFile, ...]:
    """All files in a folder and its subfolders, by name; none where the folder cannot be read.

    Args:
        folder: The set's folder.
        known: An earlier listing; files that are as they were keep their facts.
    """
    before = {file.path: file for file in known}
    found: list[FolderFile] = []
    for file in _walk(folder, "", 0):
        old = before.get(file.path)
        same = old is not None and (old.name, old.size_bytes, old.modified_ns) == (
            file.name,
            file.size_bytes,
            file.modified_ns,
        )
        found.append(old if old is not None and same else file)
        if len(found) >= MAX_FILES:
            break
    return tuple(sorted(found, key=lambda file: file.name))


def _walk(folder: Path, prefix: str, depth: int) -> Iterator[FolderFile]:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in listed:
        try:
            if entry.is_file(follow_symlinks=False):
                facts = entry.stat(follow_symlinks=False)
                yield FolderFile(
                    prefix + entry.name, facts.st_size, facts.st_mtime_ns, Path(entry.path)
                )
            elif entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
                yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", depth + 1)
        except OSError:  # gone since it was listed
            continue
