from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from companion.beatmap import (
    Circle,
    Document,
    HoldNote,
    Slider,
    Spinner,
    TimeRange,
    splice_objects,
)
from companion.engine.encoding import EncodingOptions, encode_map
from companion.engine.events import Event, EventType
from companion.engine.postprocess import SectionOptions, section_lines, write_section

V29 = EncodingOptions()
FINE = EncodingOptions(position_precision_px=1, position_split_axes=True)
EXACT = SectionOptions(encoding=FINE)
CHANGING = SectionOptions(encoding=FINE, change_green_lines=True)
RANGE = TimeRange(0, 8000)


def rewritten(beatmap, wanted: TimeRange = RANGE, options: SectionOptions = EXACT):
    return write_section(encode_map(beatmap, options.encoding), beatmap, wanted, options)


def test_every_kind_of_object_comes_back_as_it_was(beatmap_of):
    objects = [
        "100,100,0,5,2,2:1:0:0:",
        "100,100,500,2,0,B|150:150|240:100,2,140,2|0|8,1:2|0:0|2:0,0:0:0:0:",
        "256,192,2500,12,4,3500,0:0:0:0:",
    ]
    section = rewritten(beatmap_of(objects))
    circle, slider, spinner = section.objects
    assert isinstance(circle, Circle)
    assert isinstance(slider, Slider)
    assert isinstance(spinner, Spinner)
    assert (circle.x, circle.y, circle.start_ms, circle.new_combo) == (100, 100, 0, True)
    assert (circle.hitsound, circle.sample.normal_set, circle.sample.addition_set) == (2, 0, 1)
    assert (slider.start_ms, slider.end_ms, slider.slides) == (500, 1500, 2)
    assert slider.edge_sounds == (2, 0, 8)
    assert slider.edge_sets[0] == (1, 2)
    assert (spinner.start_ms, spinner.end_ms, spinner.hitsound) == (2500, 3500, 4)


def test_lines_can_be_spliced_into_the_map(document_of):
    document = document_of(["100,100,0,1,0", "100,100,500,2,0,L|240:100,1,140"])
    lines = section_lines(encode_map(document.beatmap, FINE), document.beatmap, RANGE, EXACT)
    again = document.apply(splice_objects(document, RANGE, lines)).beatmap
    assert [hit.start_ms for hit in again.hit_objects] == [0, 500]
    assert [hit.end_ms for hit in again.hit_objects] == [0, pytest.approx(1000)]


def test_grid_positions_are_read_as_the_family_wrote_them(beatmap_of):
    section = rewritten(beatmap_of(["256,192,0,1,0"]), options=SectionOptions(encoding=V29))
    assert (section.objects[0].x, section.objects[0].y) == (272, 208)


def test_mania_notes_are_put_into_the_middle_of_their_column(beatmap_of):
    objects = ["10,192,0,1,0", "200,192,0,128,0,1000:0:0:0:0:", "300,192,500,128,0,900:0:0:0:0:"]
    section = rewritten(beatmap_of(objects, mode=3, cs=4))
    assert [hit.x for hit in section.objects] == [64, 192, 320]
    assert isinstance(section.objects[1], HoldNote)
    assert section.objects[1].end_ms == 1000


def test_taiko_objects_keep_their_durations(beatmap_of):
    objects = ["256,192,0,1,8", "0,192,500,2,0,L|140:192,1,140", "256,192,1500,12,0,2000"]
    section = rewritten(beatmap_of(objects, mode=1))
    assert [(h.start_ms, h.end_ms) for h in section.objects] == [(0, 0), (500, 1000), (1500, 2000)]


def test_what_begins_outside_the_range_is_left_out(beatmap_of):
    section = rewritten(
        beatmap_of([f"9,9,{ms},1,0" for ms in (0, 500, 1000)]), TimeRange(500, 1000)
    )
    assert [hit.start_ms for hit in section.objects] == [500]


def test_long_objects_are_shortened_to_the_range(beatmap_of):
    objects = [
        "100,100,0,2,0,L|240:100,4,140",
        "256,192,3000,12,0,9000",
    ]
    events, empty = encode_map(beatmap_of(objects), FINE), beatmap_of([])
    for wanted, expected in (
        (TimeRange(0, 1500), (0, 1500)),
        (TimeRange(2500, 4000), (3000, 4000)),
    ):
        section = write_section(events, empty, wanted, EXACT)
        assert [(h.start_ms, h.end_ms) for h in section.objects] == [expected]


def test_nothing_overlaps_what_reaches_into_the_range(beatmap_of):
    beatmap = beatmap_of(["100,100,0,2,0,L|240:100,2,140", "9,9,2000,1,0"])
    events = [Event(EventType.CIRCLE, 0, 700), Event(EventType.TIME_SHIFT, 750, 700)]
    section = write_section(events, beatmap, TimeRange(500, 3000), EXACT)
    assert section.lines == ()


def test_times_are_put_on_the_maps_own_grid(beatmap_of):
    beatmap = beatmap_of([])
    events = []
    for ms, snap in ((253, 2), (620, 4), (1013, 0), (1400, 16)):
        events += [
            Event(EventType.CIRCLE, 0, ms),
            Event(EventType.TIME_SHIFT, ms, ms),
            Event(EventType.SNAPPING, snap, ms),
        ]
    section = write_section(events, beatmap, RANGE, EXACT)
    assert [hit.start_ms for hit in section.objects] == [250, 625, 1000, 1406]


def test_without_a_tempo_times_stay(beatmap_of):
    events = [Event(EventType.CIRCLE, 0, 253), Event(EventType.TIME_SHIFT, 253, 253)]
    section = write_section(events, beatmap_of([], []), RANGE, EXACT)
    assert [hit.start_ms for hit in section.objects] == [253]


