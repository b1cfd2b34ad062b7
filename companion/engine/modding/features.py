"""What a model's surprise at an object and its surroundings is made of, as a row of numbers.

A fault shows in several events at once: an object that was moved in time is surprising itself, and
so is the time of the one after it. A row holds, for each part of an object, for its tail and for
the object after it, how surprising the value was and how surprising it was to be; and how unlike
the map's habits the object is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from companion.engine.events import HEAD_TYPES, TYPES, EventType
from companion.engine.modding.groups import POSITION_KINDS, group_events
from companion.engine.modding.habits import HABITS, habits_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from companion.beatmap import Beatmap
    from companion.engine.events import Event
    from companion.engine.kind_score import KindScore
    from companion.engine.modding.groups import Group

OWN, TAIL, NEXT = "own", "tail", "next"
KIND, COMBO, NEW_COMBO = "kind", "combo", "new_combo"
_PART_OF: dict[EventType, str] = {
    **dict.fromkeys(TYPES, KIND),
    EventType.TIME_SHIFT: "time",
    EventType.SNAPPING: "snap",
    EventType.DISTANCE: "distance",
    EventType.POS: "position",
    EventType.MANIA_COLUMN: "column",
    EventType.HITSOUND: "sound",
    EventType.VOLUME: "volume",
}
_SEEN = {
    OWN: (KIND, "time", "snap", "distance", "position", "column", "sound", "volume"),
    TAIL: ("time", "snap"),
    NEXT: (KIND, "time", "snap", "distance", "position", "column", "sound"),
}
_PLAIN = (
    "around.time",
    "own.combo.kind",
    "own.combo.missing",
    "next.combo.kind",
    "next.combo.missing",
    "own.new_combo.kind",
    "is_long",
    "is_last",
)
FEATURES: tuple[str, ...] = (
    *(
        f"{where}.{part}.{what}"
        for where, parts in _SEEN.items()
        for part in parts
        for what in ("bits", "entropy")
    ),
    *_PLAIN,
    *HABITS,
)
"""Names of a row's numbers, of which the last are the map's habits. ``bits`` are the value's,
``entropy`` what was to be expected of them; ``combo`` is the event after the position, where a new
combo may stand; ``around.time`` is the more surprising of an object's time and the time after it.
"""
FEATURE_INDEX = {name: index for index, name in enumerate(FEATURES)}
_LONG = frozenset({EventType.SLIDER_HEAD, EventType.HOLD_NOTE})


@dataclass(frozen=True, slots=True, eq=False)
class ObjectRow:
    """One object as a model sees it."""

    group: int
    """Index of the head's group in the map's groups."""
    head: EventType
    has_new_combo: bool
    values: NDArray[np.float64]
    """In the order of ``FEATURES``."""
    events: dict[str, int]
    """Where the parts' events stand among the context's, by ``where.part``; of several the one
    whose value is the most surprising."""


class MapObjects:
    """The objects of one context of a map, of which rows can be made window by window."""

    def __init__(self, events: Sequence[Event], beatmap: Beatmap, *, types_first: bool) -> None:
        self.kinds = [event.kind for event in events]
        times_ms = [event.time_ms for event in events]
        self.groups = group_events(self.kinds, times_ms, types_first=types_first)
        self._events, self._beatmap = events, beatmap

    @cached_property
    def habits(self) -> Mapping[int, NDArray[np.float64]]:
        """See `habits_of`; only looked for when it is asked for."""
        return habits_of(self.groups, self._events, self._beatmap)

    def rows(self, first_event: int, said: KindScore) -> Iterator[ObjectRow]:
        """The objects that are judged whole by a window.

        Args:
            first_event: Index of the first judged event among the context's.
            said: What was said of the judged events.
        """
        groups, end = self.groups, first_event + len(said.kind_bits)
        # Groups lie end to end, so a window's are found without looking at the rest of the map.
        first = bisect_left(groups, first_event, key=lambda one: one.start)
        past = bisect_right(groups, end, key=lambda one: one.end)
        heads = [i for i in range(first, past) if groups[i].kind in HEAD_TYPES]
        parts = _Parts(self.kinds, first_event, said)
        for order, at in enumerate(heads):
            following = heads[order + 1] if order + 1 < len(heads) else None
            last = past if following is None else following
            row = _Row(parts)
            row.note(OWN, [groups[at]])
            row.note(TAIL, groups[at + 1 : last])
            if following is not None:
                row.note(NEXT, [groups[following]])
            row.note_habits(self.habits.get(groups[at].start))
            if f"{OWN}.time" in row.events:
                yield row.finished(at, groups[at].kind, is_last=following is None)


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    kinds: Sequence[EventType]
    first_event: int
    said: KindScore

    def of(self, groups: Iterable[Group]) -> Iterator[tuple[int, str]]:
        """Events that are looked at, and the parts that they are."""
        for group in groups:
            placed = False
            for event in range(group.start, group.end):
                kind = self.kinds[event]
                if placed and kind not in POSITION_KINDS:
                    yield event, COMBO
                    placed = False
                if kind is EventType.NEW_COMBO:
                    yield event, NEW_COMBO
                elif kind in _PART_OF:
                    yield event, _PART_OF[kind]
                placed = placed or kind in POSITION_KINDS


class _Row:
    def __init__(self, parts: _Parts) -> None:
        self._parts = parts
        self._values = np.zeros(len(FEATURES))
        self.events: dict[str, int] = {}

    def note(self, where: str, groups: Iterable[Group]) -> None:
        said, first = self._parts.said, self._parts.first_event
        for event, part in self._parts.of(groups):
            place = event - first
            found = {
                f"{where}.{part}.kind": said.kind_bits[place],
                f"{where}.{part}.missing": said.combo_bits[place],
                f"{where}.{part}.bits": said.value_bits[place],
                f"{where}.{part}.entropy": said.value_entropy_bits[place],
            }
            for name, value in found.items():
                index = FEATURE_INDEX.get(name)
                if index is not None:
                    # Of several events of a part, e.g. a slider's ends, the worst one counts.
                    self._values[index] = max(self._values[index], value)
            before = self.events.setdefault(f"{where}.{part}", event)
            if said.value_bits[place] > said.value_bits[before - first]:
                self.events[f"{where}.{part}"] = event

    def note_habits(self, values: NDArray[np.float64] | None) -> None:
        if values is not None:
            self._values[-len(HABITS) :] = values

    def finished(self, group: int, head: EventType, *, is_last: bool) -> ObjectRow:
        values = self._values
        after = TAIL if f"{TAIL}.time" in self.events else NEXT
        times = (f"{OWN}.time.bits", f"{after}.time.bits")
        values[FEATURE_INDEX["around.time"]] = max(values[FEATURE_INDEX[name]] for name in times)
        values[FEATURE_INDEX["is_long"]] = head in _LONG
        values[FEATURE_INDEX["is_last"]] = is_last
        return ObjectRow(group, head, f"{OWN}.{NEW_COMBO}" in self.events, values, self.events)
