"""How objects lie to each other, how they sound, and how far two maps' habits in it are apart."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Slider, Spinner
from companion.training.measures import energy_distance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import HitObject

ADDITIONS = 2 | 4 | 8
"""Whistle, finish, clap."""
TOGETHER_MS = 2_000.0
"""Objects further apart in time have nothing to do with each other."""


@dataclass(slots=True)
class Shapes:
    """Spacings and angles of some objects."""

    spacings_px: list[float] = field(default_factory=list[float])
    """From the end of an object to the next one's head."""
    angles_deg: list[float] = field(default_factory=list[float])
    """Turn at an object, 0 straight on to 180 straight back."""

    def add(self, other: Shapes) -> None:
        """Take in those of another stretch."""
        self.spacings_px += other.spacings_px
        self.angles_deg += other.angles_deg

    def distance(self, other: Shapes) -> tuple[float, float]:
        """Energy distances of spacings in pixels and of angles in degrees; NaN where too few."""
        return (
            energy_distance(self.spacings_px, other.spacings_px),
            energy_distance(self.angles_deg, other.angles_deg),
        )


@dataclass(slots=True)
class Likeness:
    """Shapes of what was written, of the mapper's there, and of another difficulty's there."""

    written: Shapes = field(default_factory=Shapes)
    mapped: Shapes = field(default_factory=Shapes)
    other: Shapes | None = field(default_factory=Shapes)
    """Of the same set, at similar stars; None without one."""

    def add(
        self,
        written: Sequence[HitObject],
        mapped: Sequence[HitObject],
        other: Sequence[HitObject] = (),
    ) -> None:
        """Take in one stretch."""
        self.written.add(shapes_of(written))
        self.mapped.add(shapes_of(mapped))
        if self.other is not None:
            self.other.add(shapes_of(other))


def shapes_of(hits: Sequence[HitObject]) -> Shapes:
    """Spacings and angles along objects in order of time; spinners interrupt."""
    found = Shapes()
    direction: tuple[float, float] | None = None
    for before, hit in pairwise(hits):
        if (
            isinstance(before, Spinner)
            or isinstance(hit, Spinner)
            or not 0 < hit.start_ms - before.start_ms <= TOGETHER_MS
        ):
            direction = None
            continue
        x, y = before.end_position if isinstance(before, Slider) else (before.x, before.y)
        move = hit.x - x, hit.y - y
        found.spacings_px.append(math.hypot(*move))
        if found.spacings_px[-1] < 1:
            direction = None
            continue
        if direction is not None and not isinstance(before, Slider):
            found.angles_deg.append(_turn_deg(direction, move))
        direction = move
    return found


def _turn_deg(one: tuple[float, float], other: tuple[float, float]) -> float:
    turn = math.atan2(other[1], other[0]) - math.atan2(one[1], one[0])
    return abs(math.degrees(math.remainder(turn, math.tau)))


HITSOUNDED_SHARE = 0.1
"""A map with additions on so many of its objects counts as hitsounded."""


def is_hitsounded(sounds: Sequence[int]) -> bool:
    """Whether additions were set in a map, from those of its objects."""
    return sum(sound != 0 for sound in sounds) >= HITSOUNDED_SHARE * max(len(sounds), 1)


def hitsound_of(hit: HitObject) -> int:
    """Additions at the head."""
    bits = hit.edge_sounds[0] if isinstance(hit, Slider) and hit.edge_sounds else hit.hitsound
    return bits & ADDITIONS
