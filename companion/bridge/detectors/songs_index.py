"""Which folder of a Songs folder has a `.osu` of a given name."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

REBUILD_AFTER_S: Final = 15.0
"""A name that is not found is looked for on the disk again, but not more often than this."""


class SongsIndex:
    """A dictionary from file names to folders, built when first asked.

    Building reads some tens of thousands of folder entries: ask from a thread.
    """

    def __init__(self, songs: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.songs = songs
        self._clock = clock
        self._folders: dict[str, list[str]] = {}
        self._built_s: float | None = None

    def find(self, file_name: str) -> Path | None:
        """The newest written file of that name, or None."""
        if not _is_plain(file_name):
            return None
        found = self._newest(file_name)
        if found is None and self._may_build():
            self._build()
            found = self._newest(file_name)
        return found

    def _may_build(self) -> bool:
        return self._built_s is None or self._clock() - self._built_s >= REBUILD_AFTER_S

    def _newest(self, file_name: str) -> Path | None:
        """A set may have been copied: then the one that was written last is being edited."""
        written: list[tuple[float, Path]] = []
        for folder in self._folders.get(file_name, ()):
            path = Path(folder, file_name)
            try:
                written.append((path.stat().st_mtime, path))
            except OSError:
                continue
        return max(written, default=(0.0, None))[1]

    def _build(self) -> None:
        folders: dict[str, list[str]] = {}
        for folder in _subfolders(self.songs):
            for name in _maps(folder):
                folders.setdefault(name, []).append(folder)
        self._folders = folders
        self._built_s = self._clock()
        log.info("%d maps under %s", sum(map(len, folders.values())), self.songs)


def _is_plain(file_name: str) -> bool:
    """Titles are foreign text: only a bare file name is looked for."""
    return file_name == os.path.basename(file_name) and "\\" not in file_name  # noqa: PTH119


def _subfolders(songs: Path) -> list[str]:
    try:
        with os.scandir(songs) as entries:
            return [entry.path for entry in entries if entry.is_dir()]
    except OSError as error:
        log.warning("%s cannot be listed: %s", songs, error)
        return []


def _maps(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.name.lower().endswith(".osu")]
    except OSError:
        return []
