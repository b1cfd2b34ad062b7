"""Timing points of two maps laid over one another: kiai or velocities of one, else the other's.

As everywhere red lines stay where they are; what a stretch is given anew ends with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from companion.beatmap.timing import KIAI_BIT, TimingPoint, TimingTable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from companion.beatmap.ranges import TimeRange


def overlaid(
    before: Iterable[TimingPoint],
    new: Iterable[TimingPoint],
    span: TimeRange,
    *,
    kiai: bool,
    velocity: bool,
) -> list[TimingPoint]:
    """The points of a map with some of what other points say in a stretch of it.

    Args:
        before: The map's own, by time.
        new: The others, for the same red lines.
        span: Where they count.
        kiai: Whether kiai is taken from them.
        velocity: Whether slider velocities or scroll speeds are taken from them.

    Returns:
        All points of the map, by time; a green line only where there was one, or something changes.
        Points that nothing changes for are the map's own.
    """
    old, fresh = list(before), [point for point in new if span.contains(point.time_ms)]
    tables = TimingTable(old), TimingTable(new)
    edges = {float(span.start_ms), float(span.end_ms)}
    times = sorted({point.time_ms for point in (*old, *fresh)} | edges)
    result: list[TimingPoint] = []
    for ms in times:
        here = [point for point in old if point.time_ms == ms]
        if here and not span.contains(ms):
            result += here
            continue
        wanted = _wanted_at(ms, *tables, span, kiai=kiai, velocity=velocity)
        if wanted is None:
            continue
        reds = [point for point in here if point.uninherited]
        result += [replace(red, effects=_with_kiai(red, wanted.kiai)) for red in reds]
        green = next((point for point in reversed(here) if not point.uninherited), None)
        governing = TimingTable(result).point_at(ms)
        if green is not None and _state(green) == _state(wanted):
            result.append(green)
        elif green is not None or governing is None or _state(governing) != _state(wanted):
            result.append(wanted)
    return result


def _wanted_at(
    ms: float,
    old: TimingTable,
    new: TimingTable,
    span: TimeRange,
    *,
    kiai: bool,
    velocity: bool,
) -> TimingPoint | None:
    """What is to hold from a moment on, as a green line; ``None`` before the map's first point."""
    own, other = old.point_at(ms), new.point_at(ms)
    if own is None:
        return None
    point = replace(
        own,
        time_ms=ms,
        uninherited=False,
        beat_length=-100.0 if own.uninherited else own.beat_length,
        effects=own.effects & KIAI_BIT,
    )
    if other is None or not span.contains(ms):
        return point
    if velocity:
        point = replace(point, beat_length=-100.0 / other.unclamped_velocity)
    return replace(point, effects=_with_kiai(point, other.kiai)) if kiai else point


def _with_kiai(point: TimingPoint, kiai: bool) -> int:
    return point.effects & ~KIAI_BIT | KIAI_BIT * kiai


def _state(point: TimingPoint) -> tuple[float, int, int, int, bool]:
    return (
        point.unclamped_velocity,
        point.sample_set,
        point.sample_index,
        point.volume,
        point.kiai,
    )
