"""Curve segments as chains of points, many at once.

Segments of one kind with as many control points are computed as one array: a map has thousands,
and most of the time would go into beginning each.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from companion.beatmap.curves import CurveSegment, Point

    Array = NDArray[np.float64]

_STEP_PX = 4.0
"""Distance between two samples of a curve, along its control polygon."""
_MAX_SAMPLES = 1000
_CATMULL_DETAIL = 50


def flattened(segments: Sequence[CurveSegment]) -> list[Array]:
    """Points along each segment, shape = (n, 2) with another n for each."""
    groups: dict[tuple[str, int, int | None], list[int]] = {}
    controls = [_controls(segment) for segment in segments]
    for number, (segment, points) in enumerate(zip(segments, controls, strict=True)):
        kind = "L" if len(points) < 3 and segment.kind != "C" else segment.kind
        groups.setdefault((kind, len(points), segment.degree), []).append(number)
    found: dict[int, Array] = {}
    for (kind, n_points, degree), numbers in groups.items():
        points = np.array([controls[number] for number in numbers], dtype=np.float64)
        if kind == "P":
            curves = _arcs(points)
        elif kind == "C" and n_points > 1:
            curves = _catmull(points)
        elif kind == "B":
            curves = _splines(points, degree)
        else:
            curves = points
        found.update(zip(numbers, curves, strict=True))
    return [found[number] for number in range(len(segments))]


def _controls(segment: CurveSegment) -> tuple[Point, ...]:
    """The control points that count: of a Catmull curve doubled first points are one."""
    points = segment.points
    doubled = segment.kind == "C" and len(points) > 2 and points[0] == points[1]
    return points[1:] if doubled else points


def _splines(points: Array, degree: int | None) -> list[Array]:
    """Bézier curves or B-splines, from control points of shape (n_curves, n_points, 2)."""
    n_curves, n_points = points.shape[:2]
    counts = _sample_counts(points)
    found: dict[int, Array] = {}
    for samples in set(counts):
        rows = [row for row in range(n_curves) if counts[row] == samples]
        if degree is not None and degree < n_points - 1:
            basis = _spline_basis(n_points, degree, samples)
        else:
            basis = _bezier_basis(n_points, samples)
        found.update(zip(rows, basis @ points[rows], strict=True))
    return [found[row] for row in range(n_curves)]


def _sample_counts(points: Array) -> list[int]:
    steps = points[:, 1:] - points[:, :-1]
    polygons_px: list[float] = np.hypot(steps[..., 0], steps[..., 1]).sum(axis=1).tolist()
    # A power of two keeps the number of cached bases small.
    return [
        min(_MAX_SAMPLES, 2 ** max(4, math.ceil(px / _STEP_PX).bit_length())) + 1
        for px in polygons_px
    ]


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


def _arcs(points: Array) -> list[Array]:
    """Circles through three points each, shape = (n_curves, 3, 2), over the second to the third."""
    a, b, c = points[:, 0], points[:, 1], points[:, 2]
    (ab_x, ab_y), (ac_x, ac_y) = (b - a).T, (c - a).T
    double_area = 2.0 * (ab_x * ac_y - ab_y * ac_x)
    ab2, ac2 = ab_x * ab_x + ab_y * ab_y, ac_x * ac_x + ac_y * ac_y
    x = (ac_y * ab2 - ab_y * ac2) / double_area
    y = (ab_x * ac2 - ac_x * ab2) / double_area
    radius = np.hypot(x, y)
    start = np.arctan2(-y, -x)
    stop: Array = np.arctan2(c[:, 1] - a[:, 1] - y, c[:, 0] - a[:, 0] - x)
    sweep: Array = np.mod(stop - start, math.tau) - np.where(double_area < 0, math.tau, 0.0)
    pieces = np.ceil(np.abs(sweep) * np.maximum(radius, 1.0) / _STEP_PX)
    pieces = np.clip(pieces, 8, _MAX_SAMPLES).astype(np.int64)
    # All arcs one after the other: which arc each sample is of, and its number there.
    counts = pieces + 1
    arc = np.repeat(np.arange(len(points)), counts)
    stops = np.cumsum(counts)
    number = np.arange(int(stops[-1])) - (stops - counts)[arc]
    angles = start[arc] + number * (sweep / pieces)[arc]
    found = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius[arc, None]
    found += (a + np.stack([x, y], axis=1))[arc]
    found[stops - counts], found[stops - 1] = a, c
    return np.split(found, stops[:-1])


def _catmull(points: Array) -> Array:
    """Catmull-Rom curves through points of shape (n_curves, n_points, 2)."""
    before = np.concatenate([points[:, :1], points[:, :-2]], axis=1)
    one, two = points[:, :-1], points[:, 1:]
    beyond = 2 * points[:, -1:] - points[:, -2:-1]
    after = np.concatenate([points[:, 2:], beyond], axis=1)
    t = np.linspace(0.0, 1.0, _CATMULL_DETAIL + 1)[:-1, None, None, None]
    curve = 0.5 * (
        2 * one
        + (two - before) * t
        + (2 * before - 5 * one + 4 * two - after) * t**2
        + (3 * one - before - 3 * two + after) * t**3
    )
    inner = curve.transpose(1, 2, 0, 3).reshape(len(points), -1, 2)
    return np.concatenate([inner, points[:, -1:]], axis=1)
