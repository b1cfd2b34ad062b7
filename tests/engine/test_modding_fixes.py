"""Applying a finding's fix changes exactly what the finding is about."""

from __future__ import annotations

from dataclasses import fields

import pytest

from companion.beatmap import Document
from companion.engine.encoding import EncodingOptions, encode_map
from companion.engine.events import EventType
from companion.engine.modding import Chosen, JudgedEvent, MapModder, ModdingSettings

HEADER = """osu file format v14

[General]
AudioFilename: song.mp3
Mode: {mode}
SampleSet: Soft

[Difficulty]
HPDrainRate:5
CircleSize:4
OverallDifficulty:5
ApproachRate:5
SliderMultiplier:1.4
SliderTickRate:1

[TimingPoints]
0,500,4,2,0,60,1,0
8000,-50,4,1,0,70,0,0

[HitObjects]
"""

STD = (
    "100,100,1000,5,0,0:0:0:0:\r\n"  # 0
    "200,100,1500,1,2,0:0:0:0:\r\n"  # 1
    "100,200,2000,2,0,B|150:250|200:200,2,140,2|0|8,0:0|0:0|3:0,0:0:0:0:\r\n"  # 2, to 4000
    "300,200,5000,1,0\r\n"  # 3
    "256,192,6000,12,0,7000,0:0:0:0:\r\n"  # 4
    "50,50,7500,6,4,L|190:50,1,140\r\n"  # 5, to 8000
    "400,300,9000,1,0,0:0:0:40:\r\n"  # 6
)
MANIA = (
    "64,192,1000,1,0,0:0:0:0:\n"  # column 0 of 4
    "192,192,1000,1,0,0:0:0:0:\n"  # column 1
    "320,192,2000,128,0,3000:0:0:0:50:\n"  # column 2
    "64,192,4000,1,0,0:0:0:0:\n"
)


def document(objects: str, mode: int = 0) -> Document:
    return Document.parse((HEADER.format(mode=mode) + objects).encode())


def find(events, kind, time_ms, nth=0):
    return [i for i, e in enumerate(events) if e.kind is kind and e.time_ms == time_ms][nth]


def finding(doc, kind, time_ms, expected_kind, expected_value, nth=0):
    options = EncodingOptions()
    events = encode_map(doc.beatmap, options)
    index = find(events, kind, time_ms, nth)
    event = events[index]
    judged = JudgedEvent(
        context="map",
        index=index,
        window=0,
        kind=event.kind,
        value=event.value,
        time_ms=event.time_ms,
        expected_kind=expected_kind,
        expected_value=expected_value,
        expected_probability=0.9,
        surprisal_bits=12.0,
        entropy_bits=0.5,
    )
    modder = MapModder(doc, events, options, ModdingSettings())
    [candidate] = modder.candidates([judged], 0)
    [found] = modder.findings([Chosen(candidate, 1.0)])
    return found


def changed(doc, fix):
    """The attributes of hit objects that an edit changed, by object index."""
    after = doc.apply(fix)
    assert len(after.lines) == len(doc.lines)
    assert after.beatmap.diagnostics == doc.beatmap.diagnostics
    before_objects = {o.line: o for o in doc.beatmap.hit_objects}
    changes = {}
    for position, new in enumerate(sorted(after.beatmap.hit_objects, key=lambda o: o.line)):
        old = before_objects[new.line]
        if type(old) is not type(new):
            changes[position] = (type(old).__name__, type(new).__name__)
            continue
        different = {
            f.name: getattr(new, f.name)
            for f in fields(new)
            # What a line states beside what it comes to is no change to a mapper.
            if f.compare
            and not f.name.startswith("stated_")
            and getattr(new, f.name) != getattr(old, f.name)
        }
        if different:
            changes[position] = different
    return changes


def test_a_circle_is_moved_in_time_to_the_tick_that_was_meant() -> None:
    doc = document(STD)
    # A token says 1250 to 1259, its middle is 1255; the 1/2 tick there is 1250.
    found = finding(doc, EventType.TIME_SHIFT, 1500, EventType.TIME_SHIFT, 1255)
    assert changed(doc, found.fix) == {1: {"start_ms": 1250.0, "end_ms": 1250.0}}
    assert found.fix_label == "Move to 00:01:250"


def test_a_move_past_a_neighbour_has_no_fix() -> None:
    found = finding(document(STD), EventType.TIME_SHIFT, 1500, EventType.TIME_SHIFT, 755)
    assert found.fix == ()
    assert found.fix_label is None


