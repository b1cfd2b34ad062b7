"""Super timing against the recorded runs: the same hearings give the same beats and red lines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from companion.beatmap.timing import parse_timing_point
from companion.engine.beat_votes import BeatBallot
from companion.engine.events import Event, EventType
from companion.engine.super_timing import SuperTimingOptions, settle_beats
from companion.engine.timing import generate_timing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    folder: Any = metafunc.config.getoption("--goldens")
    files = sorted(folder.glob("*/super_timing/*.json"))
    names = [f"{file.parent.parent.name}-{file.stem}" for file in files]
    metafunc.parametrize("record_file", files, ids=names)


@pytest.fixture
def record(goldens: Path, record_file: Path) -> dict[str, Any]:
    del goldens  # skips where there are none
    return json.loads(record_file.read_text(encoding="utf-8"))


def events_of(pairs: Sequence[tuple[str, int]]) -> list[Event]:
    return [Event(EventType(kind), value) for kind, value in pairs]


def settled(record: dict[str, Any], *, original_quirks: bool = True) -> list[Event]:
    length_ms = record["audio_samples"] * 1000 // record["sample_rate"]
    ballot = BeatBallot(length_ms, types_first=record["types_first"])
    assert len(record["iterations_data"]) == record["iterations"]
    for iteration in record["iterations_data"]:
        ballot.cast(events_of(iteration["events"]), iteration["audio_offset"])
    options = SuperTimingOptions(
        record["bpm_change_threshold"], record["types_first"], original_quirks
    )
    return settle_beats(ballot.counted(), options)


def test_the_beats_are_as_recorded(record: dict[str, Any]):
    events = settled(record)
    assert [[event.kind.value, event.value] for event in events] == record["out_events"]
    assert [event.time_ms for event in events] == record["out_times"]


def test_the_red_lines_are_as_recorded(record: dict[str, Any]):
    drawn = generate_timing(
        settled(record),
        types_first=record["types_first"],
        leniency_ms=record["timing_leniency"],
    )
    recorded = [parse_timing_point(text, -1, 1, 0) for text in record["timing_points"]]
    assert [round(point.time_ms, 6) for point in drawn] == [point.time_ms for point in recorded]
    assert [point.meter for point in drawn] == [point.meter for point in recorded]
    assert [point.beat_length for point in drawn] == pytest.approx(
        [point.beat_length for point in recorded], rel=1e-9
    )
