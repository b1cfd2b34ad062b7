"""Kiai time as switches on and off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.engine.encoding.as_written import as_written
from companion.engine.encoding.groups import Group, GroupWriter
from companion.engine.encoding.moments import GoverningLines, moment
from companion.engine.events import EventType

if TYPE_CHECKING:
    from companion.beatmap import Beatmap
    from companion.engine.encoding.options import EncodingOptions
    from companion.engine.events import Event


def encode_kiai(beatmap: Beatmap, options: EncodingOptions) -> list[Event]:
    """Every timing point that switches kiai on or off."""
    beatmap = as_written(beatmap, options)
    lines = GoverningLines(beatmap.timing_points)
    writer = GroupWriter(options, beatmap.mode, beatmap.keycount, lines)
    kiai = False
    for point in beatmap.timing_points:
        now = point.effects != 0 if options.original_quirks else point.kiai
        if now != kiai:
            writer.add(Group(EventType.KIAI, moment(point.time_ms), value=int(now)))
        kiai = now
    return writer.events
