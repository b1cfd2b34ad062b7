"""Writing groups of events in the order of a model family."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Mode
from companion.engine.encoding.moments import SAMPLE_LENIENCY, as_ms, whole_ms
from companion.engine.events import Event, EventType

if TYPE_CHECKING:
    from datetime import timedelta

    from companion.beatmap import TimingPoint
    from companion.engine.encoding.moments import GoverningLines
    from companion.engine.encoding.options import EncodingOptions

Point = tuple[float, float]

CENTRE: Point = (256.0, 192.0)
SNAP_LENIENCY_MS = 2
FINEST_SNAP = 16
ADDITION_BITS = 2 | 4 | 8
"""Whistle, finish and clap; the normal sound always plays."""
SOFT_SET = 2
NORMAL_SET = 1


@dataclass(frozen=True, slots=True)
class Sound:
    """A hitsound as an object states it; zeros mean "as the timing point says"."""

    time: timedelta
    """When it plays; decides which timing point speaks for it."""
    bits: int
    normal_set: int = 0
    addition_set: int = 0
    volume: int = 0


@dataclass(frozen=True, slots=True)
class Group:
    """What one group of events says; ``None`` and empty are left out."""

    kind: EventType
    time: timedelta
    value: int = 0
    timed: bool = True
    """Whether the group has a time event."""
    snapped: bool = True
    """Whether a time event is followed by its snap."""
    position: Point | None = None
    new_combo: bool = False
    scroll_speed: float | None = None
    sounds: tuple[Sound, ...] = ()


class GroupWriter:
    """Appends groups to a list of events and remembers the last position."""

    def __init__(
        self, options: EncodingOptions, mode: Mode, keycount: int, lines: GoverningLines
    ) -> None:
        self.options = options
        self.events: list[Event] = []
        self.last_position = CENTRE
        self._mode = mode
        self._keycount = keycount
        self._lines = lines

    def add(self, group: Group) -> None:
        """Append a group."""
        options = self.options
        ms = whole_ms(group.time, original_quirks=options.original_quirks)
        kind = Event(group.kind, group.value, ms)
        if options.types_first:
            self.events.append(kind)
        if group.timed:
            self._put(EventType.TIME_SHIFT, ms, ms)
            if group.snapped and options.add_snapping:
                self._put(EventType.SNAPPING, self._snap_of(group.time), ms)
        if group.position is not None:
            self._add_position(group.position, ms)
        if group.new_combo and self._mode in {Mode.OSU, Mode.CATCH}:
            self._put(EventType.NEW_COMBO, 0, ms)
        if group.scroll_speed is not None:
            speed = min(max(group.scroll_speed, 0.01), 10)
            self._put(EventType.SCROLL_SPEED, round(speed * 100), ms)
        if options.add_hitsounds:
            for sound in group.sounds:
                self._add_sound(sound, ms)
        if not options.types_first:
            self.events.append(kind)

    def _snap_of(self, time: timedelta) -> int:
        if self.options.original_quirks and self._lines.has_negative_tempo(time):
            return 1
        return snap_of(time, self._lines)

    def _put(self, kind: EventType, value: int, ms: int) -> None:
        self.events.append(Event(kind, value, ms))

    def _add_position(self, position: Point, ms: int) -> None:
        if self._mode is Mode.MANIA:
            column = int(min(max(position[0] / 512 * self._keycount, 0), self._keycount - 1))
            self._put(EventType.MANIA_COLUMN, column, ms)
        if self._mode not in {Mode.OSU, Mode.CATCH}:
            return
        options = self.options
        if options.add_distances:
            # numpy's norm may differ in the last bit, which decides whole distances.
            moved = np.linalg.norm(np.subtract(position, self.last_position))
            self._put(EventType.DISTANCE, int(min(moved, options.max_distance_px)), ms)
        self.last_position = position
        if options.add_positions:
            self._add_place(position, ms)

    def _add_place(self, position: Point, ms: int) -> None:
        options, box, cell = (
            self.options,
            self.options.position_range,
            self.options.position_precision_px,
        )
        # int() cuts off toward zero, for negative positions too; the models learned it that way.
        x = int(min(max(position[0] / cell, box.x_min / cell), box.x_max / cell))
        y = int(min(max(position[1] / cell, box.y_min / cell), box.y_max / cell))
        if options.position_split_axes:
            self._put(EventType.POS_X, x, ms)
            self._put(EventType.POS_Y, y, ms)
            return
        columns = (box.x_max - box.x_min) / cell + 1
        index = (x - box.x_min / cell) + (y - box.y_min / cell) * columns
        self._put(EventType.POS, int(index), ms)
        if options.position_refinement_px:
            per_side = cell // options.position_refinement_px
            fine_x = min(position[0] % cell // options.position_refinement_px, per_side - 1)
            fine_y = min(position[1] % cell // options.position_refinement_px, per_side - 1)
            self._put(EventType.POS_REFINE, int(fine_x + fine_y * per_side), ms)

    def _add_sound(self, sound: Sound, ms: int) -> None:
        line = self._lines.at(sound.time + SAMPLE_LENIENCY) if self._lines else None
        normal_set = sound.normal_set or self._set_of(line)
        addition_set = sound.addition_set or normal_set
        volume = sound.volume or (line.volume if line else 100)
        index = (
            (sound.bits & ADDITION_BITS) // 2
            + 8 * (_known_set(normal_set) - 1)
            + 24 * (_known_set(addition_set) - 1)
        )
        self._put(EventType.HITSOUND, index, ms)
        self._put(EventType.VOLUME, min(max(volume, 0), 100), ms)

    def _set_of(self, line: TimingPoint | None) -> int:
        if line is None or (self.options.original_quirks and not line.states_sample_set):
            return SOFT_SET
        return line.sample_set


def snap_of(time: timedelta, lines: GoverningLines) -> int:
    """The smallest beat divisor from 1 to 16 that a moment fits within 2 ms; 0 when none does."""
    if not lines.has_red():
        return 0
    offset, red = lines.red_at(time)
    beat_ms = red.beat_length
    if not beat_ms > 0 or math.isinf(beat_ms):
        return 0
    beats = as_ms(time - offset) / beat_ms
    for divisor in range(1, FINEST_SNAP + 1):
        if abs(beats - round(beats * divisor) / divisor) * beat_ms < SNAP_LENIENCY_MS:
            return divisor
    return 0


def _known_set(sample_set: int) -> int:
    return sample_set if NORMAL_SET <= sample_set <= 3 else NORMAL_SET
