"""Slider curves: from control points to positions.

Facts (lazer ``ConvertHitObjectParser``, ``SliderPath``): a path is a chain of segments, each with
its own curve type; two equal points in a row (a red anchor) begin a new segment of the same type;
``P`` with other than three points is a Bézier curve and with three points in a row a line; a path
that is longer than the slider's length is cut, a shorter one is extended along its last line
unless its last two control points coincide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

Point = tuple[float, float]
CurveKind = Literal["L", "B", "P", "C"]

_STEP_PX = 4.0
"""Distance between two samples of a curve, along its control polygon."""
_MAX_SAMPLES = 1000
_CATMULL_DETAIL = 50


@dataclass(frozen=True, slots=True)
class CurveSegment:
    """One piece of a path; its first point is the last point of the piece before."""

    kind: CurveKind
    points: tuple[Point, ...]
    degree: int | None = None
    """Degree of a B-spline (lazer's ``B3``); None for a plain Bézier curve."""


def curve_segments(
    curve_type: str, points: Sequence[Point], changes: Sequence[tuple[int, str]] = ()
) -> tuple[CurveSegment, ...]:
    """The pieces of a path from its control points, head first.

    ``changes`` are the further curve types of a path with several: index of the first point that
    is written after the type, and the type. That point also ends the piece before.
    """
    segments: list[CurveSegment] = []
    starts = [(0, curve_type), *changes]
    for number, (start, token) in enumerate(starts):
        shared_end = number + 1 < len(starts)
        stop = starts[number + 1][0] + 1 if shared_end else len(points)
        kind, degree = _kind_and_degree(token)
        run = points[start:stop]
        if len(run) > 1 or not segments:
            segments += _split_at_anchors(kind, degree, run, shared_end=shared_end)
    return tuple(segments)


def _kind_and_degree(token: str) -> tuple[CurveKind, int | None]:
    """Curve type letters as the game takes them: whatever is unknown is Catmull."""
    letter, rest = token[:1], token[1:]
    if letter == "B":
        return "B", int(rest) if rest.isascii() and rest.isdigit() and int(rest) > 0 else None
    if letter in ("", "L"):
        return "L", None
    return ("P", None) if letter == "P" else ("C", None)


def _split_at_anchors(
    kind: CurveKind, degree: int | None, points: Sequence[Point], *, shared_end: bool
) -> list[CurveSegment]:
    """Cut a run of points with one curve type at its red anchors.

    ``shared_end`` says that the last point belongs to the next run, too; then the point before it
    may not be a red anchor on its own.
    """
    if kind == "P":
        if len(points) != 3:
            kind = "B"
        elif _collinear(*points):
            kind = "L"
    if kind == "C":  # stable knows Catmull as one curve, whatever is doubled
        return [CurveSegment(kind, tuple(points))]
    segments: list[CurveSegment] = []
    start = 0
    for index in range(1, len(points) - (2 if shared_end else 1)):
        if points[index] == points[index - 1]:
            if index - start > 1:
                segments.append(CurveSegment(kind, tuple(points[start:index]), degree))
            start = index
    segments.append(CurveSegment(kind, tuple(points[start:]), degree))
    return segments


class SliderPath:
    """The way a slider's ball goes, head to tail of one span."""

    def __init__(self, segments: tuple[CurveSegment, ...], length_px: float | None) -> None:
        self.segments = segments
        self._wanted_px = length_px

    @cached_property
    def _natural(self) -> tuple[Array, Array]:
        """Points (n, 2) of the whole path without regard to its length, and their distances."""
        return _with_distances(np.concatenate([_flatten(s) for s in self.segments]))

    @cached_property
    def natural_length_px(self) -> float:
        """Length of the control points' own curve."""
        return float(self._natural[1][-1])

    @property
    def length_px(self) -> float:
        """Length of one span as it is played."""
        return self.natural_length_px if self._wanted_px is None else self._wanted_px

    @cached_property
    def _played(self) -> tuple[Array, Array]:
        points, distances = self._natural
        wanted = self.length_px
        total = float(distances[-1])
        if wanted == total or len(points) < 2:
            return points, distances
        if wanted < total:
            cut = int(np.searchsorted(distances, wanted, side="left"))
            end = _interpolate(points, distances, np.array([wanted]))
            kept = np.concatenate([points[:cut], end])
            return kept, np.append(distances[:cut], wanted)
        if self._ends_doubled():
            return points, distances
        along = points[-1] - points[-2]
        stretched = points.copy()
        stretched[-1] = points[-1] + along / float(np.hypot(*along)) * (wanted - total)
        longer = distances.copy()
        longer[-1] = wanted
        return stretched, longer

    def _ends_doubled(self) -> bool:
        flat = [point for segment in self.segments for point in segment.points]
        return len(flat) > 1 and flat[-1] == flat[-2]

    def position_at(self, fraction: float) -> Point:
        """Position after a fraction (0 to 1) of one span."""
        x, y = self.positions_at(np.array([fraction]))[0]
        return float(x), float(y)

    def positions_at(self, fractions: Array) -> Array:
        """Positions, shape = (n, 2), after fractions of one span, shape = (n,)."""
        points, distances = self._played
        return _interpolate(points, distances, np.clip(fractions, 0.0, 1.0) * self.length_px)

    def polyline(self) -> Array:
        """The path as played, as points to draw, shape = (n, 2)."""
        return self._played[0]


def _collinear(a: Point, b: Point, c: Point) -> bool:
    return abs((b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1])) < 1e-3


