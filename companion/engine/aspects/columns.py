"""The columns of mania notes, chosen anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.engine.events import HEAD_TYPES, EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import HitObject
    from companion.engine.aspects.object_events import ObjectEvents
    from companion.engine.modding.object_fields import ObjectFields
    from companion.engine.vocabulary import Vocabulary

_WIDTH_PX = 512


class Columns:
    """Mania columns; a note never goes where another one is at the time."""

    def __init__(self, source: ObjectEvents, vocabulary: Vocabulary) -> None:
        self._source = source
        self._vocabulary = vocabulary
        self._keycount = source.document.beatmap.keycount
        self._column: dict[int, int] = {
            item.line: item.column(self._keycount)
            for item in source.document.beatmap.hit_objects
            if item.line not in source.targets
        }
        """Line of each object whose column is known by now."""

    def is_free(self, index: int) -> bool:
        """See `Aspect`."""
        group = self._source.group_of[index]
        return (
            group is not None
            and group.kind in HEAD_TYPES
            and self._source.kinds[index] is EventType.MANIA_COLUMN
            and self._source.is_target(index)
        )

    def allowed(self, index: int) -> Sequence[int]:
        """See `Aspect`."""
        item = self._source.owner_of[index]
        if item is None:
            columns = [self._source.events[index].value]
        else:
            taken = {
                self._column[other.line]
                for other in self._source.document.beatmap.hit_objects
                if other.line in self._column
                and other.start_ms <= item.end_ms
                and other.end_ms >= item.start_ms
            }
            columns = [c for c in range(self._keycount) if c not in taken]
            columns = columns or [item.column(self._keycount)]
        return [self._vocabulary.token(EventType.MANIA_COLUMN, column) for column in columns]

    def settle(self, index: int) -> None:
        """A hold note ends in its own column."""
        item, column = self._source.owner_of[index], self._source.events[index].value
        if item is None:
            return
        self._column[item.line] = column
        for at in self._source.indices[item.line]:
            if at > index and self._source.kinds[at] is EventType.MANIA_COLUMN:
                self._source.put(at, column)

    def settled(self, fields: ObjectFields, item: HitObject) -> ObjectFields:
        """See `Aspect`."""
        column = self._column.get(item.line)
        if column is None or column == item.column(self._keycount):
            return fields
        return fields.with_x(int((column + 0.5) * _WIDTH_PX / self._keycount))
