"""Events collected into groups: one type with its attributes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from companion.engine.events import TYPES, Event, EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

N_ADDITIONS = 8
N_SETS = 3


@dataclass(slots=True)
class EventGroup:
    """What one group of events says; it is being worked on until it is written, so not frozen."""

    kind: EventType | None = None
    value: int = 0
    time_ms: float = 0
    """What its time event says; 0 for an anchor, which has none."""
    at_ms: int = 0
    """When it belongs, whether it says so or not."""
    distance: int | None = None
    x: float | None = None
    y: float | None = None
    new_combo: bool = False
    scroll_speed: float | None = None
    hitsounds: list[int] = field(default_factory=list[int])
    """Addition bits, one for each edge; the lists below go along with it."""
    normal_sets: list[int] = field(default_factory=list[int])
    addition_sets: list[int] = field(default_factory=list[int])
    volumes: list[int] = field(default_factory=list[int])

    @property
    def place(self) -> tuple[float, float]:
        """The position, once it is settled."""
        assert self.x is not None, "positions are settled before objects are assembled"
        assert self.y is not None, "positions are settled before objects are assembled"
        return self.x, self.y

    def take(self, event: Event) -> None:
        """Add an attribute; other events are ignored."""
        value = event.value
        match event.kind:
            case EventType.TIME_SHIFT:
                self.time_ms = value
            case EventType.DISTANCE:
                self.distance = value
            case EventType.POS_X:
                self.x = value
            case EventType.POS_Y:
                self.y = value
            case EventType.NEW_COMBO:
                self.new_combo = True
            case EventType.SCROLL_SPEED:
                self.scroll_speed = value / 100
            case _:
                self._take_sound(event)

    def _take_sound(self, event: Event) -> None:
        value = event.value
        if event.kind is EventType.HITSOUND:
            self.hitsounds.append(value % N_ADDITIONS * 2)
            self.normal_sets.append(value // N_ADDITIONS % N_SETS + 1)
            self.addition_sets.append(value // (N_ADDITIONS * N_SETS) % N_SETS + 1)
        elif event.kind is EventType.VOLUME:
            self.volumes.append(value)


def groups_of(events: Sequence[Event], *, types_first: bool) -> list[EventGroup]:
    """Collect events into groups.

    Attributes before the first type belong to the first group; without a type after them,
    attributes are dropped where types come last.
    """
    groups: list[EventGroup] = []
    group = EventGroup()
    for event in events:
        if event.kind not in TYPES:
            group.take(event)
            continue
        if types_first and group.kind is not None:
            groups.append(group)
            group = EventGroup()
        group.kind, group.value, group.at_ms = event.kind, event.value, event.time_ms
        if not types_first:
            groups.append(group)
            group = EventGroup()
    if group.kind is not None:
        groups.append(group)
    return groups
