"""New ``.osu`` lines from typed values. Untouched lines are never formatted again.

Numbers are written as stable writes them (``.`` as decimal mark, no exponent); times and positions
as whole numbers unless the map is of lazer's format, which has decimals.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.beatmap.numbers import format_number
from companion.beatmap.objects import NO_SAMPLE, Circle, HoldNote, Slider

if TYPE_CHECKING:
    from collections.abc import Callable

    from companion.beatmap.objects import HitObject, HitSample
    from companion.beatmap.timing import TimingPoint


def format_hit_object(
    item: HitObject, *, fractional: bool = False, time_offset_ms: int = 0
) -> bytes:
    """One line of ``[HitObjects]``, without its ending.

    ``fractional`` keeps the decimals of times and positions (format 128); ``time_offset_ms`` is
    what the map's format adds to its times (``Beatmap.time_offset_ms``).
    """
    number = format_number if fractional else _format_rounded
    parts = [
        number(item.x),
        number(item.y),
        number(item.start_ms - time_offset_ms),
        str(item.type_bits),
        str(item.hitsound),
    ]
    if isinstance(item, Slider):
        parts += _slider_fields(item, number)
    elif isinstance(item, Circle):
        parts.append(_format_sample(item.sample))
    else:
        end = number(item.end_ms - time_offset_ms)
        sample = _format_sample(item.sample)
        parts += [f"{end}:{sample}"] if isinstance(item, HoldNote) else [end, sample]
    return ",".join(parts).encode()


def format_timing_point(point: TimingPoint, *, time_offset_ms: int = 0) -> bytes:
    """One line of ``[TimingPoints]``, without its ending."""
    beat_length = "NaN" if math.isnan(point.beat_length) else format_number(point.beat_length)
    fields = (
        format_number(point.time_ms - time_offset_ms),
        beat_length,
        str(point.meter),
        str(point.sample_set),
        str(point.sample_index),
        str(point.volume),
        str(int(point.uninherited)),
        str(point.effects),
    )
    return ",".join(fields).encode()


def _format_rounded(value: float) -> str:
    return str(math.floor(value + 0.5))


def _format_sample(sample: HitSample) -> str:
    return (
        f"{sample.normal_set}:{sample.addition_set}:{sample.index}:{sample.volume}:"
        f"{sample.filename}"
    )


def _slider_fields(item: Slider, number: Callable[[float], str]) -> list[str]:
    fields = [_format_curve(item, number), str(item.slides), format_number(item.length_px)]
    silent_edges = not any(item.edge_sounds) and not any(any(pair) for pair in item.edge_sets)
    if silent_edges and item.hitsound == 0 and item.sample == NO_SAMPLE:
        return fields  # nothing to say: stable leaves the three sound fields away
    return [
        *fields,
        "|".join(str(sound) for sound in item.edge_sounds),
        "|".join(f"{normal}:{addition}" for normal, addition in item.edge_sets),
        _format_sample(item.sample),
    ]


def _format_curve(item: Slider, number: Callable[[float], str]) -> str:
    changes = dict(item.curve_changes)
    parts = [item.curve_type or "L"]
    for index, (x, y) in enumerate(item.control_points[1:], start=1):
        if index in changes:
            parts.append(changes[index])
        parts.append(f"{number(x)}:{number(y)}")
    return "|".join(parts)
