"""Fitting what the rest of a map tells of where objects begin.

A stretch of each map is hidden, as if it were to be written: of the rest all is known, or what
comes before, or half a window before, or nothing. Maps without a song serve as well as those with
one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F

from companion.beatmap import Mode
from companion.engine.rhythm.habits import (
    N_FEATURES,
    NOTHING_KNOWN,
    Habits,
    KnownOnsets,
    features,
)
from companion.engine.rhythm.ticks import QuarterTicks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.random import Generator
    from numpy.typing import NDArray

    from companion.training.charts import Chart

STRETCHES_PER_MODE = 3000
"""So many are drawn, as evenly from the maps as that goes, but no more from one map than this:"""
MOST_PER_MAP = 24
STRETCHES_MS = (4_000.0, 4_000.0, 8_000.0, 16_000.0)
JUST_BEFORE_MS = 4_096.0
MARGIN_MS = 1_000.0
NO_WISH_SHARE = 0.1
RIDGE = 1e-4


def fit_habits(charts: Iterable[Chart], seed: int = 0) -> Habits:
    """Weights for all modes; those of a mode without maps are zero."""
    rng = np.random.default_rng(seed)
    by_mode: dict[Mode, list[Chart]] = {mode: [] for mode in Mode}
    for chart in charts:
        by_mode[Mode(chart.mode)].append(chart)
    return Habits({mode: _fit(group, rng) for mode, group in by_mode.items()})


def _fit(charts: list[Chart], rng: Generator) -> NDArray[np.float64]:
    n_each = min(max(STRETCHES_PER_MODE // max(len(charts), 1), 1), MOST_PER_MAP)
    rows: list[NDArray[np.float64]] = []
    truth: list[NDArray[np.bool_]] = []
    for chart in charts:
        onsets = np.unique(chart.onsets_ms)
        first, last = float(onsets[0]), float(onsets[-1])
        ticks = QuarterTicks.of(chart.lines, first - MARGIN_MS, last + MARGIN_MS)
        begins = ticks.near(onsets)
        for _ in range(n_each):
            known, hidden = hide_stretch(onsets, rng)
            asked = ticks.within(*hidden)
            density = chart.conditioning.note_density if rng.random() >= NO_WISH_SHARE else None
            rows.append(features(ticks, known.marks(ticks), asked, density))
            truth.append(begins[asked])
    if not rows:
        return np.zeros(N_FEATURES)
    return _regress(np.concatenate(rows), np.concatenate(truth))


def hide_stretch(
    onsets_ms: NDArray[np.float64], rng: Generator
) -> tuple[KnownOnsets, tuple[float, float]]:
    """What is still known of a map of which a stretch is hidden, and the stretch."""
    first, last = float(onsets_ms[0]), float(onsets_ms[-1])
    length_ms = float(rng.choice(STRETCHES_MS))
    start_ms = first + float(rng.random()) * max(last - first - length_ms, 1.0)
    end_ms = start_ms + length_ms
    before, after = onsets_ms[onsets_ms < start_ms], onsets_ms[onsets_ms >= end_ms]
    kind = rng.random()
    if kind < 0.1:
        known = NOTHING_KNOWN
    elif kind < 0.4:
        known = KnownOnsets(before, ((start_ms - JUST_BEFORE_MS, start_ms),))
    elif kind < 0.65:
        known = KnownOnsets.around(before.tolist(), start_ms, [])
    else:
        known = KnownOnsets.around(before.tolist(), start_ms, after.tolist())
    return known, (start_ms, end_ms)


def _regress(rows: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    x, y = torch.as_tensor(rows, dtype=torch.float32), torch.as_tensor(truth, dtype=torch.float32)
    weights = torch.zeros(x.shape[1], requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=60, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        surprise = F.binary_cross_entropy_with_logits(x @ weights, y)
        total = surprise + RIDGE * weights.square().sum()
        total.backward()  # pyright: ignore[reportUnknownMemberType]
        return total.detach()

    optimizer.step(loss)  # pyright: ignore[reportUnknownMemberType]
    return weights.detach().double().numpy()
