from __future__ import annotations

import pytest

from companion.beatmap import Document, Slider
from companion.checks.gameplay.sliders import (
    MAX_TICKS,
    Part,
    slider_events,
    tick_count,
    tick_distance_px,
)
from tests.checks.conftest import chart


def events(line: str, **stated: object) -> list[tuple[str, float, float]]:
    beatmap = Document.parse(chart([line], **stated)).beatmap  # type: ignore[arg-type]
    (item,) = beatmap.hit_objects
    assert isinstance(item, Slider)
    return [
        (event.part.value, round(event.time_ms, 3), round(event.progress, 4))
        for event in slider_events(item, tick_distance_px(item, beatmap))
    ]


def test_ticks_lie_at_the_same_places_in_every_span() -> None:
    assert events("0,0,1000,2,0,L|350:0,2,350") == [
        ("head", 1000, 0),
        ("tick", 1500, 0.4),
        ("tick", 2000, 0.8),
        ("repeat", 2250, 1),
        ("tick", 2500, 0.8),
        ("tick", 3000, 0.4),
        ("last tick", 3464, 0.0288),
        ("tail", 3500, 0),
    ]


def test_the_last_tick_of_a_short_slider_is_in_its_middle() -> None:
    assert events("0,0,1000,2,0,L|14:0,1,14")[-2:] == [("last tick", 1025, 0.5), ("tail", 1050, 1)]


def test_formats_before_8_space_ticks_by_the_base_velocity() -> None:
    fast = ("0,500,4,2,1,60,1,0", "0,-50,4,2,1,60,0,0")
    line = "0,0,1000,2,0,L|350:0,1,350"
    assert [e[2] for e in events(line, timing=fast) if e[0] == "tick"] == [0.8]
    old = events(line, timing=fast, version=7)
    assert [e[2] for e in old if e[0] == "tick"] == [0.4, 0.8]


def test_hostile_sliders_cost_little() -> None:
    tiny = ("SliderMultiplier:0.4", "SliderTickRate:8")
    slow = ("0,500,4,2,1,60,1,0", "0,-1000,4,2,1,60,0,0")
    found = events("0,0,0,2,0,L|9:0,9000,100000", difficulty=tiny, timing=slow)
    assert len(found) == 9000 + 2
    beatmap = Document.parse(
        chart(["0,0,0,2,0,L|9:0,1,100000"], difficulty=tiny, timing=slow)
    ).beatmap
    (item,) = beatmap.hit_objects
    assert isinstance(item, Slider)
    assert tick_distance_px(item, beatmap) == pytest.approx(0.5)
    assert tick_count(item, tick_distance_px(item, beatmap)) == MAX_TICKS


def test_a_slider_without_a_length_has_no_ticks() -> None:
    assert [part for part, *_ in events("0,0,0,2,0,L|0:0,1,0")] == [
        Part.HEAD.value,
        Part.LAST_TICK.value,
        Part.TAIL.value,
    ]
