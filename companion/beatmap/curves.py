"""Slider curves: from control points to positions.

Facts (lazer ``ConvertHitObjectParser``, ``SliderPath``): a path is a chain of segments, each with
its own curve type; two equal points in a row (a red anchor) begin a new segment of the same type;
``P`` with other than three points is a Bézier curve and with three points in a row a line; a path
that is longer than the slider's length is cut, a shorter one is extended along its last line
unless its last two control points coincide.

A map's paths are best laid out together (``lay_out``), which takes a fraction of the time.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from companion.beatmap.flattening import flattened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Numbers = NDArray[np.int64]

Point = tuple[float, float]
CurveKind = Literal["L", "B", "P", "C"]

_NO_STEP_PX = 1e-9
"""Points nearer to each other than this are one."""


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


def _collinear(a: Point, b: Point, c: Point) -> bool:
    return abs((b[1] - a[1]) * (c[0] - a[0]) - (b[0] - a[0]) * (c[1] - a[1])) < 1e-3


class SliderPath:
    """The way a slider's ball goes, head to tail of one span."""

    __slots__ = ("laid_out", "segments", "wanted_px")

    def __init__(self, segments: tuple[CurveSegment, ...], length_px: float | None) -> None:
        self.segments = segments
        self.wanted_px = length_px
        """The slider's length; None for that of the control points' own curve."""
        self.laid_out: Course | None = None
        """The course, once it is known."""

    @property
    def course(self) -> Course:
        """The path as played, as points along it; computed when first asked for."""
        if self.laid_out is None:
            lay_out((self,))
        assert self.laid_out is not None
        return self.laid_out

    @property
    def natural_length_px(self) -> float:
        """Length of the control points' own curve."""
        return self.course.natural_px

    @property
    def length_px(self) -> float:
        """Length of one span as it is played."""
        return self.natural_length_px if self.wanted_px is None else self.wanted_px

    @property
    def end(self) -> Point:
        """Position after one span; what ``position_at(1)`` says."""
        x, y = self.course.points[-1].tolist()
        return x, y

    def position_at(self, fraction: float) -> Point:
        """Position after a fraction (0 to 1) of one span."""
        points, distances, _ = self.course
        at = min(1.0, max(0.0, fraction)) * self.length_px
        if at >= distances[-1]:
            return self.end
        after = bisect_left(distances, at)
        x, y = points[after].tolist()
        end = float(distances[after])
        if end == at:
            return x, y
        start = float(distances[after - 1])
        from_x, from_y = points[after - 1].tolist()
        done, step = at - start, end - start
        return (x - from_x) / step * done + from_x, (y - from_y) / step * done + from_y

    def positions_at(self, fractions: Array) -> Array:
        """Positions, shape = (n, 2), after fractions of one span, shape = (n,)."""
        points, distances, _ = self.course
        at = np.clip(fractions, 0.0, 1.0) * self.length_px
        return np.stack(
            [np.interp(at, distances, points[:, 0]), np.interp(at, distances, points[:, 1])], axis=1
        )

    def polyline(self) -> Array:
        """The path as played, as points to draw, shape = (n, 2)."""
        return self.course.points


class Course(NamedTuple):
    """A path as points along it."""

    points: Array
    """Shape = (n, 2), no two in a row in one place."""
    distances: Array
    """From the first point along the path, shape = (n,)."""
    natural_px: float
    """Length of the curve before it was cut or extended."""


def lay_out(paths: Iterable[SliderPath]) -> None:
    """Compute the courses of many paths at once, unless they are known.

    The results are those that each path would come to alone.
    """
    waiting = [path for path in paths if path.laid_out is None]
    if not waiting:
        return
    pieces = flattened([segment for path in waiting for segment in path.segments])
    points = np.concatenate(pieces)
    first_pieces = [0, *accumulate(len(path.segments) for path in waiting)][:-1]
    lengths = np.add.reduceat([len(piece) for piece in pieces], first_pieces)
    starts = lengths.cumsum() - lengths
    kept = np.ones(len(points), dtype=np.bool_)
    kept[1:] = _steps_px(points) > _NO_STEP_PX
    kept[starts] = True
    points, counts = points[kept], np.add.reduceat(kept, starts, dtype=np.int64)
    distances = np.zeros(len(points))
    stops = counts.cumsum()
    starts = stops - counts
    steps_px = _steps_px(points)
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        steps_px[start : stop - 1].cumsum(out=distances[start + 1 : stop])
    natural: list[float] = distances[stops - 1].tolist()
    wanted = [
        px if path.wanted_px is None else path.wanted_px
        for path, px in zip(waiting, natural, strict=True)
    ]
    _extend(
        points,
        distances,
        [
            (stop - 1, px)
            for path, stop, count, px, own_px in zip(
                waiting, stops.tolist(), counts.tolist(), wanted, natural, strict=True
            )
            if px > own_px and count > 1 and not _ends_doubled(path)
        ],
    )
    stops = _cut(points, distances, starts, stops, np.array(wanted))
    for path, start, stop, px in zip(
        waiting, starts.tolist(), stops.tolist(), natural, strict=True
    ):
        path.laid_out = Course(points[start:stop], distances[start:stop], px)


def _steps_px(points: Array) -> Array:
    """Distances between neighbours, shape (n, 2) to (n - 1,)."""
    steps = points[1:] - points[:-1]
    return np.hypot(steps[:, 0], steps[:, 1])


def _extend(points: Array, distances: Array, ends: Sequence[tuple[int, float]]) -> None:
    """Move last points straight on from those before them, until their distance is reached."""
    if not ends:
        return
    last, px = np.array([number for number, _ in ends]), np.array([px for _, px in ends])
    along = points[last] - points[last - 1]
    share = (px - distances[last]) / np.hypot(along[:, 0], along[:, 1])
    points[last] += along * share[:, None]
    distances[last] = px


def _cut(
    points: Array, distances: Array, starts: Numbers, stops: Numbers, wanted_px: Array
) -> Numbers:
    """Let paths end where they are long enough; the new stops."""
    counts = stops - starts
    shorter = np.add.reduceat(distances < np.repeat(wanted_px, counts), starts, dtype=np.int64)
    last = np.minimum(starts + shorter, stops - 1)
    before = np.maximum(last - 1, starts)
    inside = (distances[before] < wanted_px) & (wanted_px < distances[last])
    last_inside, before, px = last[inside], before[inside], wanted_px[inside]
    here, there = points[before], points[last_inside]
    slope = (there - here) / (distances[last_inside] - distances[before])[:, None]
    points[last_inside] = slope * (px - distances[before])[:, None] + here
    distances[last_inside] = px
    return last + 1


def _ends_doubled(path: SliderPath) -> bool:
    flat = [point for segment in path.segments[-2:] for point in segment.points[-2:]]
    return len(flat) > 1 and flat[-1] == flat[-2]
