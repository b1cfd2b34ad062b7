"""A map as its file states it, where the game reads something else into it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.beatmap import Beatmap
    from companion.engine.encoding.options import EncodingOptions

FIRST_EXACT_VERSION = 5
"""The game adds some ms to the times of earlier formats."""


def times_for(beatmap: Beatmap, options: EncodingOptions) -> Beatmap:
    """The map with the times of its file under `original_quirks`, otherwise as it is."""
    shift_ms = beatmap.time_offset_ms
    if not options.original_quirks or shift_ms == 0:
        return beatmap
    return replace(
        beatmap,
        format_version=FIRST_EXACT_VERSION,
        timing_points=tuple(
            replace(point, time_ms=point.time_ms - shift_ms) for point in beatmap.timing_points
        ),
        hit_objects=tuple(
            replace(hit, start_ms=hit.start_ms - shift_ms, end_ms=hit.end_ms - shift_ms)
            for hit in beatmap.hit_objects
        ),
    )


def slider_multiplier_for(beatmap: Beatmap, options: EncodingOptions) -> float:
    """The slider multiplier, under `original_quirks` also beyond what the game allows."""
    stated = beatmap.difficulty.get("SliderMultiplier")
    if not options.original_quirks or stated is None:
        return beatmap.slider_multiplier
    try:
        return float(stated)
    except ValueError:
        return beatmap.slider_multiplier
