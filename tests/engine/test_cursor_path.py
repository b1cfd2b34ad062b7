from __future__ import annotations

from dataclasses import replace

import pytest

from companion.beatmap import Circle, Slider, Spinner, curve_segments
from companion.engine.cursor_path import CursorPath

OLD = [
    "100,100,0,1,0",
    "200,100,500,2,0,L|340:100,2,140",  # 500 to 1500, there and back
    "200,300,2000,1,0",
    "256,192,3000,12,0,4000",
    "60,300,5000,2,0,P|130:230|200:300,1,210",
]


def circle(ms: float) -> Circle:
    return Circle(x=0, y=0, start_ms=ms, end_ms=ms, type_bits=1)


def slider(ms: float, span_ms: float, length_px: float, slides: int = 1) -> Slider:
    points = ((0.0, 0.0), (300.0, 300.0))
    return Slider(
        x=0,
        y=0,
        start_ms=ms,
        end_ms=ms + span_ms * slides,
        type_bits=2,
        curve_type="B",
        segments=curve_segments("B", points),
        control_points=points,
        slides=slides,
        length_px=length_px,
        span_ms=span_ms,
        edge_sounds=(0,) * (slides + 1),
        edge_sets=((0, 0),) * (slides + 1),
    )


@pytest.fixture
def path(beatmap_of) -> CursorPath:
    return CursorPath(beatmap_of(OLD))


@pytest.mark.parametrize(
    ("ms", "place"),
    [
        (-500, (100, 100)),  # before the first object
        (0, (100, 100)),
        (250, (150, 100)),  # half way to the next
        (497, (200, 100)),  # a rounded tick is the next object's own
        (750, (270, 100)),  # on the slider
        (1000, (340, 100)),  # its repeat
        (1250, (270, 100)),  # on its way back
        (1504, (200, 100)),
        (1750, (200, 200)),
        (3500, (256, 192)),  # a spinner
        (9000, (199.3, 290.2)),  # after the last object, which does not go its whole path
    ],
)
def test_the_cursor_is_on_objects_and_straight_between_them(path: CursorPath, ms, place):
    assert path.at(ms) == pytest.approx(place, abs=0.5)


def test_circles_are_put_on_the_way_and_spinners_stay(path: CursorPath):
    moved = path.followed(circle(750))
    assert (moved.x, moved.y, moved.start_ms) == (270, 100, 750)
    spinner = Spinner(x=256, y=192, start_ms=0, end_ms=900, type_bits=12)
    assert path.followed(spinner) is spinner


def test_a_slider_of_the_same_time_has_the_old_shape_exactly(path: CursorPath):
    moved = path.followed(slider(5001, 748, 99.0))
    assert isinstance(moved, Slider)
    assert moved.control_points == ((60, 300), (130, 230), (200, 300))
    assert (moved.curve_type, moved.length_px) == ("P", 210)
    assert (moved.start_ms, moved.span_ms) == (5001, 748)


def test_a_slider_over_several_objects_turns_at_each_of_them(path: CursorPath):
    moved = path.followed(slider(0, 2000, 100.0))
    assert isinstance(moved, Slider)
    assert moved.curve_type == "L"
    # The circle's place, the slider's head, repeat and end, and the next circle.
    assert moved.control_points == ((100, 100), (200, 100), (340, 100), (200, 100), (200, 300))
    assert moved.length_px == 100


def test_a_slider_on_a_part_of_a_bent_one_is_bent_like_it(path: CursorPath):
    moved = path.followed(slider(5000, 400, 90.0))
    assert isinstance(moved, Slider)
    assert moved.curve_type == "P"
    tail = moved.path.position_at(1.0)
    assert tail == pytest.approx(path.at(5400), abs=25)


def test_a_slider_on_a_part_of_a_straight_one_is_straight(path: CursorPath):
    moved = path.followed(slider(500, 250, 70.0))
    assert isinstance(moved, Slider)
    assert (moved.curve_type, moved.control_points) == ("L", ((200, 100), (270, 100)))


def test_a_slider_that_needs_more_way_than_there_is_goes_on(path: CursorPath):
    moved = path.followed(slider(500, 250, 120.0, slides=2))
    assert isinstance(moved, Slider)
    assert moved.path.natural_length_px >= 120
    assert moved.control_points[0] == (200, 100)
    assert moved == replace(
        moved, start_ms=500, end_ms=1000, slides=2, length_px=120.0, span_ms=250
    )
