"""Figures of merit, from counts and lists of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")


def f1_score(hits: float, false_alarms: float, misses: float) -> float:
    """Harmonic mean of precision and recall; 0 where nothing was there or said."""
    total = 2 * hits + false_alarms + misses
    return float(2 * hits / total) if total else 0.0


def auc(faulty: Sequence[float], sound: Sequence[float]) -> float:
    """Chance that a faulty one scores higher than a sound one, ties half; NaN without either."""
    if not len(faulty) or not len(sound):
        return float("nan")
    high = np.asarray(faulty, dtype=np.float64)
    low = np.sort(np.asarray(sound, dtype=np.float64))
    below = np.searchsorted(low, high, side="left")
    not_above = np.searchsorted(low, high, side="right")
    return float((below + not_above).mean() / 2 / len(low))


def interval(
    songs: Mapping[str, T],
    figure: Callable[[Sequence[T]], float],
    draws: int = 400,
    seed: int = 0,
) -> tuple[float, float]:
    """Bootstrap interval of 95 % of a figure, with songs as units; NaN for fewer than two."""
    rows = [songs[name] for name in sorted(songs)]
    if len(rows) < 2:
        return float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    values: list[float] = []
    for _ in range(draws):
        picks: list[int] = rng.integers(len(rows), size=len(rows)).tolist()
        values.append(figure([rows[index] for index in picks]))
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
