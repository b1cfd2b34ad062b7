"""No two objects at once: what the editor would refuse, or a player could not play.

A model that writes greedily can fall into repeating one note at one time for ever: each repetition
makes the next one likelier. Without these rules that eats up a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from companion.beatmap import Mode
from companion.engine.events import HEAD_TYPES, OPEN_TYPES, TYPES, EventType
from companion.engine.logit_filters.object_groups import WHEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor

    from companion.engine.encoding import EncodingOptions
    from companion.engine.logit_filters.columns import Columns
    from companion.engine.logit_filters.history import TokenHistory
    from companion.engine.vocabulary import Vocabulary

E = EventType
_LATER_TYPES = HEAD_TYPES | {E.LAST_ANCHOR, E.SPINNER_END, E.DRUMROLL_END, E.DENDEN_END}
"""Types whose time lies after the time before. A slider's end may share its last anchor's."""


class NoConcurrentObjects:
    """An object begins after the last one; in mania, after the last one of its column."""

    def __init__(
        self, vocabulary: Vocabulary, options: EncodingOptions, mode: Mode, keycount: int
    ) -> None:
        """Make the rule.

        Args:
            vocabulary: Of the tokens.
            options: How a family writes maps down. Where beats are written between objects, and
                types last, a time does not say whether something begins, and is left alone.
            mode: Of the map.
            keycount: Number of columns (mania).
        """
        self._vocabulary = vocabulary
        self._types_first = options.types_first
        self._times_are_of_objects = options.types_first or not options.add_timing
        self._keys = range(keycount) if mode is Mode.MANIA else range(0)
        self._is_mania = mode is Mode.MANIA and E.MANIA_COLUMN in vocabulary
        self._first_time = vocabulary.ranges[E.TIME_SHIFT].first_id

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Forbid times, columns and types that would put an object on another."""
        forbidden = [list(self._forbidden(history, row)) for row in range(len(history))]
        if not any(forbidden):
            return logits
        logits = logits.clone()
        for row, ids in enumerate(forbidden):
            if ids:
                logits[row, torch.tensor(ids, device=logits.device)] = -torch.inf
        return logits

    def _forbidden(self, history: TokenHistory, row: int) -> Iterator[int]:
        columns, last = history.columns[row], history.kind(row)
        if last in WHEN:
            if self._is_mania:
                yield from self._columns(columns, history.last_types[row])
        elif self._types_first and last in TYPES:
            if columns.step is not None and not self._may_share(columns, last):
                yield self._first_time + columns.step
        elif self._types_first:
            if self._is_mania:
                yield from self._types_first_types(columns)
        else:
            yield from self._after_attribute(history, row, last)

    def _after_attribute(
        self, history: TokenHistory, row: int, last: EventType | None
    ) -> Iterator[int]:
        """Where types come last: what cannot follow a whole group, or an attribute of one."""
        columns = history.columns[row]
        if last is not None and last not in TYPES:
            if columns.named is not None:
                yield from self._types_of_column(columns, columns.named)
        elif (
            self._times_are_of_objects
            and columns.step is not None
            and history.last_object_types[row] not in OPEN_TYPES
            and not self._may_share(columns, None)
        ):
            yield self._first_time + columns.step

    def _may_share(self, columns: Columns, kind: EventType | None) -> bool:
        """Whether a type may come at the last time; None where it is not known yet."""
        if not self._is_mania:
            return kind is not None and kind not in _LATER_TYPES
        begins = any(columns.is_free(key) for key in self._keys)
        ends = any(columns.may_end(key) for key in self._keys)
        if kind is None:
            return begins or ends
        if kind in HEAD_TYPES:
            return begins
        return ends or kind is not E.HOLD_NOTE_END

    def _columns(self, columns: Columns, kind: EventType | None) -> Iterator[int]:
        """Columns where a type cannot be; where types come last, any that takes a column."""
        known = kind if self._types_first else None
        keys = self._vocabulary.ranges[E.MANIA_COLUMN]
        for key, token in enumerate(keys.ids, keys.min_value):
            begins = known is not E.HOLD_NOTE_END and columns.is_free(key)
            ends = (known is None or known is E.HOLD_NOTE_END) and columns.may_end(key)
            if key not in self._keys or not (begins or ends):
                yield token

    def _types_first_types(self, columns: Columns) -> Iterator[int]:
        if not any(columns.is_free(key, now=False) for key in self._keys):
            yield from self._ids(HEAD_TYPES)
        if not any(columns.may_end(key, now=False) for key in self._keys):
            yield from self._ids({E.HOLD_NOTE_END})

    def _types_of_column(self, columns: Columns, key: int) -> Iterator[int]:
        if not columns.is_free(key, now=False):
            yield from self._ids(HEAD_TYPES)
        if not columns.may_end(key, now=False):
            yield from self._ids({E.HOLD_NOTE_END, E.HOLD_NOTE_SUSTAIN})

    def _ids(self, kinds: Iterable[EventType]) -> Iterator[int]:
        for kind in kinds:
            if kind in self._vocabulary:
                yield from self._vocabulary.ranges[kind].ids
