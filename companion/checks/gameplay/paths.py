"""Places on slider paths, without computing a curve where a formula will do.

Four of five sliders of real maps are lines or arcs of three points. For the others the curves of
``companion.beatmap.curves`` are laid out together; they also say how paths are cut and extended.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from companion.beatmap import Slider, SliderPath
from companion.beatmap.curves import lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import HitObject
    from companion.checks.difficulty import Difficulty

Point: TypeAlias = tuple[float, float]

BEYOND_PX = 5.0


class Line(NamedTuple):
    """A path between two points, or on beyond the second."""

    head: Point
    direction: Point
    length_px: float

    @property
    def end(self) -> Point:
        """The far end of the path."""
        return self.position_at(1.0)

    def position_at(self, share: float) -> Point:
        """The place after a share (0 to 1) of the path."""
        (x, y), (dx, dy), length_px = self
        distance = share * length_px
        return x + dx * distance, y + dy * distance


class Arc(NamedTuple):
    """A path along a part of a circle, and straight on from there."""

    centre: Point
    radius: float
    start: float
    sweep: float
    """Angle from the first point over the second to the third, with its sign."""
    length_px: float

    @property
    def arc_px(self) -> float:
        """Length of the whole arc, whether the path goes as far or not."""
        return self.radius * abs(self.sweep)

    @property
    def end(self) -> Point:
        """The far end of the path."""
        return self.position_at(1.0)

    def position_at(self, share: float) -> Point:
        """The place after a share (0 to 1) of the path."""
        distance, arc_px = share * self.length_px, self.arc_px
        turned = min(distance, arc_px) / self.radius * math.copysign(1.0, self.sweep)
        cos, sin = math.cos(self.start + turned), math.sin(self.start + turned)
        x, y = self.centre[0] + self.radius * cos, self.centre[1] + self.radius * sin
        beyond = math.copysign(max(0.0, distance - arc_px), self.sweep)
        return x - sin * beyond, y + cos * beyond

    def box(self) -> tuple[Point, Point]:
        """Left upper and right lower corner of what holds the whole arc, whatever its length."""
        low, high = sorted((self.start, self.start + self.sweep))
        angles = [low, high]
        # Between its ends an arc reaches farthest where it crosses an axis of its circle.
        first, last = math.ceil(low / QUARTER), math.floor(high / QUARTER)
        angles += (QUARTER * number for number in range(first, last + 1))
        xs = [self.centre[0] + self.radius * math.cos(angle) for angle in angles]
        ys = [self.centre[1] + self.radius * math.sin(angle) for angle in angles]
        return (min(xs), min(ys)), (max(xs), max(ys))


QUARTER = math.pi / 2


def _line(points: Sequence[Point], length_px: float) -> Line | None:
    (ax, ay), (bx, by) = points
    chord = math.hypot(bx - ax, by - ay)
    if chord == 0:
        return None
    return Line(points[0], ((bx - ax) / chord, (by - ay) / chord), length_px)


def arc_through(points: Sequence[Point], length_px: float) -> Arc | None:
    """The arc through three points; None where they lie in a line."""
    (ax, ay), (bx, by), (cx, cy) = points
    bx, by, cx, cy = bx - ax, by - ay, cx - ax, cy - ay
    double_area = 2.0 * (bx * cy - by * cx)
    if double_area == 0:
        return None
    b2, c2 = bx * bx + by * by, cx * cx + cy * cy
    ox, oy = (cy * b2 - by * c2) / double_area, (bx * c2 - cx * b2) / double_area
    start = math.atan2(-oy, -ox)
    sweep = (math.atan2(cy - oy, cx - ox) - start) % math.tau
    if double_area < 0:
        sweep -= math.tau
    return Arc((ax + ox, ay + oy), math.hypot(ox, oy), start, sweep, length_px)


def path_of(item: Slider) -> Line | Arc | SliderPath:
    """The simplest description of a slider's path; one that tells places quickly."""
    if len(item.segments) != 1:
        return item.path
    segment = item.segments[0]
    if len(segment.points) == 2 and segment.kind in ("L", "B"):
        return _line(segment.points, item.length_px) or item.path
    if len(segment.points) == 3 and segment.kind == "P":
        arc = arc_through(segment.points, item.length_px)
        # What goes far beyond the arc goes straight on from its last flattened piece.
        if arc is not None and item.length_px - arc.arc_px <= BEYOND_PX:
            return arc
    return item.path


class Paths:
    """The paths of a map's sliders, and where every object ends."""

    def __init__(self, objects: Sequence[HitObject]) -> None:
        self._paths = {
            index: path_of(item) for index, item in enumerate(objects) if isinstance(item, Slider)
        }
        lay_out(path for path in self._paths.values() if isinstance(path, SliderPath))
        self.far: list[Point] = [(item.x, item.y) for item in objects]
        """The far end of each slider's path; the place of anything else."""
        self.last = self.far.copy()
        """Where the ball is at the end: the head after an even number of spans."""
        for index, path in self._paths.items():
            self.far[index] = path.end
            item = objects[index]
            if isinstance(item, Slider) and item.slides % 2:
                self.last[index] = self.far[index]

    def place(self, index: int, share: float) -> Point:
        """The place after a share (0 to 1) of a slider's path."""
        return self.far[index] if share == 1.0 else self._paths[index].position_at(share)


def slider_paths(difficulty: Difficulty) -> Paths:
    """A fact: the paths of the sliders."""
    return Paths(difficulty.beatmap.hit_objects)
