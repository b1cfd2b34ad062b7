"""Timing points: red lines (tempo) and green lines (slider velocity), and who governs when.

Facts rest on lazer's ``LegacyBeatmapDecoder``: the "uninherited" field is judged by its first
character (``1`` is red, a missing field is red), a meter whose first character is ``0`` means 4/4,
a green line's value is a negative percentage and any other value means velocity 1, and at equal
times a green line overrules a red one whatever their order in the file.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.beatmap.numbers import MAX_VALUE, parse_number, parse_whole, whole_or
from companion.beatmap.ranges import TimeRange

if TYPE_CHECKING:
    from collections.abc import Iterable

SAMPLE_LENIENCY_MS = 5
"""An object sounds like the point up to this long after it (lazer: CONTROL_POINT_LENIENCY)."""

KIAI_BIT = 1
OMIT_BAR_LINE_BIT = 8


@dataclass(frozen=True, slots=True)
class TimingPoint:
    """One line of ``[TimingPoints]``."""

    time_ms: float
    beat_length: float
    """Milliseconds per beat on a red line; on a green line a negative percentage, or NaN."""
    meter: int = 4
    sample_set: int = 1
    sample_index: int = 0
    volume: int = 100
    uninherited: bool = True
    effects: int = 0
    line: int = -1
    """Index in ``document.lines``; -1 for a point that is in no document."""
    states_sample_set: bool = True
    """Whether the line names its sample set; otherwise ``sample_set`` is the map's own."""

    @property
    def kiai(self) -> bool:
        """Whether kiai is on from here."""
        return bool(self.effects & KIAI_BIT)

    def without_kiai(self) -> TimingPoint:
        """The point of a map whose objects are new: kiai belongs to the old ones."""
        return replace(self, effects=self.effects & ~KIAI_BIT)

    @property
    def omit_bar_line(self) -> bool:
        """Whether the first bar line is hidden; means something on red lines only."""
        return self.uninherited and bool(self.effects & OMIT_BAR_LINE_BIT)

    @property
    def velocity(self) -> float:
        """Slider velocity multiplier, 0.1 to 10; a red line resets it to 1."""
        return min(10.0, max(0.1, self.unclamped_velocity))

    @property
    def scroll_speed(self) -> float:
        """Scroll speed multiplier of taiko and mania, 0.01 to 10."""
        return min(10.0, max(0.01, self.unclamped_velocity))

    @property
    def unclamped_velocity(self) -> float:
        """The multiplier as the line states it."""
        if self.uninherited or not self.beat_length < 0:  # NaN counts as "not negative"
            return 1.0
        return -100.0 / self.beat_length

    @property
    def bpm(self) -> float:
        """Beats per minute of a red line; 0 for a green line or a line without a tempo."""
        if not self.uninherited or self.beat_length <= 0:
            return 0.0
        return 60_000.0 / self.beat_length


def parse_timing_point(text: str, line: int, default_set: int, offset_ms: int) -> TimingPoint:
    """Read one line; ``ValueError`` says what is wrong with it.

    ``default_set`` is the map's own sample set, ``offset_ms`` what early formats add to times.
    """
    fields = text.split(",")
    if len(fields) < 2:
        raise ValueError("a timing point needs at least a time and a beat length")
    time_ms = parse_number(fields[0]) + offset_ms
    beat_length = float(fields[1])
    if not math.isnan(beat_length) and not -MAX_VALUE <= beat_length <= MAX_VALUE:
        raise ValueError(f"the beat length {fields[1].strip()!r} is too high")
    uninherited = len(fields) < 7 or fields[6].lstrip()[:1] == "1"
    if uninherited and math.isnan(beat_length):
        raise ValueError("a red line's beat length is not a number")
    meter = 4
    if len(fields) > 2 and fields[2].lstrip()[:1] != "0":
        meter = parse_whole(fields[2])
        if meter < 1:
            raise ValueError(f"the meter {meter} is below 1")
    stated_set = parse_whole(fields[3]) if len(fields) > 3 else 0
    return TimingPoint(
        time_ms=time_ms,
        beat_length=beat_length,
        meter=meter,
        sample_set=stated_set or default_set,
        sample_index=parse_whole(fields[4]) if len(fields) > 4 else 0,
        volume=parse_whole(fields[5]) if len(fields) > 5 else 100,
        uninherited=uninherited,
        effects=whole_or(fields[7], 0) if len(fields) > 7 else 0,
        line=line,
        states_sample_set=stated_set != 0,
    )


class TimingTable:
    """Answers which point governs a moment. Points are given in any order."""

    __slots__ = ("_point_times", "_red_times", "points", "red_lines")

    def __init__(self, points: Iterable[TimingPoint]) -> None:
        # At one time the reds come first: a green line overrules a red one.
        self.points = tuple(sorted(points, key=lambda p: (p.time_ms, not p.uninherited)))
        self._point_times = [p.time_ms for p in self.points]
        self.red_lines = tuple(p for p in self.points if p.uninherited)
        self._red_times = [p.time_ms for p in self.red_lines]

    def red_at(self, ms: float) -> TimingPoint | None:
        """The red line that governs a moment; the first one also governs what lies before it."""
        if not self.red_lines:
            return None
        return self.red_lines[max(0, bisect_right(self._red_times, ms) - 1)]

    def point_at(self, ms: float) -> TimingPoint | None:
        """The last line, red or green, at or before a moment."""
        index = bisect_right(self._point_times, ms)
        return self.points[index - 1] if index else None

    def velocity_at(self, ms: float) -> float:
        """Slider velocity multiplier at a moment, 0.1 to 10."""
        point = self.point_at(ms)
        return 1.0 if point is None else point.velocity

    def kiai_at(self, ms: float) -> bool:
        """Whether a moment lies in kiai time."""
        point = self.point_at(ms)
        return point is not None and point.kiai

    def sample_point_at(self, ms: float) -> TimingPoint | None:
        """The line that an object at a moment takes its sounds from; the first one as fallback."""
        point = self.point_at(ms + SAMPLE_LENIENCY_MS)
        return point if point or not self.points else self.points[0]

    def kiai_ranges(self, end_ms: float) -> tuple[TimeRange, ...]:
        """Stretches of kiai time; one that is never switched off ends at ``end_ms``."""
        ranges: list[TimeRange] = []
        start: float | None = None
        for index, point in enumerate(self.points):
            following = self.points[index + 1] if index + 1 < len(self.points) else None
            if following is not None and following.time_ms == point.time_ms:
                continue  # overruled at once
            if point.kiai and start is None:
                start = point.time_ms
            elif not point.kiai and start is not None:
                ranges.append(TimeRange(math.floor(start), math.floor(point.time_ms)))
                start = None
        if start is not None and end_ms > start:
            ranges.append(TimeRange(math.floor(start), math.floor(end_ms)))
        return tuple(ranges)
