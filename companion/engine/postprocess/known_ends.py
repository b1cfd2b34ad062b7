"""Slider lengths that lead to an end which is known to the pixel.

A slider's time and velocity leave its length open by a pixel or more: one is cut off to whole
milliseconds, the other rounded to hundredths. Where the end is known better, it decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Slider, curve_segments
from companion.beatmap.objects import SLIDER_BIT
from companion.engine.encoding.slider_spans import natural_length, slider_end

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.engine.encoding import PositionRange
    from companion.engine.postprocess.slider_drafts import Point

STEP_PX = 0.25
"""Distance of the lengths that are tried first."""
MAX_STEPS = 64
REFINEMENTS = 24
GOLDEN = (math.sqrt(5) - 1) / 2
DECIMALS = 12
"""Lengths are written as short as the end allows."""


@dataclass(frozen=True, slots=True)
class KnownEnd:
    """Where a slider's first span ends, in whole pixels."""

    place: Point
    """Its coordinates are cut off toward zero, like all positions of events."""
    box: PositionRange
    """Ends outside of it are taken for places on its edge."""

    def is_at(self, end: Point) -> bool:
        """Whether a position is read as the known one."""
        x, y = self._in_box(end)
        return (int(x), int(y)) == self.place

    def misses_px(self, end: Point) -> float:
        """How far a position lies outside of the known pixel; not positive inside."""
        return max(map(_outside_px, self._in_box(end), self.place))

    def _in_box(self, end: Point) -> Point:
        box = self.box
        return min(max(end[0], box.x_min), box.x_max), min(max(end[1], box.y_min), box.y_max)

    def length_px(
        self, slider: Slider, wanted_px: Sequence[float], low_px: float, high_px: float
    ) -> float:
        """The first of some lengths whose end is read as the known one, or one near to them.

        Returns:
            One of `wanted_px`, otherwise a length in ``[low_px, high_px]``, or NaN when none of
            them leads there.
        """
        for length in wanted_px:
            if self._fits(slider, length):
                return length
        n_steps = min(max(math.ceil((high_px - low_px) / STEP_PX), 2), MAX_STEPS)
        step_px = (high_px - low_px) / n_steps
        lengths = [low_px + i * step_px for i in range(n_steps + 1)]
        if low_px <= (natural_px := natural_length(slider)) <= high_px:
            lengths.append(natural_px)
        fitting = [length for length in lengths if self._fits(slider, length)]
        if not fitting:
            nearest = min(lengths, key=lambda length: self._misses(slider, length))
            found = self._refined(slider, max(nearest - step_px, low_px), nearest + step_px)
            fitting = [found] if low_px <= found <= high_px and self._fits(slider, found) else []
        if not fitting:
            return math.nan
        nearest = min(fitting, key=lambda length: abs(length - wanted_px[0]))
        shorter = (round(nearest, n) for n in range(DECIMALS))
        return next(
            (x for x in shorter if low_px <= x <= high_px and self._fits(slider, x)), nearest
        )

    def _fits(self, slider: Slider, length_px: float) -> bool:
        return self.is_at(slider_end(slider, length_px))

    def _misses(self, slider: Slider, length_px: float) -> float:
        return self.misses_px(slider_end(slider, length_px))

    def _refined(self, slider: Slider, low_px: float, high_px: float) -> float:
        """The length between two others that misses the least (golden section)."""
        for _ in range(REFINEMENTS):
            width_px = GOLDEN * (high_px - low_px)
            one, other = high_px - width_px, low_px + width_px
            if self._misses(slider, one) < self._misses(slider, other):
                high_px = other
            else:
                low_px = one
        return (low_px + high_px) / 2


def slider_of(kind: str, points: tuple[Point, ...]) -> Slider:
    """A slider that consists of its path alone; control points with the head first."""
    return Slider(
        x=points[0][0],
        y=points[0][1],
        start_ms=0,
        end_ms=0,
        type_bits=SLIDER_BIT,
        curve_type=kind,
        segments=curve_segments(kind, points),
        control_points=points,
        slides=1,
        length_px=0,
        span_ms=0,
    )


def _outside_px(value: float, cell: float) -> float:
    """How far a coordinate lies outside of those that are cut off to a whole one."""
    if cell == 0:
        return abs(value) - 1
    centre = cell + math.copysign(0.5, cell)
    return abs(value - centre) - 0.5
