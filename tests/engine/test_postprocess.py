from __future__ import annotations

import pytest

from companion.beatmap import Document, Mode, TimingPoint
from companion.engine.encoding import EncodingOptions
from companion.engine.events import Event, EventType
from companion.engine.postprocess import MapHeader, PostprocessOptions, write_map
from companion.engine.postprocess.assembly import Long, assemble, settle_positions
from companion.engine.postprocess.flattening import FlatPath
from companion.engine.postprocess.groups import groups_of
from companion.engine.postprocess.overlaps import snap_near_overlaps
from companion.errors import OptionRefused

E = EventType
QUIRKS = PostprocessOptions(original_quirks=True)
RED = TimingPoint(time_ms=0.0, beat_length=500.0, sample_set=2)


def group(kind: EventType, ms: int | None = None, **attributes: int | list[int]) -> list[Event]:
    """One group of events, types first; time_ms of all of them is `ms`."""
    at = ms or 0
    events = [Event(kind, 0, at)]
    if ms is not None:
        events.append(Event(E.TIME_SHIFT, ms, at))
    for name, value in attributes.items():
        items = value if isinstance(value, list) else [value]
        events += [Event(EventType[name.upper()], item, at) for item in items]
    return events


def place(x: int, y: int) -> dict[str, int]:
    return {"pos_x": x, "pos_y": y}


def slider(start: int = 0, span: int = 500, slides: int = 1, sv: int = 100) -> list[Event]:
    return [
        *group(E.SLIDER_HEAD, start, **place(100, 100), scroll_speed=sv, hitsound=0, volume=50),
        *group(E.LAST_ANCHOR, start + span, **place(240, 100), hitsound=0, volume=50),
        *group(E.SLIDER_END, start + span * slides, **place(240, 100), hitsound=0, volume=50),
    ]


def objects_of(events: list[Event], options: PostprocessOptions | None = None, **header) -> list:
    text = write_map(events, MapHeader(**header), (RED,), options)
    return [
        line.raw.decode()
        for line in Document.parse(text.encode()).lines
        if line.section == "HitObjects" and line.raw and not line.raw.startswith(b"[")
    ]


def test_a_circle_is_written():
    events = group(E.CIRCLE, 250, **place(10, 20), new_combo=0, hitsound=1 + 8, volume=60)
    assert objects_of(events) == ["10,20,250,5,2,2:1:0:0:"]


def test_a_slider_is_as_long_as_its_time_and_velocity():
    (line,) = objects_of(slider(sv=100))
    assert line == "100,100,0,2,0,B|240:100,1,140.0,0|0,1:1|1:1,1:1:0:0:"


def test_a_short_path_is_scaled_to_the_length():
    (line,) = objects_of(slider(sv=120))
    assert line.split(",")[5] == "B|268:100"
    assert float(line.split(",")[7]) == pytest.approx(168)


def test_a_path_that_is_far_too_short_lowers_the_velocity():
    text = write_map(slider(sv=1000), MapHeader(), (RED,))
    beatmap = Document.parse(text.encode()).beatmap
    assert beatmap.hit_objects[0].duration_ms == pytest.approx(500, abs=1)
    assert beatmap.velocity_at(0) == pytest.approx(1.0)


def test_a_velocity_is_set_by_a_green_line():
    text = write_map(slider(start=1000, sv=120), MapHeader(), (RED,))
    beatmap = Document.parse(text.encode()).beatmap
    assert beatmap.velocity_at(999) == 1.0
    assert beatmap.velocity_at(1000) == pytest.approx(1.2)


def test_without_velocities_the_end_decides_the_length():
    options = PostprocessOptions(has_velocities=False)
    (line,) = objects_of(slider(), options)
    assert float(line.split(",")[7]) == pytest.approx(140, rel=0.05)


