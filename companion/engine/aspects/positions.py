"""The places of osu! and catch objects, chosen anew."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.beatmap import Slider, Spinner
from companion.engine.encoding import encode_map
from companion.engine.encoding.positions import cell_corner
from companion.engine.events import HEAD_TYPES, EventType
from companion.engine.modding import object_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import HitObject
    from companion.engine.aspects.object_events import ObjectEvents
    from companion.engine.encoding import EncodingOptions
    from companion.engine.modding.groups import Group
    from companion.engine.modding.object_fields import ObjectFields
    from companion.engine.vocabulary import Vocabulary

Point = tuple[float, float]
_CENTRE: Point = (256.0, 192.0)
_WIDTH_PX, _HEIGHT_PX = 512, 384
_CANDIDATE_STEP_PX = 2
_PLACE_KINDS = frozenset(
    {EventType.POS, EventType.POS_REFINE, EventType.POS_X, EventType.POS_Y, EventType.DISTANCE}
)


@dataclass(frozen=True, slots=True)
class _Room:
    """Where an object's head can be with all of its path on the screen, in whole pixels."""

    left: int
    right: int
    top: int
    bottom: int

    @classmethod
    def of(cls, item: HitObject) -> _Room:
        """The room of an object; one that is partly off the screen can only move inward."""
        points: Sequence[Point] = [(item.x, item.y)]
        if isinstance(item, Slider):
            points = [*points, *item.path.polyline()]
        xs, ys = [x for x, _ in points], [y for _, y in points]
        return cls(
            *_span(item.x, min(xs), max(xs), _WIDTH_PX),
            *_span(item.y, min(ys), max(ys), _HEIGHT_PX),
        )

    def clamp(self, x: float, y: float) -> tuple[int, int]:
        """The place in the room that is nearest to a point."""
        return (
            round(min(max(x, self.left), self.right)),
            round(min(max(y, self.top), self.bottom)),
        )


def _span(head: float, low: float, high: float, size: int) -> tuple[int, int]:
    back = max(math.floor(low), 0)
    forward = max(math.floor(size - high), 0)
    return round(head) - back, round(head) + forward


