"""Writes that have been checked against the bytes on the disk and may now be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import (
    Document,
    TextEdit,
    TimeRange,
    TimingPoint,
    inverted,
    relocate,
    splice_red_lines,
)
from companion.engine.requests import ASPECTS
from companion.errors import EditConflict, RequestError, StaleEdit
from companion.suggestions import splice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.journal import UndoStep
    from companion.session.values import ShownFinding
    from companion.suggestions import Suggestion


@dataclass(frozen=True, slots=True)
class GeneratedBy:
    """Where generated content comes from, for the provenance journal."""

    action: str
    model: str
    model_digest: str
    seed: int


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """What to write, and what has to be there for it."""

    document: Document
    """What the file shall be."""
    expected_digest: str
    """What the file has to be for that."""
    undo: tuple[TextEdit, ...]
    """From the new document back to the old one."""
    description: str
    """What undo will say it takes back."""
    at: TimeRange
    generated: GeneratedBy | None
    """None when nothing generated is written or taken back."""


def plan_acceptance(
    suggestion: Suggestion, variant: int, current: Document, made: GeneratedBy
) -> PlannedWrite:
    """How to put a variant into the file.

    Raises:
        RequestError: the suggestion cannot be accepted, or has no such variant.
        StaleEdit: the map changed under the suggestion.
    """
    try:
        edits, document = splice(suggestion, variant, current)
    except EditConflict as error:
        raise StaleEdit(str(error)) from error
    span = suggestion.range
    part = suggestion.part(variant)
    wished = ASPECTS - suggestion.options.kept if part is None else {part.take}
    what = "Regenerated" if wished == ASPECTS else f"New {' and '.join(sorted(wished))}"
    return PlannedWrite(
        document,
        current.digest,
        inverted(edits),
        f"{what} {stamp(span.start_ms)} - {stamp(span.end_ms)}",
        span,
        made,
    )


def plan_fix(shown: ShownFinding, current: Document, made: GeneratedBy | None) -> PlannedWrite:
    """How to put a finding's fix into the file.

    Raises:
        RequestError: there is no concrete edit.
        StaleEdit: the lines are not what the fix was made for.
    """
    finding = shown.fixing
    if finding is None:
        raise RequestError("There is no concrete edit for this; change it in the editor.")
    try:
        edits = relocate(finding.fix, current)
        document = current.apply(edits)
    except EditConflict as error:
        raise StaleEdit(
            "These lines are not what the fix was made for any more. It will be offered anew after "
            "the next scan."
        ) from error
    return PlannedWrite(
        document,
        current.digest,
        inverted(edits),
        f"{finding.fix_label or finding.message} at {stamp(finding.at.start_ms)}",
        finding.at,
        made,
    )


def plan_timing(
    red_lines: Sequence[TimingPoint], end_ms: int, current: Document, made: GeneratedBy
) -> PlannedWrite:
    """How to put red lines that were heard, up to `end_ms`, in the place of the file's own."""
    edits = splice_red_lines(current, red_lines)
    count = "one red line" if len(red_lines) == 1 else f"{len(red_lines)} red lines"
    return PlannedWrite(
        current.apply(edits),
        current.digest,
        inverted(edits),
        f"Timed by ear, {count}",
        TimeRange(0, end_ms),
        made,
    )


def plan_undo(step: UndoStep, current: Document) -> PlannedWrite:
    """How to take a write back, byte for byte when nothing else has changed since.

    Raises:
        StaleEdit: its lines were edited since.
    """
    try:
        moved = current.digest != step.after_digest
        edits = relocate(step.edits, current) if moved else step.edits
        document = current.apply(edits)
    except EditConflict as error:
        raise StaleEdit(
            f"“{step.description}” cannot be taken back by itself: its lines were edited since. "
            "The backup from before it is in the companion's data folder."
        ) from error
    record = step.provenance
    return PlannedWrite(
        document,
        current.digest,
        inverted(edits),
        f"Undone: {step.description}",
        TimeRange(record.start_ms, record.end_ms) if record else TimeRange(0, 0),
        GeneratedBy("undone", record.model, record.model_digest, record.seed) if record else None,
    )


def stamp(time_ms: int) -> str:
    """A time as the editor writes it."""
    minutes, rest_ms = divmod(max(time_ms, 0), 60_000)
    return f"{minutes:02d}:{rest_ms // 1000:02d}:{rest_ms % 1000:03d}"