@pytest.mark.parametrize(
    ("body_and_repeats", "edges"),
    [([1], "2|2|2|8"), ([1, 2], "2|4|2|8"), ([1, 2, 3, 4, 5, 6], "2|4|6|8")],
)
def test_a_slider_has_a_sound_for_each_edge(body_and_repeats: list[int], edges: str):
    n = len(body_and_repeats)
    events = [
        *group(E.SLIDER_HEAD, 0, **place(0, 0), scroll_speed=100, hitsound=1, volume=50),
        *group(
            E.LAST_ANCHOR, 500, **place(140, 0), hitsound=body_and_repeats, volume=[60, *[70] * n]
        ),
        *group(E.SLIDER_END, 1500, **place(140, 0), hitsound=4, volume=80),
    ]
    (line,) = objects_of(events)
    assert line.split(",")[6] == "3"
    assert line.split(",")[8] == edges
    assert len(line.split(",")[9].split("|")) == 4
    (as_before,) = objects_of(events, QUIRKS)
    assert len(as_before.split(",")[8].split("|")) == n + 1


def test_a_slider_without_any_sounds_states_none():
    silent = [e for e in slider() if e.kind not in {E.HITSOUND, E.VOLUME}]
    (line,) = objects_of(silent)
    assert line.split(",")[8] == ""


def test_sliders_that_end_before_they_start_are_dropped():
    events = slider(span=500)
    events[-5:] = group(E.SLIDER_END, 0, **place(1, 1))
    assert objects_of(events) == []


def test_parts_without_their_counterparts_are_dropped():
    events = [
        *group(E.SLIDER_END, 10),
        *group(E.HOLD_NOTE_END, 20),
        *group(E.SPINNER, 30),
        *group(E.BEZIER_ANCHOR),
    ]
    assert objects_of(events) == []


def test_the_volume_of_edges_is_set_and_the_body_keeps_its_own():
    events = [
        *group(E.SLIDER_HEAD, 0, **place(0, 0), scroll_speed=100, hitsound=0, volume=80),
        *group(E.LAST_ANCHOR, 500, **place(140, 0), hitsound=0, volume=30),
        *group(E.SLIDER_END, 500, **place(140, 0), hitsound=0, volume=90),
    ]
    text = write_map(events, MapHeader(), (RED,))
    beatmap = Document.parse(text.encode()).beatmap
    assert [p.volume for p in beatmap.timing_points] == [80, 30, 90]
    assert [p.time_ms for p in beatmap.timing_points] == [0, 6, 500]


def test_drumrolls_run_to_and_fro_for_their_length():
    events = [
        *group(E.DRUMROLL, 0, scroll_speed=200, hitsound=0, volume=50),
        *group(E.DRUMROLL_END, 4000),
    ]
    text = write_map(events, MapHeader(mode=Mode.TAIKO), (RED,))
    (hit,) = Document.parse(text.encode()).beatmap.hit_objects
    assert hit.duration_ms == pytest.approx(4000, abs=1)


def test_drumrolls_without_duration_are_dropped():
    events = [*group(E.DRUMROLL, 0), *group(E.DRUMROLL_END, 0)]
    assert objects_of(events, mode=Mode.TAIKO) == []


def test_spinners_and_dendens_are_at_the_centre():
    spinner = [*group(E.SPINNER, 0), *group(E.SPINNER_END, 900, hitsound=2, volume=40)]
    assert objects_of(spinner) == ["256,192,0,12,4,900,1:1:0:0:"]
    denden = [*group(E.DENDEN, 0, hitsound=2, volume=40), *group(E.DENDEN_END, 900)]
    assert objects_of(denden, mode=Mode.TAIKO) == ["256,192,0,12,4,900,1:1:0:0:"]


def test_mania_notes_have_their_own_volume():
    events = group(E.CIRCLE, 0, **place(64, 192), hitsound=0, volume=35)
    assert objects_of(events, mode=Mode.MANIA) == ["64,192,0,1,0,1:1:0:35:"]


def holds() -> list[Event]:
    return [
        *group(E.HOLD_NOTE, 0, **place(64, 192)),
        *group(E.HOLD_NOTE, 100, **place(192, 192)),
        *group(E.HOLD_NOTE_END, 500, **place(64, 192)),
        *group(E.HOLD_NOTE_END, 600, **place(192, 192)),
    ]


def test_hold_notes_at_the_same_time_are_told_apart_by_column():
    assert len(objects_of(holds(), mode=Mode.MANIA)) == 2


