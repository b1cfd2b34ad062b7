"""Ids of maps: clients never see or send a path."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from companion.errors import UnknownId

if TYPE_CHECKING:
    from pathlib import Path


class Atlas:
    """Hands out an id per path, and knows only ids that it handed out."""

    def __init__(self) -> None:
        self._ids: dict[Path, str] = {}
        self._numbers = itertools.count(1)

    def id_of(self, path: Path) -> str:
        """The path's id; the same for the rest of this start."""
        if path not in self._ids:
            self._ids[path] = f"m{next(self._numbers)}"
        return self._ids[path]

    def path_of(self, map_id: str) -> Path:
        """The path behind an id.

        Raises:
            UnknownId: it was never handed out.
        """
        for path, known in self._ids.items():
            if known == map_id:
                return path
        raise UnknownId("This map is not known. Pick one from the list.")

    def move(self, old: Path, new: Path) -> None:
        """A map was renamed; it keeps its id."""
        if old in self._ids:
            self._ids[new] = self._ids.pop(old)
