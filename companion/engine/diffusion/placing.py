"""Positions back into events."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

from companion.engine.events import Event, EventType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

PLACE_TYPES = frozenset({EventType.DISTANCE, EventType.POS_X, EventType.POS_Y})

Point = tuple[float, float]


def placed(
    events: Sequence[Event],
    point_of: Sequence[int | None],
    positions_px: Sequence[Point],
    moved: Collection[int],
) -> list[Event]:
    """Give the events of points that have moved their new positions, in whole pixels.

    A position takes the place of all that was said about where the point lies. Points of which
    nothing was said (spinners) stay without a position.
    """
    result: list[Event] = []
    pairs = zip(events, point_of, strict=True)
    for point, run in groupby(pairs, key=lambda pair: pair[1]):
        group = [event for event, _ in run]
        if point is None or point not in moved:
            result += group
        else:
            result += _with_place(group, positions_px[point])
    return result


def _with_place(group: Sequence[Event], position: Point) -> Iterator[Event]:
    settled = False
    for event in group:
        if event.kind not in PLACE_TYPES:
            yield event
        elif not settled:
            settled = True
            yield from _place(event, position)


def placed_like_original(
    events: Sequence[Event], point_of: Sequence[int | None], positions_px: Sequence[Point]
) -> list[Event]:
    """Replace every event that says where something lies, each on its own.

    A distance becomes a position even beside the position that its group has.
    """
    result: list[Event] = []
    for event, point in zip(events, point_of, strict=True):
        if point is None or event.kind not in PLACE_TYPES:
            result.append(event)
            continue
        x, y = _place(event, positions_px[point])
        if event.kind is not EventType.POS_Y:
            result.append(x)
        if event.kind is not EventType.POS_X:
            result.append(y)
    return result


def _place(event: Event, position: Point) -> tuple[Event, Event]:
    x, y = round(position[0]), round(position[1])
    return (
        replace(event, kind=EventType.POS_X, value=x),
        replace(event, kind=EventType.POS_Y, value=y),
    )
