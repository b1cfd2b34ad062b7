"""Slider paths made to fit a length and the playfield.

Where the green lines of a map stay as they are, a slider's time decides its length, whatever path
the model drew. A path that is too short is drawn larger; one that then leaves the playfield is
turned around its head, by as little as possible, and as a last resort drawn anew as a zigzag.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.beatmap.curves import SliderPath, curve_segments
from companion.engine.postprocess.assembly import PLAYFIELD
from companion.engine.postprocess.slider_shapes import scaled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.engine.postprocess.slider_drafts import Point

ROUNDING_PX = 1.0
"""Whole pixels may shorten a path by about this much."""
TURN_STEP_DEGREES = 10
ZIGZAG_MARGIN_PX = 16
ZIGZAG_STEP_PX = 24

Fitted = tuple[str, tuple["Point", ...]]


def fit_path(kind: str, head: Point, anchors: Sequence[Point], length_px: float) -> Fitted:
    """Curve type and control points after the head, in whole pixels, for a length.

    The head stays where it is. A path that is longer than the slider is left alone: the game cuts
    it.
    """
    for candidate in _candidates(kind, head, anchors, length_px):
        if _fits(kind, head, candidate, length_px):
            return kind, candidate
    return "L", _zigzag(head, length_px)


def _candidates(
    kind: str, head: Point, anchors: Sequence[Point], length_px: float
) -> Iterator[tuple[Point, ...]]:
    natural_px = _path(kind, (head, *anchors), None).natural_length_px
    grown: Sequence[Point] = anchors
    if natural_px < length_px:
        if natural_px < ROUNDING_PX:
            return
        grown = scaled(anchors, head, (length_px + ROUNDING_PX) / natural_px)
    yield whole(grown)
    for degrees in range(TURN_STEP_DEGREES, 181, TURN_STEP_DEGREES):
        for turn in (degrees, -degrees):
            yield whole(_turned(grown, head, math.radians(turn)))


def _fits(kind: str, head: Point, anchors: Sequence[Point], length_px: float) -> bool:
    path = _path(kind, (head, *anchors), length_px)
    return all(on_playfield((x, y), slack_px=0.5) for x, y in path.polyline())


def _path(kind: str, points: Sequence[Point], length_px: float | None) -> SliderPath:
    return SliderPath(curve_segments(kind, tuple(points)), length_px)


def _turned(points: Sequence[Point], head: Point, angle: float) -> list[Point]:
    cos, sin = math.cos(angle), math.sin(angle)
    return [
        (
            head[0] + (x - head[0]) * cos - (y - head[1]) * sin,
            head[1] + (x - head[0]) * sin + (y - head[1]) * cos,
        )
        for x, y in points
    ]


def _zigzag(head: Point, length_px: float) -> tuple[Point, ...]:
    """Points to and fro over the playfield, each turn a little further up or down."""
    x, y = head
    down = 1 if y < PLAYFIELD[1] / 2 else -1
    right = x < PLAYFIELD[0] / 2
    points: list[Point] = []
    left_px = length_px
    while left_px > 0:
        goal = PLAYFIELD[0] - ZIGZAG_MARGIN_PX if right else ZIGZAG_MARGIN_PX
        walked = min(left_px + ROUNDING_PX, abs(goal - x))
        x += walked if right else -walked
        points.append((x, y))
        left_px -= walked
        if left_px > 0:
            if not 0 <= y + down * ZIGZAG_STEP_PX <= PLAYFIELD[1]:
                down = -down
            y += down * ZIGZAG_STEP_PX
            points.append((x, y))
            left_px -= ZIGZAG_STEP_PX
        right = not right
    return whole(points)


def whole(points: Sequence[Point]) -> tuple[Point, ...]:
    """Points in whole pixels."""
    return tuple((float(round(x)), float(round(y))) for x, y in points)


def on_playfield(point: Point, *, slack_px: float = 0.0) -> bool:
    """Whether a position can be reached with the cursor."""
    return (
        -slack_px <= point[0] <= PLAYFIELD[0] + slack_px
        and -slack_px <= point[1] <= PLAYFIELD[1] + slack_px
    )


def clamped(point: Point) -> Point:
    """The whole-pixel position on the playfield that is nearest to a point."""
    x, y = round(point[0]), round(point[1])
    return float(min(max(x, 0), PLAYFIELD[0])), float(min(max(y, 0), PLAYFIELD[1]))
