"""Scroll speed changes, and the tempo that mania measures them against."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import HoldNote, Mode
from companion.engine.encoding.as_written import as_written
from companion.engine.encoding.groups import Group, GroupWriter
from companion.engine.encoding.moments import GoverningLines, moment
from companion.engine.events import EventType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import Beatmap, TimingPoint
    from companion.engine.encoding.options import EncodingOptions
    from companion.engine.events import Event

SAME_SPEED = 1e-3
"""Scroll speeds that differ by no more than this are one."""


def encode_scroll_speeds(beatmap: Beatmap, options: EncodingOptions) -> list[Event]:
    """Every change of the scroll speed, relative to the main tempo where the family wants that."""
    beatmap = as_written(beatmap, options)
    lines = GoverningLines(beatmap.timing_points)
    writer = GroupWriter(options, beatmap.mode, beatmap.keycount, lines)
    last: float | None = None
    speeds = scroll_speeds(
        beatmap, normalized=options.normalized_scroll_speed, quirks=options.original_quirks
    )
    for point, speed in speeds:
        if last is None or abs(speed - last) > SAME_SPEED:
            writer.add(
                Group(EventType.SCROLL_SPEED_CHANGE, moment(point.time_ms), scroll_speed=speed)
            )
        last = speed
    return writer.events


def scroll_speed_ratio(beatmap: Beatmap) -> float | None:
    """Scroll speed changes per moment that has an object; ``None`` for a map without objects."""
    if not beatmap.hit_objects:
        return None
    starts = [hit.start_ms for hit in beatmap.hit_objects]
    n_moments = 1 + sum(a != b for a, b in pairwise(starts))
    changes, last = 0, 1.0
    for _, speed in scroll_speeds(beatmap, normalized=beatmap.mode is Mode.MANIA):
        changes += abs(speed - last) > SAME_SPEED
        last = speed
    return changes / n_moments


def scroll_speeds(
    beatmap: Beatmap, *, normalized: bool, quirks: bool = False
) -> Iterator[tuple[TimingPoint, float]]:
    """The scroll speed from each timing point on; of points at the same time only the last."""
    main_ms = main_beat_length_of(beatmap, quirks=quirks)
    beat_ms = main_ms
    points = beatmap.timing_points
    for i, point in enumerate(points):
        if point.uninherited:
            beat_ms, speed = point.beat_length, 1.0
        else:
            speed = point.unclamped_velocity
        if i + 1 == len(points) or points[i + 1].time_ms > point.time_ms:
            yield point, speed * main_ms / beat_ms if normalized and beat_ms else speed


def main_beat_length_of(beatmap: Beatmap, *, quirks: bool = False) -> float:
    """Beat length that governs the longest part of a map, 0 without objects or red lines.

    The length of a last slider does not count, that of a hold note does.
    """
    last_ms = max(
        (h.end_ms if isinstance(h, HoldNote) else h.start_ms for h in beatmap.hit_objects),
        default=0.0,
    )
    if quirks:
        last_ms = _whole_seconds(last_ms)
    return main_beat_length(beatmap.timing_points, last_ms, quirks=quirks)


def main_beat_length(
    points: Sequence[TimingPoint], last_ms: float, *, quirks: bool = False
) -> float:
    """Beat length that governs the longest time up to `last_ms`; the later one of equals wins.

    This is how osu! stable finds the tempo that scroll speeds in mania are relative to: the first
    line governs from 0 on, and what comes after the last object does not count. With `quirks` times
    count in whole seconds only.
    """
    beat_ms = 0.0
    durations: dict[float, int] = {}
    for i in range(len(points) - 1, -1, -1):
        point = points[i]
        time_ms = _whole_seconds(point.time_ms) if quirks else point.time_ms
        if point.uninherited:
            beat_ms = point.beat_length
        if beat_ms == 0 or time_ms > last_ms or (not point.uninherited and i > 0):
            continue
        governed = int(last_ms - (0 if i == 0 else time_ms))
        durations[beat_ms] = durations.get(beat_ms, 0) + governed
        last_ms = time_ms
    main, longest = 0.0, 0
    for beat_ms, duration in durations.items():
        if duration > longest:
            main, longest = beat_ms, duration
    return main


def _whole_seconds(time_ms: float) -> float:
    # Of a time before the song's start the seconds of the day before are taken, hence the modulo.
    return moment(time_ms).seconds * 1000.0
