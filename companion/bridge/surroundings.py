"""The set around the open map: its other difficulties and its files, looked at by the rules."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from companion.beatmap.folder_files import FolderFile, list_files
from companion.checks import (
    Difficulty,
    check_folder,
    check_set,
    read_folder,
    run_checks,
    stated_levels,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from companion.beatmap import Document
    from companion.bridge.conductor import Conductor
    from companion.checks import Folder, Level, Mapset
    from companion.findings import Finding
    from companion.session import Revision

log = logging.getLogger(__name__)

MOST_DIFFICULTIES: Final = 128
"""A folder with more is no set but a heap of maps, and nothing is said about it."""


class Surroundings:
    """Looks at a set again and again; what has not changed is not read again.

    Threads may look at once: at worst something is read or derived twice.


    Args:
        stated: What the mapper says how hard a difficulty is.
    """

    def __init__(self, stated: Callable[[Path], Level | None]) -> None:
        self._stated = stated
        self._files: tuple[FolderFile, ...] = ()

    def look(self, path: Path, document: Document, level: Level | None) -> tuple[Finding, ...]:
        """What the rules find in the set of a map, as far as it concerns the map or all of it."""
        folder = self._folder(path, document, level)
        if len(folder.mapset.difficulties) > MOST_DIFFICULTIES:
            return ()
        found = (*check_set(folder.mapset), *check_folder(folder))
        return tuple(_of_open_map(found, folder.mapset, path.name))

    def judge(self, path: Path, document: Document, *, level: Level | None) -> tuple[Finding, ...]:
        """What the rules find in a difficulty in the place of a map, and in it against the set."""
        mapset = self._folder(path, document, level).mapset
        found = check_set(mapset) if len(mapset.difficulties) <= MOST_DIFFICULTIES else ()
        return (*run_checks(document, level), *_of_open_map(found, mapset, path.name))

    def _folder(self, path: Path, document: Document, level: Level | None) -> Folder:
        self._files = files = list_files(path.parent, self._files)
        return read_folder(
            files,
            levels=stated_levels(path.parent, files, self._stated),
            open_map=Difficulty(document, path.name, level),
        )


def _of_open_map(found: Iterable[Finding], mapset: Mapset, own: str) -> Iterator[Finding]:
    """Findings but those of other difficulties; those of the open map name no file."""
    others = {one.file_name for one in mapset.difficulties} - {own}
    for finding in found:
        if finding.file not in others:
            yield replace(finding, file="") if finding.file == own else finding


class SetWatch:
    """Has the surroundings of the open map looked at whenever they may have changed."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._seen: tuple[Revision | None, Level | None] = None, None
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """A file of the set may be another one."""
        self._changed.set()

    def revised(self) -> None:
        """The open map may be another one, or have another revision or level."""
        session = self._conductor.session
        now = session.revision, session.stated_level
        if any(new is not old for new, old in zip(now, self._seen, strict=True)):
            self._seen = now
            self._changed.set()

    async def follow(self) -> None:
        """Look at the set whenever it may have changed, on a thread beside the loop."""
        session = self._conductor.session
        while True:
            await self._changed.wait()
            self._changed.clear()
            open_map, revision, level = session.open_map, session.revision, session.stated_level
            if open_map is None or revision is None or not revision.document.readable:
                continue
            try:
                findings = await asyncio.to_thread(
                    self._conductor.surroundings.look, open_map.path, revision.document, level
                )
            except Exception:  # supervisor: a fault in one look must not end the looking
                log.exception("looking at the set failed")
                continue
            session.set_checked(revision, findings, level)
            self._conductor.hand_out()
