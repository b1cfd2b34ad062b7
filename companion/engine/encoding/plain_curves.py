"""Sliders of lazer's format as the older format could state them: one curve, whole pixels.

Models have only seen paths of one kind, with red anchors, and there are tokens for nothing else. A
path of several kinds, or with a B-spline, becomes the Bézier curves that it consists of, as in
lazer's own export to the older format; decimals are cut off like a reader of that format does. The
end that events state is then the end of the path that they state.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Slider, curve_segments
from companion.engine.encoding.slider_spans import Arc, Point

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap.curves import CurveSegment

Piece = list[Point]

_WIDEST_ANGLE = math.pi / 2
"""A cubic Bézier curve is within a hundredth of a pixel of an arc of this angle (radius 100 px)."""


def in_whole_pixels(slider: Slider) -> Slider:
    """The slider with the decimals of its control points cut off.

    Neighbours that only then are the same one are no red anchor: one of them is left out, except
    where another curve begins.
    """
    points = slider.control_points
    if all(x.is_integer() and y.is_integer() for x, y in points):
        return slider
    starts = {start for start, _ in slider.curve_changes}
    kept: list[Point] = []
    places: list[int] = []
    for i, point in enumerate(points):
        whole = float(int(point[0])), float(int(point[1]))
        places.append(len(kept))
        if i and i not in starts and whole == kept[-1] and point != points[i - 1]:
            continue
        kept.append(whole)
    if len(kept) == 1:
        kept.append(kept[0])
    changes = tuple((places[start], kind) for start, kind in slider.curve_changes)
    return _with_path(slider, slider.curve_type, tuple(kept), changes)


def of_one_curve(slider: Slider) -> Slider:
    """The slider with its path as Bézier curves if it has several kinds, or a B-spline.

    Control points that are new are rounded to whole pixels.
    """
    segments = slider.segments
    is_plain = not slider.curve_changes and all(segment.degree is None for segment in segments)
    if is_plain:
        return slider
    points: list[Point] = []
    for piece in (piece for segment in segments for piece in _beziers(segment)):
        whole = [piece[0], *((float(round(x)), float(round(y))) for x, y in piece[1:])]
        if points:
            whole[0] = points[-1]
        points += whole
    return _with_path(slider, "B", tuple(points), ())


def _with_path(
    slider: Slider,
    curve_type: str,
    points: tuple[Point, ...],
    changes: tuple[tuple[int, str], ...],
) -> Slider:
    return replace(
        slider,
        x=points[0][0],
        y=points[0][1],
        curve_type=curve_type,
        segments=curve_segments(curve_type, points, changes),
        control_points=points,
        curve_changes=changes,
        known_path=None,
    )


def _beziers(segment: CurveSegment) -> Iterator[Piece]:
    """The Bézier curves, by their control points, that a segment consists of."""
    points = segment.points
    match segment.kind:
        case "L":
            yield from (list(pair) for pair in pairwise(points))
        case "P" if len(points) == 3 and (arc := Arc.through(*points)) is not None:
            yield from _of_arc(arc)
        case "C":
            yield from _of_catmull(points)
        case _ if segment.degree is not None and segment.degree < len(points) - 1:
            yield from _of_spline(points, segment.degree)
        case _:
            yield list(points)


def _of_arc(arc: Arc) -> Iterator[Piece]:
    """Cubic curves for an arc."""
    count = max(math.ceil(abs(arc.angle) / _WIDEST_ANGLE), 1)
    step = arc.angle / count
    # A tangent's length in radii; at a point of the circle it is the radius turned by 90 degrees.
    reach = 4 / 3 * math.tan(step / 4)
    centre_x, centre_y = arc.centre
    for i in range(count):
        (x1, y1), (x2, y2) = arc.at(i * step), arc.at((i + 1) * step)
        yield [
            (x1, y1),
            (x1 - reach * (y1 - centre_y), y1 + reach * (x1 - centre_x)),
            (x2 + reach * (y2 - centre_y), y2 - reach * (x2 - centre_x)),
            (x2, y2),
        ]


def _of_catmull(points: Sequence[Point]) -> Iterator[Piece]:
    """The cubic curves between the points of a Catmull-Rom spline."""
    last = len(points) - 1
    for i, (here, there) in enumerate(pairwise(points)):
        before = points[max(i - 1, 0)]
        beyond = 2 * there[0] - here[0], 2 * there[1] - here[1]
        after = points[i + 2] if i + 2 <= last else beyond
        yield [
            here,
            (here[0] + (there[0] - before[0]) / 6, here[1] + (there[1] - before[1]) / 6),
            (there[0] - (after[0] - here[0]) / 6, there[1] - (after[1] - here[1]) / 6),
            there,
        ]


def _of_spline(points: Sequence[Point], degree: int) -> Iterator[Piece]:
    """The curves of a clamped uniform B-spline, by the insertion of knots until all are full."""
    n_inner = len(points) - degree - 1
    inner = [(i + 1) / (n_inner + 1) for i in range(n_inner)]
    knots = [0.0] * (degree + 1) + inner + [1.0] * (degree + 1)
    controls = list(points)
    for knot in inner:
        for _ in range(degree - 1):
            controls, knots = _with_knot(controls, knots, degree, knot)
    for start in range(0, len(controls) - 1, degree):
        yield controls[start : start + degree + 1]


def _with_knot(
    controls: Sequence[Point], knots: Sequence[float], degree: int, knot: float
) -> tuple[list[Point], list[float]]:
    """The same B-spline with one knot more (Boehm)."""
    span = max(i for i, value in enumerate(knots) if value <= knot)
    found: list[Point] = []
    for i in range(len(controls) + 1):
        if i <= span - degree:
            found.append(controls[i])
        elif i > span:
            found.append(controls[i - 1])
        else:
            low, high = knots[i], knots[i + degree]
            share = (knot - low) / (high - low) if high > low else 0.0
            (x0, y0), (x1, y1) = controls[i - 1], controls[i]
            found.append((x0 + (x1 - x0) * share, y0 + (y1 - y0) * share))
    return found, [*knots[: span + 1], knot, *knots[span + 1 :]]
