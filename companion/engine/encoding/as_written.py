"""A map as its file states it, where the game reads something else into it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.beatmap import Beatmap
    from companion.engine.encoding.options import EncodingOptions

FIRST_EXACT_VERSION = 5
"""The game adds some ms to the times of earlier formats."""


def as_written(beatmap: Beatmap, options: EncodingOptions) -> Beatmap:
    """The map as it is, or under `original_quirks` as its file literally has it.

    Times of early formats are then not shifted, objects stand in the order of the file, and green
    lines before the first red one count as red.
    """
    if not options.original_quirks:
        return beatmap
    shift_ms = beatmap.time_offset_ms
    points = beatmap.timing_points
    first_red = next((i for i, point in enumerate(points) if point.uninherited), len(points))
    hits = sorted(beatmap.hit_objects, key=lambda hit: hit.line)
    if shift_ms == 0 and first_red == 0 and tuple(hits) == beatmap.hit_objects:
        return beatmap
    return replace(
        beatmap,
        format_version=max(beatmap.format_version, FIRST_EXACT_VERSION),
        timing_points=tuple(
            replace(
                point,
                time_ms=point.time_ms - shift_ms,
                uninherited=point.uninherited or i < first_red,
            )
            for i, point in enumerate(points)
        ),
        hit_objects=tuple(
            replace(hit, start_ms=hit.start_ms - shift_ms, end_ms=hit.end_ms - shift_ms)
            for hit in hits
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
