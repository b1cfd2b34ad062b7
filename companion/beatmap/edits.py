"""Edits as splices of whole lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.errors import EditConflict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap.document import Document


@dataclass(frozen=True, slots=True)
class TextEdit:
    """Replaces whole lines, endings included; ``removed`` is what it expects to find."""

    first_line: int
    removed: tuple[bytes, ...]
    added: tuple[bytes, ...]

    @property
    def end_line(self) -> int:
        """The first line after the replaced ones."""
        return self.first_line + len(self.removed)


def applied_lines(document: Document, edits: Sequence[TextEdit]) -> list[bytes]:
    """The document's lines after all edits; ``EditConflict`` when one does not fit."""
    result: list[bytes] = []
    at = 0
    for edit in sorted(edits, key=lambda e: (e.first_line, e.end_line)):
        if edit.first_line < at:
            raise EditConflict("Two of the edits change the same lines.")
        present = tuple(line.whole for line in document.lines[edit.first_line : edit.end_line])
        if present != edit.removed or edit.first_line > len(document.lines):
            raise EditConflict("The lines to be changed are not what they were.")
        result += [line.whole for line in document.lines[at : edit.first_line]]
        result += edit.added
        at = edit.end_line
    return result + [line.whole for line in document.lines[at:]]
