"""The same map otherwise: mirrored, or with its song played faster or slower."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import rosu_pp_py as rosu

from companion.beatmap import Mode, Slider
from companion.engine.events import Event, EventType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from companion.beatmap import Beatmap, HitObject, TimingPoint
    from companion.engine.conditioning import Conditioning

WIDTH_PX, HEIGHT_PX = 512, 384
_MIRRORED_ACROSS = frozenset({Mode.OSU, Mode.CATCH, Mode.MANIA})


@dataclass(frozen=True, slots=True)
class Variation:
    """How a map is changed before a model sees it."""

    speed: Fraction = Fraction(1)
    """How fast the song is played; pitch and times follow."""
    mirror_x: bool = False
    """Left and right are swapped; in mania the columns are."""
    mirror_y: bool = False
    """Top and bottom are swapped (osu! alone; fruits fall)."""


AS_IT_IS = Variation()


def mirrored(beatmap: Beatmap, variation: Variation) -> Beatmap:
    """The map with its positions mirrored; times stay as they are."""
    across = variation.mirror_x and beatmap.mode in _MIRRORED_ACROSS
    down = variation.mirror_y and beatmap.mode is Mode.OSU
    if not across and not down:
        return beatmap
    # The last pixel belongs to the last column, not to one beyond it.
    width = WIDTH_PX - 1 if beatmap.mode is Mode.MANIA else WIDTH_PX

    def place(point: tuple[float, float]) -> tuple[float, float]:
        x, y = point
        return (width - x if across else x, HEIGHT_PX - y if down else y)

    def turned(hit: HitObject) -> HitObject:
        x, y = place((hit.x, hit.y))
        if not isinstance(hit, Slider):
            return replace(hit, x=x, y=y)
        segments = tuple(
            replace(part, points=tuple(place(point) for point in part.points))
            for part in hit.segments
        )
        points = tuple(place(point) for point in hit.control_points)
        return replace(hit, x=x, y=y, segments=segments, control_points=points, known_path=None)

    return replace(beatmap, hit_objects=tuple(turned(hit) for hit in beatmap.hit_objects))


def at_speed(events: Iterable[Event], speed: Fraction) -> list[Event]:
    """Events of the song as it is played; times are cut off to whole milliseconds."""
    if speed == 1:
        return list(events)
    return [
        Event(
            event.kind,
            int(event.value / speed) if event.kind is EventType.TIME_SHIFT else event.value,
            int(event.time_ms / speed),
        )
        for event in events
    ]


def lines_at_speed(lines: Iterable[TimingPoint], speed: Fraction) -> tuple[TimingPoint, ...]:
    """Red lines of the song as it is played."""
    factor = float(speed)
    return tuple(
        replace(line, time_ms=line.time_ms / factor, beat_length=line.beat_length / factor)
        for line in lines
    )


def told_at_speed(about: Conditioning, speed: Fraction, stars: float | None) -> Conditioning:
    """What a map says about itself when its song is played at a speed; ``stars`` are those then."""
    density = about.note_density
    return replace(
        about,
        difficulty=stars,
        song_length_ms=about.song_length_ms / float(speed),
        note_density=None if density is None else density * float(speed),
    )


def stars_at_speed(data: bytes, speed: Fraction) -> float | None:
    """Star rating of an ``.osu`` file at a speed; ``None`` when it cannot be calculated."""
    try:
        beatmap = rosu.Beatmap(bytes=data)
    except (rosu.ParseError, ValueError):
        return None
    if beatmap.is_suspicious():  # crafted to take forever
        return None
    return round(rosu.Difficulty(clock_rate=float(speed)).calculate(beatmap).stars, 2)
