"""Duration and end of a slider as the training data had them.

Models have seen slider ends on curves that are walked by Bézier parameter, not by distance, and
durations cut off to whole milliseconds. The differences to the game are a few pixels and less than
a millisecond, but they decide which token is the true one, so they belong to the encoding.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from companion.beatmap import Slider
    from companion.engine.encoding.moments import GoverningLines

Point = tuple[float, float]

_LENGTH_SAMPLES = 50


def stated_length(slider: Slider) -> float:
    """The slider's length as its line gives it: 0 where the curve's own length is meant."""
    return 0.0 if slider.known_path is not None else slider.length_px


def slider_duration(
    slider: Slider, length_px: float, lines: GoverningLines, slider_multiplier: float
) -> timedelta:
    """From a slider's head to its end, all spans, in whole milliseconds."""
    if not lines.has_red():
        return timedelta(milliseconds=int(slider.end_ms - slider.start_ms))
    start = timedelta(milliseconds=slider.start_ms)
    point, (_, red) = lines.at(start), lines.red_at(start)
    px_per_beat = slider_multiplier * 100 * point.velocity
    beats = length_px * slider.slides / px_per_beat
    duration_ms = beats * red.beat_length
    return timedelta(milliseconds=int(duration_ms) if math.isfinite(duration_ms) else 0)


def slider_end(slider: Slider, length_px: float) -> Point:
    """Where the ball is at the end of the first span; the path has to be one plain curve."""
    points = slider.control_points
    if len(points) < 2:
        return slider.x, slider.y
    match anchor_curve(slider):
        case "P":
            return _arc_end(points, length_px)
        case "C":
            return points[-1]
        case "L":
            return _chain_end(list(pairwise(points)), length_px)
        case _:
            return _chain_end(_split_at_doubles(points), length_px)


def natural_length(slider: Slider) -> float:
    """The length at which the end is the last control point, for chains of lines and Béziers.

    It is measured like `slider_end` does it, so that the end is that point to the last digit.
    """
    points = slider.control_points
    lines = anchor_curve(slider) == "L"
    pieces = list(pairwise(points)) if lines else _split_at_doubles(points)
    return _total(_lengths([np.array(piece, dtype=np.float64) for piece in pieces]))


def anchor_curve(slider: Slider) -> str:
    """Letter of the curve that the control points describe: a flat or overlong arc is a Bézier."""
    kind = slider.curve_type[:1] or "L"
    if kind == "P":
        points = slider.control_points
        return "P" if len(points) == 3 and _centre(*points) is not None else "B"
    return kind if kind in "LC" else "B"


def _split_at_doubles(points: Sequence[Point]) -> list[Sequence[Point]]:
    pieces: list[Sequence[Point]] = []
    start = 0
    for i in range(1, len(points)):
        if points[i - 1] == points[i]:
            pieces.append(points[start:i])
            start = i
    return [*pieces, points[start:]]


def _chain_end(pieces: Sequence[Sequence[Point]], length_px: float) -> Point:
    """End of Bézier pieces laid end to end; the last piece takes what length is left or missing."""
    curves = [np.array(piece, dtype=np.float64) for piece in pieces]
    lengths = _lengths(curves)
    total = _total(lengths)
    if total <= 0:
        return tuple(curves[-1][-1].tolist())
    walked, ends = 0.0, list[float]()
    for length in lengths[:-1]:
        walked += length
        ends.append(walked / total)
    ends.append(1.0)
    # A last piece without length ends where the piece before does, and that one is found first.
    index = bisect_left(ends, 1.0)
    before = ends[index - 1] if index else 0.0
    wanted = lengths[index]
    if index == len(curves) - 1:
        wanted = max(0.0, lengths[-1] - (total - length_px))
    if lengths[index] <= 0:
        return tuple(curves[index][-1].tolist())
    share = (1.0 - before) / (ends[index] - before)
    end = _bezier(curves[index], np.array([share * (wanted / lengths[index])]))[0]
    return float(end[0]), float(end[1])


def _lengths(curves: Sequence[NDArray[np.float64]]) -> list[float]:
    return [_polyline_length(curve) for curve in curves]


def _total(lengths: Sequence[float]) -> float:
    # One by one: `sum` is more exact than what the training data were made with.
    total = 0.0
    for length in lengths:
        total += length
    return total


def _bezier(points: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of a Bézier curve; past 1 it goes on as its polynomial does.

    Args:
        points: Control points, shape (n_points, 2).
        at: Parameters, shape (n,).

    Returns:
        Positions, shape (n, 2).
    """
    order = len(points) - 1
    powers = np.arange(order + 1)
    binomials = np.array([math.comb(order, k) for k in range(order + 1)], dtype=np.float64)
    t = at.reshape(-1, 1)
    weights = binomials * (1 - t) ** (order - powers) * t**powers
    return np.sum(weights[:, np.newaxis] * points.T, axis=-1)


def _polyline_length(points: NDArray[np.float64]) -> float:
    sampled = _bezier(points, np.linspace(0, 1, _LENGTH_SAMPLES))
    steps = np.diff(sampled, axis=0)
    return float(np.sum(np.sqrt(np.sum(np.square(steps), axis=1))))


def _centre(a: Point, b: Point, c: Point) -> Point | None:
    """Centre of the circle through three points; ``None`` when they lie on a line."""
    pa, pb, pc = (np.array(p, dtype=np.float64) for p in (a, b, c))
    a2, b2, c2 = (float(np.sum(np.square(d))) for d in (pb - pc, pa - pc, pa - pb))
    if min(a2, b2, c2) <= 1e-8:
        return None
    s, t, u = a2 * (b2 + c2 - a2), b2 * (a2 + c2 - b2), c2 * (a2 + b2 - c2)
    total = s + t + u
    if abs(total) <= 1e-8:
        return None
    x, y = (s * pa + t * pb + u * pc) / total
    return float(x), float(y)


class Arc(NamedTuple):
    """A part of a circle."""

    centre: Point
    start: Point
    """Where it begins, from the centre."""
    angle: float
    """How far it goes, in radians; negative against the clock, as y grows downwards."""

    @staticmethod
    def through(a: Point, b: Point, c: Point) -> Arc | None:
        """The arc from `a` over `b` to `c`; ``None`` when they lie on a line."""
        centre = _centre(a, b, c)
        if centre is None:
            return None
        (ax, ay), (bx, by), (cx, cy) = ((x - centre[0], y - centre[1]) for x, y in (a, b, c))
        first, last = (float(angle) for angle in np.arctan2([ay, cy], [ax, cx]))
        if last < first:
            last += 2 * math.pi
        angle = last - first
        if (cy - ay) * (bx - ax) - (cx - ax) * (by - ay) < 0:
            angle = -(2 * math.pi - angle)
        return Arc(centre, (ax, ay), angle)

    @property
    def radius(self) -> float:
        """In pixels."""
        return math.sqrt(self.start[0] ** 2 + self.start[1] ** 2)

    def at(self, angle: float) -> Point:
        """Where it is after a part of its angle."""
        (x, y), (dx, dy) = self.centre, self.start
        cos, sin = math.cos(angle), math.sin(angle)
        return dx * cos - dy * sin + x, dx * sin + dy * cos + y


def _arc_end(points: Sequence[Point], length_px: float) -> Point:
    """End of an arc; one that is too short for its length is not extended."""
    a, b, c = points
    arc = Arc.through(a, b, c)
    assert arc is not None, "an arc without a centre is encoded as a Bézier"
    natural = abs(arc.angle * arc.radius)
    return arc.at(arc.angle * (length_px / natural if natural > length_px else 1.0))
