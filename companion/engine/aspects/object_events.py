"""A map's events with the objects that they describe; values may be put in place of others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from companion.engine.encoding import encode_map
from companion.engine.modding.groups import group_events, owners_of

if TYPE_CHECKING:
    from companion.beatmap import Document, HitObject, TimeRange
    from companion.engine.encoding import EncodingOptions
    from companion.engine.modding.groups import Group


class ObjectEvents:
    """The events of one map, and which of them may be chosen anew."""

    def __init__(self, document: Document, encoding: EncodingOptions, wanted: TimeRange) -> None:
        beatmap = document.beatmap
        self.document = document
        self.encoding = encoding
        self.events = encode_map(beatmap, encoding)
        self.kinds = [event.kind for event in self.events]
        times_ms = [event.time_ms for event in self.events]
        groups = group_events(self.kinds, times_ms, types_first=encoding.types_first)
        owners = owners_of(groups, beatmap.hit_objects)
        self.group_of: list[Group | None] = [None] * len(self.events)
        self.owner_of: list[HitObject | None] = [None] * len(self.events)
        self.indices: dict[int, list[int]] = {}
        """Line of each object to the indices of its events."""
        for group, owner in zip(groups, owners, strict=True):
            for index in range(group.start, group.end):
                self.group_of[index], self.owner_of[index] = group, owner
                if owner is not None:
                    self.indices.setdefault(owner.line, []).append(index)
        self.targets = {
            item.line
            for item in beatmap.hit_objects
            if wanted.contains(item.start_ms) and item.end_ms <= wanted.end_ms + 0.5
        }

    def is_target(self, index: int) -> bool:
        """Whether an event belongs to an object that may be changed."""
        owner = self.owner_of[index]
        return owner is not None and owner.line in self.targets

    def put(self, index: int, value: int) -> None:
        """Give an event another value."""
        self.events[index] = replace(self.events[index], value=value)
