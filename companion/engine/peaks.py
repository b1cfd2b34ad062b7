"""Peaks of a sampled curve, and the smoothing that makes peaks of counts.

The rules are the usual ones of signal processing: a peak is a sample (or the middle of a run of
equal samples) that is higher than both neighbours, its prominence is how far one has to come down
from it before one can go higher, and its width is measured at its foot.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Curve = NDArray[np.float64]
    Places = NDArray[np.int64]

TRUNCATED_AT_SIGMAS = 4
"""Further out a bell curve is taken as zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """Some peaks of a curve, from left to right."""

    places: Places
    """Sample indices, shape = (n_peaks,)."""
    prominences: Curve
    """Shape = (n_peaks,)."""

    def __len__(self) -> int:
        return len(self.places)


def smooth(curve: Curve, sigma: float) -> Curve:
    """Blur a curve with a bell of standard deviation `sigma` samples, mirrored at both ends.

    The two sides are added pairwise from the outside inwards, so that equal curves give equal
    results to the bit: whether two samples form a plateau depends on it.
    """
    reach = int(TRUNCATED_AT_SIGMAS * sigma + 0.5)
    offsets = np.arange(-reach, reach + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * offsets**2)
    weights /= weights.sum()
    padded = np.pad(curve, reach, mode="symmetric")
    n = len(curve)
    result = padded[reach : reach + n] * weights[reach]
    for out in range(reach, 0, -1):
        left = padded[reach - out : reach - out + n]
        right = padded[reach + out : reach + out + n]
        result += (left + right) * weights[reach - out]
    return result


def find_peaks(
    curve: Curve, *, distance: float, prominence: float, width: float, reach: int
) -> Peaks:
    """The peaks of a curve that stand apart and stand out.

    Args:
        curve: Shape = (n_samples,).
        distance: Of two peaks closer than this, the lower one is left out.
        prominence: Least prominence.
        width: Least width in samples, at the foot.
        reach: Prominence is looked for within a stretch of so many samples around a peak.
    """
    places = _apart(curve, _local_maxima(curve), math.ceil(distance))
    kept: list[int] = []
    prominences: list[float] = []
    for place in places.tolist():
        left, right, height = _foot(curve, place, reach)
        if height >= prominence and _width(curve, place, left, right, height) >= width:
            kept.append(place)
            prominences.append(height)
    return Peaks(np.array(kept, np.int64), np.array(prominences, np.float64))


def _local_maxima(curve: Curve) -> Places:
    """Middles of all runs of equal samples that fall off to both sides."""
    starts = np.flatnonzero(np.diff(curve) != 0) + 1
    starts = np.concatenate([np.zeros(min(len(curve), 1), np.int64), starts])
    ends = np.concatenate([starts[1:], [len(curve)]])
    heights = curve[starts]
    inner = np.zeros(len(starts), bool)
    inner[1:-1] = (heights[1:-1] > heights[:-2]) & (heights[1:-1] > heights[2:])
    return (starts[inner] + ends[inner] - 1) // 2


def _apart(curve: Curve, places: Places, distance: int) -> Places:
    """The places without those that have a higher one nearby.

    Which of two equal ones stays is up to numpy's sort, as where the recorded timings were made; a
    stable sort would often decide otherwise.
    """
    keep = np.ones(len(places), bool)
    for high in np.argsort(curve[places])[::-1].tolist():
        if not keep[high]:
            continue
        here = places[high]
        first = np.searchsorted(places, here - distance, side="right")
        past = np.searchsorted(places, here + distance, side="left")
        keep[first:past] = False
        keep[high] = True
    return places[keep]


def _foot(curve: Curve, place: int, reach: int) -> tuple[int, int, float]:
    """Where a peak's two flanks are lowest, and its prominence."""
    half = reach // 2
    top = curve[place]
    left_flank = curve[max(place - half, 0) : place + 1][::-1]
    right_flank = curve[place : place + half + 1]
    left, right = (_lowest_before_higher(flank) for flank in (left_flank, right_flank))
    foot = max(left_flank[left], right_flank[right])
    return place - left, place + right, float(top - foot)


def _lowest_before_higher(flank: Curve) -> int:
    """Index of the lowest sample of a flank, up to where it rises above its first one."""
    higher = np.flatnonzero(flank > flank[0])
    return int(np.argmin(flank[: higher[0]] if len(higher) else flank))


def _width(curve: Curve, place: int, left: int, right: int, height: float) -> float:
    """How wide a peak is at the higher one of its two feet, between samples."""
    level = curve[place] - height
    before = _falls_to(curve[left : place + 1][::-1], level)
    after = _falls_to(curve[place : right + 1], level)
    return before + after


def _falls_to(flank: Curve, level: float) -> float:
    """How far from a flank's top it reaches a level; its end, if it never does."""
    below = np.flatnonzero(flank <= level)
    at = int(below[0]) if len(below) else len(flank) - 1
    if flank[at] < level:
        return at - float((level - flank[at]) / (flank[at - 1] - flank[at]))
    return float(at)
