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
from companion.engine.events import Event, EventType, merge
from companion.engine.postprocess import MapHeader, PostprocessOptions, write_map
from companion.engine.postprocess.groups import EventGroup, groups_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from companion.beatmap import Beatmap

MAPS_PER_MODE = 3
NEAR_PX = 3
"""Durations are cut off to whole milliseconds; of a slider that lasts for no fraction of a beat, so
much of its length is not known."""
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
    near_px = NEAR_PX if one.kind is EventType.SLIDER_END else 0
    return math.dist((one.x or 0, one.y or 0), (other.x or 0, other.y or 0)) <= near_px and replace(
        one, x=0, y=0
    ) == replace(other, x=0, y=0)


def again(document_of, objects: Sequence[str], timing: Sequence[str], mode: int = 0):
    """A small map's groups before and after."""
    before = document_of(objects, timing, mode=mode).beatmap
    after = written(before, FINE)
    return groups(before, FINE), groups(after, FINE), (before, after)


TIMING = ["0,357.142857142857,4,2,0,60,1,0"]


@pytest.mark.parametrize(
    "line",
    [
        # So many repeats that whole milliseconds do not tell how many.
        "100,100,1000,2,0,L|114:100,24,8.75",
        # Five points in one place are four red anchors.
        "100,100,1000,2,0,B|150:100|150:100|150:100|150:100|150:100|200:100,1,100",
        "100,100,1000,2,0,B|150:100|200:100|200:100|200:100|200:100,1,100",
        # Paths that are too short for their length.
        "100,100,1000,2,0,P|140:80|180:100,1,120",
        "100,100,1000,2,0,L|160:100,1,70",
        # A length that takes no whole number of milliseconds.
        "100,100,1000,2,0,L|240:100,1,70",
        "100,100,1000,2,0,B|150:180|240:100,3,93.3333333333333",
    ],
)
def test_what_is_hard_to_tell_of_a_slider_comes_back(document_of, line: str):
    before, after, _ = again(document_of, [line], TIMING)
    assert after == before


def test_kiai_right_beside_the_end_of_a_slider_keeps_its_moment(document_of):
    timing = [*TIMING, "1179,-100,4,2,0,60,0,1"]
    objects = ["100,100,1000,2,0,L|240:100,1,70", "100,100,1400,1,0"]
    _, _, (before, after) = again(document_of, objects, timing)
    assert encode_kiai(after, FINE) == encode_kiai(before, FINE)


def test_scroll_speeds_a_millisecond_apart_stay_apart(document_of):
    timing = [*TIMING, "1000,-50,4,2,0,60,0,0", "1001,-10,4,2,0,60,0,0", "1002,-100,4,2,0,60,0,0"]
    objects = ["64,192,0,1,0,0:0:0:60:", "64,192,2000,1,0,0:0:0:60:"]
    _, _, (before, after) = again(document_of, objects, timing, mode=3)
    assert speeds(encode_scroll_speeds(after, FINE)) == speeds(encode_scroll_speeds(before, FINE))


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
