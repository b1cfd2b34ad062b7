"""Maps as events against what the original made of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from companion.engine.encoding import (
    encode_kiai,
    encode_map,
    encode_red_lines,
    encode_scroll_speeds,
    encode_timing,
    retime,
)

SONG_LENGTH_MS = 40300.0

ENCODERS = {
    "map": lambda r, b: encode_map(b, r.encoding),
    "mapfull": lambda r, b: encode_map(b, r.full_encoding),
    "timing": lambda r, b: encode_timing(b, r.encoding),
    "timing_list40300": lambda r, b: encode_red_lines(b.red_lines, r.encoding, SONG_LENGTH_MS),
    "kiai": lambda r, b: encode_kiai(b, r.encoding),
    "sv": lambda r, b: encode_scroll_speeds(b, r.encoding),
}


@pytest.mark.parametrize("kind", ENCODERS)
def test_maps_become_the_recorded_events(recorded, kind: str):
    for file in recorded.files(f"parser/*.{kind}.npz"):
        name = file.name.split(".")[0]
        beatmap = recorded.document(f"{name}.osu").beatmap
        assert ENCODERS[kind](recorded, beatmap) == recorded.events(file), name


def test_times_are_recovered_from_events_alone(recorded):
    for file in recorded.files("parser/*.map_retimed.npz"):
        import numpy as np

        name = file.name.split(".")[0]
        events = encode_map(recorded.document(f"{name}.osu").beatmap, recorded.encoding)
        bare = [replace(event, time_ms=0) for event in events]
        found = retime(bare, SONG_LENGTH_MS, types_first=recorded.encoding.types_first)
        with np.load(file) as record:
            assert [event.time_ms for event in found] == record["time"].tolist(), name


def test_maps_that_the_original_cannot_read_are_encoded(recorded):
    for file in sorted(recorded.folder.glob("parser/*.error.json")):
        name = file.name.split(".")[0]
        events = encode_map(recorded.document(f"{name}.osu").beatmap, recorded.encoding)
        assert events
        filled = recorded.folder / "parser" / f"{name}_filled.map.npz"
        if filled.exists():
            assert events == recorded.events(filled), name
