"""Which of a mania map's columns are taken where a row of tokens has come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.engine.events import TYPES, EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.engine.vocabulary import Vocabulary


class Columns:
    """Follows one context of a row, token by token."""

    def __init__(self, vocabulary: Vocabulary, *, types_first: bool) -> None:
        """Know nothing yet.

        Args:
            vocabulary: Of the tokens.
            types_first: Whether a note's type is named before its time and column.
        """
        self._vocabulary = vocabulary
        self._types_first = types_first
        self._type: EventType | None = None
        self.step: int | None = None
        """The last time, in 10 ms steps of the window; None before the first."""
        self.named: int | None = None
        """The column of the note that is being written, where its type is still to come."""
        self._taken: set[int] = set()
        self._held_since: dict[int, int | None] = {}

    def copy(self) -> Columns:
        """The same, to be followed apart."""
        other = Columns(self._vocabulary, types_first=self._types_first)
        other._type, other.step, other.named = self._type, self.step, self.named
        other._taken, other._held_since = set(self._taken), dict(self._held_since)
        return other

    def follow(self, tokens: Sequence[int]) -> None:
        """Take note of tokens; those that are no events make no difference."""
        for token in tokens:
            if self._vocabulary.is_event(token):
                event = self._vocabulary.decode(token)
                self._note(event.kind, event.value)

    def is_free(self, column: int, *, now: bool = True) -> bool:
        """Whether a note may begin in a column: at the last time, or at a later one."""
        if self._held_since.get(column) is not None:
            return False
        return not (now and column in self._taken)

    def may_end(self, column: int, *, now: bool = True) -> bool:
        """Whether a hold note may end in a column; those from before the window are not known."""
        if now and column in self._taken:
            return False
        return column not in self._held_since or self._held_since[column] is not None

    def _note(self, kind: EventType, value: int) -> None:
        if kind is EventType.TIME_SHIFT:
            if value != self.step:
                self._taken.clear()
            self.step = value
        elif kind is EventType.MANIA_COLUMN:
            if self._types_first:
                self._occupy(value, self._type)
            self._taken.add(value)
            self.named = value
        elif kind in TYPES:
            if not self._types_first and self.named is not None:
                self._occupy(self.named, kind)
            self._type, self.named = kind, None

    def _occupy(self, column: int, kind: EventType | None) -> None:
        held = kind is EventType.HOLD_NOTE
        self._held_since[column] = self.step if held else None
