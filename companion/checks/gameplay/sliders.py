"""Events along a slider: ticks, repeats and the tail.

Source: lazer ``SliderEventGenerator``, ``Slider`` and ``JuiceStream``. Ticks lie at whole tick
distances from the head of the path, the same places in every span; none within 10 ms of travel
before the path's end. Formats before 8 space ticks by the base velocity alone. A green line whose
value is not a number suppresses them.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from companion.beatmap import Slider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import Beatmap
    from companion.checks.difficulty import Difficulty

MAX_PATH_PX = 100_000.0
TAIL_LENIENCY_MS = 36.0
TICK_FREE_MS = 10.0
MAX_TICKS = 4096
"""Per slider: more are no map that somebody plays, and must not cost a minute."""
FIRST_VELOCITY_TICKS_VERSION = 8
DEFAULT_BEAT_LENGTH_MS = 1000.0


class Part(Enum):
    """What happens at an event of a slider."""

    HEAD = "head"
    TICK = "tick"
    REPEAT = "repeat"
    LAST_TICK = "last tick"
    """Where stable judges the end, up to 36 ms before it; matters for tiny droplets only."""
    TAIL = "tail"


class SliderEvent(NamedTuple):
    """One event of a slider."""

    part: Part
    time_ms: float
    progress: float
    """Place on the path, 0 for the head's end of it and 1 for the other."""


def tick_distance_px(item: Slider, beatmap: Beatmap) -> float:
    """Distance between ticks; 0 where the slider has none."""
    if item.span_ms <= 0 or item.length_px <= 0:
        return 0.0
    point = beatmap.timing.point_at(item.start_ms)
    if point is not None and not point.uninherited and math.isnan(point.beat_length):
        return 0.0
    red = beatmap.timing_at(item.start_ms)
    beat_ms = red.beat_length if red and red.beat_length > 0 else DEFAULT_BEAT_LENGTH_MS
    distance = item.length_px / item.span_ms * beat_ms / beatmap.slider_tick_rate
    if beatmap.format_version < FIRST_VELOCITY_TICKS_VERSION:
        distance /= beatmap.velocity_at(item.start_ms)
    return distance


def tick_distances_px(difficulty: Difficulty) -> tuple[float, ...]:
    """A fact: the distance between ticks for each object; 0 for what is no slider."""
    beatmap = difficulty.beatmap
    return tuple(
        tick_distance_px(item, beatmap) if isinstance(item, Slider) else 0.0
        for item in beatmap.hit_objects
    )


def tick_progress(item: Slider, distance_px: float) -> list[float]:
    """Places of the ticks on the path, from its head."""
    length = min(MAX_PATH_PX, item.length_px)
    distance = min(distance_px, length)
    if distance <= 0:
        return []
    until = length - item.length_px / item.span_ms * TICK_FREE_MS
    places: list[float] = []
    at = distance
    while at < until and len(places) < MAX_TICKS:
        places.append(at / length)
        at += distance
    return places


def tick_count(item: Slider, distance_px: float) -> int:
    """How many ticks the whole slider has, over all its spans."""
    return len(tick_progress(item, distance_px)) * item.slides


def slider_events(item: Slider, distance_px: float) -> Iterator[SliderEvent]:
    """Everything that happens on a slider, by time; the last tick may precede a tick."""
    ticks = tick_progress(item, distance_px)
    if len(ticks) * item.slides > MAX_TICKS:
        ticks = []
    yield SliderEvent(Part.HEAD, item.start_ms, 0.0)
    for span in range(item.slides):
        span_start = item.start_ms + span * item.span_ms
        for place in reversed(ticks) if span % 2 else ticks:
            done = 1.0 - place if span % 2 else place
            yield SliderEvent(Part.TICK, span_start + done * item.span_ms, place)
        if span < item.slides - 1:
            yield SliderEvent(Part.REPEAT, span_start + item.span_ms, float((span + 1) % 2))
    yield _last_tick(item)
    yield SliderEvent(Part.TAIL, item.end_ms, float(item.slides % 2))


def _last_tick(item: Slider) -> SliderEvent:
    final_start = item.start_ms + (item.slides - 1) * item.span_ms
    time_ms = max(
        item.start_ms + item.duration_ms / 2, final_start + item.span_ms - TAIL_LENIENCY_MS
    )
    progress = (time_ms - final_start) / item.span_ms if item.span_ms > 0 else 1.0
    if item.slides % 2 == 0:
        progress = 1.0 - progress
    return SliderEvent(Part.LAST_TICK, time_ms, progress)
