"""A map as the points that diffusion moves: circles, spinners, and all that makes up a slider.

Facts, from the published networks: 272 values are known of each point. 128 are waves of a tenth of
its time in milliseconds, 128 waves of its distance in pixels from the point before, and 16 flags
say what it is; a new combo and a slider's number of repeats have flags of their own. Positions go
from -1 to 1 over the playfield.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch

from companion.engine.diffusion.embedding import waves
from companion.engine.diffusion.slider_ends import SliderEnd, slider_ends
from companion.engine.encoding.retiming import retime
from companion.engine.events import TYPES, Event, EventType
from companion.engine.postprocess.groups import EventGroup

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor

    from companion.beatmap import TimingPoint
    from companion.beatmap.curves import Point
    from companion.engine.diffusion_options import DiffusionOptions

PLAYFIELD_PX = (512.0, 384.0)
CENTRE_PX = (256.0, 192.0)
TIME_SCALE = 0.1
WAVE_CHANNELS = 128
N_FLAGS = 16
CONTEXT_SIZE = 2 * WAVE_CHANNELS + N_FLAGS

FLAGS = {
    EventType.CIRCLE: 0,
    EventType.SPINNER: 2,
    EventType.SPINNER_END: 3,
    EventType.SLIDER_HEAD: 4,
    EventType.BEZIER_ANCHOR: 6,
    EventType.PERFECT_ANCHOR: 7,
    EventType.CATMULL_ANCHOR: 8,
    EventType.RED_ANCHOR: 9,
    EventType.LAST_ANCHOR: 10,
    EventType.SLIDER_END: 11,
}
"""What kinds of groups are points, and their flags."""
WITH_COMBO = frozenset({EventType.CIRCLE, EventType.SLIDER_HEAD})
"""Their flag is one higher at the start of a combo."""


@dataclass(frozen=True, slots=True, eq=False)
class PointSequence:
    """The points of a map in order, and which events they come from."""

    positions: Tensor
    """Normalised; Tensor, shape = (2, n_points)."""
    times_ms: Tensor
    """Tensor, shape = (n_points,)."""
    context: Tensor
    """What is known of each point; Tensor, shape = (272, n_points)."""
    point_of: tuple[int | None, ...]
    """The point of each event; None for events that have none."""
    sliders: tuple[SliderEnd, ...]
    """Sliders whose end follows from the path and the velocity."""

    def __len__(self) -> int:
        return self.times_ms.shape[0]

    @classmethod
    def from_events(
        cls,
        events: Sequence[Event],
        timing: Sequence[TimingPoint],
        slider_multiplier: float,
        options: DiffusionOptions,
    ) -> PointSequence:
        """Collect the points of a stream of events with positions in pixels, one axis each.

        Args:
            events: A map in song time.
            timing: The map's timing points; without any, slider ends are not recomputed.
            slider_multiplier: Base velocity in hundreds of pixels per beat.
            options: `types_first`, `has_velocities` and `original_quirks` matter.
        """
        # Anchors were spread evenly in training, wherever a parsed map puts them.
        events = retime(events, None, types_first=options.types_first)
        builder = _Builder(options.original_quirks)
        point_of: list[int | None] = [None] * len(events)
        points: list[tuple[EventGroup, int]] = []
        begin = 0
        for group, span in _groups(events, types_first=options.types_first):
            begin = begin if options.original_quirks else span.start
            if group.kind in FLAGS:
                points.append((group, len(builder)))
                point_of[begin : span.stop] = [len(builder)] * (span.stop - begin)
                begin = span.stop
                builder.add(group)
        if options.original_quirks and points:
            point_of[begin:] = [len(builder) - 1] * (len(events) - begin)
        return cls(
            positions=normalised(_columns(builder.positions)),
            times_ms=torch.tensor(builder.times_ms, dtype=torch.float32),
            context=builder.context(),
            point_of=tuple(point_of),
            sliders=slider_ends(points, timing, slider_multiplier)
            if options.has_velocities
            else (),
        )


class _Builder:
    """Takes groups that are points, one after the other."""

    def __init__(self, original_quirks: bool) -> None:
        self.positions: list[Point] = []
        self.times_ms: list[int] = []
        self._distances: list[float] = []
        self._flags: list[int] = []
        self._original_quirks = original_quirks
        self._head_ms = 0
        self._first_span_end_ms = 0

    def __len__(self) -> int:
        return len(self.times_ms)

    def add(self, group: EventGroup) -> None:
        before = self.positions[-1] if self.positions else CENTRE_PX
        position = self._position(group)
        distance = group.distance
        if distance is None or (self._original_quirks and distance == 0):
            distance = math.dist(position, before)
        self._flags.append(self._flag(group))
        self.positions.append(position)
        self.times_ms.append(group.at_ms)
        self._distances.append(distance)

    def context(self) -> Tensor:
        times = torch.tensor(self.times_ms, dtype=torch.float32)
        distances = torch.tensor(self._distances, dtype=torch.float32)
        flags = torch.zeros(len(self), N_FLAGS)
        flags[torch.arange(len(self)), self._flags] = 1.0
        rows = [waves(times * TIME_SCALE, WAVE_CHANNELS), waves(distances, WAVE_CHANNELS), flags]
        return torch.cat(rows, dim=-1).T

    def _position(self, group: EventGroup) -> Point:
        if group.x is None or group.y is None:
            return CENTRE_PX
        if self._original_quirks and 0 in (group.x, group.y):
            return CENTRE_PX
        return group.x, group.y

    def _flag(self, group: EventGroup) -> int:
        assert group.kind is not None, "groups without a type are no points"
        flag = FLAGS[group.kind]
        if group.kind in WITH_COMBO and group.new_combo:
            flag += 1
        if group.kind is EventType.SLIDER_HEAD:
            self._head_ms = group.at_ms
        elif group.kind is EventType.LAST_ANCHOR:
            self._first_span_end_ms = group.at_ms
        elif group.kind is EventType.SLIDER_END:
            flag += _repeats_flag(
                group.at_ms - self._head_ms, self._first_span_end_ms - self._head_ms
            )
        return flag


def _repeats_flag(total_ms: int, span_ms: int) -> int:
    """Flags for one, two and three spans, for more that end at the head, and for all others."""
    spans = max(round(total_ms / span_ms), 1) if span_ms > 0 else 1
    if spans < 4:
        return spans - 1
    return 3 if spans % 2 == 0 else 4


def _groups(events: Sequence[Event], *, types_first: bool) -> Iterator[tuple[EventGroup, range]]:
    """Groups and the indices of their events; attributes without a type are left out."""
    group, start = EventGroup(), 0
    for index, event in enumerate(events):
        if event.kind not in TYPES:
            group.take(event)
            continue
        if types_first and group.kind is not None:
            yield group, range(start, index)
            group, start = EventGroup(), index
        group.kind, group.value, group.at_ms = event.kind, event.value, event.time_ms
        if not types_first:
            yield group, range(start, index + 1)
            group, start = EventGroup(), index + 1
    if group.kind is not None:
        yield group, range(start, len(events))


def points_of(positions_px: Tensor) -> list[Point]:
    """The columns of a tensor, shape = (2, n_points), as points."""
    return [(x, y) for x, y in cast("list[list[float]]", positions_px.T.cpu().numpy().tolist())]


def _columns(points: Sequence[Point]) -> Tensor:
    return torch.tensor(points, dtype=torch.float32).reshape(-1, 2).T


def _playfield(like: Tensor) -> Tensor:
    return torch.tensor(PLAYFIELD_PX, device=like.device)[:, None]


def normalised(positions_px: Tensor) -> Tensor:
    """Pixels as the network counts them; both shape = (2, n_points)."""
    return positions_px / _playfield(positions_px) * 2 - 1


def in_pixels(positions: Tensor) -> Tensor:
    """The other way round."""
    return (positions + 1) / 2 * _playfield(positions)