class Positions:
    """Where objects are; a slider keeps its shape and moves as a whole."""

    def __init__(self, source: ObjectEvents, vocabulary: Vocabulary) -> None:
        self._source = source
        self._vocabulary = vocabulary
        # What other contexts stand between the objects does not move with one of them.
        self._apart = replace(source.encoding, add_timing=False, add_kiai=False, add_mania_sv=False)
        self._moved: dict[int, tuple[int, int]] = {}
        """Line of each settled object to how far it was moved."""

    def is_free(self, index: int) -> bool:
        """See `Aspect`."""
        group = self._source.group_of[index]
        return (
            group is not None
            and group.kind in HEAD_TYPES
            and self._source.kinds[index] in _PLACE_KINDS
            and self._source.is_target(index)
        )

    def allowed(self, index: int) -> Sequence[int]:
        """See `Aspect`."""
        kind, item = self._source.kinds[index], self._source.owner_of[index]
        if kind is EventType.DISTANCE or item is None:
            return self._vocabulary.ranges[kind].ids
        known = self._vocabulary.ranges[kind]
        values = [
            value
            for value in self._values_in(_Room.of(item), index)
            if known.min_value <= value <= known.max_value
        ]
        return [self._vocabulary.token(kind, value) for value in values] or known.ids

    def settle(self, index: int) -> None:
        """Once the object's cell is complete, move it to what fits the distance best in there."""
        source, item, group = (
            self._source,
            self._source.owner_of[index],
            self._source.group_of[index],
        )
        if item is None or group is None or self._places_after(index, group):
            return
        shift = self._best_shift(item, group)
        self._moved[item.line] = shift
        line = self.settled(object_fields.split(source.document.lines[item.line].raw), item)
        moved = source.document.beatmap.object_reader.read(line.joined().decode(), item.line)
        beatmap = replace(source.document.beatmap, hit_objects=(moved,))
        for at, event in zip(
            source.indices[item.line], encode_map(beatmap, self._apart), strict=False
        ):
            if at > index and event.kind in _PLACE_KINDS - {EventType.DISTANCE}:
                source.put(at, event.value)

    def settled(self, fields: ObjectFields, item: HitObject) -> ObjectFields:
        """See `Aspect`."""
        shift = self._moved.get(item.line)
        return fields.shifted(*shift) if shift is not None else fields

    # Cells

    def _values_in(self, room: _Room, index: int) -> list[int]:
        """Values of a place event that leave its object in its room."""
        source, encoding = self._source, self._source.encoding
        across, down = (
            _cells(room.left, room.right, encoding.position_precision_px),
            _cells(room.top, room.bottom, encoding.position_precision_px),
        )
        match source.kinds[index]:
            case EventType.POS_X:
                return list(across)
            case EventType.POS_Y:
                return list(down)
            case EventType.POS:
                box, cell = encoding.position_range, encoding.position_precision_px
                return [
                    (column - box.x_min // cell) + (row - box.y_min // cell) * encoding.columns
                    for row in down
                    for column in across
                ]
            case _:
                return self._refinements_in(room, source.events[index - 1].value)

    def _refinements_in(self, room: _Room, cell_value: int) -> list[int]:
        encoding = self._source.encoding
        fine = encoding.position_refinement_px or 1
        left, top = cell_corner(cell_value, encoding)
        per_side = encoding.position_precision_px // fine
        return [
            column + row * per_side
            for row in range(per_side)
            for column in range(per_side)
            if room.left <= left + column * fine <= room.right
            and room.top <= top + row * fine <= room.bottom
        ]

    def _places_after(self, index: int, group: Group) -> bool:
        kinds = self._source.kinds
        return any(kinds[at] in _PLACE_KINDS for at in range(index + 1, group.end))

    # Places

    def _best_shift(self, item: HitObject, group: Group) -> tuple[int, int]:
        source = self._source
        said = {source.kinds[at]: source.events[at].value for at in range(group.start, group.end)}
        left, top, size = _cell(said, source.encoding)
        distance_px = said.get(EventType.DISTANCE)
        room, last = _Room.of(item), self._last_place(item)
        best, best_misfit = (0, 0), math.inf
        for x in range(left, left + size, _CANDIDATE_STEP_PX):
            for y in range(top, top + size, _CANDIDATE_STEP_PX):
                place = room.clamp(x, y)
                misfit = math.dist(place, (x, y)) * 4
                if distance_px is not None:
                    misfit += abs(math.dist(place, last) - distance_px)
                misfit += math.dist((x, y), (left + size / 2, top + size / 2)) / size
                if misfit < best_misfit:
                    best = (round(place[0] - item.x), round(place[1] - item.y))
                    best_misfit = misfit
        return best

    def _last_place(self, item: HitObject) -> Point:
        """Where the object before ends, as it is by now."""
        before: HitObject | None = None
        for other in self._source.document.beatmap.hit_objects:
            if other.line == item.line:
                break
            before = other
        if before is None or isinstance(before, Spinner):
            return _CENTRE
        dx, dy = self._moved.get(before.line, (0, 0))
        x, y = before.end_position if isinstance(before, Slider) else (before.x, before.y)
        return x + dx, y + dy


def _cells(low: int, high: int, cell_px: int) -> range:
    """Cells along one axis; the last pixel of the screen is no reason for a cell of its own."""
    # int() cuts off toward zero, as the encoding does.
    first = int(low / cell_px)
    return range(first, max(first, int(max(high - 1, low) / cell_px)) + 1)


def _cell(said: dict[EventType, int], encoding: EncodingOptions) -> tuple[int, int, int]:
    """The corner and the size of the square that a group's events name, in pixels."""
    size, fine = encoding.position_precision_px, encoding.position_refinement_px
    if EventType.POS_X in said:
        return said[EventType.POS_X] * size, said[EventType.POS_Y] * size, size
    left, top = cell_corner(said[EventType.POS], encoding)
    if fine is None or EventType.POS_REFINE not in said:
        return left, top, size
    row, column = divmod(said[EventType.POS_REFINE], size // fine)
    return left + column * fine, top + row * fine, fine