def test_quirk_of_two_hold_notes_at_a_time_one_is_lost():
    (line,) = objects_of(holds(), QUIRKS, mode=Mode.MANIA)
    assert line.startswith("192,192,100,128,0,500:")


def test_scroll_speeds_of_mania_are_kept_over_changes_of_tempo():
    reds = (RED, TimingPoint(time_ms=8000.0, beat_length=250.0))
    events = [
        *group(E.SCROLL_SPEED_CHANGE, 1000, scroll_speed=200),
        *group(E.CIRCLE, 9000, **place(64, 192)),
    ]
    text = write_map(events, MapHeader(mode=Mode.MANIA), reds)
    beatmap = Document.parse(text.encode()).beatmap
    assert beatmap.velocity_at(1000) == pytest.approx(2)
    assert beatmap.velocity_at(8000) == pytest.approx(1)


def test_kiai_is_switched_on_and_off():
    events = [
        Event(E.KIAI, 1),
        Event(E.TIME_SHIFT, 100),
        Event(E.KIAI, 0),
        Event(E.TIME_SHIFT, 900),
    ]
    text = write_map(events, MapHeader(), (RED,))
    (kiai,) = Document.parse(text.encode()).beatmap.timing.kiai_ranges(1000)
    assert (kiai.start_ms, kiai.end_ms) == (100, 900)


# Tempo that is missing


def test_a_map_whose_tempo_is_not_known_gets_120_beats_per_minute():
    beatmap = Document.parse(write_map(slider(), MapHeader(), None).encode()).beatmap
    assert beatmap.red_lines[0].beat_length == 500
    assert beatmap.hit_objects[0].duration_ms == pytest.approx(500)


def test_a_map_that_has_no_red_line_gets_none():
    beatmap = Document.parse(write_map(slider(), MapHeader(), ()).encode()).beatmap
    assert not beatmap.red_lines
    assert beatmap.hit_objects[0].duration_ms == pytest.approx(500)
    circle = group(E.CIRCLE, 0)
    usual = [event for event in circle if event.kind is not E.VOLUME]
    assert not Document.parse(write_map(usual, MapHeader(), ()).encode()).beatmap.timing_points


def test_quirk_a_slider_without_a_tempo_fails():
    bare = [event for event in slider() if event.kind is not E.VOLUME]
    with pytest.raises(OptionRefused, match="tempo"):
        write_map(bare, MapHeader(), (), QUIRKS)


def test_quirk_the_file_has_an_invisible_character_and_a_negative_index():
    text = write_map(group(E.CIRCLE, 0), MapHeader(), (RED,), QUIRKS)
    assert "\u034fCombo3" in text
    assert ":-1:0:" in text
    plain = write_map(group(E.CIRCLE, 0), MapHeader(), (RED,))
    assert "\u034f" not in plain
    assert "-1:" not in plain


# Positions


def test_a_distance_without_a_place_is_somewhere_on_the_playfield():
    events = [*group(E.CIRCLE, 0, **place(256, 192)), *group(E.CIRCLE, 9, distance=100)]
    groups = groups_of(events, types_first=True)
    settle_positions(groups, Mode.OSU, seed=3)
    x, y = groups[1].place
    assert ((x - 256) ** 2 + (y - 192) ** 2) ** 0.5 == pytest.approx(100)
    far = groups_of(group(E.CIRCLE, 0, distance=640), types_first=True)
    settle_positions(far, Mode.OSU, seed=3)
    assert far[0].place == (0, 0)


def test_without_place_and_distance_the_last_position_stays():
    events = [*group(E.CIRCLE, 0, **place(10, 20)), *group(E.CIRCLE, 9)]
    groups = groups_of(events, types_first=True)
    settle_positions(groups, Mode.OSU, seed=0)
    assert groups[1].place == (10, 20)


def test_near_overlaps_become_exact_within_a_second():
    events = [
        *group(E.CIRCLE, 0, **place(100, 100)),
        *group(E.CIRCLE, 900, **place(102, 103)),
        *group(E.CIRCLE, 5000, **place(102, 100)),
    ]
    groups = groups_of(events, types_first=True)
    snap_near_overlaps(groups)
    assert [g.place for g in groups] == [(100, 100), (100, 100), (102, 100)]


