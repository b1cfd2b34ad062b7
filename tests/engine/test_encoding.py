from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.engine.encoding import (
    EncodingOptions,
    encode_kiai,
    encode_map,
    encode_red_lines,
    encode_scroll_speeds,
    encode_timing,
    main_beat_length,
    retime,
)
from companion.engine.encoding.positions import columns_as_positions, in_pixels
from companion.engine.events import Event, EventType

V29 = EncodingOptions()
QUIRKS = EncodingOptions(original_quirks=True)
FINE = EncodingOptions(position_precision_px=1, position_split_axes=True)


def said(events: list[Event]) -> list[str]:
    return [f"{event.kind}{event.value}" for event in events]


def kinds(events: list[Event]) -> list[str]:
    return [str(event.kind) for event in events]


def values(events: list[Event], kind: EventType) -> list[int]:
    return [event.value for event in events if event.kind is kind]


def test_a_circle_is_one_group_with_its_attributes_in_order(beatmap_of):
    events = encode_map(beatmap_of(["256,192,250,5,2,1:2:0:40:"]), V29)
    assert said(events) == [
        "circle0",
        "t250",
        "snap2",
        "dist0",
        "pos478",
        "new_combo0",
        "hitsound25",
        "volume40",
    ]
    assert {event.time_ms for event in events} == {250}


def test_types_may_come_last(beatmap_of):
    options = replace(V29, types_first=False)
    assert kinds(encode_map(beatmap_of(["0,0,0,1,0"]), options))[-1] == "circle"


def test_a_slider_spreads_its_anchors_over_the_first_span(beatmap_of):
    line = "100,100,500,2,0,B|150:100|200:100|200:100|240:100,2,140,2|0|8,0:0|0:0|0:0,0:0:0:0:"
    events = encode_map(beatmap_of([line]), FINE)
    assert [k for k in kinds(events) if "anchor" in k or k.startswith("slider")] == [
        "slider_head",
        "bezier_anchor",
        "red_anchor",
        "last_anchor",
        "slider_end",
    ]
    assert values(events, EventType.TIME_SHIFT) == [500, 1000, 1500]
    times = {e.kind: e.time_ms for e in events}
    assert times[EventType.BEZIER_ANCHOR] == 625
    assert times[EventType.RED_ANCHOR] == 750
    # Head, body, repeat, end: the body of the slider and its repeat belong to the last anchor.
    assert [v % 8 for v in values(events, EventType.HITSOUND)] == [1, 0, 0, 4]
    assert values(events, EventType.SCROLL_SPEED) == [100]


def test_in_version_2_the_last_anchor_says_first_where_and_then_when(beatmap_of):
    line = "100,100,500,2,0,L|240:100,1,140"
    options = replace(FINE, slider_version=2, sustain_interval_ms=200)
    events = encode_map(beatmap_of([line]), options)
    groups = [k for k in kinds(events) if k.startswith("slider") or k.endswith("anchor")]
    assert groups == [
        "slider_head",
        "last_anchor",
        "slider_sustain",
        "slider_sustain",
        "last_anchor",
        "slider_end",
    ]


def test_refined_positions_name_the_place_inside_the_cell(beatmap_of):
    options = replace(V29, position_refinement_px=2)
    events = encode_map(beatmap_of(["37,70,0,1,0"]), options)
    assert values(in_pixels(events, options), EventType.POS_X) == [36]
    assert values(in_pixels(events, options), EventType.POS_Y) == [70]


def test_grid_positions_are_the_middle_of_their_cell(beatmap_of):
    pixels = in_pixels(encode_map(beatmap_of(["256,192,0,1,0"]), V29), V29)
    assert values(pixels, EventType.POS_X) == [272]
    assert values(pixels, EventType.POS_Y) == [208]


def test_sliders_with_a_hundred_points_are_left_out(beatmap_of):
    points = "|".join(f"{x}:50" for x in range(100))
    assert encode_map(beatmap_of([f"0,0,0,2,0,B|{points},1,100"]), V29) == []


@pytest.mark.parametrize(
    ("curve", "length", "end"),
    [
        ("L|200:100", 100, (200, 100)),
        ("L|200:100", 150, (250, 100)),
        ("L|150:100|200:100", 75, (175, 100)),
        ("P|150:50|200:100", 157.07963, (199, 99)),
        ("P|150:100|200:100", 100, (200, 100)),
        ("C|150:150|200:100", 50, (200, 100)),
        ("B|150:100|150:100|200:100", 100, (200, 100)),
        ("B|200:100|200:100", 100, (200, 100)),
        ("B|100:100", 50, (100, 100)),
    ],
)
def test_slider_ends_are_where_training_data_had_them(beatmap_of, curve, length, end):
    events = encode_map(beatmap_of([f"100,100,0,2,0,{curve},1,{length}"]), FINE)
    xs, ys = values(events, EventType.POS_X), values(events, EventType.POS_Y)
    assert (xs[-1], ys[-1]) == end


