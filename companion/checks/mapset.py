"""A set as checks see it: its difficulties, and the files of its folder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

from companion.beatmap import Document
from companion.beatmap.facts import FactSource
from companion.checks.difficulty import Difficulty
from companion.checks.level import Level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from companion.beatmap import Mode
    from companion.beatmap.folder_files import FolderFile

DIFFICULTY_EXTENSION, STORYBOARD_EXTENSION = ".osu", ".osb"


@dataclass(frozen=True, eq=False)
class Mapset(FactSource):
    """The readable difficulties of one set, easiest first within a mode."""

    difficulties: tuple[Difficulty, ...]

    @cached_property
    def by_mode(self) -> Mapping[Mode, tuple[Difficulty, ...]]:
        """The difficulties of each mode that has any."""
        modes = sorted({difficulty.mode for difficulty in self.difficulties})
        return {mode: tuple(one for one in self.difficulties if one.mode is mode) for mode in modes}

    def of_modes(self, modes: frozenset[Mode]) -> Mapset:
        """The part of the set that is made for some modes."""
        if modes.issuperset(self.by_mode):
            return self
        return Mapset(tuple(one for one in self.difficulties if one.mode in modes))


@dataclass(frozen=True, eq=False)
class Folder(FactSource):
    """A set's folder: all files, with those that are difficulties or a storyboard read."""

    files: tuple[FolderFile, ...]
    mapset: Mapset
    unreadable: Mapping[str, str]
    """Difficulties that cannot be worked with: by file name, why."""
    storyboard: Document | None = None
    """The set's ``.osb``."""

    @cached_property
    def _by_name(self) -> Mapping[str, FolderFile]:
        return {file.name.lower(): file for file in self.files}

    def file(self, name: str) -> FolderFile | None:
        """A file by the name that a map gives it: letter case and kind of slash do not matter."""
        return self._by_name.get(name.strip().strip('"').replace("\\", "/").lower())


def stated_levels(
    folder: Path, files: Iterable[FolderFile], stated: Callable[[Path], Level | None]
) -> dict[str, Level]:
    """What the mapper says how hard the difficulties of a listed folder are, by file name."""
    levels = {
        file.name: stated(folder / file.name)
        for file in files
        if file.extension == DIFFICULTY_EXTENSION
    }
    return {name: level for name, level in levels.items() if level is not None}


def read_folder(
    files: Iterable[FolderFile],
    *,
    levels: Mapping[str, Level] | None = None,
    open_map: Difficulty | None = None,
) -> Folder:
    """Read what is text in a listed folder; a file that was read before is not read again.

    Args:
        files: The listing. Files that are the same objects as in an earlier one keep their facts.
        levels: What the mapper says how hard a difficulty is, by file name.
        open_map: The difficulty that is at hand, in place of the file of that name: the mapper's
            newest save may be newer than the listing.
    """
    files = tuple(files)
    stated = levels or {}
    difficulties: list[Difficulty] = []
    unreadable: dict[str, str] = {}
    storyboard: Document | None = None
    for file in files:
        if "/" in file.name:  # the game looks for them in the folder itself only
            continue
        if file.extension == STORYBOARD_EXTENSION and storyboard is None:
            storyboard = file.fact(_document)
        if file.extension != DIFFICULTY_EXTENSION:
            continue
        if open_map is not None and open_map.file_name == file.name:
            difficulties.append(open_map)
            continue
        document = file.fact(_document)
        if document.problem is not None:
            unreadable[file.name] = document.problem
        else:
            difficulties.append(file.fact(_AT_LEVEL[stated.get(file.name)]))
    return Folder(files, Mapset(tuple(sorted(difficulties, key=_ease))), unreadable, storyboard)


def _document(file: FolderFile) -> Document:
    return Document.parse(file.read() or b"")


def _read(file: FolderFile, level: Level | None) -> Difficulty:
    return Difficulty(file.fact(_document), file.name, level)


# One function for each level, so that a difficulty keeps its facts while its level does not change.
_AT_LEVEL = {level: partial(_read, level=level) for level in (None, *Level)}


def _ease(difficulty: Difficulty) -> tuple[int, float, str]:
    return difficulty.mode, difficulty.stars or 0.0, difficulty.file_name
