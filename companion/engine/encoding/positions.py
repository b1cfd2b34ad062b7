"""Position events of a family as plain pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.engine.events import Event, EventType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.engine.encoding.options import EncodingOptions

COLUMN_Y = 192
PLAYFIELD_WIDTH = 512


def in_pixels(events: Sequence[Event], options: EncodingOptions) -> list[Event]:
    """Replace grid cells by x and y in pixels: the middle of the cell, or its refined place."""
    return [pixel for i, event in enumerate(events) for pixel in _pixels(event, events, i, options)]


def _pixels(
    event: Event, events: Sequence[Event], i: int, options: EncodingOptions
) -> Iterator[Event]:
    cell = options.position_precision_px
    if event.kind in {EventType.POS_X, EventType.POS_Y}:
        yield Event(event.kind, event.value * cell, event.time_ms)
    elif event.kind is EventType.POS:
        x, y = cell_corner(event.value, options)
        dx, dy = _offset(events[i + 1] if i + 1 < len(events) else None, options)
        yield Event(EventType.POS_X, x + dx, event.time_ms)
        yield Event(EventType.POS_Y, y + dy, event.time_ms)
    else:
        yield event


def cell_corner(value: int, options: EncodingOptions) -> tuple[int, int]:
    """The corner of a grid cell with the smallest x and y."""
    cell, box = options.position_precision_px, options.position_range
    column, row = value % options.columns, value // options.columns
    return (column + box.x_min // cell) * cell, (row + box.y_min // cell) * cell


def cell_offset(options: EncodingOptions) -> int:
    """From a cell's corner to its middle, in both directions."""
    cell = options.position_precision_px
    return cell // 2 if cell > 1 else 0


def _offset(following: Event | None, options: EncodingOptions) -> tuple[int, int]:
    fine = options.position_refinement_px
    if following is None or following.kind is not EventType.POS_REFINE or not fine:
        middle = cell_offset(options)
        return middle, middle
    per_side = options.position_precision_px // fine
    return following.value % per_side * fine, following.value // per_side * fine


def columns_as_positions(events: Sequence[Event], keycount: int) -> list[Event]:
    """Replace mania columns by the x and y of their centres."""
    placed: list[Event] = []
    for event in events:
        if event.kind is EventType.MANIA_COLUMN:
            x = int((event.value + 0.5) * PLAYFIELD_WIDTH / keycount)
            placed.append(Event(EventType.POS_X, x, event.time_ms))
            placed.append(Event(EventType.POS_Y, COLUMN_Y, event.time_ms))
        else:
            placed.append(event)
    return placed
