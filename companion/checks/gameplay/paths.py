"""Places on slider paths, without computing a curve where a formula will do.

Four of five sliders of real maps are lines or arcs of three points. For the others the flattened
curve of ``companion.beatmap.curves`` is used, which also says how paths are cut and extended.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from companion.beatmap import Slider

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import HitObject
    from companion.checks.difficulty import Difficulty

Point: TypeAlias = tuple[float, float]

BEYOND_PX = 5.0


@dataclass(frozen=True, slots=True)
class _Line:
    head: Point
    direction: Point

    def at(self, distance: float) -> Point:
        (x, y), (dx, dy) = self.head, self.direction
        return x + dx * distance, y + dy * distance


@dataclass(frozen=True, slots=True)
class _Arc:
    centre: Point
    radius: float
    start: float
    sweep: float
    """Angle from the first point over the second to the third, with its sign."""

    def at(self, distance: float) -> Point:
        length = self.radius * abs(self.sweep)
        turned = min(distance, length) / self.radius * math.copysign(1.0, self.sweep)
        cos, sin = math.cos(self.start + turned), math.sin(self.start + turned)
        x, y = self.centre[0] + self.radius * cos, self.centre[1] + self.radius * sin
        beyond = math.copysign(max(0.0, distance - length), self.sweep)
        return x - sin * beyond, y + cos * beyond


def _line(points: Sequence[Point]) -> _Line | None:
    (ax, ay), (bx, by) = points
    chord = math.hypot(bx - ax, by - ay)
    return _Line(points[0], ((bx - ax) / chord, (by - ay) / chord)) if chord > 0 else None


def _arc(points: Sequence[Point]) -> _Arc | None:
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
    return _Arc((ax + ox, ay + oy), math.hypot(ox, oy), start, sweep)


def _formula(item: Slider) -> _Line | _Arc | None:
    if len(item.segments) != 1:
        return None
    segment = item.segments[0]
    if len(segment.points) == 2 and segment.kind in ("L", "B"):
        return _line(segment.points)
    if len(segment.points) == 3 and segment.kind == "P":
        arc = _arc(segment.points)
        # What goes far beyond the arc goes straight on from its last flattened piece.
        if arc is not None and item.length_px - arc.radius * abs(arc.sweep) <= BEYOND_PX:
            return arc
    return None


def path_points(item: Slider, progress: Sequence[float]) -> list[Point]:
    """Places after shares (0 to 1) of a slider's path."""
    formula = _formula(item)
    if formula is not None:
        return [formula.at(share * item.length_px) for share in progress]
    found = item.path.positions_at(np.array(progress))
    return [(x, y) for x, y in found.tolist()]


class PathEnds:
    """The far ends of the paths of a map's sliders, each computed when first asked for."""

    def __init__(self, objects: Sequence[HitObject]) -> None:
        self._objects = objects
        self._known: dict[int, Point] = {}

    def far(self, index: int) -> Point:
        """The far end of a slider's path; the place of anything else."""
        if index not in self._known:
            item = self._objects[index]
            is_slider = isinstance(item, Slider)
            self._known[index] = path_points(item, (1.0,))[0] if is_slider else (item.x, item.y)
        return self._known[index]

    def last(self, index: int) -> Point:
        """Where the ball is at the end: the head after an even number of spans."""
        item = self._objects[index]
        if isinstance(item, Slider) and item.slides % 2:
            return self.far(index)
        return item.x, item.y


def path_ends(difficulty: Difficulty) -> PathEnds:
    """A fact: where sliders end."""
    return PathEnds(difficulty.beatmap.hit_objects)
