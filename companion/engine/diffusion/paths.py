"""Paths of sliders whose points are being moved, as smooth curves or as the original's chords."""

from __future__ import annotations

import cmath
import math
from typing import TYPE_CHECKING

from companion.beatmap.curves import CurveSegment, SliderPath, curve_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from companion.beatmap.curves import CurveKind, Point

    PathOf = Callable[[CurveKind, Sequence[Point]], SliderPath]
    """Makes a path of natural length from its curve type and its control points, head first."""

CHORD_SLACK_PX = 0.1
"""How far the original's chords may lie inside of an arc."""


def smooth_path(curve: CurveKind, controls: Sequence[Point]) -> SliderPath:
    """The path as the rest of the companion draws it."""
    return SliderPath(curve_segments(curve, controls), None)


def chorded_path(curve: CurveKind, controls: Sequence[Point]) -> SliderPath:
    """The same, but arcs are made of as few chords as the original's.

    Walking along chords, one is up to a third of a pixel away from where one would be on the arc.
    """
    chords = _chords(controls) if curve == "P" and len(set(controls)) == len(controls) == 3 else ()
    if not chords:
        return smooth_path(curve, controls)
    return SliderPath((CurveSegment("L", chords),), None)


def _chords(controls: Sequence[Point]) -> tuple[Point, ...]:
    """Corners of the chords along the arc through three points; none where they lie on a line."""
    first, middle, last = (complex(*point) for point in controls)
    to_middle, to_last = middle - first, last - first
    area = (to_middle.conjugate() * to_last).imag
    if abs(area) < 1e-6:
        return ()
    to_centre = 1j * (to_middle * abs(to_last) ** 2 - to_last * abs(to_middle) ** 2) / (2 * area)
    centre, radius = first + to_centre, abs(to_centre)
    # From the first point to the last in the direction of the turn, up to a whole one.
    turn = math.copysign(1.0, area)
    sweep = turn * cmath.phase((last - centre) / (first - centre)) % math.tau
    corners = 2
    if 2 * radius > CHORD_SLACK_PX:
        chord = 2 * math.acos(1 - CHORD_SLACK_PX / radius)
        corners = max(corners, math.ceil(sweep / chord))
    spokes = [
        centre + (first - centre) * cmath.rect(1.0, turn * sweep * i / (corners - 1))
        for i in range(corners)
    ]
    return tuple((spoke.real, spoke.imag) for spoke in spokes)
