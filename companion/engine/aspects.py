"""Choosing one aspect of existing objects anew: their hitsounds, or where they are.

The map's own events are given to the model token by token as if it had written them; only the
tokens of the wanted aspect are chosen by it, among those that keep the object what it is. So rhythm
and everything else stay exactly as they are, and whatever is chosen knows what came before it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import torch

from companion.beatmap import Mode, Slider, Spinner
from companion.engine.encoding import encode_map
from companion.engine.encoding.positions import cell_corner
from companion.engine.events import HEAD_TYPES, EventType
from companion.engine.modding import object_fields
from companion.engine.modding.groups import edge_of, group_events, owners_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from companion.beatmap import Document, HitObject, TimeRange
    from companion.engine.encoding import EncodingOptions
    from companion.engine.modding.groups import Group
    from companion.engine.vocabulary import Vocabulary

Point = tuple[float, float]
_CENTRE: Point = (256.0, 192.0)
_WIDTH_PX, _HEIGHT_PX = 512, 384
_CANDIDATE_STEP_PX = 2


class ObjectEvents:
    """A map's events with the objects that they describe; values may be put in place of others."""

    def __init__(self, document: Document, encoding: EncodingOptions, wanted: TimeRange) -> None:
        beatmap = document.beatmap
        self.document = document
        self.encoding = encoding
        self.events = encode_map(beatmap, encoding)
        self.kinds = [event.kind for event in self.events]
        times_ms = [event.time_ms for event in self.events]
        groups = group_events(self.kinds, times_ms, types_first=encoding.types_first)
        owners = owners_of(groups, beatmap.hit_objects)
        self.group_of: list[Group | None] = [None] * len(self.events)
        self.owner_of: list[HitObject | None] = [None] * len(self.events)
        self.indices: dict[int, list[int]] = {}
        """Line of each object to the indices of its events."""
        for group, owner in zip(groups, owners, strict=True):
            for index in range(group.start, group.end):
                self.group_of[index], self.owner_of[index] = group, owner
                if owner is not None:
                    self.indices.setdefault(owner.line, []).append(index)
        self.targets = {
            item.line
            for item in beatmap.hit_objects
            if wanted.contains(item.start_ms) and item.end_ms <= wanted.end_ms + 0.5
        }

    def is_target(self, index: int) -> bool:
        """Whether an event belongs to an object that may be changed."""
        owner = self.owner_of[index]
        return owner is not None and owner.line in self.targets

    def put(self, index: int, value: int) -> None:
        """Give an event another value."""
        self.events[index] = replace(self.events[index], value=value)


class Aspect(Protocol):
    """Which events are chosen anew, among what, and what follows from a choice."""

    def is_free(self, index: int) -> bool:
        """Whether an event is chosen anew."""
        ...

    def allowed(self, index: int) -> Sequence[int]:
        """Token ids that an event is chosen among; at least one."""
        ...

    def settle(self, index: int) -> None:
        """Adapt later events to a choice that has been put in place."""
        ...

    def line(self, item: HitObject) -> bytes:
        """An object's line after all its events were settled."""
        ...


class Hitsounds:
    """Additions and sample sets of every edge and body; volumes stay."""

    def __init__(self, source: ObjectEvents, vocabulary: Vocabulary) -> None:
        self._source = source
        # Values from 72 on name no sample sets that exist.
        first = vocabulary.ranges[EventType.HITSOUND].first_id
        self._ids = range(first, first + 72)

    def is_free(self, index: int) -> bool:
        """See `Aspect`."""
        source = self._source
        return source.kinds[index] is EventType.HITSOUND and source.is_target(index)

    def allowed(self, index: int) -> Sequence[int]:
        """See `Aspect`."""
        del index
        return self._ids

    def settle(self, index: int) -> None:
        """See `Aspect`."""

    def line(self, item: HitObject) -> bytes:
        """See `Aspect`."""
        source = self._source
        fields = object_fields.split(source.document.lines[item.line].raw)
        edges = _edge_sounds(item)
        for index in source.indices.get(item.line, []):
            group = source.group_of[index]
            if source.kinds[index] is not EventType.HITSOUND or group is None:
                continue
            edge = edge_of(group, source.kinds, index, item)
            if edge is None:
                continue
            point = source.document.beatmap.sample_point_at(_edge_time_ms(item, edge))
            default_set = point.sample_set if point is not None else 1
            sound = object_fields.Sound.from_event(source.events[index].value, default_set)
            if isinstance(item, Slider) and edge >= 0:
                if edge < len(edges) and not edges[edge].sounds_like(sound, default_set):
                    fields = fields.with_edge_sound(edge, sound, edges)
                    edges[edge] = sound
            elif not _own_sound(item).sounds_like(sound, default_set):
                fields = fields.with_sound(sound)
        return fields.joined()