def test_lazer_curves_are_encoded_too(beatmap_of):
    line = "100,100,0,2,0,B|150:100|P|160:110|170:100,1,80"
    assert kinds(encode_map(beatmap_of([line], version=128), V29)).count("slider_end") == 1


def test_a_spinner_moves_the_cursor_to_the_centre(beatmap_of):
    objects = ["0,0,0,1,0", "256,192,500,12,0,1000,0:0:0:0:", "256,192,1500,1,0"]
    events = encode_map(beatmap_of(objects), V29)
    assert values(events, EventType.DISTANCE)[-1] == 0
    assert "spinner_end" in kinds(events)


def test_taiko_objects_have_no_position_but_a_scroll_speed(beatmap_of):
    timing = ["0,500,4,2,0,60,1,0", "400,-50,4,2,0,60,0,0"]
    objects = ["9,9,0,1,8", "9,9,500,2,0,L|200:9,1,140", "256,192,1500,12,0,2000"]
    events = encode_map(beatmap_of(objects, timing, mode=1), V29)
    assert values(events, EventType.SCROLL_SPEED) == [100, 200, 200]
    assert {"drumroll", "drumroll_end", "denden", "denden_end"} <= set(kinds(events))
    assert not {"pos", "dist"} & set(kinds(events))


def test_mania_objects_have_columns(beatmap_of):
    objects = ["64,192,0,1,0", "448,192,500,128,0,1000:0:0:0:0:"]
    events = encode_map(beatmap_of(objects, mode=3, cs=4), V29)
    assert values(events, EventType.MANIA_COLUMN) == [0, 3, 3]
    placed = columns_as_positions(events, 4)
    assert values(placed, EventType.POS_X) == [64, 448, 448]
    assert set(values(placed, EventType.POS_Y)) == {192}


def test_beats_of_a_line_end_before_the_next_line(beatmap_of):
    timing = ["0,500,2,2,0,60,1,0", "1005,250,4,2,0,60,1,0"]
    events = encode_timing(beatmap_of(["0,0,1300,1,0"], timing), V29)
    assert said(events) == [
        *("timing_point0", "t0", "beat0", "t500"),
        *("timing_point0", "t1005", "beat0", "t1255"),
    ]


def test_lines_without_a_tempo_give_no_beats(beatmap_of):
    assert encode_timing(beatmap_of(["0,0,9,1,0"], []), V29) == []
    points = beatmap_of([], ["0,0,4,2,0,60,1,0", "0,0.001,4,2,0,60,1,0"]).timing_points
    assert encode_red_lines(points, V29, 1000) == []


def test_the_end_of_the_last_slider_is_the_end_of_the_beats(beatmap_of):
    beatmap = beatmap_of(["100,100,0,2,0,L|240:100,2,140"])
    assert values(encode_timing(beatmap, V29), EventType.TIME_SHIFT) == [0, 500, 1000]


def test_kiai_is_told_where_it_changes(beatmap_of):
    timing = ["0,500,4,2,0,60,1,0", "500,-100,4,2,0,60,0,1", "900,-100,4,2,0,60,0,1"]
    events = encode_kiai(beatmap_of([], [*timing, "1000,-100,4,2,0,60,0,0"]), V29)
    assert [(e.value, e.time_ms) for e in events if e.kind is EventType.KIAI] == [
        (1, 500),
        (0, 1000),
    ]


def test_scroll_speeds_are_relative_to_the_main_tempo(beatmap_of):
    timing = ["0,500,4,2,0,60,1,0", "8000,250,4,2,0,60,1,0", "8500,-50,4,2,0,60,0,0"]
    beatmap = beatmap_of(["0,0,9000,1,0"], timing, mode=3)
    assert values(encode_scroll_speeds(beatmap, V29), EventType.SCROLL_SPEED) == [100, 200, 400]


def test_the_tempo_that_governs_longest_is_the_main_one(beatmap_of):
    lines = beatmap_of([], ["1000,500,4,2,0,60,1,0", "3000,250,4,2,0,60,1,0"]).timing_points
    assert main_beat_length(lines, 9000) == 250
    assert main_beat_length(lines, 3500) == 500
    assert main_beat_length([], 3500) == 0


def test_families_may_interleave_everything(beatmap_of):
    options = replace(V29, add_timing=True, add_kiai=True, add_mania_sv=True)
    timing = ["0,500,4,2,0,60,1,1"]
    events = encode_map(beatmap_of(["0,0,0,1,0"], timing, mode=3), options)
    types = ["timing_point", "kiai", "scroll_speed_change", "circle"]
    assert [k for k in kinds(events) if k in types] == types


# What Mapperatorinator gets wrong, and what is right here


def test_quirk_any_effect_counts_as_kiai(beatmap_of):
    beatmap = beatmap_of([], ["0,500,4,2,0,60,1,8"])
    assert encode_kiai(beatmap, V29) == []
    assert encode_kiai(beatmap, QUIRKS) != []


