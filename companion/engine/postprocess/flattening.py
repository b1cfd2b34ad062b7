"""Slider curves as chains of short lines, point for point like in the game.

The lengths of generated sliders are compared with those of their paths, and control points are
scaled by the quotient, so the path has to have the very length that osu! gives it: Béziers are
halved until they are flat (tolerance 0.25 px), arcs are cut so that no chord strays more than
0.1 px, Catmull splines have 50 lines per control point.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    Points = NDArray[np.float64]

Point = tuple[float, float]

BEZIER_TOLERANCE_PX = 0.25
ARC_TOLERANCE_PX = 0.1
CATMULL_DETAIL = 50
_SAME = 1e-8
_MAX_BEZIERS = 100_000


class FlatPath:
    """A slider's path; positions are asked for by the fraction of its length."""

    def __init__(self, kind: str, control_points: Sequence[Point]) -> None:
        """Flatten a path.

        Args:
            kind: Curve type letter, the same for all segments.
            control_points: Head first; two equal points in a row begin a new segment.
        """
        self.points = _flatten(kind, np.array(control_points, dtype=np.float64))
        self._walked = [0.0]
        for step in np.diff(np.array(self.points), axis=0):
            self._walked.append(self._walked[-1] + float(np.linalg.norm(step)))

    @property
    def length_px(self) -> float:
        """Length of the whole path."""
        return self._walked[-1]

    def position_at(self, progress: float) -> Points:
        """Position at a fraction from 0 to 1 of the length; shape (2,)."""
        wanted = min(max(progress, 0.0), 1.0) * self.length_px
        i = bisect_left(self._walked, wanted)
        if i <= 0:
            return self.points[0]
        if i >= len(self.points):
            return self.points[-1]
        before, after = self._walked[i - 1], self._walked[i]
        if math.isclose(before, after, rel_tol=1e-5, abs_tol=_SAME):
            return self.points[i - 1]
        share = (wanted - before) / (after - before)
        return self.points[i - 1] + (self.points[i] - self.points[i - 1]) * share

    def progress_near(self, position: Point) -> float:
        """Fraction of the length at which the path is nearest to a position, sought from the end.

        The search goes down the distance's slope and stays in the valley it starts in: a path that
        crosses itself is not cut short.
        """
        target = np.array(position)
        slope_px = 1e-4
        progress = 1.0
        for _ in range(100):
            slope = float(
                np.linalg.norm(self.position_at(progress) - target)
                - np.linalg.norm(self.position_at(progress - slope_px) - target)
            )
            progress -= slope
            if slope == 0 or not 0 <= progress <= 1:
                break
        return min(max(progress, 0.0), 1.0)


def _flatten(kind: str, points: Points) -> list[Points]:
    flat: list[Points] = []
    start = 0
    for past in range(1, len(points) + 1):
        if past < len(points) and not np.array_equal(points[past - 1], points[past]):
            continue
        for point in _segment(kind, points[start:past], alone=len(points) == past - start):
            if not flat or not np.array_equal(flat[-1], point):
                flat.append(point)
        start = past
    return flat


def _segment(kind: str, points: Points, *, alone: bool) -> Iterator[Points]:
    if kind == "L":
        return iter(points)
    if kind == "P" and len(points) == 3 and alone:
        arc = list(_arc(points))
        return iter(arc) if arc else _bezier(points)
    if kind == "C":
        return _catmull(points)
    return _bezier(points)


def _bezier(points: Points) -> Iterator[Points]:
    pending = [points]
    halvings = 0
    while pending:
        curve = pending.pop()
        bends = curve[:-2] - 2 * curve[1:-1] + curve[2:]
        flat = not len(bends) or bool(
            np.max(np.sum(bends * bends, axis=1)) <= BEZIER_TOLERANCE_PX**2 * 4
        )
        left, right = _halves(curve)
        halvings += 1
        if not flat and halvings < _MAX_BEZIERS:
            pending += [right, left]
            continue
        yield curve[0]
        joined = np.concatenate([left, right[1:]])
        for i in range(2, 2 * len(curve) - 2, 2):
            yield 0.25 * (joined[i - 1] + 2 * joined[i] + joined[i + 1])
    yield points[-1]


def _halves(curve: Points) -> tuple[Points, Points]:
    """Control points of both halves of a Bézier curve (de Casteljau)."""
    left, right = np.empty_like(curve), np.empty_like(curve)
    middles = curve
    last = len(curve) - 1
    for i in range(last + 1):
        left[i] = middles[0]
        right[last - i] = middles[-1]
        middles = (middles[:-1] + middles[1:]) / 2
    return left, right


def _arc(points: Points) -> Iterator[Points]:
    """Points of the arc through three points; none when they lie on a line."""
    a, b, c = points
    a2, b2, c2 = (float(np.inner(d, d)) for d in (b - c, a - c, a - b))
    s, t, u = a2 * (b2 + c2 - a2), b2 * (a2 + c2 - b2), c2 * (a2 + b2 - c2)
    total = s + t + u
    if min(a2, b2, c2) <= _SAME or abs(total) <= _SAME:
        return
    centre = (s * a + t * b + u * c) / total
    from_a, from_c = a - centre, c - centre
    radius = float(np.linalg.norm(from_a))
    first = float(np.arctan2(from_a[1], from_a[0]))
    last = float(np.arctan2(from_c[1], from_c[0]))
    while last < first:
        last += 2 * math.pi
    angle = last - first
    side = (c - a)[1] * (b - a)[0] - (c - a)[0] * (b - a)[1]
    direction = -1 if side < 0 else 1
    if direction < 0:
        angle = 2 * math.pi - angle
    count = 2
    if 2 * radius > ARC_TOLERANCE_PX:
        step = 2 * math.acos(1 - ARC_TOLERANCE_PX / radius)
        count = max(2, math.ceil(angle / step))
    for i in range(count):
        theta = first + direction * (i / (count - 1)) * angle
        yield centre + np.array([math.cos(theta), math.sin(theta)]) * radius


def _catmull(points: Points) -> Iterator[Points]:
    for i, (here, there) in enumerate(pairwise(points)):
        before = points[i - 1] if i > 0 else here
        after = points[i + 2] if i + 2 < len(points) else 2 * there - here
        for step in range(CATMULL_DETAIL):
            for t in (step / CATMULL_DETAIL, (step + 1) / CATMULL_DETAIL):
                yield 0.5 * (
                    2 * here
                    + (there - before) * t
                    + (2 * before - 5 * here + 4 * there - after) * t**2
                    + (-before + 3 * here - 3 * there + after) * t**3
                )
