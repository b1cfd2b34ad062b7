"""Timing points while a map is being written: changes of one property at a time.

A change at a moment touches the lines that already stand there (mostly within 2 ms); where there is
none, a copy of the line before is made, so that everything else stays as it was.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort_right
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from companion.beatmap import TimingPoint
from companion.engine.encoding.moments import as_ms, moment, whole_ms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NEAR_S = 0.002
SAME_S = 1e-6
"""For changes that have a time of their own, which may lie a millisecond beside an object's end."""
NEUTRAL_BEAT_LENGTH = -100.0
UNSET_BEAT_LENGTH_MS = 1000.0
"""Beat length of a red line whose tempo is not known yet, and in the game of a map without any."""
WHOLE_MS = timedelta(milliseconds=1)
_SEARCH_MARGIN = timedelta(milliseconds=5)


@dataclass(slots=True, eq=False)
class DraftLine:
    """A timing point that may still change."""

    time: timedelta
    beat_length: float
    meter: int = 4
    sample_set: int = 2
    sample_index: int = -1
    volume: int = 100
    red: DraftLine | None = None
    """The red line that a green line belongs to; ``None`` for a red line."""
    effects: int = 0

    @property
    def is_red(self) -> bool:
        """Whether it sets the tempo."""
        return self.red is None

    @property
    def governing_red(self) -> DraftLine:
        """The red line it belongs to, or itself."""
        return self.red or self

    @property
    def velocity(self) -> float:
        """Slider velocity multiplier from here on."""
        return 1.0 if self.is_red else -100 / self.beat_length

    @property
    def rounded_ms(self) -> int:
        """Its time in whole milliseconds."""
        return round(as_ms(self.time))

    def has_effect_of(self, other: DraftLine) -> bool:
        """Whether nothing would change if it came after the other line."""
        return (
            self.beat_length == other.beat_length
            and self.meter == other.meter
            and self.sample_set == other.sample_set
            and self.sample_index == other.sample_index
            and self.volume == other.volume
            and self.is_red == other.is_red
            and self.effects == other.effects
        )


@dataclass(frozen=True, slots=True)
class Change:
    """New values of some properties; ``None`` leaves one as it is."""

    beat_length: float | None = None
    meter: int | None = None
    sample_index: int | None = None
    volume: int | None = None
    effects: int | None = None
    red: bool = False
    """Whether a red line has to stand at the moment, made if there is none."""

    @property
    def lasts(self) -> bool:
        """Whether anything of it concerns the lines after the moment, too."""
        return (self.sample_index, self.volume, self.effects) != (None, None, None)

    def apply(self, line: DraftLine) -> None:
        """Change a line that stands at the moment."""
        if self.beat_length is not None and self.red == line.is_red:
            line.beat_length = self.beat_length
        if self.meter is not None and self.red and line.is_red:
            line.meter = self.meter
        self.apply_lasting(line)

    def apply_lasting(self, line: DraftLine) -> None:
        """Change what stays as it is until somebody changes it again."""
        if self.sample_index is not None:
            line.sample_index = self.sample_index
        if self.volume is not None:
            line.volume = self.volume
        if self.effects is not None:
            line.effects = self.effects