def test_quirk_edges_that_are_not_stated_have_no_additions(beatmap_of):
    beatmap = beatmap_of(["100,100,0,2,2,L|240:100,1,140"])
    assert values(encode_map(beatmap, V29), EventType.HITSOUND) == [33, 33, 33]
    assert values(encode_map(beatmap, QUIRKS), EventType.HITSOUND) == [32, 33, 32]


def test_quirk_a_line_without_a_sample_set_is_soft(beatmap_of):
    beatmap = beatmap_of(["0,0,0,1,0"], ["0,500,4,0,0,60,1,0"], sample_set="Drum")
    assert values(encode_map(beatmap, V29), EventType.HITSOUND) == [64]
    assert values(encode_map(beatmap, QUIRKS), EventType.HITSOUND) == [32]


def test_quirk_a_slider_without_a_length_has_no_duration(beatmap_of):
    beatmap = beatmap_of(["100,100,0,2,0,L|240:100,1,0"])
    assert values(encode_map(beatmap, V29), EventType.TIME_SHIFT) == [0, 500, 500]
    assert values(encode_map(beatmap, QUIRKS), EventType.TIME_SHIFT) == [0, 0, 0]


def test_quirk_times_of_early_formats_are_taken_as_written(beatmap_of):
    beatmap = beatmap_of(["0,0,1000,1,0"], version=3)
    assert values(encode_map(beatmap, V29), EventType.TIME_SHIFT) == [1024]
    assert values(encode_map(beatmap, QUIRKS), EventType.TIME_SHIFT) == [1000]
    assert values(encode_timing(beatmap, QUIRKS), EventType.TIME_SHIFT)[0] == 0


def test_quirk_objects_are_measured_in_the_order_of_the_file(beatmap_of):
    beatmap = beatmap_of(["200,192,1000,1,0", "256,192,0,1,0"])
    assert values(encode_map(beatmap, V29), EventType.DISTANCE) == [0, 56]
    assert values(encode_map(beatmap, QUIRKS), EventType.DISTANCE) == [56, 56]


def test_quirk_green_lines_before_the_first_red_one_are_taken_for_red(beatmap_of):
    timing = ["0,-100,4,2,0,60,0,0", "90,500,4,2,0,60,1,0"]
    beatmap = beatmap_of(["256,192,40,1,0"], timing)
    assert values(encode_map(beatmap, V29), EventType.SNAPPING) == [10]
    assert values(encode_map(beatmap, QUIRKS), EventType.SNAPPING) == [1]


def test_quirk_the_main_tempo_is_looked_for_in_whole_seconds(beatmap_of):
    timing = ["0,500,4,2,0,60,1,0", "1900,250,4,2,0,60,1,0"]
    beatmap = beatmap_of(["0,0,3000,1,0"], timing, mode=3)
    assert values(encode_scroll_speeds(beatmap, V29), EventType.SCROLL_SPEED) == [100, 200]
    assert values(encode_scroll_speeds(beatmap, QUIRKS), EventType.SCROLL_SPEED) == [50, 100]


# Times from events alone


def test_times_are_recovered_after_forgetting_them(beatmap_of):
    line = "100,100,500,2,0,B|150:100|200:100|240:100,1,140"
    for types_first in (True, False):
        events = encode_map(beatmap_of([line]), replace(V29, types_first=types_first))
        bare = [replace(event, time_ms=0) for event in events]
        times = [event.time_ms for event in retime(bare, 5000, types_first=types_first)]
        assert max(abs(a - e.time_ms) for a, e in zip(times, events, strict=True)) <= 1


def test_events_before_the_start_keep_their_times():
    events = [Event(EventType.CIRCLE, 0, 77), Event(EventType.CIRCLE, 0, 0)]
    assert [e.time_ms for e in retime(events, None, types_first=True, start=1)] == [77, 77]
    assert retime([], None, types_first=True) == []


def test_anchors_at_the_end_of_a_stream_lie_before_its_end():
    events = [
        Event(EventType.SLIDER_HEAD),
        Event(EventType.TIME_SHIFT, 100),
        Event(EventType.BEZIER_ANCHOR),
    ]
    assert [e.time_ms for e in retime(events, 300, types_first=True)] == [100, 100, 200]
    assert [e.time_ms for e in retime(events, None, types_first=True)] == [100, 100, 100]


coordinates = st.integers(-100, 612)
curves = st.sampled_from("BLPC")


@given(
    kind=curves,
    points=st.lists(st.tuples(coordinates, coordinates), min_size=1, max_size=8),
    length=st.floats(0, 2000),
    slides=st.integers(1, 5),
    quirks=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_no_slider_is_too_strange_to_encode(beatmap_of, kind, points, length, slides, quirks):
    path = "|".join(f"{x}:{y}" for x, y in points)
    beatmap = beatmap_of([f"100,100,500,2,0,{kind}|{path},{slides},{length}"])
    events = encode_map(beatmap, replace(V29, original_quirks=quirks))
    assert kinds(events).count("slider_end") == 1
