"""When objects begin in a stream of events."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from companion.engine.events import HEAD_TYPES, EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.engine.events import Event


def onset_times(events: Sequence[Event], *, types_first: bool = True) -> list[float]:
    """Times of the objects that begin, in the order of the stream.

    Where types come last, the time of an object stands before its type, in the same group.
    """
    if types_first:
        return [
            float(after.value)
            for event, after in pairwise(events)
            if event.kind in HEAD_TYPES and after.kind is EventType.TIME_SHIFT
        ]
    times: list[float] = []
    time_ms = 0.0
    for event in events:
        if event.kind is EventType.TIME_SHIFT:
            time_ms = float(event.value)
        elif event.kind in HEAD_TYPES:
            times.append(time_ms)
    return times