def test_quirk_a_red_anchor_ends_the_search_for_overlaps():
    anchor = [Event(e.kind, e.value, 5100) for e in group(E.RED_ANCHOR, None, **place(300, 300))]
    events = [
        *group(E.SLIDER_HEAD, 5000, **place(100, 100)),
        *anchor,
        *group(E.LAST_ANCHOR, 5300, **place(102, 100)),
    ]
    for quirks, expected in ((False, (100, 100)), (True, (102, 100))):
        groups = groups_of(events, types_first=True)
        snap_near_overlaps(groups, original_quirks=quirks)
        assert groups[2].place == expected


def test_types_may_come_last():
    events = [Event(E.TIME_SHIFT, 5), Event(E.CIRCLE), Event(E.VOLUME, 3)]
    (only,) = groups_of(events, types_first=False)
    assert (only.kind, only.time_ms, only.volumes) == (E.CIRCLE, 5, [])


def test_the_first_of_two_last_anchors_says_where_and_the_second_when():
    events = [
        *group(E.SLIDER_HEAD, 0, **place(0, 0)),
        *group(E.LAST_ANCHOR, None, **place(140, 0)),
        *group(E.LAST_ANCHOR, 500),
        *group(E.SLIDER_END, 1000, **place(0, 0)),
    ]
    groups = groups_of(events, types_first=True)
    settle_positions(groups, Mode.OSU, 0)
    (parts,) = assemble(groups)
    assert not isinstance(parts, Long)
    assert parts.anchors == ((140, 0),)  # pyright: ignore[reportAttributeAccessIssue]
    assert parts.slides == 2  # pyright: ignore[reportAttributeAccessIssue]


# Paths


@pytest.mark.parametrize(
    ("kind", "points", "length"),
    [
        ("L", [(0, 0), (100, 0), (100, 50)], 150),
        ("B", [(0, 0), (100, 0)], 100),
        ("B", [(0, 0), (100, 0), (100, 0), (100, 50)], 150),
        ("P", [(0, 0), (50, 50), (100, 0)], 157.08),
        ("P", [(0, 0), (50, 0), (100, 0)], 100),
        ("C", [(0, 0), (50, 0), (100, 0)], 100),
        ("B", [(0, 0)], 0),
    ],
)
def test_flat_paths_have_the_length_of_their_curve(kind, points, length):
    path = FlatPath(kind, points)
    assert path.length_px == pytest.approx(length, rel=2e-3)
    assert path.position_at(1).tolist() == pytest.approx(points[-1])
    assert path.position_at(0).tolist() == pytest.approx([0.0, 0.0])


def test_the_nearest_place_is_sought_from_the_end():
    path = FlatPath("L", [(0, 0), (100, 0)])
    assert path.progress_near((50, 10)) == pytest.approx(0.5, abs=0.02)
    assert path.progress_near((200, 0)) == 1.0


def test_a_red_anchor_in_the_last_anchors_place_is_not_written_three_times():
    events = [
        *group(E.SLIDER_HEAD, 0, **place(100, 100), scroll_speed=100, hitsound=0, volume=50),
        *group(E.RED_ANCHOR, **place(240, 100)),
        *group(E.LAST_ANCHOR, 500, **place(240, 100), hitsound=0, volume=50),
        *group(E.SLIDER_END, 500, **place(240, 100), hitsound=0, volume=50),
    ]
    options = PostprocessOptions(snap_near_overlaps=False)
    (line,) = objects_of(events, options)
    assert ",B|240:100|240:100,1," in line
    (line,) = objects_of(events, QUIRKS)
    assert ",B|240:100|240:100|240:100,1," in line


@pytest.mark.parametrize(
    ("cell_px", "fine_px", "coarse"), [(32, None, True), (32, 2, False), (4, None, False)]
)
def test_near_misses_are_only_mended_where_places_are_coarse(cell_px, fine_px, coarse):
    encoding = EncodingOptions(
        position_precision_px=cell_px, position_refinement_px=fine_px, types_first=coarse
    )
    options = PostprocessOptions.of(encoding)
    assert options.snap_near_overlaps is coarse
    assert options.types_first is coarse
