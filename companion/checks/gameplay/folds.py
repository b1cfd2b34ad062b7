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
    """Places along several curves, one curve after the other."""

    points: Array
    """Shape = (n, 2)."""
    curve: Numbers
    """Which curve each is of, shape = (n,)."""
    longest: int
    """Number of samples of the longest curve."""

    def near_pairs(self, near_px: float, apart: int) -> tuple[Numbers, Numbers]:
        """Samples of one curve near to each other, but not neighbours along it."""
        first: list[Numbers] = []
        second: list[Numbers] = []
        xs, ys = np.ascontiguousarray(self.points.T)
        for shift in range(apart, self.longest):
            near = np.flatnonzero(np.abs(xs[shift:] - xs[:-shift]) < near_px)
            near = near[np.abs(ys[near + shift] - ys[near]) < near_px]
            near = near[self.curve[near + shift] == self.curve[near]]
            first.append(near)
            second.append(near + shift)
        if not first:
            return np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.intp)
        return np.concatenate(first), np.concatenate(second)


def fold_scores(paths: Sequence[SliderPath]) -> list[float]:
    """The score of each curve; 0 where no part of it lies along another."""
    lay_out(paths)
    scores: list[float] = []
    for start in range(0, len(paths), AT_ONCE):
        scores += _scores(paths[start : start + AT_ONCE])
    return scores


def _scores(paths: Sequence[SliderPath]) -> list[float]:
    coarse = _sampled(paths, COARSE_PX)
    pairs, _ = coarse.near_pairs(FOLD_PX + COARSE_PX, NEAR_COARSE_SAMPLES)
    suspects: list[int] = np.unique(coarse.curve[pairs]).tolist()
    found = dict.fromkeys(range(len(paths)), 0.0)
    if suspects:
        fine = _sampled([paths[number] for number in suspects], 1.0)
        found.update(zip(suspects, _fine_scores(fine, len(suspects)), strict=True))
    return [found[number] for number in range(len(paths))]


def _sampled(paths: Sequence[SliderPath], step_px: float) -> _Samples:
    """Places at equal steps along each path."""
    counts = [min(MAX_SAMPLES, max(3, round(path.length_px / step_px))) for path in paths]
    # All paths as one, with a gap between each and the next.
    courses = [path.course for path in paths]
    lengths = [float(course.distances[-1]) for course in courses]
    bases = [0.0, *accumulate(length + 1.0 for length in lengths)][:-1]
    distances = np.concatenate(
        [course.distances + base for course, base in zip(courses, bases, strict=True)]
    )
    points = np.concatenate([course.points for course in courses])
    curve = np.repeat(np.arange(len(paths)), counts)
    firsts = np.array([0, *accumulate(counts)][:-1])
    steps = np.array(
        [path.length_px / (count - 1) for path, count in zip(paths, counts, strict=True)]
    )
    at = (np.arange(len(curve)) - firsts[curve]) * steps[curve]
    at = np.minimum(at, np.array(lengths)[curve]) + np.array(bases)[curve]
    xs = np.interp(at, distances, points[:, 0])
    ys = np.interp(at, distances, points[:, 1])
    return _Samples(np.stack([xs, ys], axis=1), curve, max(counts))


def _fine_scores(samples: _Samples, n_curves: int) -> list[float]:
    steps = np.diff(samples.points, axis=0)
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    # The last sample of a curve has no direction.
    kept = np.flatnonzero(samples.curve[1:] == samples.curve[:-1])
    directed = _Samples(samples.points[kept], samples.curve[kept], samples.longest - 1)
    first, second = directed.near_pairs(FOLD_PX, NEAR_SAMPLES)
    apart = directed.points[first] - directed.points[second]
    distance = np.hypot(apart[:, 0], apart[:, 1])
    between = np.abs(angles[kept[first]] - angles[kept[second]]) % math.pi
    between = np.minimum(between, math.pi - between)
    nearness = 100 * math.sqrt(10) / 10 ** (2 * distance) / 125
    likeness = 1 / ((between / math.pi * 20) ** 3 + 0.01) / 250
    scores, curve = nearness * likeness, directed.curve[first]
    order = np.lexsort((-scores, curve))
    scores, curve = scores[order], curve[order]
    rank = np.arange(len(curve)) - np.searchsorted(curve, curve)
    weights = np.where(rank < MOST_PAIRS, WEIGHT_DECAY ** np.minimum(rank, MOST_PAIRS), 0.0)
    return np.bincount(curve, scores * weights, minlength=n_curves).tolist()
