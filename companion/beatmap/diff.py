"""What changed between two revisions, as stretches of song time."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from companion.beatmap.ranges import TimeRange, merge

if TYPE_CHECKING:
    from collections.abc import Hashable

    from companion.beatmap.beatmap import Beatmap
    from companion.beatmap.document import Document
    from companion.beatmap.timing import TimingPoint

GLOBAL_KEYS = ("AudioFilename", "Mode", "SampleSet", "StackLeniency")
"""Keys of ``[General]`` that bear on every object."""


def diff(old: Document, new: Document) -> tuple[TimeRange, ...]:
    """The stretches of song time in which two revisions differ, sorted and disjoint.

    The whole song when red lines, difficulty settings, mode or song changed; nothing when only
    texts did. An object that became longer because of a green line counts as changed.
    """
    if old == new:
        return ()
    before, after = old.beatmap, new.beatmap
    whole = whole_song(before).union(whole_song(after))
    if _settings(before) != _settings(after):
        return (whole,)
    return merge(
        [
            *_changed(_objects(old), _objects(new)),
            *_changed(_breaks(before), _breaks(after)),
            *_changed_states(before, after, whole),
        ]
    )


def whole_song(beatmap: Beatmap) -> TimeRange:
    """From 0, or the first thing before it, to just after the last thing in the map."""
    times = [o.start_ms for o in beatmap.hit_objects] + [p.time_ms for p in beatmap.timing_points]
    last = max([beatmap.last_ms, *(p.time_ms for p in beatmap.timing_points)])
    return TimeRange(math.floor(min([0.0, *times])), math.floor(max(0.0, last)) + 1)


def _settings(beatmap: Beatmap) -> Hashable:
    reds = tuple((p.time_ms, p.beat_length, p.meter) for p in beatmap.red_lines)
    general = tuple(beatmap.general.get(key) for key in GLOBAL_KEYS)
    return reds, general, tuple(sorted(beatmap.difficulty.items())), beatmap.time_offset_ms


def _extent(start_ms: float, end_ms: float) -> TimeRange:
    return TimeRange(math.floor(start_ms), math.floor(end_ms) + 1)


def _objects(document: Document) -> Counter[tuple[TimeRange, bytes]]:
    lines = document.lines
    return Counter(
        (_extent(item.start_ms, item.end_ms), lines[item.line].raw)
        for item in document.beatmap.hit_objects
    )


def _breaks(beatmap: Beatmap) -> Counter[tuple[TimeRange, bytes]]:
    return Counter((_extent(b.start_ms, b.end_ms), b"") for b in beatmap.breaks)


def _changed(
    before: Counter[tuple[TimeRange, bytes]], after: Counter[tuple[TimeRange, bytes]]
) -> list[TimeRange]:
    return [extent for extent, _ in ((before - after) + (after - before))]


def _changed_states(before: Beatmap, after: Beatmap, whole: TimeRange) -> list[TimeRange]:
    """Stretches in which another velocity, sound or kiai is in force."""
    edges = sorted({p.time_ms for p in (*before.timing_points, *after.timing_points)})
    ends = [*edges[1:], float(whole.end_ms)]
    return [
        TimeRange(math.floor(start), max(math.floor(start) + 1, math.ceil(end)))
        for start, end in zip(edges, ends, strict=False)
        if _state(before.timing.point_at(start)) != _state(after.timing.point_at(start))
    ]


def _state(point: TimingPoint | None) -> Hashable:
    if point is None:
        return None
    return (
        point.unclamped_velocity,
        math.isnan(point.beat_length),
        point.sample_set,
        point.sample_index,
        point.volume,
        point.effects,
    )
