"""The ticks of 1/4 beat of a map, on which nearly all objects begin."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from companion.engine.model.bundled.grid import BeatLines

DIVISOR = 4
N_PLACES = 16
"""Places in at most four beats of a measure."""
NEAR_MS = 12.0
"""What begins so near to a tick begins on it: times are known to 10 ms."""
_SHORTEST_MS = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class QuarterTicks:
    """Ticks in order of time; arrays of shape (n,)."""

    times_ms: NDArray[np.float64]
    places: NDArray[np.int64]
    """In the measure, below ``N_PLACES``; beats after the fourth count as the fourth."""
    measures: NDArray[np.int64]
    """Ticks of the measure that each lies in."""
    lines: NDArray[np.int64]
    """Which red line each belongs to; measures are counted from it."""

    @staticmethod
    def of(lines: BeatLines, start_ms: float, end_ms: float) -> QuarterTicks:
        """Those of a range; none where there is no red line or the tempo is no tempo."""
        parts: list[tuple[NDArray[np.float64], NDArray[np.int64], int, int]] = []
        n_lines = len(lines.times_ms) if lines.known else 0
        for index in range(n_lines):
            line_ms, step_ms = lines.times_ms[index], lines.beats_ms[index] / DIVISOR
            beats = int(lines.meters[index])
            # Before the first line the beat goes on backwards, as in the editor.
            first = start_ms if index == 0 else max(line_ms, start_ms)
            last = end_ms if index + 1 == n_lines else min(lines.times_ms[index + 1], end_ms)
            if last <= first or step_ms < _SHORTEST_MS:
                continue
            low = math.ceil((first - line_ms) / step_ms - 1e-6)
            numbers: NDArray[np.int64] = np.arange(
                low, math.ceil((last - line_ms) / step_ms - 1e-6), dtype=np.int64
            )
            beat = np.minimum(np.mod(numbers // DIVISOR, beats), N_PLACES // DIVISOR - 1)
            places = beat * DIVISOR + np.mod(numbers, DIVISOR)
            parts.append((line_ms + step_ms * numbers, places, DIVISOR * beats, index))
        return QuarterTicks(
            np.concatenate([np.zeros(0), *(times for times, *_ in parts)]),
            _joined([places for _, places, *_ in parts]),
            _joined([np.full(len(times), measure) for times, _, measure, _ in parts]),
            _joined([np.full(len(times), index) for times, *_, index in parts]),
        )

    def __len__(self) -> int:
        return len(self.times_ms)

    def near(self, times_ms: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which of the ticks have one of these times at them, shape = (n,)."""
        if not len(times_ms):
            return np.zeros(len(self), dtype=bool)
        times = np.sort(times_ms)
        after = np.searchsorted(times, self.times_ms)
        ahead = np.abs(times[np.minimum(after, len(times) - 1)] - self.times_ms)
        behind = np.abs(times[np.maximum(after - 1, 0)] - self.times_ms)
        return np.minimum(ahead, behind) <= NEAR_MS

    def within(self, start_ms: float, end_ms: float) -> NDArray[np.int64]:
        """Indices of those in a range."""
        low, high = np.searchsorted(self.times_ms, [start_ms, end_ms])
        return np.arange(int(low), int(high), dtype=np.int64)


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])