def test_a_move_into_a_slider_has_no_fix() -> None:
    found = finding(document(STD), EventType.TIME_SHIFT, 5000, EventType.TIME_SHIFT, 2755)
    assert found.fix == ()


def test_a_move_to_where_no_tick_is_has_no_fix() -> None:
    doc = Document.parse(document(STD).to_bytes().replace(b"0,500,4,2", b"0,5000,4,2"))
    found = finding(doc, EventType.TIME_SHIFT, 1500, EventType.TIME_SHIFT, 1385)
    assert found.fix == ()


def test_a_slider_moves_whole_and_keeps_its_length() -> None:
    doc = document(STD.replace("200,100,1500,1,2,0:0:0:0:\r\n", ""))
    found = finding(doc, EventType.TIME_SHIFT, 2000, EventType.TIME_SHIFT, 1755)
    assert changed(doc, found.fix) == {1: {"start_ms": 1750.0, "end_ms": 2750.0}}


def test_a_slider_does_not_move_under_another_velocity() -> None:
    doc = document("50,50,7000,6,4,L|190:50,1,140\r\n")
    found = finding(doc, EventType.TIME_SHIFT, 7000, EventType.TIME_SHIFT, 8005)
    assert found.fix == ()


def test_the_end_of_a_spinner_moves_alone() -> None:
    doc = document(STD)
    found = finding(doc, EventType.TIME_SHIFT, 7000, EventType.TIME_SHIFT, 6505)
    assert changed(doc, found.fix) == {4: {"end_ms": 6500.0}}
    assert found.fix_label == "End at 00:06:500"


def test_an_object_is_snapped_to_the_nearest_tick_of_the_divisor() -> None:
    doc = document(STD.replace("300,200,5000,1,0", "300,200,5070,1,0"))
    found = finding(doc, EventType.SNAPPING, 5070, EventType.SNAPPING, 4)
    assert changed(doc, found.fix) == {3: {"start_ms": 5125.0, "end_ms": 5125.0}}


def test_a_circle_is_placed_in_the_middle_of_the_cell() -> None:
    doc = document(STD)
    # Row 10 and column 12 of the grid of 32 px that begins at -256: x 128 to 160, y 64 to 96.
    found = finding(doc, EventType.POS, 1500, EventType.POS, 10 * 33 + 12)
    assert changed(doc, found.fix) == {1: {"x": 144.0, "y": 80.0}}


def test_a_slider_is_placed_with_all_its_control_points() -> None:
    doc = document(STD)
    found = finding(doc, EventType.POS, 2000, EventType.POS, 10 * 33 + 12)
    change = changed(doc, found.fix)[2]
    assert change.keys() == {"x", "y", "segments", "control_points"}
    assert change["control_points"] == ((144.0, 80.0), (194.0, 130.0), (244.0, 80.0))


def test_a_slider_that_would_leave_the_screen_has_no_fix() -> None:
    found = finding(document(STD), EventType.POS, 2000, EventType.POS, 19 * 33 + 12)
    assert found.fix == ()


def test_a_new_combo_is_started() -> None:
    doc = document(STD)
    found = finding(doc, EventType.HITSOUND, 1500, EventType.NEW_COMBO, 0)
    assert found.category == "New Combos"
    assert changed(doc, found.fix) == {1: {"type_bits": 5}}


def test_a_new_combo_is_removed() -> None:
    doc = document(STD)
    found = finding(doc, EventType.NEW_COMBO, 7500, EventType.SCROLL_SPEED, 100)
    assert found.category == "New Combos"
    assert changed(doc, found.fix) == {5: {"type_bits": 2}}


def test_the_first_new_combo_cannot_be_removed() -> None:
    found = finding(document(STD), EventType.NEW_COMBO, 1000, EventType.HITSOUND, 32)
    assert found.fix == ()


def hitsound(additions: int, normal: int, addition: int) -> int:
    return additions // 2 + 8 * (normal - 1) + 24 * (addition - 1)


def test_a_circle_gets_other_additions_and_inherits_the_set_of_its_timing_point() -> None:
    doc = document(STD)
    found = finding(doc, EventType.HITSOUND, 1500, EventType.HITSOUND, hitsound(8, 2, 2))
    assert changed(doc, found.fix) == {1: {"hitsound": 8}}


