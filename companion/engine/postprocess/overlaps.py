"""Objects that nearly lie on each other are put exactly on each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.engine.events import EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.engine.postprocess.groups import EventGroup

NEAR_PX = 3.8
NEAR_MS = 1000

PLACED_TYPES = frozenset(
    {
        EventType.CIRCLE,
        EventType.SLIDER_HEAD,
        EventType.RED_ANCHOR,
        EventType.LAST_ANCHOR,
        EventType.SLIDER_END,
    }
)


def snap_near_overlaps(groups: Sequence[EventGroup], *, original_quirks: bool = False) -> None:
    """Move each object or anchor onto the earliest one of the last second that it nearly covers.

    Args:
        groups: Changed in place; those without a position are left alone.
        original_quirks: Whether red anchors count as being at 0 ms, as their events have no time.
            Each of them then ends the search for all later objects.
    """
    recent: list[EventGroup] = []
    for group in groups:
        if group.kind not in PLACED_TYPES or group.x is None or group.y is None:
            continue

        def time_of(item: EventGroup) -> float:
            return item.time_ms if original_quirks else item.at_ms

        now = time_of(group)
        recent = [other for other in recent if abs(now - time_of(other)) <= NEAR_MS]
        for other in recent:
            (x, y), here = other.place, group.place
            if math.hypot(here[0] - x, here[1] - y) < NEAR_PX:
                group.x, group.y = x, y
                break
        recent.append(group)
