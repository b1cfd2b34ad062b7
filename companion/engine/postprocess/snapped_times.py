"""Times of a section put on the beat grid of the map it goes into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap.snapping import nearest_tick
from companion.engine.events import Event, EventType
from companion.engine.postprocess.resnapping import resnap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import Beatmap

NAMED_REACH_MS = 20
"""A tick of the divisor that the model names counts when it is not further away than this."""
COMMON_DIVISORS = (1, 2, 3, 4, 6, 8)
COMMON_REACH_MS = 12
ALL_DIVISORS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16)


def on_grid(events: Sequence[Event], beatmap: Beatmap) -> list[Event]:
    """Move every time to a tick of the map's red lines, rounded down to whole milliseconds.

    The tick of the named divisor is taken where it is near; otherwise the nearest common one, and
    where there is none either, the nearest of any divisor. Without a tempo times stay as they are.
    """
    if not any(red.beat_length > 0 for red in beatmap.red_lines):
        return list(events)
    named = resnap(events, beatmap.red_lines)
    return [
        moved
        if moved is not event and abs(moved.value - event.value) <= NAMED_REACH_MS
        else _nearest(event, beatmap)
        for event, moved in zip(events, named, strict=True)
    ]


def _nearest(event: Event, beatmap: Beatmap) -> Event:
    if event.kind is not EventType.TIME_SHIFT:
        return event
    tick = nearest_tick(event.value, beatmap, COMMON_DIVISORS)
    if tick is None or abs(tick.time_ms - event.value) > COMMON_REACH_MS:
        tick = nearest_tick(event.value, beatmap, ALL_DIVISORS)
    if tick is None:
        return event
    # The hair keeps ticks on whole milliseconds from coming out just below.
    return Event(event.kind, int(tick.time_ms + 1e-6), event.time_ms)