def _with_distances(points: Array) -> tuple[Array, Array]:
    steps = np.hypot(*np.diff(points, axis=0).T)
    keep = np.concatenate([[True], steps > 1e-9])
    kept = points[keep]
    return kept, np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(kept, axis=0).T))])


def _interpolate(points: Array, distances: Array, at: Array) -> Array:
    return np.stack(
        [np.interp(at, distances, points[:, 0]), np.interp(at, distances, points[:, 1])], axis=1
    )


def _flatten(segment: CurveSegment) -> Array:
    points = np.array(segment.points, dtype=np.float64)
    if len(points) < 3 or segment.kind == "L":
        return _catmull(points) if segment.kind == "C" and len(points) == 2 else points
    if segment.kind == "P":
        return _arc(points)
    if segment.kind == "C":
        return _catmull(points)
    samples = _sample_count(points)
    if segment.degree is not None and segment.degree < len(points) - 1:
        return _spline_basis(len(points), segment.degree, samples) @ points
    return _bezier_basis(len(points), samples) @ points


def _sample_count(points: Array) -> int:
    polygon_px = float(np.hypot(*np.diff(points, axis=0).T).sum())
    wanted = math.ceil(polygon_px / _STEP_PX)
    # A power of two keeps the number of cached bases small.
    return min(_MAX_SAMPLES, 2 ** max(4, math.ceil(math.log2(wanted + 1)))) + 1


@lru_cache(maxsize=256)
def _bezier_basis(n_points: int, n_samples: int) -> Array:
    """Bernstein polynomials, shape = (n_samples, n_points); in logarithms, for any degree."""
    n = n_points - 1
    i = np.arange(n_points)
    log_binomial = np.array(
        [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in i]
    )
    t = np.linspace(0.0, 1.0, n_samples)[1:-1, None]
    inner = np.exp(log_binomial + i * np.log(t) + (n - i) * np.log1p(-t))
    first, last = np.zeros((1, n_points)), np.zeros((1, n_points))
    first[0, 0] = last[0, -1] = 1.0
    return np.concatenate([first, inner, last])


@lru_cache(maxsize=64)
def _spline_basis(n_points: int, degree: int, n_samples: int) -> Array:
    """Basis of a clamped uniform B-spline (Cox and de Boor), shape = (n_samples, n_points)."""
    n_inner = n_points - degree - 1
    knots = np.concatenate([np.zeros(degree), np.linspace(0.0, 1.0, n_inner + 2), np.ones(degree)])
    t = np.linspace(0.0, 1.0, n_samples)
    span = np.clip(np.searchsorted(knots, t, side="right") - 1, degree, n_points - 1)
    basis = np.zeros((n_samples, len(knots) - 1))
    basis[np.arange(n_samples), span] = 1.0
    for d in range(1, degree + 1):
        following = np.zeros((n_samples, basis.shape[1] - 1))
        for k in range(basis.shape[1] - 1):
            left = knots[k + d] - knots[k]
            right = knots[k + d + 1] - knots[k + 1]
            if left > 0:
                following[:, k] += (t - knots[k]) / left * basis[:, k]
            if right > 0:
                following[:, k] += (knots[k + d + 1] - t) / right * basis[:, k + 1]
        basis = following
    return basis


def _arc(points: Array) -> Array:
    """The circle through three points, from the first over the second to the third."""
    a, b, c = points
    ab, ac = b - a, c - a
    double_area = 2.0 * (ab[0] * ac[1] - ab[1] * ac[0])
    ab2, ac2 = float(ab @ ab), float(ac @ ac)
    offset = np.array([ac[1] * ab2 - ab[1] * ac2, ab[0] * ac2 - ac[0] * ab2]) / double_area
    centre = a + offset
    radius = float(np.hypot(*offset))
    start = math.atan2(-offset[1], -offset[0])
    end = math.atan2(c[1] - centre[1], c[0] - centre[0])
    sweep = (end - start) % math.tau
    if double_area < 0:
        sweep -= math.tau
    n = min(_MAX_SAMPLES, max(8, math.ceil(abs(sweep) * max(radius, 1.0) / _STEP_PX))) + 1
    angles = start + np.linspace(0.0, sweep, n)
    arc = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    arc[0], arc[-1] = a, c
    return arc


def _catmull(points: Array) -> Array:
    """A Catmull-Rom curve through the points; doubled first points are one."""
    if len(points) > 2 and bool((points[0] == points[1]).all()):
        points = points[1:]
    before = np.concatenate([points[:1], points[:-2]])
    one, two = points[:-1], points[1:]
    after = np.concatenate([points[2:], (2 * points[-1] - points[-2])[None]])
    t = np.linspace(0.0, 1.0, _CATMULL_DETAIL + 1)[:-1, None, None]
    curve = 0.5 * (
        2 * one
        + (two - before) * t
        + (2 * before - 5 * one + 4 * two - after) * t**2
        + (3 * one - before - 3 * two + after) * t**3
    )
    return np.concatenate([curve.transpose(1, 0, 2).reshape(-1, 2), points[-1:]])
