"""Figures of merit, from counts and lists of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

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


def spread(n: int, at_most: int) -> list[int]:
    """Indices below ``n``, evenly spread, first and last among them; the middle one of one."""
    if n <= at_most:
        return list(range(n))
    if at_most == 1:
        return [n // 2]
    return [round(float(place)) for place in np.linspace(0, n - 1, at_most)]


def energy_distance(one: Sequence[float], other: Sequence[float]) -> float:
    """How far two samples' distributions lie apart, in the samples' unit; NaN below two of each.

    ``2 E|X-Y| - E|X-X'| - E|Y-Y'|`` (Szekely and Rizzo), without the pairs of a value with itself,
    so that it is about 0 for two samples of one distribution however small they are; it may then
    be a little below.
    """
    if len(one) < 2 or len(other) < 2:
        return float("nan")
    x, y = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    between = np.abs(x[:, None] - y[None, :]).mean()
    return float(2 * between - _mean_gap(x) - _mean_gap(y))


def _mean_gap(values: NDArray[np.float64]) -> float:
    """Mean distance of two different members of a sample."""
    n = len(values)
    ranks = 2 * np.arange(n) - n + 1
    return float(2 * (ranks * np.sort(values)).sum() / (n * (n - 1)))


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
    known = [value for value in values if not np.isnan(value)]
    if not known:
        return float("nan"), float("nan")
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)
