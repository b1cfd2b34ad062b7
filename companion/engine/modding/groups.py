"""Events put together to the parts of objects they describe, and the objects these belong to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Circle, HoldNote, Slider, Spinner
from companion.engine.events import HEAD_TYPES, TYPES, UNTIMED_TYPES, EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import HitObject

ANCHORS = UNTIMED_TYPES
"""Control points of a slider between its head and its last one."""
TAILS = frozenset(
    {
        EventType.SPINNER_END,
        EventType.LAST_ANCHOR,
        EventType.SLIDER_END,
        EventType.HOLD_NOTE_END,
        EventType.DRUMROLL_END,
        EventType.DENDEN_END,
    }
)
OBJECT_PARTS = HEAD_TYPES | ANCHORS | TAILS
"""Every kind of group that is a part of a hit object."""
POSITION_KINDS = frozenset({EventType.DISTANCE, EventType.POS, EventType.POS_X, EventType.POS_Y})
SOUND_KINDS = frozenset({EventType.HITSOUND, EventType.VOLUME})
_MATCH_MS = 2.0


@dataclass(frozen=True, slots=True)
class Group:
    """One part of an object (or one timing mark): the events that describe it, kind included."""

    kind: EventType
    start: int
    """Index of its first event."""
    end: int
    """Index after its last event."""
    time_ms: int
    anchor_number: int = 0
    """For anchors, which control point of the slider it is; the head is number 1."""


def group_events(
    kinds: Sequence[EventType], times_ms: Sequence[int], *, types_first: bool
) -> tuple[Group, ...]:
    """Cut a context's events into groups; they cover all events from the first group on."""
    marks = [i for i, kind in enumerate(kinds) if kind in TYPES]
    groups: list[Group] = []
    anchor_number = 1
    for order, mark in enumerate(marks):
        if types_first:
            start = mark
            end = marks[order + 1] if order + 1 < len(marks) else len(kinds)
        else:
            start = marks[order - 1] + 1 if order else 0
            end = mark + 1
        kind = kinds[mark]
        if kind is EventType.SLIDER_HEAD:
            anchor_number = 1
        elif kind in ANCHORS:
            anchor_number += 1
        number = anchor_number if kind in ANCHORS else 0
        groups.append(Group(kind, start, end, times_ms[mark], number))
    return tuple(groups)


def owners_of(
    groups: Sequence[Group], hit_objects: Sequence[HitObject]
) -> tuple[HitObject | None, ...]:
    """Say for each group which hit object it is a part of; None for what is no part of an object.

    Heads are matched in order by time and kind. Other parts belong to the latest started object of
    their kind that has not ended yet.
    """
    starts = [float(o.start_ms) for o in hit_objects]
    taken: set[int] = set()
    owners: list[HitObject | None] = []
    open_objects: dict[type[HitObject], HitObject] = {}
    for group in groups:
        owner: HitObject | None = None
        if group.kind in HEAD_TYPES:
            owner = _head_owner(group, hit_objects, starts, taken)
            if owner is not None:
                open_objects[type(owner)] = owner
        elif group.kind in OBJECT_PARTS:
            owner = _open_owner(group, open_objects)
        owners.append(owner)
    return tuple(owners)


def _head_owner(
    group: Group, hit_objects: Sequence[HitObject], starts: list[float], taken: set[int]
) -> HitObject | None:
    low = bisect_left(starts, group.time_ms - _MATCH_MS)
    high = bisect_right(starts, group.time_ms + _MATCH_MS)
    types = _OBJECT_TYPES[group.kind]
    for index in range(low, high):
        if index not in taken and isinstance(hit_objects[index], types):
            taken.add(index)
            return hit_objects[index]
    return None


def _open_owner(group: Group, open_objects: dict[type[HitObject], HitObject]) -> HitObject | None:
    for kind in _OBJECT_TYPES[_HEAD_OF.get(group.kind, EventType.SLIDER_HEAD)]:
        owner = open_objects.get(kind)
        if owner is not None and group.time_ms <= owner.end_ms + _MATCH_MS:
            return owner
    return None


_OBJECT_TYPES: dict[EventType, tuple[type[HitObject], ...]] = {
    EventType.CIRCLE: (Circle,),
    EventType.SPINNER: (Spinner,),
    EventType.SLIDER_HEAD: (Slider,),
    EventType.HOLD_NOTE: (HoldNote,),
    EventType.DRUMROLL: (Slider,),
    EventType.DENDEN: (Spinner,),
}
_HEAD_OF = {
    EventType.SPINNER_END: EventType.SPINNER,
    EventType.HOLD_NOTE_END: EventType.HOLD_NOTE,
    EventType.DENDEN_END: EventType.DENDEN,
}


def edge_of(group: Group, kinds: Sequence[EventType], index: int, owner: HitObject) -> int | None:
    """Say which edge of an object a sound event is about.

    Returns:
        0 for the head (or an object without edges), k for the k-th repeat or the end of a slider,
        -1 for a slider's body.
    """
    if not isinstance(owner, Slider) or group.kind in HEAD_TYPES:
        return 0
    if group.kind is EventType.LAST_ANCHOR:
        # The first sound of the last anchor is the body's, then come the repeats' in order.
        before = sum(1 for i in range(group.start, index) if kinds[i] is kinds[index])
        return before or -1
    return owner.slides if group.kind is EventType.SLIDER_END else None
