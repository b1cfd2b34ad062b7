"""Writing to the open map: always a backup, an undo step, and the record of what was made.

The order survives being killed at any moment. First the undo step and the provenance record, then
the file. An undo step whose write never happened starts from the bytes the file still has, by which
it is recognised and left out; a record too many only over-states what was generated.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from companion.beatmap import storage
from companion.errors import RequestError, WriteFailed
from companion.journal import ProvenanceRecord, UndoStep

if TYPE_CHECKING:
    from pathlib import Path

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

    async def undo(self) -> None:
        """Take the last write back."""
        path, disk = await self._read()
        planned = self._session.plan_undo(disk)
        record = _provenance(path, planned)
        await self._write(path, planned)
        steps = self._session.undo_steps[:-1]
        self._session.set_undo_steps(steps)
        self._conductor.remember(partial(self._journal.keep_undo_steps, path, steps))
        if record is not None:
            self._conductor.remember(partial(self._journal.record, record))
        await self._revise(planned)

    async def _read(self) -> tuple[Path, bytes]:
        open_map = self._session.open_map
        if open_map is None:
            raise RequestError("No map is open. Open one in the editor, or pick one from the list.")
        return open_map.path, await asyncio.to_thread(storage.read, open_map.path)

    async def _write_with_undo(self, path: Path, planned: PlannedWrite) -> None:
        before = self._session.undo_steps
        record = _provenance(path, planned)
        step = UndoStep(
            before_digest=planned.expected_digest,
            after_digest=planned.document.digest,
            edits=planned.undo,
            description=planned.description,
            date=_now(),
            provenance=record,
        )
        try:
            self._journal.keep_undo_steps(path, (*before, step))
            if record is not None:
                self._journal.record(record)
        except WriteFailed as error:
            self._session.problem(error.code, str(error))
            raise
        try:
            await self._write(path, planned)
        except Exception:
            with contextlib.suppress(WriteFailed):
                self._journal.keep_undo_steps(path, before)
                if record is not None:
                    self._journal.record(replace(record, action="failed", date=_now()))
            raise
        self._session.set_undo_steps((*before, step))

    async def _write(self, path: Path, planned: PlannedWrite) -> None:
        watcher = self._conductor.watcher
        digest = planned.document.digest
        watcher.expect(digest)
        try:
            backup = await asyncio.to_thread(
                storage.write,
                path,
                planned.document.to_bytes(),
                expected_digest=planned.expected_digest,
                backups=self._journal.backups(path),
            )
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
        examined = await self._conductor.examine(planned.document.to_bytes(), before)
        self._session.revised(examined, "companion")
        self._conductor.hand_out()


def _provenance(path: Path, planned: PlannedWrite) -> ProvenanceRecord | None:
    made = planned.generated
    if made is None:
        return None
    return ProvenanceRecord(
        date=_now(),
        action=made.action,
        file=str(path),
        start_ms=planned.at.start_ms,
        end_ms=planned.at.end_ms,
        model=made.model,
        model_digest=made.model_digest,
        seed=made.seed,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
