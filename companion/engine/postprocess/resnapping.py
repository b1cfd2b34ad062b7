"""Times moved onto the ticks that their events name.

A snap event says which beat divisor a time fits; the time itself is only known to 10 ms. So the
time is moved to the nearest tick of that divisor: a tick that also belongs to a coarser divisor
would have been named by that one and is left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.engine.encoding.moments import as_ms, moment
from companion.engine.events import Event, EventType
from companion.engine.postprocess.lines import DraftLines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from companion.beatmap import TimingPoint
    from companion.engine.postprocess.lines import DraftLine

EDGE_MS = 20
"""How far the ticks of a red line reach beyond the stretch that it governs."""

_COARSER = {
    1: (),
    4: (2,),
    6: (2, 3),
    8: (4,),
    9: (3,),
    10: (2, 5),
    12: (4, 6),
    14: (2, 7),
    15: (3, 5),
    16: (8,),
}
"""The original's table of coarser divisors; those that it lacks only leave out whole beats."""


def resnap(
    events: Sequence[Event], lines: Iterable[TimingPoint], *, original_quirks: bool = False
) -> list[Event]:
    """Move the time of every group that names a divisor.

    `time_ms` of events is left alone, so that the order of the stream stays what it was.
    """
    drafts = DraftLines.from_points(lines)
    if not len(drafts):
        return list(events)
    snapper = _OriginalSnapper(drafts) if original_quirks else _Snapper(drafts)
    moved: list[Event] = []
    for i, event in enumerate(events):
        following = events[i + 1] if i + 1 < len(events) else None
        if (
            event.kind is EventType.TIME_SHIFT
            and following is not None
            and following.kind is EventType.SNAPPING
            and following.value > 0
        ):
            time_ms = snapper.snap(event.value, following.value)
            moved.append(Event(event.kind, time_ms, event.time_ms))
        else:
            moved.append(event)
    return moved


class _Snapper:
    """Looks for ticks by their number, so that rounding cannot confuse them."""

    def __init__(self, lines: DraftLines) -> None:
        self._reds = [line for line in lines if line.is_red and line.beat_length > 0]

    def snap(self, time_ms: int, divisor: int) -> int:
        """The nearest tick of a divisor, or the time itself where there is none."""
        ticks = [t for i in self._near(time_ms) for t in self._ticks(i, time_ms, divisor)]
        return int(min(ticks, key=lambda tick: abs(tick - time_ms))) if ticks else time_ms

    def _near(self, time_ms: int) -> Iterator[int]:
        """Indices of the red lines whose stretch reaches to a time."""
        for i in range(len(self._reds)):
            start, end = self._stretch(i)
            if start - EDGE_MS <= time_ms <= end + EDGE_MS:
                yield i

    def _stretch(self, i: int) -> tuple[float, float]:
        start = as_ms(self._reds[i].time) if i else -math.inf
        end = as_ms(self._reds[i + 1].time) if i + 1 < len(self._reds) else math.inf
        return start, end

    def _ticks(self, i: int, time_ms: int, divisor: int) -> Iterator[float]:
        red, (start, end) = self._reds[i], self._stretch(i)
        offset_ms = as_ms(red.time)
        tick_ms = red.beat_length / divisor
        first = math.floor((time_ms - offset_ms) / tick_ms) - 1
        for number in range(first, first + 4):
            if math.gcd(number, divisor) == 1:
                # A hair is added, because ticks on whole milliseconds may come out just below.
                tick = offset_ms + number * tick_ms + 1e-6
                if start - EDGE_MS <= tick <= end + EDGE_MS:
                    yield tick


class _OriginalSnapper:
    """Compares ticks in whole milliseconds, as sets; of equally near ones the set's first wins."""

    def __init__(self, lines: DraftLines) -> None:
        self._lines = lines

    def snap(self, time_ms: int, divisor: int) -> int:
        """The nearest tick of a divisor, or the time itself where there is none."""
        time = moment(time_ms)
        here = self._lines.red_at(time)
        before = self._lines.at(moment(here.rounded_ms - 1))
        after = self._lines.red_after(time)
        start_ms = here.rounded_ms
        end_ms = after.rounded_ms if after is not None else math.inf
        # The order in which these sets are built decides ties.
        ticks = {
            tick
            for tick in self._ticks(here, time_ms, divisor)
            if start_ms - EDGE_MS <= tick <= end_ms + EDGE_MS
        }
        ticks.update({t for t in self._ticks(before, time_ms, divisor) if t <= start_ms + EDGE_MS})
        if after is not None:
            ticks.update({t for t in self._ticks(after, time_ms, divisor) if t >= end_ms - EDGE_MS})
        return min(ticks, key=lambda tick: abs(tick - time_ms)) if ticks else time_ms

    def _ticks(self, line: DraftLine, time_ms: int, divisor: int) -> set[int]:
        ticks = _ticks_around(line, time_ms, divisor)
        for coarser in _COARSER.get(divisor, (1,)):
            ticks -= _ticks_around(line, time_ms, coarser)
        return ticks


def _ticks_around(line: DraftLine, time_ms: int, divisor: int) -> set[int]:
    tick_ms = line.beat_length / divisor
    past = (time_ms - line.rounded_ms) % tick_ms
    return {
        int(time_ms - past - tick_ms),
        int(time_ms - past),
        int(time_ms - past + tick_ms),
        int(time_ms - past + 2 * tick_ms),
    }
