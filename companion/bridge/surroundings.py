"""The set around the open map: its other difficulties and its files, looked at by the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from companion.beatmap.folder_files import FolderFile, list_files
from companion.checks import Difficulty, check_folder, check_set, read_folder

if TYPE_CHECKING:
    from pathlib import Path

    from companion.beatmap import Document
    from companion.findings import Finding

MOST_DIFFICULTIES: Final = 128
"""A folder with more is no set but a heap of maps, and nothing is said about it."""


class Surroundings:
    """Looks at a set again and again; what has not changed is not read again.

    Runs on a thread beside the loop, one look at a time.
    """

    def __init__(self) -> None:
        self._files: tuple[FolderFile, ...] = ()

    def look(self, path: Path, document: Document) -> tuple[Finding, ...]:
        """What the rules find in the set of a map, as far as it concerns the map or all of it."""
        self._files = list_files(path.parent, self._files)
        folder = read_folder(self._files, open_map=Difficulty(document, path.name))
        if len(folder.mapset.difficulties) > MOST_DIFFICULTIES:
            return ()
        others = {one.file_name for one in folder.mapset.difficulties} - {path.name}
        found = (*check_set(folder.mapset), *check_folder(folder))
        return tuple(finding for finding in found if finding.file not in others)
