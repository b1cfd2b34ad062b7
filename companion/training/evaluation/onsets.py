"""When objects begin: what a model, a head or a simple rule says, against what the mapper did."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from companion.engine.rhythm.plan import LEAST_LOG_ODDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from companion.beatmap import Beatmap
    from companion.engine.audio import Waveform

    Times = NDArray[np.float64]

TOLERANCE_MS = 12.0
BIN_MS = 10
"""Resolution of time tokens and of the frame head."""
LAG_MS = 20.0
"""Sounds peak about so long after the time that mappers give them."""
FFT_SAMPLES, STEP_MS = 1024, 5.0


def quarter_ticks(beatmap: Beatmap, start_ms: float, end_ms: float) -> Times:
    """All ticks of a quarter of a beat in a range."""
    return ticks_of(beatmap, start_ms, end_ms, 4)


def ticks_of(beatmap: Beatmap, start_ms: float, end_ms: float, divisor: int) -> Times:
    """All ticks of a part of a beat in a range."""
    lines = beatmap.red_lines
    ticks: list[Times] = [np.zeros(0)]
    for index, line in enumerate(lines):
        first = start_ms if index == 0 else max(line.time_ms, start_ms)
        last = min(lines[index + 1].time_ms if index + 1 < len(lines) else end_ms, end_ms)
        step = line.beat_length / divisor
        if last <= first or not 5 < step < 10_000:
            continue
        low = math.ceil((first - line.time_ms) / step - 1e-6)
        past = math.ceil((last - line.time_ms) / step)
        ticks.append(line.time_ms + step * np.arange(low, past, dtype=np.float64))
    return np.concatenate(ticks)


def compare(found_ms: Times, real_ms: Times, ticks_ms: Times) -> NDArray[np.float64]:
    """Hits, false alarms and misses on ticks, and how many of ``found_ms`` lie on none."""
    found, real = near(ticks_ms, found_ms), near(ticks_ms, real_ms)
    stray = len(found_ms) - near(found_ms, ticks_ms).sum()
    return np.array(
        [(found & real).sum(), (found & ~real).sum(), (~found & real).sum(), stray], dtype=float
    )


def near(places: Times, others: Times, within_ms: float = TOLERANCE_MS) -> NDArray[np.bool_]:
    """Which of the places have another one near, shape = (n_places,)."""
    if not len(others):
        return np.zeros(len(places), dtype=bool)
    apart = np.abs(places[:, None] - np.sort(others)[None, :])
    return apart.min(axis=1, initial=np.inf) <= within_ms


def matched(found_ms: Times, real_ms: Times, within_ms: float) -> list[tuple[int, int]]:
    """Pairs of indices whose times are near, each used once; both have to be in order of time."""
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(found_ms) and j < len(real_ms):
        gap = found_ms[i] - real_ms[j]
        if abs(gap) <= within_ms:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif gap < 0:
            i += 1
        else:
            j += 1
    return pairs


def counts_of_matches(found_ms: Times, real_ms: Times, within_ms: float) -> NDArray[np.float64]:
    """Hits, false alarms and misses of onsets wherever they lie."""
    found, real = np.unique(found_ms), np.unique(real_ms)
    hits = len(matched(found, real, within_ms))
    return np.array([hits, len(found) - hits, len(real) - hits], dtype=float)


def half_a_quarter_ms(beatmap: Beatmap, time_ms: float) -> float:
    """Half of a 1/4 beat; the usual tolerance where there is no tempo."""
    red = beatmap.timing_at(time_ms)
    if red is None or not 0 < red.beat_length < 10_000:
        return TOLERANCE_MS
    return red.beat_length / 8


def head_onsets(odds: NDArray[np.float32], ticks_ms: Times, start_ms: int) -> Times:
    """The ticks on which a frame head sees an object begin, as surely as a plan asks for.

    Args:
        odds: Its log-odds per 10 ms, shape = (n_bins,).
        ticks_ms: Ticks within the window.
        start_ms: Of the window.
    """
    bins = np.floor((np.floor(ticks_ms + 1e-3) - start_ms) / BIN_MS).astype(int)
    return ticks_ms[odds[bins.clip(0, len(odds) - 1)] > LEAST_LOG_ODDS]


def loudest_ticks(ticks_ms: Times, strength: Strength, density: float) -> Times:
    """So many of the ticks as the map's density asks for, where the sound changes most.

    Args:
        ticks_ms: Evenly spread.
        strength: Of the song.
        density: Onsets per second, chords counting once.
    """
    if len(ticks_ms) < 2:
        return ticks_ms
    span_s = (ticks_ms[-1] - ticks_ms[0]) / (len(ticks_ms) - 1) * len(ticks_ms) / 1000
    n = min(max(round(density * span_s), 0), len(ticks_ms))
    values = np.array([strength.at(float(tick)) for tick in ticks_ms])
    chosen = np.argsort(-values, kind="stable")[:n]
    return np.sort(ticks_ms[chosen])


class Strength:
    """How much the spectrum of a song rises, every 5 ms: a plain onset detector."""

    def __init__(self, waveform: Waveform) -> None:
        step = round(waveform.rate_hz * STEP_MS / 1000)
        padded = np.pad(waveform.samples, FFT_SAMPLES // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_SAMPLES)[::step]
        window = np.hanning(FFT_SAMPLES).astype(np.float32)
        flux = np.zeros(len(frames))
        last: NDArray[np.float64] | None = None
        for start in range(0, len(frames), 2048):
            level = np.log1p(100 * np.abs(np.fft.rfft(frames[start : start + 2048] * window)))
            rows = level if last is None else np.vstack([last, level])
            rise = np.maximum(np.diff(rows, axis=0), 0).sum(axis=1)
            flux[start + len(level) - len(rise) : start + len(level)] = rise
            last = level[-1:]
        self._flux = flux

    def at(self, time_ms: float) -> float:
        """The strongest rise around where a mapper's time sounds."""
        middle = (time_ms + LAG_MS) / STEP_MS
        low = max(math.floor(middle - 4), 0)
        return float(self._flux[low : math.floor(middle + 5)].max(initial=0.0))
