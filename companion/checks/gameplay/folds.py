"""How much of a slider's curve lies along another part of it.

The measure is Mapset Verifier's: each pair of places less than 3 px apart counts the more the
nearer they are and the smaller the angle between the directions there; the highest of these count
most. Curves are measured many at once, as most of the time would go into beginning each.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap.curves import lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from companion.beatmap import SliderPath

    Array = NDArray[np.float64]
    Numbers = NDArray[np.intp]

FOLD_PX = 3.0
COARSE_PX = 4.0
"""Step of a first look, which is enough for most curves."""
MAX_SAMPLES = 1024
NEAR_SAMPLES, NEAR_COARSE_SAMPLES = 8, 3
"""Samples of a curve this near to each other in order are its own neighbours."""
MOST_PAIRS, WEIGHT_DECAY = 200, 0.9
AT_ONCE = 256
"""How many curves are measured together; bounds the memory."""


@dataclass(frozen=True, slots=True)
class _Samples:
    """Places along several curves at equal steps; NaN behind the end of the shorter ones."""

    xs: Array
    """Shape = (n_samples, n_curves)."""
    ys: Array

    def near_pairs(self, near_px: float, apart: int) -> tuple[Numbers, Numbers]:
        """Samples of one curve near to each other, but not neighbours along it; flat numbers."""
        n_samples, n_curves = self.xs.shape
        xs, ys = self.xs.ravel(), self.ys.ravel()
        first: list[Numbers] = [np.zeros(0, dtype=np.intp)]
        second = first.copy()
        for number in range(apart, n_samples):
            shift = number * n_curves
            near = np.flatnonzero(np.abs(xs[shift:] - xs[:-shift]) < near_px)
            near = near[np.abs(ys[near + shift] - ys[near]) < near_px]
            first.append(near)
            second.append(near + shift)
        return np.concatenate(first), np.concatenate(second)


def fold_scores(paths: Sequence[SliderPath]) -> list[float]:
    """The score of each curve; 0 where no part of it lies along another."""
    lay_out(paths)
    # Those measured together should be of like length.
    order = sorted(range(len(paths)), key=lambda number: paths[number].length_px)
    found: dict[int, float] = {}
    for start in range(0, len(order), AT_ONCE):
        some = order[start : start + AT_ONCE]
        found.update(zip(some, _scores([paths[number] for number in some]), strict=True))
    return [found[number] for number in range(len(paths))]


def _scores(paths: Sequence[SliderPath]) -> list[float]:
    coarse = _sampled(paths, COARSE_PX)
    pairs, _ = coarse.near_pairs(FOLD_PX + COARSE_PX, NEAR_COARSE_SAMPLES)
    suspects: list[int] = np.unique(pairs % len(paths)).tolist()
    found = dict.fromkeys(range(len(paths)), 0.0)
    if suspects:
        fine = _sampled([paths[number] for number in suspects], 1.0)
        found.update(zip(suspects, _fine_scores(fine), strict=True))
    return [found[number] for number in range(len(paths))]


def _sampled(paths: Sequence[SliderPath], step_px: float) -> _Samples:
    counts = np.array([min(MAX_SAMPLES, max(3, round(p.length_px / step_px))) for p in paths])
    # All paths as one, with a gap between each and the next.
    courses = [path.course for path in paths]
    lengths = [float(course.distances[-1]) for course in courses]
    bases = [0.0, *accumulate(length + 1.0 for length in lengths)][:-1]
    distances = np.concatenate(
        [course.distances + base for course, base in zip(courses, bases, strict=True)]
    )
    points = np.concatenate([course.points for course in courses])
    number = np.arange(int(counts.max()))[:, None]
    at: Array = number * (np.array([path.length_px for path in paths]) / (counts - 1))
    at = np.minimum(at, lengths) + bases
    at = np.where(number < counts, at, np.nan)
    return _Samples(np.interp(at, distances, points[:, 0]), np.interp(at, distances, points[:, 1]))


def _fine_scores(samples: _Samples) -> list[float]:
    xs, ys = samples.xs, samples.ys
    angles = np.arctan2(ys[1:] - ys[:-1], xs[1:] - xs[:-1])
    # The last sample of a curve has no direction.
    directed = np.isfinite(angles)
    samples = _Samples(np.where(directed, xs[:-1], np.nan), ys[:-1])
    first, second = samples.near_pairs(FOLD_PX, NEAR_SAMPLES)
    xs, ys, angles = samples.xs.ravel(), samples.ys.ravel(), angles.ravel()
    distance = np.hypot(xs[first] - xs[second], ys[first] - ys[second])
    between = np.abs(angles[first] - angles[second]) % math.pi
    between = np.minimum(between, math.pi - between)
    nearness = 100 * math.sqrt(10) / 10 ** (2 * distance) / 125
    likeness = 1 / ((between / math.pi * 20) ** 3 + 0.01) / 250
    scores, curve = nearness * likeness, first % directed.shape[1]
    order = np.lexsort((-scores, curve))
    scores, curve = scores[order], curve[order]
    counts = np.bincount(curve, minlength=directed.shape[1])
    rank = np.arange(len(curve)) - (counts.cumsum() - counts)[curve]
    weights = np.where(rank < MOST_PAIRS, WEIGHT_DECAY ** np.minimum(rank, MOST_PAIRS), 0.0)
    return np.bincount(curve, scores * weights, minlength=directed.shape[1]).tolist()
