"""The beat as numbers: where each frame and each time token of a window lies between red lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

BIN_MS = 10.0
"""Length of one time token; a bin holds the times from its start up to the next bin."""
N_PHASES = 9
"""Features per encoder frame."""
MEASURE_QUARTERS = 16
"""Classes of a tick of 1/4 beat by its place in (at most) four beats of a measure."""
OTHER_DIVISORS = (3, 6, 8, 12, 16)
"""Finer and ternary ticks, each divisor one class, coarse ones first."""
N_TICK_CLASSES = MEASURE_QUARTERS + len(OTHER_DIVISORS) + 1
NO_TICK = N_TICK_CLASSES - 1
_SHORTEST_TICK_MS = 15.0
_BEAT_LENGTHS_MS = (60.0, 10_000.0)
_DEFAULT_BEAT_MS = 500.0


class RedLine(Protocol):
    """The part of an uninherited timing point that makes a beat."""

    @property
    def time_ms(self) -> float:
        """Start of the first measure."""
        ...

    @property
    def beat_length(self) -> float:
        """Milliseconds per beat."""
        ...

    @property
    def meter(self) -> int:
        """Beats per measure."""
        ...


@dataclass(frozen=True, slots=True)
class BeatLines:
    """Red lines as arrays, made safe: sorted, sane beat lengths, at least one line."""

    times_ms: NDArray[np.float64]
    beats_ms: NDArray[np.float64]
    meters: NDArray[np.float64]
    beats_before: NDArray[np.float64]
    """Beats from the first line to each line, so that beats can be counted across lines."""
    known: bool
    """False when the map has no red line and the values are placeholders."""

    @staticmethod
    def of(red_lines: Sequence[RedLine]) -> BeatLines:
        """Arrays of a map's uninherited timing points, in any order."""
        lines = [
            (line.time_ms, line.beat_length, line.meter)
            for line in red_lines
            if np.isfinite(line.time_ms) and np.isfinite(line.beat_length)
        ]
        known = bool(lines)
        array = np.array(sorted(lines) or [(0.0, _DEFAULT_BEAT_MS, 4)], dtype=np.float64)
        times = array[:, 0]
        beats = np.clip(array[:, 1], *_BEAT_LENGTHS_MS)
        before = np.concatenate([[0.0], np.cumsum(np.diff(times) / beats[:-1])])
        return BeatLines(times, beats, np.clip(array[:, 2], 1, 16), before, known)

    def faster(self, factor: float) -> BeatLines:
        """The same lines for a song played ``factor`` times as fast."""
        return BeatLines(
            self.times_ms / factor,
            np.clip(self.beats_ms / factor, *_BEAT_LENGTHS_MS),
            self.meters,
            self.beats_before,
            self.known,
        )

    def near(self, start_ms: float, end_ms: float) -> bytes:
        """What ``window_beats`` depends on between two times, as a key for caches."""
        first, last = self._active(np.array([start_ms, end_ms]))
        rows = slice(first, last + 1)
        anchor = np.round(self.times_ms[rows] - start_ms, 2)
        return b"".join(
            part.tobytes() for part in (anchor, self.beats_ms[rows], self.meters[rows])
        ) + bytes([self.known])

    def _active(self, times_ms: NDArray[np.float64]) -> NDArray[np.int64]:
        found = np.searchsorted(self.times_ms, times_ms, side="right") - 1
        return np.maximum(found, 0).astype(np.int64)


@dataclass(frozen=True, slots=True)
class WindowBeats:
    """The beat of one window."""

    phases: NDArray[np.float32]
    """Features per encoder frame, shape = (n_frames, N_PHASES): sine and cosine of the beat phase,
    of two and of four times it, and of the measure phase; beat length in octaves from 400 ms."""
    ticks: NDArray[np.int64]
    """Class of the coarsest tick inside each time bin, shape = (n_bins,)."""
    beats: NDArray[np.float64]
    """Beats from the first red line to each bin's tick (or middle), shape = (n_bins,)."""


def window_beats(
    lines: BeatLines, start_ms: float, n_frames: int, frame_ms: float, n_bins: int
) -> WindowBeats:
    """Place the frames and bins of the window that starts at ``start_ms`` on the beat."""
    return WindowBeats(
        _phases(lines, start_ms + np.arange(n_frames, dtype=np.float64) * frame_ms),
        *_ticks(lines, start_ms + np.arange(n_bins, dtype=np.float64) * BIN_MS),
    )


def _phases(lines: BeatLines, times_ms: NDArray[np.float64]) -> NDArray[np.float32]:
    row = lines._active(times_ms)  # pyright: ignore[reportPrivateUsage]
    beat = (times_ms - lines.times_ms[row]) / lines.beats_ms[row]
    measure = beat / lines.meters[row]
    columns: list[NDArray[np.float64]] = []
    for turns in (beat, 2 * beat, 4 * beat, measure):
        angle = 2 * np.pi * (turns - np.floor(turns))
        columns += [np.sin(angle), np.cos(angle)]
    columns.append(np.log2(lines.beats_ms[row] / 400.0))
    phases = np.stack(columns, axis=1).astype(np.float32)
    return phases if lines.known else np.zeros_like(phases)


def _ticks(
    lines: BeatLines, bins_ms: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    # A line that begins inside a bin already rules that bin: its first tick lies there.
    row = lines._active(bins_ms + BIN_MS - 1e-6)  # pyright: ignore[reportPrivateUsage]
    beat_ms = lines.beats_ms[row]
    first = (bins_ms - lines.times_ms[row]) / beat_ms
    # Object times are whole milliseconds cut off below their tick, hence the half-open bin; the
    # tolerance keeps a tick exactly on the edge on the right side of it.
    last = first + (BIN_MS - 1e-4) / beat_ms
    ticks = np.full(len(bins_ms), NO_TICK, dtype=np.int64)
    beats = (first + last) / 2
    for index in range(len(OTHER_DIVISORS), -1, -1):
        divisor = OTHER_DIVISORS[index - 1] if index else 4
        tick = np.floor(last * divisor + 1e-6)
        inside = (tick >= first * divisor - 1e-6) & (beat_ms / divisor >= _SHORTEST_TICK_MS)
        if index:
            value = np.full(len(bins_ms), MEASURE_QUARTERS + index - 1)
        else:
            in_measure = np.mod(np.floor(tick / 4), lines.meters[row])
            value = (np.minimum(in_measure, 3) * 4 + np.mod(tick, 4)).astype(np.int64)
        ticks = np.where(inside, value, ticks)
        beats = np.where(inside, tick / divisor, beats)
    if not lines.known:
        ticks = np.full(len(bins_ms), NO_TICK, dtype=np.int64)
    return ticks, beats + lines.beats_before[row]
