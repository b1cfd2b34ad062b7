"""Events as points, and points as events again."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from companion.beatmap.timing import TimingPoint
from companion.engine.diffusion.embedding import waves
from companion.engine.diffusion.paths import chorded_path, smooth_path
from companion.engine.diffusion.placing import placed, placed_like_original
from companion.engine.diffusion.sequence import (
    CENTRE_PX,
    CONTEXT_SIZE,
    N_FLAGS,
    PointSequence,
    in_pixels,
    points_of,
)
from companion.engine.diffusion.slider_ends import SliderEnd
from companion.engine.diffusion_options import DiffusionOptions
from companion.engine.events import Event, EventType

OPTIONS = DiffusionOptions()
QUIRKS = replace(OPTIONS, original_quirks=True)
TIMING = (TimingPoint(0, 500), TimingPoint(4000, 250))


def circle(ms: int, *attributes: tuple[EventType, int]) -> list[Event]:
    events = [Event(EventType.CIRCLE, 0, ms), Event(EventType.TIME_SHIFT, ms, ms)]
    return events + [Event(kind, value, ms) for kind, value in attributes]


def at(x: int, y: int) -> tuple[tuple[EventType, int], ...]:
    return (EventType.POS_X, x), (EventType.POS_Y, y)


def timed(kind: EventType, ms: int, *attributes: tuple[EventType, int]) -> list[Event]:
    return [replace(circle(ms, *attributes)[0], kind=kind), *circle(ms, *attributes)[1:]]


def untimed(kind: EventType, *attributes: tuple[EventType, int]) -> list[Event]:
    return [Event(kind), *(Event(name, value) for name, value in attributes)]


def slider(end_ms: int, *anchors: list[Event], start_ms: int = 1000) -> list[Event]:
    """The first span takes 100 ms."""
    return [
        *timed(EventType.SLIDER_HEAD, start_ms, *at(100, 100), (EventType.SCROLL_SPEED, 150)),
        *(event for anchor in anchors for event in anchor),
        *timed(EventType.LAST_ANCHOR, start_ms + 100, *at(200, 100)),
        *timed(EventType.SLIDER_END, end_ms, *at(200, 100)),
    ]


def sequence(events: list[Event], options: DiffusionOptions = OPTIONS) -> PointSequence:
    return PointSequence.from_events(events, TIMING, 1.4, options)


def pixels(points: PointSequence) -> list[tuple[float, float]]:
    return [(round(x, 3), round(y, 3)) for x, y in points_of(in_pixels(points.positions))]


def flags(points: PointSequence) -> list[int]:
    rows = points.context[-N_FLAGS:].T
    assert bool((rows.sum(1) == 1).all())
    return rows.argmax(1).tolist()


def distances(points: PointSequence) -> torch.Tensor:
    return points.context[128:256].T


def test_every_kind_of_point_has_its_flag():
    events = [
        *circle(0),
        *circle(100, (EventType.NEW_COMBO, 0)),
        *timed(EventType.SPINNER, 200),
        *timed(EventType.SPINNER_END, 300),
        *slider(
            1100,
            untimed(EventType.BEZIER_ANCHOR),
            untimed(EventType.PERFECT_ANCHOR),
            untimed(EventType.CATMULL_ANCHOR),
            untimed(EventType.RED_ANCHOR),
        ),
    ]
    points = sequence(events)
    assert flags(points) == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert points.context.shape == (CONTEXT_SIZE, 11)


@pytest.mark.parametrize(
    ("spans", "flag"), [(1, 11), (2, 12), (3, 13), (4, 14), (5, 15), (6, 14), (7, 15)]
)
def test_the_flag_of_a_slider_end_tells_its_repeats(spans: int, flag: int):
    assert flags(sequence(slider(1000 + 100 * spans)))[-1] == flag


def test_a_slider_of_no_time_does_not_repeat():
    events = slider(1000, start_ms=1000)
    still = [
        replace(e, value=1000, time_ms=1000) if e.kind is EventType.TIME_SHIFT else e
        for e in events
    ]
    assert flags(sequence(still))[-1] == 11


def test_anchors_are_spread_evenly_in_time():
    events = slider(1100, *[untimed(EventType.BEZIER_ANCHOR, *at(150, 100))] * 3)
    assert sequence(events).times_ms.tolist() == [1000, 1025, 1050, 1075, 1100, 1100]


def test_points_without_a_position_lie_in_the_centre():
    assert pixels(sequence([*circle(0), *circle(9, (EventType.POS_X, 3))])) == [CENTRE_PX] * 2


def test_positions_on_the_border_count():
    events = [*circle(0, *at(0, 100)), *circle(9, *at(100, 0))]
    assert pixels(sequence(events)) == [(0, 100), (100, 0)]


def test_the_original_takes_positions_on_the_border_for_missing():
    events = [*circle(0, *at(0, 100)), *circle(9, *at(100, 0))]
    assert pixels(sequence(events, QUIRKS)) == [CENTRE_PX] * 2


def test_a_stated_distance_counts_even_if_it_is_0():
    events = [*circle(0, *at(256, 232)), *circle(9, (EventType.DISTANCE, 0), *at(300, 232))]
    expected = waves(torch.tensor([40.0, 0.0]), 128)
    assert torch.allclose(distances(sequence(events)), expected)


def test_the_original_measures_a_stated_distance_of_0():
    events = [*circle(0, *at(256, 232)), *circle(9, (EventType.DISTANCE, 0), *at(300, 232))]
    expected = waves(torch.tensor([40.0, 44.0]), 128)
    assert torch.allclose(distances(sequence(events, QUIRKS)), expected)


def test_other_events_have_no_point():
    kiai = [Event(EventType.KIAI, 1), Event(EventType.TIME_SHIFT, 0)]
    events = [*circle(0), *kiai, *circle(9), *kiai]
    assert sequence(events).point_of == (0, 0, None, None, 1, 1, None, None)


def test_the_original_gives_other_events_the_next_point():
    kiai = [Event(EventType.KIAI, 1), Event(EventType.TIME_SHIFT, 0)]
    events = [*circle(0), *kiai, *circle(9), *kiai]
    assert sequence(events, QUIRKS).point_of == (0, 0, 1, 1, 1, 1, 1, 1)


def test_types_may_come_last():
    first = sequence([*circle(0, *at(1, 2)), *circle(9, *at(3, 4))])
    last = [e for ms, p in ((0, at(1, 2)), (9, at(3, 4))) for e in reversed(circle(ms, *p))]
    points = sequence(last, replace(OPTIONS, types_first=False))
    assert torch.equal(points.positions, first.positions)
    assert torch.equal(points.context, first.context)
    assert points.point_of == first.point_of


def test_a_slider_is_as_long_as_its_velocity_and_time_say():
    for start_ms, beat_ms in ((1000, 500), (5000, 250)):
        events = slider(start_ms + 200, start_ms=start_ms)
        (found,) = sequence([*circle(0), *events]).sliders
        assert found == SliderEnd("B", (1, 2), 3, 1.5 * 100 * 100 / beat_ms * 1.4)


def test_red_anchors_are_doubled_and_the_first_anchor_decides_the_curve():
    anchors = [untimed(EventType.PERFECT_ANCHOR), untimed(EventType.RED_ANCHOR)]
    (found,) = sequence(slider(1100, *anchors)).sliders
    assert (found.curve, found.controls, found.end) == ("P", (0, 1, 2, 2, 3), 4)


def test_sliders_without_velocity_or_tempo_are_left_as_they_are():
    events = slider(1100)
    slow = [e for e in events if e.kind is not EventType.SCROLL_SPEED]
    assert sequence(slow).sliders == ()
    assert sequence(events, replace(OPTIONS, has_velocities=False)).sliders == ()
    for timing in ((), (TimingPoint(0, 0),), (TimingPoint(0, -500),)):
        assert PointSequence.from_events(events, timing, 1.4, OPTIONS).sliders == ()


def test_half_a_slider_is_left_as_it_is():
    events = slider(1100)
    assert sequence(events[5:]).sliders == ()
    headless = [*events[:5], *timed(EventType.SLIDER_END, 1100)]
    assert sequence(headless).sliders == ()


def test_a_slider_ends_along_its_path():
    straight = SliderEnd("B", (0, 1), 2, 30)
    assert straight.position([(0, 0), (100, 0)], smooth_path) == pytest.approx((30, 0))
    assert straight.position([(0, 0), (20, 0)], smooth_path) == pytest.approx((20, 0))
    assert straight.position([(5, 5), (5, 5)], smooth_path) is None


@pytest.mark.parametrize("down", [1, -1])
def test_the_original_walks_along_few_chords(down: int):
    quarter = [(100.0, 0.0), (100 * math.sqrt(0.5), down * 100 * math.sqrt(0.5)), (0, down * 100.0)]
    chords, arc = chorded_path("P", quarter), smooth_path("P", quarter)
    assert len(chords.polyline()) == math.ceil(math.pi / 2 / (2 * math.acos(1 - 0.1 / 100)))
    assert chords.natural_length_px < arc.natural_length_px
    for fraction in (0.0, 0.3, 0.5, 1.0):
        x, y = chords.position_at(fraction)
        assert math.dist((x, y), arc.position_at(fraction)) < 0.3
        assert 99.8 < math.hypot(x, y) < 100.01


def test_chords_go_the_long_way_round():
    three_quarters = [(100.0, 0.0), (-100.0, 0.0), (0.0, -100.0)]
    length = chorded_path("P", three_quarters).natural_length_px
    assert length == pytest.approx(1.5 * math.pi * 100, rel=1e-2)


def test_only_true_arcs_have_chords():
    line = [(0.0, 0.0), (50.0, 0.0), (100.0, 0.0)]
    doubled = [(0.0, 0.0), (50.0, 0.0), (50.0, 0.0)]
    for controls in (line, doubled, [*line, (100.0, 80.0)]):
        expected = smooth_path("P", controls).polyline().tolist()
        assert chorded_path("P", controls).polyline().tolist() == expected


def names(events: list[Event]) -> list[tuple[EventType, int]]:
    return [(e.kind, e.value) for e in events if e.kind is not EventType.TIME_SHIFT]


def test_a_position_replaces_all_that_was_said_about_the_place():
    events = circle(5, (EventType.DISTANCE, 9), *at(1, 2), (EventType.NEW_COMBO, 0))
    moved = placed(events, [0] * len(events), [(7.6, 8.2)], {0})
    assert names(moved) == [(EventType.CIRCLE, 0), *at(8, 8), (EventType.NEW_COMBO, 0)]
    assert {e.time_ms for e in moved} == {5}


def test_a_distance_alone_becomes_a_position():
    events = circle(5, (EventType.DISTANCE, 9))
    assert names(placed(events, [0] * 3, [(7, 8)], {0}))[1:] == list(at(7, 8))


def test_points_that_stay_and_other_events_are_not_rewritten():
    events = [Event(EventType.KIAI, 1), *circle(5, (EventType.DISTANCE, 9), *at(1, 2))]
    points = [None, *[0] * 5]
    assert placed(events, points, [(7, 8)], set()) == events
    assert placed(circle(5), [0] * 2, [(7, 8)], {0}) == circle(5)


def test_the_original_writes_a_position_for_a_distance_beside_the_position():
    events = circle(5, (EventType.DISTANCE, 9), *at(1, 2))
    written = placed_like_original(events, [0] * len(events), [(7.6, 8.2)])
    assert names(written)[1:] == [*at(8, 8), *at(8, 8)]