class Positions:
    """Where objects of osu! and catch are; a slider keeps its shape and moves as a whole."""

    def __init__(self, source: ObjectEvents, vocabulary: Vocabulary) -> None:
        self._source = source
        self._vocabulary = vocabulary
        encoding = source.encoding
        positions = vocabulary.ranges[EventType.POS]
        self._on_screen = [
            positions.first_id + value - positions.min_value
            for value in range(positions.min_value, positions.max_value + 1)
            if _is_on_screen(cell_corner(value, encoding), encoding.position_precision_px)
        ]
        self._distances = vocabulary.ranges[EventType.DISTANCE].ids
        self._moved: dict[int, tuple[int, int]] = {}
        """Line of each settled object to how far it was moved."""

    def is_free(self, index: int) -> bool:
        """See `Aspect`."""
        group = self._source.group_of[index]
        return (
            group is not None
            and group.kind in HEAD_TYPES
            and self._source.kinds[index] in {EventType.DISTANCE, EventType.POS}
            and self._source.is_target(index)
        )

    def allowed(self, index: int) -> Sequence[int]:
        """See `Aspect`."""
        is_distance = self._source.kinds[index] is EventType.DISTANCE
        return self._distances if is_distance else self._on_screen

    def settle(self, index: int) -> None:
        """Move the object to the place in its cell that fits the distance best."""
        source, item = self._source, self._source.owner_of[index]
        if source.kinds[index] is not EventType.POS or item is None:
            return
        distance_px = self._chosen_distance_px(index)
        shift = self._best_shift(item, source.events[index].value, distance_px)
        self._moved[item.line] = shift
        moved = source.document.beatmap.object_reader.read(self.line(item).decode(), item.line)
        beatmap = replace(source.document.beatmap, hit_objects=(moved,))
        for at, event in zip(
            source.indices[item.line], encode_map(beatmap, source.encoding), strict=False
        ):
            if at > index and event.kind in {EventType.POS, EventType.POS_REFINE}:
                source.put(at, event.value)

    def line(self, item: HitObject) -> bytes:
        """See `Aspect`."""
        fields = object_fields.split(self._source.document.lines[item.line].raw)
        shift = self._moved.get(item.line)
        return fields.shifted(*shift).joined() if shift is not None else fields.joined()

    def _chosen_distance_px(self, index: int) -> int | None:
        before = self._source.events[index - 1]
        return before.value if before.kind is EventType.DISTANCE else None

    def _best_shift(
        self, item: HitObject, cell_value: int, distance_px: int | None
    ) -> tuple[int, int]:
        low_x, high_x, low_y, high_y = _room(item)
        left, top = cell_corner(cell_value, self._source.encoding)
        cell = self._source.encoding.position_precision_px
        last = self._last_place(item)
        best, best_misfit = (0, 0), math.inf
        for x in range(left, left + cell, _CANDIDATE_STEP_PX):
            for y in range(top, top + cell, _CANDIDATE_STEP_PX):
                dx = round(min(max(x - item.x, low_x), high_x))
                dy = round(min(max(y - item.y, low_y), high_y))
                place = (item.x + dx, item.y + dy)
                misfit = math.dist(place, (x, y)) * 4
                if distance_px is not None:
                    misfit += abs(math.dist(place, last) - distance_px)
                misfit += math.dist((x, y), (left + cell / 2, top + cell / 2)) / cell
                if misfit < best_misfit:
                    best, best_misfit = (dx, dy), misfit
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


