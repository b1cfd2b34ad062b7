"""The hitsounds of objects, chosen anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Slider, Spinner
from companion.engine.events import EventType
from companion.engine.modding import object_fields
from companion.engine.modding.groups import edge_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import HitObject
    from companion.engine.aspects.object_events import ObjectEvents
    from companion.engine.modding.object_fields import ObjectFields
    from companion.engine.vocabulary import Vocabulary

N_VALUES = 72
"""Values from here on name no sample sets that exist."""


class Hitsounds:
    """Additions and sample sets of every edge and body; volumes stay."""

    def __init__(self, source: ObjectEvents, vocabulary: Vocabulary) -> None:
        self._source = source
        first = vocabulary.ranges[EventType.HITSOUND].first_id
        self._ids = range(first, first + N_VALUES)

    def is_free(self, index: int) -> bool:
        """See `Aspect`."""
        source = self._source
        return source.kinds[index] is EventType.HITSOUND and source.is_target(index)

    def allowed(self, index: int) -> Sequence[int]:
        """See `Aspect`."""
        del index
        return self._ids

    def settle(self, index: int) -> None:
        """See `Aspect`."""

    def settled(self, fields: ObjectFields, item: HitObject) -> ObjectFields:
        """See `Aspect`."""
        source = self._source
        edges = _edge_sounds(item)
        for index in source.indices.get(item.line, []):
            group = source.group_of[index]
            if source.kinds[index] is not EventType.HITSOUND or group is None:
                continue
            edge = edge_of(group, source.kinds, index, item)
            if edge is None:
                continue
            point = source.document.beatmap.sample_point_at(_edge_time_ms(item, edge))
            default_set = point.sample_set if point is not None else 1
            sound = object_fields.Sound.from_event(source.events[index].value, default_set)
            if isinstance(item, Slider) and edge >= 0:
                if edge < len(edges) and not edges[edge].sounds_like(sound, default_set):
                    fields = fields.with_edge_sound(edge, sound, edges)
                    edges[edge] = sound
            elif not _own_sound(item).sounds_like(sound, default_set):
                fields = fields.with_sound(sound)
        return fields


def _edge_sounds(item: HitObject) -> list[object_fields.Sound]:
    if not isinstance(item, Slider):
        return []
    return [
        object_fields.Sound(bits, normal, addition)
        for bits, (normal, addition) in zip(item.edge_sounds, item.edge_sets, strict=True)
    ]


def _own_sound(item: HitObject) -> object_fields.Sound:
    return object_fields.Sound(item.hitsound, item.sample.normal_set, item.sample.addition_set)


def _edge_time_ms(item: HitObject, edge: int) -> float:
    if isinstance(item, Slider):
        return item.start_ms + item.span_ms * max(edge, 0)
    return item.end_ms if isinstance(item, Spinner) else item.start_ms
