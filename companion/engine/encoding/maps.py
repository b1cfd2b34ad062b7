"""A whole map as one stream of events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.encoding.as_written import as_written, slider_multiplier_for
from companion.engine.encoding.groups import GroupWriter
from companion.engine.encoding.kiai import encode_kiai
from companion.engine.encoding.moments import GoverningLines
from companion.engine.encoding.objects import ObjectGroups, position_after
from companion.engine.encoding.scroll_speeds import encode_scroll_speeds
from companion.engine.encoding.timing import encode_timing
from companion.engine.events import merge

if TYPE_CHECKING:
    from companion.beatmap import Beatmap
    from companion.engine.encoding.options import EncodingOptions
    from companion.engine.events import Event


def encode_map(
    beatmap: Beatmap, options: EncodingOptions, song_length_ms: float | None = None
) -> list[Event]:
    """Every hit object of a map as events, by time.

    Families that interleave timing, kiai or scroll speeds get those merged in. `song_length_ms` is
    only needed for the timing of a map without objects.
    """
    beatmap = as_written(beatmap, options)
    lines = GoverningLines(beatmap.timing_points)
    writer = GroupWriter(options, beatmap.mode, beatmap.keycount, lines)
    multiplier = slider_multiplier_for(beatmap, options)
    groups = ObjectGroups(options, beatmap.mode, lines, multiplier)
    for hit in beatmap.hit_objects:
        for group in groups.of(hit):
            writer.add(group)
        writer.last_position = position_after(hit, beatmap.mode) or writer.last_position
    # Stable: where the anchors of a long slider lie between other objects, groups stay whole.
    events = sorted(writer.events, key=lambda event: event.time_ms)
    if options.add_mania_sv and beatmap.mode is Mode.MANIA:
        events = merge(encode_scroll_speeds(beatmap, options), events)
    if options.add_kiai:
        events = merge(encode_kiai(beatmap, options), events)
    if options.add_timing:
        events = merge(encode_timing(beatmap, options, song_length_ms), events)
    return events
