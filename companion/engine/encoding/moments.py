"""Song time as the training data had it: in whole microseconds, and lines that govern it.

Times of objects come out exact to the millisecond only if intermediate results (the span of a
slider, the time of an anchor in it) are rounded like there, hence `timedelta`.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import TimingPoint

HAIR_MS = 1e-5
SAMPLE_LENIENCY = timedelta(milliseconds=5)
"""A hitsound may be set by a line shortly after it."""


def moment(time_ms: float) -> timedelta:
    """A time in milliseconds, rounded to microseconds."""
    return timedelta(milliseconds=time_ms)


def as_ms(time: timedelta) -> float:
    """Milliseconds with their fraction."""
    return time.total_seconds() * 1000


def whole_ms(time: timedelta, *, original_quirks: bool = False) -> int:
    """Milliseconds with the fraction cut off; a hair is added because 0.57 s is 569.9… ms.

    With `original_quirks` the hair pulls times before the song's start a millisecond too near.
    """
    exact_ms = time.total_seconds() * 1000
    hair_ms = HAIR_MS if original_quirks else math.copysign(HAIR_MS, exact_ms)
    return int(exact_ms + hair_ms)


class GoverningLines:
    """Timing points in file order, asked which one governs a moment.

    Before the first line the first one governs. At equal times the one that is written last does.
    """

    def __init__(self, points: Sequence[TimingPoint]) -> None:
        self.points = points
        self.times = [moment(point.time_ms) for point in points]
        self._reds = [i for i, point in enumerate(points) if point.uninherited]

    def __bool__(self) -> bool:
        return bool(self.points)

    def at(self, time: timedelta) -> TimingPoint:
        """The line that governs a moment.

        Raises:
            IndexError: There are no lines at all.
        """
        return self.points[self._index_at(time)]

    def red_at(self, time: timedelta) -> tuple[timedelta, TimingPoint]:
        """The red line that the governing line belongs to, and when it begins.

        Raises:
            IndexError: There is no red line at all.
        """
        place = bisect_right(self._reds, self._index_at(time)) - 1
        red = self._reds[max(place, 0)]
        return self.times[red], self.points[red]

    def has_negative_tempo(self, time: timedelta) -> bool:
        """Whether the red line that governs a moment is a green one that was taken for it."""
        return self.has_red() and self.red_at(time)[1].beat_length < 0

    def has_red(self) -> bool:
        """Whether there is any red line."""
        return bool(self._reds)

    def _index_at(self, time: timedelta) -> int:
        return max(bisect_right(self.times, time) - 1, 0)