def test_a_slider_is_measured_with_the_velocity_in_force(beatmap_of):
    timing = ["0,500,4,2,0,60,1,0", "0,-50,4,2,0,60,0,0"]
    beatmap = beatmap_of(["100,100,0,2,0,L|240:100,1,140"], timing)
    faster = encode_map(beatmap_of(["100,100,0,2,0,L|240:100,1,140"]), FINE)
    (slider,) = write_section(faster, beatmap, RANGE, EXACT).objects
    assert isinstance(slider, Slider)
    assert slider.end_ms == 500
    assert slider.length_px == pytest.approx(280)
    assert slider.path.natural_length_px >= 280
    assert slider.control_points[0] == (100, 100)


def test_a_slider_that_would_leave_the_playfield_is_turned(beatmap_of):
    events = encode_map(beatmap_of(["400,100,0,2,0,L|500:100,1,100"], multiplier=1.0), FINE)
    (slider,) = write_section(events, beatmap_of([], multiplier=2.6), RANGE, EXACT).objects
    assert isinstance(slider, Slider)
    line = slider.path.polyline()
    assert line[:, 0].max() <= 512.5
    assert slider.length_px == pytest.approx(260)


def test_a_slider_without_a_direction_is_still_long_enough(beatmap_of):
    beatmap = beatmap_of([], multiplier=3.6)
    events = [
        Event(kind, value, ms)
        for ms, kinds in (
            (0, [(EventType.SLIDER_HEAD, 0), (EventType.TIME_SHIFT, 0)]),
            (2000, [(EventType.LAST_ANCHOR, 0), (EventType.TIME_SHIFT, 2000)]),
            (2000, [(EventType.SLIDER_END, 0), (EventType.TIME_SHIFT, 2000)]),
        )
        for kind, value in kinds
    ]
    (slider,) = write_section(events, beatmap, RANGE, EXACT).objects
    assert isinstance(slider, Slider)
    assert slider.length_px == pytest.approx(1440)
    assert slider.path.natural_length_px >= 1439
    line = slider.path.polyline()
    assert line.min() >= -0.5
    assert line[:, 0].max() <= 512.5
    assert line[:, 1].max() <= 384.5


def test_positions_are_put_onto_the_playfield(beatmap_of):
    section = rewritten(beatmap_of(["-40,500,0,1,0"]))
    assert (section.objects[0].x, section.objects[0].y) == (0, 384)


def test_sample_sets_of_the_timing_point_are_not_repeated(beatmap_of):
    section = rewritten(beatmap_of(["9,9,0,1,0,2:2:0:0:", "9,9,500,1,2,3:1:0:0:"]))
    first, second = (hit.sample for hit in section.objects)
    assert (first.normal_set, first.addition_set) == (0, 0)
    assert (second.normal_set, second.addition_set) == (3, 1)


def test_green_lines_are_only_made_when_they_may_change(beatmap_of):
    timing = ["0,500,4,2,0,60,1,0", "1000,-50,4,2,0,30,0,1"]
    beatmap = beatmap_of(["100,100,1000,2,0,L|380:100,1,280", "9,9,2000,1,0"], timing)
    assert rewritten(beatmap).green_lines == ()
    (line,) = rewritten(beatmap, options=CHANGING).green_lines
    assert (line.time_ms, line.velocity, line.volume, line.kiai) == (1000, 2.0, 30, True)
    assert not line.uninherited


def test_volumes_that_are_to_stay_stay_where_velocities_change(beatmap_of):
    loud = ["0,500,4,2,0,90,1,0", "500,-80,4,2,0,90,0,0"]
    events = encode_map(beatmap_of(["9,9,0,1,0", "100,100,500,2,0,L|275:100,1,175"], loud), FINE)
    quiet = beatmap_of([], ["0,500,4,2,0,60,1,0", "300,-100,4,2,0,20,0,0"])
    keeping = replace(CHANGING, change_volumes=False)
    lines = write_section(events, quiet, RANGE, keeping).green_lines
    assert [(p.time_ms, p.volume, round(p.velocity, 3)) for p in lines] == [
        (300, 20, 1.0),
        (500, 20, 1.25),
    ]


def test_volumes_and_velocities_that_the_model_wants_become_green_lines(beatmap_of):
    loud = ["0,500,4,2,0,90,1,0", "500,-80,4,2,0,90,0,0"]
    events = encode_map(beatmap_of(["9,9,0,1,0", "100,100,500,2,0,L|275:100,1,175"], loud), FINE)
    quiet = beatmap_of([], ["0,500,4,2,0,60,1,0"])
    lines = write_section(events, quiet, RANGE, CHANGING).green_lines
    assert [(p.time_ms, p.volume, round(p.velocity, 3)) for p in lines] == [
        (0, 90, 1.0),
        (500, 90, 1.25),
    ]


kinds = st.sampled_from([kind for kind in EventType if kind is not EventType.CONTROL])


@given(
    events=st.lists(st.tuples(kinds, st.integers(0, 900)), max_size=60),
    mode=st.integers(0, 3),
    change=st.booleans(),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_stream_of_events_is_too_strange_to_be_written(document_of, events, mode, change):
    document: Document = document_of(["0,0,0,2,0,L|99:0,9,99", "9,9,5000,1,0"], mode=mode)
    stream = [Event(kind, value) for kind, value in events]
    wanted = TimeRange(0, 4000)
    section = write_section(
        stream, document.beatmap, wanted, SectionOptions(change_green_lines=change)
    )
    edited = document.apply(splice_objects(document, wanted, section.lines)).beatmap
    assert not edited.diagnostics
    assert all(p.velocity > 0 for p in section.green_lines)
