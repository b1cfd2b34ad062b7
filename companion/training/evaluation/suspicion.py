"""How suspicious each object of a window is, by what may be wrong with it.

A checkpoint's surprise is spread over the events of an object and of the one after it. Which of
them speak of a fault depends on the fault: a wrong place is as often noticed by what follows, a
missing object only by that, a wrong sound by the sound's value alone once it is known that there
is a sound. For a new combo it is the other way round: whether one comes, not what comes instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.engine.events import HEAD_TYPES, TYPES, EventType
from companion.engine.modding.groups import POSITION_KINDS, group_events
from companion.training.evaluation.fault_kinds import FaultKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from companion.engine.modding.groups import Group
    from companion.training.evaluation.listening import Judged


@dataclass(frozen=True, slots=True)
class ObjectBits:
    """What the events of one object cost, and those of the next one; 0 where there are none."""

    time_ms: int
    column: int | None
    kind: EventType
    type_bits: float
    time_bits: float
    snap_bits: float
    place_bits: float
    """Distance and position."""
    column_bits: float
    combo_bits: float
    """Whether a new combo comes: of a new combo all of its bits, of another event in its place
    that it is of another kind."""
    sound_bits: float
    """The value of the head's sound."""
    next_time_bits: float
    """The time after its own: the end of its first span, or the next object's; its own again where
    none is judged."""
    next_type_bits: float
    next_place_bits: float
    """Of the next object."""


def objects_of(judged: Judged, *, types_first: bool) -> list[ObjectBits]:
    """The objects that begin in a window, as far as it has judged their groups whole."""
    kinds = judged.kinds
    times = [int(time) for time in judged.times_ms]
    groups = group_events(kinds, times, types_first=types_first)
    heads = [i for i, group in enumerate(groups) if group.kind in HEAD_TYPES]
    stamps = [i for i, kind in enumerate(kinds) if kind is EventType.TIME_SHIFT]
    found: list[ObjectBits] = []
    for order, at in enumerate(heads):
        following = groups[heads[order + 1]] if order + 1 < len(heads) else None
        one = _object_bits(judged, groups[at], following, stamps)
        if one is not None:
            found.append(one)
    return found


def _object_bits(
    judged: Judged, head: Group, following: Group | None, stamps: Sequence[int]
) -> ObjectBits | None:
    inside = range(head.start, head.end)
    kinds, bits = judged.kinds, judged.bits
    time_at = next((i for i in inside if kinds[i] is EventType.TIME_SHIFT), None)
    if time_at is None:
        return None
    after = next((i for i in stamps if i > time_at), time_at)
    type_at = next(i for i in inside if kinds[i] in TYPES)
    column_at = next((i for i in inside if kinds[i] is EventType.MANIA_COLUMN), None)
    sound_at = next((i for i in inside if kinds[i] is EventType.HITSOUND), None)
    next_inside = () if following is None else range(following.start, following.end)
    return ObjectBits(
        time_ms=int(judged.values[time_at]),
        column=None if column_at is None else int(judged.values[column_at]),
        kind=head.kind,
        type_bits=float(bits[type_at]),
        time_bits=float(bits[time_at]),
        snap_bits=_sum(judged, inside, (EventType.SNAPPING,)),
        place_bits=_sum(judged, inside, POSITION_KINDS),
        column_bits=0.0 if column_at is None else float(bits[column_at]),
        combo_bits=_combo_bits(judged, inside),
        sound_bits=0.0 if sound_at is None else float(judged.value_bits[sound_at]),
        next_time_bits=float(bits[after]),
        next_type_bits=sum(float(bits[i]) for i in next_inside if kinds[i] in TYPES),
        next_place_bits=_sum(judged, next_inside, POSITION_KINDS),
    )


def _sum(judged: Judged, places: Iterable[int], kinds: Iterable[EventType]) -> float:
    wanted = frozenset(kinds)
    return sum(float(judged.bits[i]) for i in places if judged.kinds[i] in wanted)


def _combo_bits(judged: Judged, inside: Sequence[int]) -> float:
    """Whether a new combo comes after the position, or what comes first in its place."""
    passed = False
    for i in inside:
        if judged.kinds[i] in POSITION_KINDS:
            passed = True
        elif passed:
            return float(judged.kind_bits[i])
    return 0.0


Measure = Callable[[ObjectBits], float]


def _around(one: ObjectBits) -> float:
    return max(one.time_bits, one.next_time_bits)


def _combo(one: ObjectBits) -> float:
    return one.combo_bits


MEASURES: dict[FaultKind, Measure] = {
    FaultKind.MOVED_EIGHTH: _around,
    FaultKind.MOVED_SIXTH: _around,
    FaultKind.MOVED_QUARTER: _around,
    FaultKind.HITSOUND: lambda one: one.sound_bits,
    FaultKind.COMBO_MISSING: _combo,
    FaultKind.COMBO_EXTRA: _combo,
    FaultKind.MISPLACED: lambda one: one.place_bits + one.next_place_bits,
    FaultKind.SLIDER_LENGTH: lambda one: one.next_time_bits,
    # What an object is also says how long it lasts, and so when something comes again.
    FaultKind.OBJECT_KIND: lambda one: one.type_bits + one.next_time_bits,
    FaultKind.MISSING: lambda one: one.type_bits + one.time_bits,
    # What follows an object that should not be there is as it should be.
    FaultKind.EXTRA: lambda one: one.time_bits,
}
"""What is looked at for each kind of fault."""
