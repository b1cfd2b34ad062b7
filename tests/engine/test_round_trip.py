"""Real maps written down as events, made into maps again, and written down once more."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document, Mode
from companion.engine.encoding import (
    EncodingOptions,
    encode_kiai,
    encode_map,
    encode_scroll_speeds,
)
from companion.engine.encoding.positions import columns_as_positions, in_pixels
from companion.engine.events import UNTIMED_TYPES, Event, EventType, merge
from companion.engine.postprocess import MapHeader, PostprocessOptions, write_map
from companion.engine.postprocess.groups import EventGroup, groups_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from companion.beatmap import Beatmap

MAPS_PER_MODE = 3
LOOSE_MS = 1
"""Durations are cut off to whole milliseconds, so that an end may come out this much earlier."""
LOOSE_PX = 8
"""Paths that are too short for their length are scaled, not only made longer at their end."""
SLIDER_PARTS = UNTIMED_TYPES | {EventType.LAST_ANCHOR, EventType.SLIDER_END}
LOOSE_TYPES = {EventType.LAST_ANCHOR, EventType.SLIDER_END, EventType.DRUMROLL_END}
FINE = EncodingOptions(
    add_distances=False, position_precision_px=1, position_split_axes=True, types_first=True
)
SHAPES = {
    "types first": FINE,
    "types last": replace(FINE, types_first=False, slider_version=2, sustain_interval_ms=8000),
}


def maps_of(folder: Path, mode: Mode) -> list[Path]:
    """Some of a mode's maps, from all over the sets."""
    line = re.compile(rb"^Mode: ?%d\s*$" % mode, re.MULTILINE)
    found = [file for file in sorted(folder.rglob("*.osu")) if line.search(file.read_bytes())]
    return found[:: max(len(found) // MAPS_PER_MODE, 1)][:MAPS_PER_MODE]


def written(beatmap: Beatmap, encoding: EncodingOptions) -> Beatmap:
    """The map made of a map's events."""
    events = in_pixels(encode_map(beatmap, encoding), encoding)
    if beatmap.mode is Mode.MANIA:
        events = columns_as_positions(events, beatmap.keycount)
        events = merge(encode_scroll_speeds(beatmap, encoding), events)
    header = MapHeader(
        mode=beatmap.mode,
        cs=beatmap.keycount if beatmap.mode is Mode.MANIA else 4,
        slider_multiplier=beatmap.slider_multiplier,
    )
    text = write_map(
        merge(encode_kiai(beatmap, encoding), events),
        header,
        beatmap.red_lines,
        PostprocessOptions.of(encoding),
    )
    return Document.parse(text.encode()).beatmap


def groups(beatmap: Beatmap, encoding: EncodingOptions) -> list[EventGroup]:
    """Its objects; those of one time by column, for hold notes are written where they end."""
    events = encode_map(beatmap, encoding)
    if beatmap.mode is Mode.MANIA:
        events = columns_as_positions(events, beatmap.keycount)
    found = groups_of(events, types_first=encoding.types_first)
    if beatmap.mode is Mode.MANIA:
        found.sort(key=lambda group: (group.at_ms, group.kind or "", group.x or 0))
    return found


def speeds(events: Sequence[Event]) -> list[int]:
    """Scroll speeds in hundredths, each as long as it stays."""
    values = [event.value for event in events if event.kind is EventType.SCROLL_SPEED]
    return [value for value, _ in groupby(values)]


def is_same(one: EventGroup, other: EventGroup) -> bool:
    loose = one.kind in LOOSE_TYPES
    near_px = LOOSE_PX if one.kind in SLIDER_PARTS else 0
    return (
        abs(one.time_ms - other.time_ms) <= (LOOSE_MS if loose else 0)
        and math.dist((one.x or 0, one.y or 0), (other.x or 0, other.y or 0)) <= near_px
        and replace(one, time_ms=0, at_ms=0, x=0, y=0)
        == replace(other, time_ms=0, at_ms=0, x=0, y=0)
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", Mode)
def test_a_real_maps_events_are_those_of_the_map_made_of_them(
    shared_data: Path, mode: Mode, shape: str
):
    encoding = SHAPES[shape]
    files = maps_of(shared_data, mode)
    assert files
    for file in files:
        before = Document.parse(file.read_bytes()).beatmap
        after = written(before, encoding)
        expected, found = groups(before, encoding), groups(after, encoding)
        assert len(found) == len(expected), file.name
        for one, other in zip(expected, found, strict=True):
            assert is_same(one, other), (file.name, one, other)
        assert encode_kiai(after, encoding) == encode_kiai(before, encoding), file.name
        if mode is Mode.MANIA:
            assert speeds(encode_scroll_speeds(after, encoding)) == speeds(
                encode_scroll_speeds(before, encoding)
            ), file.name
