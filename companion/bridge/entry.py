"""One write to a map as the journal keeps it: the way back, what was generated, then the file.

The order survives being killed at any moment. First the undo step and the provenance record, then
the file. An undo step whose write never happened starts from the bytes the file still has, by which
it is recognised and left out; a record too many only over-states what was generated.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from companion.beatmap import storage
from companion.errors import WriteFailed
from companion.journal import ProvenanceRecord, UndoStep

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from companion.beatmap.storage import Backup
    from companion.journal import Journal
    from companion.session.plans import PlannedWrite


def write(journal: Journal, path: Path, planned: PlannedWrite) -> Backup:
    """Write a planned edit into the map and keep a backup, but no step back.

    Raises:
        StaleEdit: The file was saved in the meantime.
        WriteFailed: The disk does not take it; the map is as it was.
    """
    return storage.write(
        path,
        planned.document.to_bytes(),
        expected_digest=planned.expected_digest,
        backups=journal.backups(path),
    )


def write_with_undo(
    journal: Journal, path: Path, planned: PlannedWrite, before: Sequence[UndoStep]
) -> tuple[Backup, UndoStep]:
    """Write a planned edit into the map so that it can be undone.

    ``before`` are the steps that can be undone already. Raises what `write` raises; the journal
    then stands as it did, with a generated edit recorded as failed.
    """
    record = provenance(path, planned)
    step = UndoStep(
        before_digest=planned.expected_digest,
        after_digest=planned.document.digest,
        edits=planned.undo,
        description=planned.description,
        date=now(),
        provenance=record,
    )
    journal.keep_undo_steps(path, (*before, step))
    if record is not None:
        journal.record(record)
    try:
        return write(journal, path, planned), step
    except Exception:
        with contextlib.suppress(WriteFailed):  # the first failure is the one to hear of
            journal.keep_undo_steps(path, before)
            if record is not None:
                journal.record(replace(record, action="failed", date=now()))
        raise


def create(journal: Journal, path: Path, planned: PlannedWrite) -> None:
    """Write what is planned to a file that is not there yet; the journal knows before.

    Raises:
        StaleEdit: There is such a file already.
        WriteFailed: The disk does not take it; then nothing is left but a record of the failure.
    """
    record = provenance(path, planned)
    if record is not None:
        journal.record(record)
    try:
        storage.create(path, planned.document.to_bytes())
    except Exception:
        if record is not None:
            with contextlib.suppress(WriteFailed):  # the first failure is the one to hear of
                journal.record(replace(record, action="failed", date=now()))
        raise


def provenance(path: Path, planned: PlannedWrite) -> ProvenanceRecord | None:
    """What the journal says of a write; nothing when none of it was generated."""
    made = planned.generated
    if made is None:
        return None
    return ProvenanceRecord(
        date=now(),
        action=made.action,
        file=str(path),
        start_ms=planned.at.start_ms,
        end_ms=planned.at.end_ms,
        model=made.model,
        model_digest=made.model_digest,
        seed=made.seed,
    )


def now() -> str:
    """The date for the journal: ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
