"""Where the hit objects go: a walk across the playfield that curves and never leaves it.

Each object is placed by looking at a fan of directions and taking the cheapest: a distance that
fits the time since the last object, a turn that goes on as the combo began, room for the whole
slider, and no old object underneath. The last chorus mirrors the first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo_set import score

if TYPE_CHECKING:
    from collections.abc import Iterable

    from demo_set.rhythm import Beat

WIDTH_PX, HEIGHT_PX = 512, 384
SLIDER_MULTIPLIER = 1.6
_MARGIN_PX = 36
_SIXTEENTH_BEATS = 0.25

VELOCITY = {"intro": 0.75, "verse": 0.9, "rise": 1.0, "bridge": 0.8, "outro": 0.75}
CHORUS_VELOCITY = 1.15
_SPACING_PX = {"intro": 80, "verse": 100, "rise": 106, "bridge": 95, "outro": 80}
_CHORUS_SPACING_PX = 124
_STREAM_SPACING_PX = 42

Point = tuple[float, float]


def velocity(section: str) -> float:
    """Slider velocity multiplier of a section."""
    return VELOCITY.get(section, CHORUS_VELOCITY)


@dataclass(frozen=True, slots=True)
class Placed:
    """A beat with its place; `curve` is empty for a circle, else the points after the head."""

    beat: Beat
    x: int
    y: int
    curve_type: str = ""
    curve: tuple[tuple[int, int], ...] = ()
    length_px: float = 0.0
    end: Point = (0.0, 0.0)
    """Where the cursor is afterwards."""

    def mirrored(self, beat: Beat) -> Placed:
        """The same shape on the other side, for another beat of the same rhythm."""
        return Placed(
            beat,
            WIDTH_PX - self.x,
            self.y,
            self.curve_type,
            tuple((WIDTH_PX - x, y) for x, y in self.curve),
            self.length_px,
            (WIDTH_PX - self.end[0], self.end[1]),
        )


def place(beats: Iterable[Beat]) -> list[Placed]:
    """Give every beat its place."""
    walk = _Walk()
    shift = 16 * (score.first_bar("last chorus") - score.first_bar("chorus"))
    first_chorus: dict[int, Placed] = {}
    for beat in beats:
        twin = first_chorus.get(beat.start - shift) if beat.section == "last chorus" else None
        if twin and (twin.beat.length, twin.beat.slides) == (beat.length, beat.slides):
            walk.take(twin.mirrored(beat))
        else:
            walk.step(beat)
        if beat.section == "chorus":
            first_chorus[beat.start] = walk.placed[-1]
    return walk.placed


class _Walk:
    """The state of the walk: where the cursor is, where it is heading, which way it curves."""

    def __init__(self) -> None:
        self.placed: list[Placed] = []
        self.at: Point = (150.0, 250.0)
        self.heading = -0.5
        self.turn = 1

    def step(self, beat: Beat) -> None:
        if beat.new_combo and (beat.start // 16) % 2 == 0:
            self.turn = -self.turn
        gap = beat.start - self.placed[-1].beat.end if self.placed else 4
        options = [
            option
            for number in range(24)
            for option in self._options(beat, gap, 2 * math.pi * number / 24)
        ]
        self.take(min(options, key=lambda option: option[0])[1])

    def take(self, placed: Placed) -> None:
        head = (float(placed.x), float(placed.y))
        if math.dist(head, self.at) > 1:
            self.heading = math.atan2(head[1] - self.at[1], head[0] - self.at[0])
        if placed.curve:
            last = placed.curve[-2] if len(placed.curve) > 1 else head
            self.heading = math.atan2(placed.end[1] - last[1], placed.end[0] - last[0])
        self.at = placed.end
        self.placed.append(placed)

    def _options(self, beat: Beat, gap: int, heading: float) -> list[tuple[float, Placed]]:
        distance = _distance_px(beat.section, gap)
        head = (
            round(self.at[0] + distance * math.cos(heading)),
            round(self.at[1] + distance * math.sin(heading)),
        )
        wanted = self.heading + self.turn * (0.25 if gap == 1 else _turn(beat))
        cost = 30 * _angle_between(heading, wanted) + self._crowding(beat, head)
        if not beat.length:
            placed = Placed(beat, *head, end=head)
            return [(cost + _outside(head), placed)]
        options: list[tuple[float, Placed]] = []
        for bend in (-0.9, -0.45, 0.0, 0.45, 0.9):
            placed = _slider(beat, head, heading + bend, self.turn)
            body = [head, *placed.curve, placed.end]
            outside = sum(_outside(point) for point in body)
            crowding = self._crowding(beat, placed.end)
            options.append((cost + outside + crowding + 6 * abs(bend), placed))
        return options

    def _crowding(self, beat: Beat, point: Point) -> float:
        """Old objects still in sight should be clear of a new one, unless it is a stream."""
        cost = 0.0
        for other in self.placed[-8:]:
            age = beat.start - other.beat.end
            if age <= 1 or age > 10:
                continue
            for spot in ((other.x, other.y), *other.curve, other.end):
                cost += max(0.0, 78 - math.dist(point, spot)) * 0.6
        return cost


def _distance_px(section: str, gap: int) -> float:
    """Spacing by the time since the last object ended, in sixteenths."""
    spacing = _SPACING_PX.get(section, _CHORUS_SPACING_PX)
    if gap <= 1:
        return _STREAM_SPACING_PX
    return spacing * min(1.6, (gap / 2) ** 0.7)


def _turn(beat: Beat) -> float:
    """Wide turns where it is calm, sharp ones where the drums are."""
    return {"verse": 0.7, "intro": 0.6, "outro": 0.6, "bridge": 0.8}.get(beat.section, 1.25)


def _slider(beat: Beat, head: tuple[int, int], angle: float, turn: int) -> Placed:
    span = beat.length // beat.slides
    beats = span * _SIXTEENTH_BEATS
    length = 100 * SLIDER_MULTIPLIER * velocity(beat.section) * beats
    if span <= 2:
        tip = _from(head, angle, 1.0 * length)
        curve = ((round(tip[0]), round(tip[1])),)
        tip = _from(head, math.atan2(curve[0][1] - head[1], curve[0][0] - head[0]), length)
        end = head if beat.slides % 2 == 0 else tip
        return Placed(beat, *head, "L", curve, length, end)
    # a circular arc: the chord turns by half of what the direction turns
    bend = turn * (1.1 if span <= 4 else 1.5)
    arc = 1.03 * length  # rounding must not leave the curve shorter than the slider
    chord = arc * math.sin(bend / 2) / (bend / 2)
    tip = _from(head, angle + bend / 2, chord)
    half = arc / 2 * math.sin(bend / 4) / (bend / 4)
    middle = _from(head, angle + bend / 4, half)
    curve = ((round(middle[0]), round(middle[1])), (round(tip[0]), round(tip[1])))
    end = head if beat.slides % 2 == 0 else tip
    return Placed(beat, *head, "P", curve, length, end)


def _from(point: Point, angle: float, distance: float) -> Point:
    return (point[0] + distance * math.cos(angle), point[1] + distance * math.sin(angle))


def _outside(point: Point) -> float:
    """How much a point leaves the comfortable part of the playfield."""
    x, y = point
    over = max(0, _MARGIN_PX - x, x - (WIDTH_PX - _MARGIN_PX))
    over += max(0, _MARGIN_PX - y, y - (HEIGHT_PX - _MARGIN_PX))
    centre = math.dist(point, (WIDTH_PX / 2, HEIGHT_PX / 2)) / 100
    return 12 * over + centre**2


def _angle_between(left: float, right: float) -> float:
    return abs((left - right + math.pi) % (2 * math.pi) - math.pi)