class DraftLines:
    """The timing points of a map in the making, by time, red lines first."""

    def __init__(
        self, lines: Iterable[DraftLine] = (), *, assumed: DraftLine | None = None
    ) -> None:
        self._lines = sorted(lines, key=_order)
        self._assumed = assumed

    @classmethod
    def without_tempo(cls, start: timedelta) -> DraftLines:
        """Lines of a map that has no red one: the game then assumes 60 beats per minute.

        Args:
            start: Not after anything that will be asked for or changed.
        """
        assumed = DraftLine(start, UNSET_BEAT_LENGTH_MS)
        return cls((assumed,), assumed=assumed)

    @classmethod
    def from_points(cls, points: Iterable[TimingPoint]) -> DraftLines:
        """Lines of an existing map; a green line belongs to the last red one before it.

        Green lines that no red line precedes belong to the first one.
        """
        lines: list[DraftLine] = []
        early: list[DraftLine] = []
        red: DraftLine | None = None
        for point in points:
            line = DraftLine(
                moment(point.time_ms),
                point.beat_length,
                point.meter,
                point.sample_set if point.states_sample_set else 0,
                point.sample_index,
                min(max(point.volume, 0), 100),
                None if point.uninherited else red,
                point.effects,
            )
            if point.uninherited:
                red = line
            elif red is None:
                early.append(line)
            lines.append(line)
        first = next((line for line in lines if line.is_red and line not in early), None)
        for line in early:
            line.red = first
        return cls(lines)

    def __iter__(self) -> Iterator[DraftLine]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def at(self, time: timedelta) -> DraftLine:
        """The line that governs a moment; before the first one, the first.

        Raises:
            IndexError: There are no lines.
        """
        return self._lines[max(bisect_right(self._lines, time, key=_time) - 1, 0)]

    def precedes_all(self, time: timedelta) -> bool:
        """Whether a moment lies before the first line, which governs it nevertheless."""
        return bool(self._lines) and time < self._lines[0].time

    def stated_at(self, time_ms: float) -> timedelta:
        """The moment that a time in whole milliseconds stands for: that of a red line in it.

        Times of red lines may have a fraction, which events cut off.
        """
        time = moment(time_ms)
        start = bisect_right(self._lines, time - WHOLE_MS, key=_time)
        past = bisect_left(self._lines, time + WHOLE_MS, key=_time)
        of_it = (line.time for line in self._lines[start:past] if whole_ms(line.time) == time_ms)
        return next(of_it, time)

    def red_at(self, time: timedelta) -> DraftLine:
        """The red line that governs a moment."""
        return self.at(time).governing_red

    def red_after(self, time: timedelta) -> DraftLine | None:
        """The first red line after a moment."""
        start = bisect_right(self._lines, time, key=_time)
        return next((line for line in self._lines[start:] if line.is_red), None)

    def drop_before_first_red(self) -> None:
        """Remove green lines that no red line precedes."""
        first = next((line for line in self._lines if line.is_red), None)
        if first is not None:
            self._lines = [line for line in self._lines if line.time >= first.time]

    def points(self) -> tuple[TimingPoint, ...]:
        """The lines as they are now."""
        return tuple(
            TimingPoint(
                time_ms=as_ms(line.time),
                beat_length=line.beat_length,
                meter=line.meter,
                sample_set=line.sample_set,
                states_sample_set=line.sample_set != 0,
                sample_index=line.sample_index,
                volume=line.volume,
                uninherited=line.is_red,
                effects=line.effects,
            )
            for line in self._lines
        )

    def stated(self) -> Iterator[DraftLine]:
        """The lines as they are to be written: a tempo that is only assumed is not said.

        What else the assumed line says is said by a green one, or not at all if it is the usual.
        """
        for line in self._lines:
            if line is not self._assumed:
                yield line
            elif len(self._lines) > 1 or (line.volume, line.effects) != (100, 0):
                yield replace(line, beat_length=NEUTRAL_BEAT_LENGTH, red=line)

    # Changes

    def set_volume(self, time: timedelta, volume: int, *, spared: DraftLine | None = None) -> None:
        """Change the volume from a moment on, for all lines after it but one that is spared."""
        self.change(time, Change(volume=volume, sample_index=-1), lasting=True, spared=spared)

    def set_velocity(self, time: timedelta, velocity: float, *, reach_s: float = NEAR_S) -> None:
        """Change the slider velocity at a moment; a velocity of 0 changes nothing."""
        if velocity != 0:
            change = Change(beat_length=_beat_length(velocity))
            self.change(time, change, lasting=True, reach_s=reach_s)

    def set_kiai(self, time: timedelta, *, on: bool, reach_s: float = NEAR_S) -> None:
        """Switch kiai from a moment on, for all lines after it."""
        self.change(time, Change(effects=int(on)), lasting=True, reach_s=reach_s)

    def add_red(self, time: timedelta, change: Change) -> None:
        """Make sure that a red line stands at a moment, and change it."""
        self.change(time, replace(change, red=True), lasting=True)

    def change(
        self,
        time: timedelta,
        change: Change,
        *,
        lasting: bool,
        reach_s: float = NEAR_S,
        spared: DraftLine | None = None,
    ) -> None:
        """Change properties at a moment; with `lasting` of the lines after it, too.

        A line that is `spared` stays as it is even if it stands there.
        """
        near = [line for line in self._near(time, reach_s) if line is not spared]
        before = near[-1] if near else self._before(time)
        added: DraftLine | None = None
        if change.red and not any(line.is_red for line in near):
            added = self._new_red(time, before, change)
        elif not change.red and self._needs_green(near, change):
            before = before or self._first_red_before(time)
            added = replace(before, time=time, red=before.governing_red)
            if before.is_red:
                added.beat_length = NEUTRAL_BEAT_LENGTH
        if added is not None:
            near.append(added)
        for line in near:
            change.apply(line)
        if added is not None and (change.red or before is None or not added.has_effect_of(before)):
            insort_right(self._lines, added, key=_order)
        if lasting and change.lasts:
            for line in self._lines[bisect_right(self._lines, time, key=_time) :]:
                change.apply_lasting(line)

    @staticmethod
    def _needs_green(near: list[DraftLine], change: Change) -> bool:
        if not near:
            return True
        return change.beat_length is not None and all(line.is_red for line in near)

    @staticmethod
    def _new_red(time: timedelta, before: DraftLine | None, change: Change) -> DraftLine:
        if before is not None:
            return replace(before, time=time, red=None)
        beat_length = UNSET_BEAT_LENGTH_MS if change.beat_length is None else change.beat_length
        return DraftLine(time, beat_length, change.meter or 4)

    def _near(self, time: timedelta, reach_s: float) -> list[DraftLine]:
        start = bisect_left(self._lines, time - _SEARCH_MARGIN, key=_time)
        past = bisect_right(self._lines, time + _SEARCH_MARGIN, key=_time)
        seconds = time.total_seconds()
        return [
            line
            for line in self._lines[start:past]
            if math.isclose(line.time.total_seconds(), seconds, abs_tol=reach_s)
        ]

    def _before(self, time: timedelta) -> DraftLine | None:
        index = bisect_left(self._lines, time, key=_time) - 1
        return self._lines[index] if index >= 0 else None

    def _first_red_before(self, time: timedelta) -> DraftLine:
        """The first red line, moved back by whole measures until it is not after a moment."""
        first = next((line for line in self._lines if line.is_red), None)
        if first is None:
            first = DraftLine(time, UNSET_BEAT_LENGTH_MS)
            self._lines.append(first)
        elif first.time > time:
            measure_ms = first.beat_length * first.meter
            measures = math.ceil(as_ms(first.time - time) / measure_ms)
            first.time -= timedelta(milliseconds=measures * measure_ms)
        self._lines.sort(key=_order)
        return first


def written_velocity(velocity: float) -> float:
    """What a green line that is made for a velocity will be read as."""
    return -100 / _beat_length(velocity)


def _beat_length(velocity: float) -> float:
    # The hair keeps -100/v from being read back as a slightly other velocity.
    return -100 / velocity + 1e-10


def _time(line: DraftLine) -> timedelta:
    return line.time


def _order(line: DraftLine) -> tuple[timedelta, bool]:
    return line.time, not line.is_red