class Columns:
    """Mania columns; a note never goes where another one is at the time."""

    def __init__(self, source: ObjectEvents, vocabulary: Vocabulary) -> None:
        self._source = source
        self._vocabulary = vocabulary
        self._keycount = source.document.beatmap.keycount
        self._column: dict[int, int] = {
            item.line: item.column(self._keycount)
            for item in source.document.beatmap.hit_objects
            if item.line not in source.targets
        }
        """Line of each object whose column is known by now."""

    def is_free(self, index: int) -> bool:
        """See `Aspect`."""
        group = self._source.group_of[index]
        return (
            group is not None
            and group.kind in HEAD_TYPES
            and self._source.kinds[index] is EventType.MANIA_COLUMN
            and self._source.is_target(index)
        )

    def allowed(self, index: int) -> Sequence[int]:
        """See `Aspect`."""
        item = self._source.owner_of[index]
        if item is None:
            columns = [self._source.events[index].value]
        else:
            taken = {
                self._column[other.line]
                for other in self._source.document.beatmap.hit_objects
                if other.line in self._column
                and other.start_ms <= item.end_ms
                and other.end_ms >= item.start_ms
            }
            columns = [c for c in range(self._keycount) if c not in taken]
            columns = columns or [item.column(self._keycount)]
        return [self._vocabulary.token(EventType.MANIA_COLUMN, column) for column in columns]

    def settle(self, index: int) -> None:
        """A hold note ends in its own column."""
        item, column = self._source.owner_of[index], self._source.events[index].value
        if item is None:
            return
        self._column[item.line] = column
        for at in self._source.indices[item.line]:
            if at > index and self._source.kinds[at] is EventType.MANIA_COLUMN:
                self._source.put(at, column)

    def line(self, item: HitObject) -> bytes:
        """See `Aspect`."""
        fields = object_fields.split(self._source.document.lines[item.line].raw)
        column = self._column.get(item.line)
        if column is None or column == item.column(self._keycount):
            return fields.joined()
        return fields.with_x(int((column + 0.5) * _WIDTH_PX / self._keycount)).joined()


@dataclass(frozen=True, slots=True)
class Draw:
    """How one token is chosen among some."""

    temperature: float
    top_p: float
    generator: torch.Generator

    def choose(self, logits: Tensor, allowed: Sequence[int]) -> tuple[int, float]:
        """A token and the natural logarithm of its probability among all allowed ones.

        Args:
            logits: Tensor, shape = (1, vocab_out).
            allowed: Ids to choose among.
        """
        ids = torch.as_tensor(list(allowed))
        among = logits[0, ids.to(logits.device)].float().cpu()[None]
        logprobs = among.log_softmax(-1)[0]
        if self.temperature == 0:
            place = int(among.argmax())
        else:
            scaled = among / self.temperature
            p = _without_unlikely(scaled.softmax(-1), self.top_p)
            noise = torch.empty(p.shape).exponential_(1, generator=self.generator)
            place = int((p / noise).argmax())
        return int(ids[place]), float(logprobs[place])


def aspect_of(replace_what: str, source: ObjectEvents, vocabulary: Vocabulary) -> Aspect | None:
    """The aspect of a regeneration option; None where the mode or the model has none."""
    mode = source.document.beatmap.mode
    if replace_what == "hitsounds":
        return Hitsounds(source, vocabulary) if EventType.HITSOUND in vocabulary else None
    if replace_what == "positions":
        if mode is Mode.MANIA:
            return Columns(source, vocabulary) if EventType.MANIA_COLUMN in vocabulary else None
        if mode in {Mode.OSU, Mode.CATCH} and EventType.POS in vocabulary:
            return Positions(source, vocabulary)
    return None


def _without_unlikely(p: Tensor, top_p: float) -> Tensor:
    """Zero for the least likely that together have less than ``1 - top_p``."""
    ascending, order = p.sort(dim=-1)
    unlikely = ascending.cumsum(-1) <= 1 - top_p
    unlikely[..., -1] = False
    return p.masked_fill(unlikely.scatter(-1, order, unlikely), 0.0)


def _is_on_screen(corner: tuple[int, int], cell_px: int) -> bool:
    x, y = corner[0] + cell_px / 2, corner[1] + cell_px / 2
    return 0 <= x <= _WIDTH_PX and 0 <= y <= _HEIGHT_PX


def _room(item: HitObject) -> tuple[float, float, float, float]:
    """How far an object can be moved with all of its path on the screen, if it fits at all."""
    points: Sequence[Point] = [(item.x, item.y)]
    if isinstance(item, Slider):
        points = [*points, *item.path.polyline()]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    return (
        math.ceil(min(-left, 0.0)) if left >= 0 else 0.0,
        math.floor(max(_WIDTH_PX - right, 0.0)),
        math.ceil(min(-top, 0.0)) if top >= 0 else 0.0,
        math.floor(max(_HEIGHT_PX - bottom, 0.0)),
    )


def _edge_sounds(item: HitObject) -> list[object_fields.Sound]:
    if not isinstance(item, Slider):
        return []
    return [
        object_fields.Sound(bits, normal, addition)
        for bits, (normal, addition) in zip(item.edge_sounds, item.edge_sets, strict=True)
    ]


def _own_sound(item: HitObject) -> object_fields.Sound:
    return object_fields.Sound(item.hitsound, item.sample.normal_set, item.sample.addition_set)


def _edge_time_ms(item: HitObject, edge: int) -> float:
    if isinstance(item, Slider):
        return item.start_ms + item.span_ms * max(edge, 0)
    return item.end_ms if isinstance(item, Spinner) else item.start_ms
