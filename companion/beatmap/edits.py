"""Edits as splices of whole lines, each of which knows what it expects to replace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from companion.errors import EditConflict, StaleEdit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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


def inverted(edits: Sequence[TextEdit]) -> tuple[TextEdit, ...]:
    """The edits that undo these in the document they lead to."""
    undone: list[TextEdit] = []
    shift = 0
    for edit in sorted(edits, key=lambda e: (e.first_line, e.end_line)):
        undone.append(TextEdit(edit.first_line + shift, edit.added, edit.removed))
        shift += len(edit.added) - len(edit.removed)
    return tuple(undone)


def edit_between(old: Document, new: Document) -> TextEdit | None:
    """The smallest single edit that turns one document into the other; None when equal."""
    before = [line.whole for line in old.lines]
    after = [line.whole for line in new.lines]
    start, end_before, end_after = _changed_middle(before, after)
    if start == end_before and start == end_after:
        return None
    return TextEdit(start, tuple(before[start:end_before]), tuple(after[start:end_after]))


def rebased(edits: Sequence[TextEdit], base: Document, newer: Document) -> tuple[TextEdit, ...]:
    """The same edits for a newer revision of the document they were made for.

    Raises ``StaleEdit`` when a line that an edit replaces is not there any more, or has company:
    an edit fits only where its lines still stand together. An edit that only adds lines needs
    both neighbours to stand where they stood.
    """
    moved_to = _kept_lines(
        [line.whole for line in base.lines], [line.whole for line in newer.lines]
    )
    return tuple(_moved(edit, moved_to) for edit in edits)


def _moved(edit: TextEdit, moved_to: Mapping[int, int]) -> TextEdit:
    touched = range(edit.first_line, edit.end_line)
    if not edit.removed:
        touched = range(edit.first_line - 1, edit.first_line + 1)
    first = moved_to.get(touched[0])
    if first is None or any(moved_to.get(n) != first + n - touched[0] for n in touched):
        raise StaleEdit("The lines to be changed have been edited since.")
    return TextEdit(first + edit.first_line - touched[0], edit.removed, edit.added)


def _kept_lines(before: Sequence[bytes], after: Sequence[bytes]) -> dict[int, int]:
    """Where each line that both documents share has gone; both ends count as lines."""
    start, end_before, end_after = _changed_middle(before, after)
    kept = {n: n for n in range(-1, start)}
    shift = len(after) - len(before)
    kept.update((n, n + shift) for n in range(end_before, len(before) + 1))
    matcher = SequenceMatcher(
        None, before[start:end_before], after[start:end_after], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        for n in range(block.size):
            kept[start + block.a + n] = start + block.b + n
    return kept


def _changed_middle(before: Sequence[bytes], after: Sequence[bytes]) -> tuple[int, int, int]:
    """Start of the first difference, and its end in both, after common ends are cut off."""
    shortest = min(len(before), len(after))
    start = 0
    while start < shortest and before[start] == after[start]:
        start += 1
    tail = 0
    while tail < shortest - start and before[-1 - tail] == after[-1 - tail]:
        tail += 1
    return start, len(before) - tail, len(after) - tail


def edits_of(
    document: Document, removed: Iterable[int], added: Mapping[int, Sequence[bytes]]
) -> tuple[TextEdit, ...]:
    """Edits that take lines away and put new ones (without endings) in front of others.

    ``added`` maps the index of a line (or the number of lines, for the end) to the new lines
    before it. New lines get the document's usual ending, and the file's last line keeps its own.
    """
    lines, newline = document.lines, document.newline
    gone = set(removed)
    n_lines = len(lines)
    new = {at: [text + newline for text in texts] for at, texts in added.items() if texts}
    if lines and n_lines in new and not lines[-1].ending:
        # The file ends without a newline: its last line gets one, and the new last line has none.
        if n_lines - 1 not in gone:
            gone.add(n_lines - 1)
            new[n_lines] = [lines[-1].raw + newline, *new[n_lines]]
        new[n_lines][-1] = new[n_lines][-1].removesuffix(newline)
    edits: list[TextEdit] = []
    for at in sorted(gone | set(new)):
        fresh = tuple(new.get(at, ()))
        taken = (lines[at].whole,) if at in gone else ()
        if edits and edits[-1].end_line == at:
            last = edits.pop()
            edits.append(TextEdit(last.first_line, last.removed + taken, last.added + fresh))
        else:
            edits.append(TextEdit(at, taken, fresh))
    return tuple(edits)


def relocate(edits: Sequence[TextEdit], document: Document) -> tuple[TextEdit, ...]:
    """The same edits for a document in which the lines they replace may have moved.

    Raises:
        EditConflict: lines to be replaced are gone, or stand there more than once.
    """
    whole = [line.whole for line in document.lines]
    return tuple(_relocated(edit, whole) for edit in edits)


def _relocated(edit: TextEdit, whole: Sequence[bytes]) -> TextEdit:
    size = len(edit.removed)
    if tuple(whole[edit.first_line : edit.first_line + size]) == edit.removed and size:
        return edit
    if not size:
        raise EditConflict("There is nothing by which the place of this edit could be found.")
    places = [
        at
        for at, line in enumerate(whole)
        if line == edit.removed[0] and tuple(whole[at : at + size]) == edit.removed
    ]
    if len(places) != 1:
        raise EditConflict("The lines to be changed are not what they were.")
    return replace(edit, first_line=places[0])