def test_a_circle_gets_sets_of_its_own_where_the_timing_point_has_others() -> None:
    doc = document(STD)
    found = finding(doc, EventType.HITSOUND, 5000, EventType.HITSOUND, hitsound(4, 3, 1))
    change = changed(doc, found.fix)[3]
    assert change["hitsound"] == 4
    assert (change["sample"].normal_set, change["sample"].addition_set) == (3, 1)
    assert encode_map(doc.apply(found.fix).beatmap, EncodingOptions())[
        find(encode_map(doc.beatmap, EncodingOptions()), EventType.HITSOUND, 5000)
    ].value == hitsound(4, 3, 1)


@pytest.mark.parametrize(
    ("time_ms", "nth", "edge", "sounds"),
    [(2000, 0, 0, (8, 0, 8)), (2500, 1, 1, (2, 8, 8)), (3000, 0, 2, (2, 0, 8))],
)
def test_one_edge_of_a_slider_gets_another_sound(time_ms, nth, edge, sounds) -> None:
    doc = document(STD)
    found = finding(
        doc, EventType.HITSOUND, time_ms, EventType.HITSOUND, hitsound(8, 1, 1), nth=nth
    )
    [(position, change)] = changed(doc, found.fix).items()
    assert position == 2
    assert change.get("edge_sounds", (2, 0, 8)) == sounds
    assert change["edge_sets"][edge] == (1, 0)


def test_a_slider_without_edge_fields_gets_them_for_one_sound() -> None:
    doc = document(STD)
    found = finding(doc, EventType.HITSOUND, 7500, EventType.HITSOUND, hitsound(8, 2, 2))
    assert changed(doc, found.fix) == {5: {"edge_sounds": (8, 4)}}


def test_the_body_of_a_slider_gets_another_sound() -> None:
    doc = document(STD)
    found = finding(doc, EventType.HITSOUND, 2500, EventType.HITSOUND, hitsound(2, 2, 2), nth=0)
    assert found.message.startswith("Slider body")
    assert changed(doc, found.fix) == {2: {"hitsound": 2}}


def test_an_object_gets_a_volume_of_its_own() -> None:
    doc = document(STD)
    found = finding(doc, EventType.VOLUME, 5000, EventType.VOLUME, 85)
    change = changed(doc, found.fix)[3]
    assert change.keys() == {"sample"}
    assert change["sample"].volume == 85


def test_a_slider_becomes_a_circle_with_its_head_sound() -> None:
    doc = document(STD)
    found = finding(doc, EventType.SLIDER_HEAD, 2000, EventType.CIRCLE, 0)
    assert changed(doc, found.fix) == {2: ("Slider", "Circle")}
    circle = doc.apply(found.fix).beatmap.hit_objects[2]
    assert (circle.x, circle.y, circle.hitsound) == (100, 200, 2)


def test_a_circle_does_not_become_a_slider_by_itself() -> None:
    found = finding(document(STD), EventType.CIRCLE, 1500, EventType.SLIDER_HEAD, 0)
    assert found.category == "Rhythm"
    assert found.fix == ()


def test_a_note_moves_to_a_free_column() -> None:
    doc = document(MANIA, mode=3)
    found = finding(doc, EventType.MANIA_COLUMN, 1000, EventType.MANIA_COLUMN, 3)
    assert changed(doc, found.fix) == {0: {"x": 448.0}}
    assert found.fix_label == "Move to column 4"


def test_a_note_does_not_move_onto_another() -> None:
    doc = document(MANIA, mode=3)
    assert finding(doc, EventType.MANIA_COLUMN, 1000, EventType.MANIA_COLUMN, 1).fix == ()


def test_a_hold_note_ends_elsewhere_and_keeps_its_sounds() -> None:
    doc = document(MANIA, mode=3)
    found = finding(doc, EventType.TIME_SHIFT, 3000, EventType.TIME_SHIFT, 2505)
    assert changed(doc, found.fix) == {2: {"end_ms": 2500.0}}


def test_a_hold_note_becomes_a_note_and_keeps_its_sounds() -> None:
    doc = document(MANIA, mode=3)
    found = finding(doc, EventType.HOLD_NOTE, 2000, EventType.CIRCLE, 0)
    assert changed(doc, found.fix) == {2: ("HoldNote", "Circle")}
    assert doc.apply(found.fix).beatmap.hit_objects[2].sample.volume == 50


def test_times_of_early_formats_are_written_without_their_offset() -> None:
    doc = Document.parse(document(STD).to_bytes().replace(b"format v14", b"format v4"))
    found = finding(doc, EventType.TIME_SHIFT, 1524, EventType.TIME_SHIFT, 1279)
    assert changed(doc, found.fix) == {1: {"start_ms": 1274.0, "end_ms": 1274.0}}
