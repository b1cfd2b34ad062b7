"""What findings say, and how they are grouped, weighed and linked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from companion.beatmap import Document
from companion.engine.encoding import EncodingOptions, encode_map
from companion.engine.events import Event, EventType
from companion.engine.modding import JudgedEvent, MapModder, ModdingSettings, Selection
from companion.engine.modding.groups import edge_of, group_events, owners_of
from companion.engine.modding.rarity import Rarity
from companion.engine.modding.wording import beats, percent, sound
from companion.errors import CheckpointMismatch
from companion.findings import Severity

MAP = b"""osu file format v14

[Difficulty]
CircleSize:4
SliderMultiplier:1.4

[TimingPoints]
0,500,4,2,0,60,1,0

[HitObjects]
100,100,1000,5,0,0:0:0:0:
200,100,1500,1,2,0:0:0:0:
100,200,2000,2,0,B|150:250|150:250|200:200,2,140,2|0|8,0:0|0:0|3:0,0:0:0:0:
256,192,6000,12,0,7000,0:0:0:0:
"""


@pytest.fixture(scope="module")
def document() -> Document:
    return Document.parse(MAP)


@pytest.fixture(scope="module")
def events(document: Document) -> list[Event]:
    return encode_map(document.beatmap, EncodingOptions())


def judged(events, kind, time_ms, expected_kind, expected_value, nth=0, **changes):
    index = [i for i, e in enumerate(events) if e.kind is kind and e.time_ms == time_ms][nth]
    values: dict[str, Any] = {
        "context": "map",
        "index": index,
        "window": 0,
        "kind": kind,
        "value": events[index].value,
        "time_ms": time_ms,
        "expected_kind": expected_kind,
        "expected_value": expected_value,
        "expected_probability": 0.62,
        "surprisal_bits": 11.3,
        "entropy_bits": 0.5,
    }
    return JudgedEvent(**{**values, **changes})


def findings(document, events, *items, settings=None):
    modder = MapModder(document, events, EncodingOptions(), settings or ModdingSettings())
    selection = Selection(minutes=1.0)
    selection.put(0, modder.candidates(items, 0))
    return modder.findings(selection.chosen()[0])


def test_every_object_part_finds_its_object_and_anchors_are_counted(document, events) -> None:
    kinds = [e.kind for e in events]
    groups = group_events(kinds, [e.time_ms for e in events], types_first=True)
    owners = owners_of(groups, document.beatmap.hit_objects)
    told = [
        (g.kind.value, g.anchor_number, None if o is None else o.start_ms)
        for g, o in zip(groups, owners, strict=True)
    ]
    assert told == [
        ("circle", 0, 1000),
        ("circle", 0, 1500),
        ("slider_head", 0, 2000),
        ("red_anchor", 2, 2000),
        ("last_anchor", 0, 2000),
        ("slider_end", 0, 2000),
        ("spinner", 0, 6000),
        ("spinner_end", 0, 6000),
    ]


def test_sounds_know_the_edge_they_are_about(document, events) -> None:
    kinds = [e.kind for e in events]
    groups = group_events(kinds, [e.time_ms for e in events], types_first=True)
    slider = document.beatmap.hit_objects[2]
    edges = [
        edge_of(group, kinds, index, slider)
        for group in groups[2:6]
        for index in range(group.start, group.end)
        if kinds[index] is EventType.HITSOUND
    ]
    assert edges == [0, -1, 1, 2]


def test_a_time_is_told_in_beats_with_how_likely_the_model_held_it(document, events) -> None:
    item = judged(events, EventType.TIME_SHIFT, 1500, EventType.TIME_SHIFT, 1755)
    [found] = findings(document, events, item)
    assert found.message == (
        "Circle is at 00:01:500; 1/2 beat later at 00:01:755 was expected (62 % against 0.04 %)."
    )
    assert (found.category, found.code) == ("Rhythm", "maimod.time")
    assert found.objects == (1500,)
    assert found.editor_link == "osu://edit/00:01:500 (2)"
    assert found.surprisal_bits == 11.3


@pytest.mark.parametrize(
    ("kind", "time_ms", "nth", "expected", "value", "starts"),
    [
        (EventType.HITSOUND, 1500, 0, EventType.HITSOUND, 32 + 4, "Circle has a soft hit with"),
        (EventType.HITSOUND, 2500, 0, EventType.HITSOUND, 32 + 4, "Slider body has a plain soft"),
        (EventType.HITSOUND, 2500, 1, EventType.HITSOUND, 32 + 4, "Slider repeat 1 has a plain"),
        (EventType.HITSOUND, 3000, 0, EventType.HITSOUND, 32, "Slider end has a drum hit"),
        (EventType.VOLUME, 1500, 0, EventType.VOLUME, 30, "Circle is at 60 % volume; 30 %"),
        (EventType.SCROLL_SPEED, 2000, 0, EventType.SCROLL_SPEED, 150, "Slider at ×1.00; ×1.50"),
        (EventType.SLIDER_HEAD, 2000, 0, EventType.CIRCLE, 0, "Slider at this place; a circle"),
        (EventType.RED_ANCHOR, 2166, 0, EventType.LAST_ANCHOR, 0, "Control point 2 of the slider"),
        (EventType.SNAPPING, 1500, 0, EventType.SNAPPING, 4, "Circle lies on a 1/1 tick; a 1/4"),
        (EventType.CIRCLE, 1500, 0, None, 2, "Circle: the map was expected to be over"),
        (EventType.DISTANCE, 1500, 0, EventType.DISTANCE, 50, "Circle is 100 px from the one"),
        (EventType.POS, 1500, 0, EventType.NEW_COMBO, 0, "Circle: position is given here; a new"),
        (EventType.HITSOUND, 2500, 1, EventType.SLIDER_END, 0, "Slider repeat 1: the slider was"),
    ],
)
def test_findings_say_what_is_there_and_what_was_expected(
    document, events, kind, time_ms, nth, expected, value, starts
) -> None:
    [found] = findings(document, events, judged(events, kind, time_ms, expected, value, nth))
    assert found.message.startswith(starts)


def test_what_surprised_little_is_not_shown(document, events) -> None:
    item = judged(events, EventType.CIRCLE, 1500, EventType.SLIDER_HEAD, 0, entropy_bits=0.6)
    assert findings(document, events, item) == ()


def test_times_a_token_apart_are_no_different(document, events) -> None:
    item = judged(events, EventType.TIME_SHIFT, 1500, EventType.TIME_SHIFT, 1510)
    assert findings(document, events, item) == ()


def test_where_a_slider_ends_is_its_paths_business(document, events) -> None:
    item = judged(events, EventType.DISTANCE, 3000, EventType.DISTANCE, 300)
    assert findings(document, events, item) == ()


def test_findings_are_weighed_and_graded_by_the_checkpoints_settings(document, events) -> None:
    settings = ModdingSettings(
        kinds={
            "circle": Rarity(4.0, 0.5, 100.0),
            "slider_head": Rarity(4.0, 2.0, 100.0),
            "hitsound": Rarity(9.5, 1.0, 100.0),
            "hitsound:tail": Rarity(5.0, 1.0, 100.0),
        },
        minor_from=2.0,
        warning_from=3.0,
    )
    items = [
        judged(events, EventType.CIRCLE, 1000, EventType.SLIDER_HEAD, 0, surprisal_bits=4.5),
        judged(events, EventType.CIRCLE, 1500, EventType.SLIDER_HEAD, 0, surprisal_bits=5.5),
        judged(events, EventType.HITSOUND, 1500, EventType.HITSOUND, 32, surprisal_bits=9.5),
        judged(events, EventType.HITSOUND, 3000, EventType.HITSOUND, 32, surprisal_bits=7.5),
        judged(events, EventType.SLIDER_HEAD, 2000, EventType.CIRCLE, 0, surprisal_bits=14.5),
        judged(events, EventType.VOLUME, 2000, EventType.VOLUME, 10, surprisal_bits=14.5),
    ]
    found = findings(document, events, *items, settings=settings)
    # Kinds that are not named (volume) are left alone, however surprising.
    assert [(f.weight, f.severity) for f in found] == [
        (1.0, Severity.SUGGESTION),
        (3.0, Severity.WARNING),
        (6.0, Severity.WARNING),
        (3.0, Severity.WARNING),
    ]


def test_ids_stay_while_the_model_changes_its_mind_and_differ_between_findings(
    document, events
) -> None:
    def found(value, nth=0):
        item = judged(events, EventType.HITSOUND, 2500, EventType.HITSOUND, value, nth)
        return findings(document, events, item)[0].id

    assert found(33) == found(36)
    assert found(33, nth=0) != found(33, nth=1)


def test_settings_come_from_the_checkpoints_json() -> None:
    settings = ModdingSettings.from_json(
        {"kinds": {"t": [3.5, 0.8, 1.5]}, "minor_from": 3, "lookback": 0.25}
    )
    assert settings.kinds == {"t": Rarity(3.5, 0.8, 1.5)}
    assert settings.lookback == 0.25


@pytest.mark.parametrize(
    "values",
    [
        {"threshold": 2},
        {"relative_threshold": True},
        {"kinds": {}},
        {"kinds": {"t": 3}},
        {"kinds": {"t": [3, 0, 1]}},
        {"kinds": {"times": [3, 1, 1]}},
    ],
    ids=str,
)
def test_settings_that_mean_nothing_are_refused(values) -> None:
    with pytest.raises(CheckpointMismatch):
        ModdingSettings.from_json(values)


@pytest.mark.parametrize("settings", [ModdingSettings(), ModdingSettings.uncalibrated()])
def test_the_quick_look_misses_nothing_that_is_worth_showing(events, settings) -> None:
    surprisal = np.array([0.1, 3.0, 9.9, 10.1, 12.0, 25.0], dtype=np.float32)
    entropy = np.array([0.0, 0.1, 0.5, 0.5, 5.9, 5.0], dtype=np.float32)
    quick = settings.may_be_worth_showing(surprisal, entropy)
    for maybe, bits, expected_bits in zip(quick, surprisal, entropy, strict=True):
        item = judged(
            events,
            EventType.CIRCLE,
            1500,
            EventType.SLIDER_HEAD,
            0,
            surprisal_bits=float(bits),
            entropy_bits=float(expected_bits),
        )
        assert bool(maybe) >= settings.is_worth_showing(item, item.kind)


def test_words_for_numbers() -> None:
    assert [percent(p) for p in (0.62, 0.0512, 0.00034, 0.0)] == [
        "62 %",
        "5.1 %",
        "0.034 %",
        "less than 0.01 %",
    ]
    assert [beats(ms, 400) for ms in (400, 800, 100, 133, 300, 50, 30)] == [
        "1 beat",
        "2 beats",
        "1/4 beat",
        "1/3 beat",
        "3/4 beat",
        "1/8 beat",
        None,
    ]
    assert sound(32) == "a plain soft hit"
    assert sound(6 + 8 * 1 + 24 * 2) == "a soft hit with drum finish and clap"


def test_a_small_models_slips_of_grammar_are_not_shown(document, events) -> None:
    slip = judged(events, EventType.VOLUME, 1500, EventType.SNAPPING, 1)
    everything = ModdingSettings(kinds={"volume": Rarity(1.0, 1.0, 9.0)})
    assert findings(document, events, slip, settings=everything) == ()
    [found] = findings(document, events, slip)
    assert found.category == "Misc"
