"""When each event of a stream belongs, recovered from its time events alone.

A generated stream only says when the timed groups are. Every other event of a group belongs where
its group does, and anchors are spread evenly between the timed groups around them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from companion.engine.events import TIMED_TYPES, UNTIMED_TYPES, Event, EventType

if TYPE_CHECKING:
    from collections.abc import Sequence


def retime(
    events: Sequence[Event], end_ms: float | None, *, types_first: bool, start: int = 0
) -> list[Event]:
    """Give every event from index `start` on its time; those before keep theirs.

    `end_ms` is when the stream ends, for anchors that no timed group follows.
    """
    times = [event.time_ms for event in events[:start]]
    times += _group_times(events, start, times[-1] if times else 0, types_first=types_first)
    if len(times) > start:
        _spread_anchors(events, times, start, end_ms, types_first=types_first)
    return [
        event if event.time_ms == time else replace(event, time_ms=time)
        for event, time in zip(events, times, strict=True)
    ]


def _group_times(events: Sequence[Event], start: int, now: int, *, types_first: bool) -> list[int]:
    """The time of the group that each event belongs to; one without a time keeps the last."""
    times: list[int] = []
    for i in range(start, len(events)):
        # Where types come first, the time event is the second of its group.
        place = i + 1 if types_first else i
        if place < len(events) and events[place].kind is EventType.TIME_SHIFT:
            now = events[place].value
        times.append(now)
    return times


def _spread_anchors(
    events: Sequence[Event],
    times: list[int],
    start: int,
    end_ms: float | None,
    *,
    types_first: bool,
) -> None:
    """Move anchor groups from the time of the group before (or after) to their own."""
    if types_first:
        order, step = range(start, len(events)), 1
        now: float = times[start]
    else:
        order, step = range(len(events) - 1, start - 1, -1), -1
        now = end_ms if end_ms is not None else times[-1]
    among_anchors = False
    for i in order:
        kind = events[i].kind
        if kind in TIMED_TYPES:
            among_anchors = False
        if kind in UNTIMED_TYPES:
            among_anchors = True
        if not among_anchors:
            now = times[i]
        elif kind in UNTIMED_TYPES:
            other, count = _next_time(events, times, i, step, now, end_ms)
            now = int((now - other) / (count + 1) * count + other)
            times[i] = now
        else:
            times[i] = int(now)


def _next_time(
    events: Sequence[Event],
    times: Sequence[int],
    start: int,
    step: int,
    now: float,
    end_ms: float | None,
) -> tuple[float, int]:
    """Time of the next timed group in a direction, and the number of anchors up to it."""
    count = 0
    i = start
    while 0 <= i < len(events):
        if events[i].kind is EventType.TIME_SHIFT:
            return times[i], count
        if events[i].kind in UNTIMED_TYPES:
            count += 1
        i += step
    if i < 0:
        return 0.0, count
    return (end_ms if end_ms is not None else times[-1]), count
