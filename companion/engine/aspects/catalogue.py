"""Which aspects there are in a mode with a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.aspects.columns import Columns
from companion.engine.aspects.hitsounds import Hitsounds
from companion.engine.aspects.positions import Positions
from companion.engine.events import EventType

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from companion.beatmap import HitObject
    from companion.engine.aspects.aspect import Aspect
    from companion.engine.aspects.object_events import ObjectEvents
    from companion.engine.modding.object_fields import ObjectFields
    from companion.engine.vocabulary import Vocabulary


class Together:
    """Several aspects chosen in one go; no event belongs to two of them."""

    def __init__(self, aspects: Sequence[Aspect]) -> None:
        self._aspects = aspects

    def is_free(self, index: int) -> bool:
        """See `Aspect`."""
        return any(aspect.is_free(index) for aspect in self._aspects)

    def allowed(self, index: int) -> Sequence[int]:
        """See `Aspect`."""
        return self._of(index).allowed(index)

    def settle(self, index: int) -> None:
        """See `Aspect`."""
        self._of(index).settle(index)

    def settled(self, fields: ObjectFields, item: HitObject) -> ObjectFields:
        """See `Aspect`."""
        for aspect in self._aspects:
            fields = aspect.settled(fields, item)
        return fields

    def _of(self, index: int) -> Aspect:
        return next(aspect for aspect in self._aspects if aspect.is_free(index))


def aspect_of(
    names: Collection[str], source: ObjectEvents, vocabulary: Vocabulary
) -> Aspect | None:
    """What ``positions`` and ``hitsounds`` are to a mode and a model; None where they are nothing.

    Taiko has no positions: there, only hitsounds are left of the two.
    """
    aspects = [
        aspect
        for name in sorted(names)
        if (aspect := _single(name, source, vocabulary)) is not None
    ]
    return Together(aspects) if aspects else None


def _single(name: str, source: ObjectEvents, vocabulary: Vocabulary) -> Aspect | None:
    mode = source.document.beatmap.mode
    if name == "hitsounds":
        return Hitsounds(source, vocabulary) if EventType.HITSOUND in vocabulary else None
    if mode is Mode.MANIA:
        return Columns(source, vocabulary) if EventType.MANIA_COLUMN in vocabulary else None
    placed = EventType.POS in vocabulary or EventType.POS_X in vocabulary
    return Positions(source, vocabulary) if placed and mode is not Mode.TAIKO else None
