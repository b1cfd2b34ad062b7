"""Writing to the open map: always a backup, an undo step, and the record of what was made.

New difficulties of its set are files of their own, which replace none; there is nothing to undo.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from companion.beatmap import storage
from companion.bridge.entry import create, provenance, write, write_with_undo
from companion.checks import run_checks
from companion.errors import CompanionError, RequestError, WriteFailed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from companion.beatmap.storage import Backup
    from companion.bridge.conductor import Conductor
    from companion.session.plans import PlannedWrite

log = logging.getLogger(__name__)


class Scribe:
    """Accepts suggestions, applies fixes and undoes, within the conductor's turn."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._session = conductor.session
        self._journal = conductor.journal

    async def accept(self, suggestion_id: str, variant: int) -> None:
        """Write a variant of a suggestion into the map."""
        path, disk = await self._read()
        planned = self._session.plan_accept(suggestion_id, variant, disk)
        await self._write_with_undo(path, planned)
        self._session.accepted(suggestion_id, variant)
        await self._revise(planned)

    async def apply_fix(self, finding_id: str, base_revision: int) -> None:
        """Write a finding's fix into the map."""
        path, disk = await self._read()
        planned = self._session.plan_fix(finding_id, base_revision, disk)
        await self._write_with_undo(path, planned)
        await self._revise(planned)

    async def apply_timing(self, timing_id: str) -> None:
        """Put the timing that was heard into the map."""
        path, disk = await self._read()
        planned = self._session.plan_heard_timing(timing_id, disk)
        await self._write_with_undo(path, planned)
        await self._revise(planned)

    async def names_in_set(self) -> frozenset[str]:
        """Names of all files in the open map's folder, in lower case."""
        path = self._path()
        return await asyncio.to_thread(_names_in, path.parent)

    async def create_difficulty(self, job_id: str) -> None:
        """Make a new file of what a job has written; the job ends with it, one way or the other."""
        try:
            taken = await self.names_in_set()
            name, planned = self._session.plan_new_difficulty(job_id, taken)
            path = self._path().with_name(name)
            self._conductor.made(path, planned.document.digest)
            await asyncio.to_thread(create, self._journal, path, planned)
            findings = await asyncio.to_thread(run_checks, planned.document)
        except CompanionError as error:
            log.warning("%s", error)
            self._session.difficulty_not_written(job_id, error)
        else:
            log.info("%s: %s", name, planned.description)
            self._session.difficulty_written(job_id, name, planned.document, findings)

    async def undo(self) -> None:
        """Take the last write back."""
        path, disk = await self._read()
        planned = self._session.plan_undo(disk)
        record = provenance(path, planned)
        await self._write(path, planned, partial(write, self._journal, path, planned))
        steps = self._session.undo_steps[:-1]
        self._session.set_undo_steps(steps)
        self._conductor.remember(partial(self._journal.keep_undo_steps, path, steps))
        if record is not None:
            self._conductor.remember(partial(self._journal.record, record))
        await self._revise(planned)

    async def _read(self) -> tuple[Path, bytes]:
        path = self._path()
        return path, await asyncio.to_thread(storage.read, path)

    def _path(self) -> Path:
        open_map = self._session.open_map
        if open_map is None:
            raise RequestError("No map is open. Open one in the editor, or pick one from the list.")
        return open_map.path

    async def _write_with_undo(self, path: Path, planned: PlannedWrite) -> None:
        before = self._session.undo_steps

        def written() -> Backup:
            backup, step = write_with_undo(self._journal, path, planned, before)
            steps.append(step)
            return backup

        steps = list(before)
        await self._write(path, planned, written)
        self._session.set_undo_steps(tuple(steps))

    async def _write(
        self, path: Path, planned: PlannedWrite, written: Callable[[], Backup]
    ) -> None:
        watcher = self._conductor.watcher
        digest = planned.document.digest
        watcher.expect(digest)
        try:
            backup = await asyncio.to_thread(written)
        except WriteFailed as error:
            watcher.expect(None)
            log.error("%s", error)
            self._session.problem(error.code, str(error))
            raise
        except Exception:
            watcher.expect(None)
            raise
        watcher.written(digest)
        self._session.problem_over("write_failed")
        log.info("%s: %s (backup %s)", path.name, planned.description, backup.copy.name)

    async def _revise(self, planned: PlannedWrite) -> None:
        revision = self._session.revision
        before = None if revision is None else revision.document
        self._conductor.hand_out()
        data, level = planned.document.to_bytes(), self._session.stated_level
        examined = await self._conductor.examine(data, before, level)
        self._session.revised(examined, "companion")
        self._conductor.hand_out()


def _names_in(folder: Path) -> frozenset[str]:
    try:
        return frozenset(path.name.lower() for path in folder.iterdir())
    except OSError as error:
        raise WriteFailed(f"The folder {folder.name} cannot be read: {error.strerror}.") from error
