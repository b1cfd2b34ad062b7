from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.beatmap.curves import CurveSegment, SliderPath, curve_segments, lay_out

LINE = [(0.0, 0.0), (100.0, 0.0)]


def path(kind: str, points: list[tuple[float, float]], length: float | None = None) -> SliderPath:
    return SliderPath(curve_segments(kind, points), length)


def test_a_line_is_cut_at_the_sliders_length() -> None:
    line = path("L", LINE, 60)
    assert line.natural_length_px == 100
    assert line.position_at(0.5) == pytest.approx((30, 0))
    assert line.position_at(1) == pytest.approx((60, 0))
    assert line.polyline()[-1] == pytest.approx((60, 0))


def test_a_line_that_is_too_short_is_extended_straight_on() -> None:
    line = path("L", [(0, 0), (0, 50), (100, 50)], 250)
    assert line.position_at(1) == pytest.approx((200, 50))
    assert line.position_at(0.2) == pytest.approx((0, 50))


def test_a_path_with_a_doubled_last_point_is_not_extended() -> None:
    line = path("B", [(0, 0), (100, 0), (100, 0)], 250)
    assert line.position_at(1) == pytest.approx((100, 0))


def test_a_path_of_its_own_length_is_played_as_it_is() -> None:
    line = path("L", LINE, None)
    assert line.length_px == 100
    assert line.position_at(1) == pytest.approx((100, 0))
    assert path("L", LINE, 100).polyline().tolist() == [[0, 0], [100, 0]]


def test_fractions_are_held_between_head_and_tail() -> None:
    positions = path("L", LINE).positions_at(np.array([-1.0, 0.25, 2.0]))
    assert positions.tolist() == [[0, 0], [25, 0], [100, 0]]


@pytest.mark.parametrize("kind", ["L", "B", "P", "C", "B3", ""])
def test_a_path_of_one_point_stays_there(kind: str) -> None:
    point = path(kind, [(5, 6)], 100)
    assert point.natural_length_px == 0
    assert point.position_at(0.7) == (5, 6)


@pytest.mark.parametrize("kind", ["L", "B", "C", "P", "B2"])
def test_points_in_one_place_have_no_length(kind: str) -> None:
    assert path(kind, [(5, 6)] * 3, 100).position_at(1) == (5, 6)


def test_a_quadratic_bezier_passes_its_middle() -> None:
    curve = path("B", [(0, 0), (50, 100), (100, 0)])
    assert curve.position_at(0.5) == pytest.approx((50, 50), abs=0.1)
    exact = 147.8942857  # of the parabola, in closed form
    assert curve.natural_length_px == pytest.approx(exact, abs=0.05)


def test_a_bezier_curve_may_have_very_many_points() -> None:
    points = [(float(n % 7), float(n)) for n in range(1500)]
    curve = path("B", points)
    assert curve.position_at(0) == points[0]
    assert curve.position_at(1) == pytest.approx(points[-1])
    assert math.isfinite(curve.natural_length_px)


def test_a_red_anchor_begins_a_new_piece() -> None:
    segments = curve_segments("B", [(0, 0), (50, 0), (100, 0), (100, 0), (100, 80)])
    assert segments == (
        CurveSegment("B", ((0, 0), (50, 0), (100, 0))),
        CurveSegment("B", ((100, 0), (100, 80))),
    )
    assert SliderPath(segments, None).natural_length_px == pytest.approx(180)


def test_a_doubled_head_adds_no_piece_and_a_doubled_tail_no_anchor() -> None:
    head = curve_segments("B", [(0, 0), (0, 0), (50, 50), (100, 0)])
    assert [len(s.points) for s in head] == [3]
    tail = curve_segments("B", [(0, 0), (50, 50), (100, 0), (100, 0)])
    assert [len(s.points) for s in tail] == [4]


def test_three_points_make_a_circle_and_others_do_not() -> None:
    half = path("P", [(0, 0), (50, 50), (100, 0)])
    assert half.natural_length_px == pytest.approx(math.pi * 50, rel=1e-3)
    assert half.position_at(0.5) == pytest.approx((50, 50), abs=0.01)
    other_way = path("P", [(0, 0), (50, -50), (100, 0)])
    assert other_way.position_at(0.5) == pytest.approx((50, -50), abs=0.01)
    long_way = path("P", [(0, 0), (50, 120), (100, 0)])
    assert long_way.natural_length_px > 300
    assert curve_segments("P", [(0, 0), (50, 0), (100, 0)])[0].kind == "L"
    assert curve_segments("P", [(0, 0), (1, 5), (2, 9), (3, 3)])[0].kind == "B"


def test_catmull_passes_through_its_points_and_merges_a_doubled_head() -> None:
    curve = path("C", [(0, 0), (0, 0), (50, 80), (100, 0), (150, 40)])
    assert len(curve.segments) == 1
    distances = np.hypot(*(curve.polyline() - (50, 80)).T)
    assert distances.min() < 0.01
    assert curve.position_at(1) == pytest.approx((150, 40))
    assert path("C", LINE).natural_length_px == pytest.approx(100)
    assert path("X", [(0, 0), (50, 80), (100, 0)]).segments[0].kind == "C"


def test_a_b_spline_of_full_degree_is_a_bezier_curve() -> None:
    points = [(0.0, 0.0), (30.0, 90.0), (70.0, -40.0), (120.0, 10.0)]
    full = path("B3", points).positions_at(np.linspace(0, 1, 9))
    bezier = path("B", points).positions_at(np.linspace(0, 1, 9))
    assert full == pytest.approx(bezier, abs=0.05)


def test_a_b_spline_of_degree_one_is_a_chain_of_lines() -> None:
    spline = path("B1", [(0, 0), (40, 0), (40, 30), (0, 30)])
    assert spline.natural_length_px == pytest.approx(110, rel=0.05)


def test_a_b_spline_of_degree_two_meets_its_knots() -> None:
    # Of a clamped quadratic spline the inner knots are the middles of the inner polygon sides.
    spline = path("B2", [(0, 0), (40, 0), (40, 40), (80, 40)])
    assert np.hypot(*(spline.polyline() - (40, 20)).T).min() < 1.0
    assert spline.position_at(1) == pytest.approx((80, 40))


@pytest.mark.parametrize("token", ["B0", "Bx", "B²"])
def test_an_odd_degree_means_a_plain_bezier_curve(token: str) -> None:
    assert curve_segments(token, [(0, 0), (1, 5), (2, 0)])[0].degree is None


def test_pieces_of_several_types_share_their_ends() -> None:
    points = [(0.0, 0.0), (50.0, 0.0), (100.0, 0.0), (100.0, 100.0)]
    segments = curve_segments("B", points, [(2, "L")])
    assert segments == (
        CurveSegment("B", ((0, 0), (50, 0), (100, 0))),
        CurveSegment("L", ((100, 0), (100, 100))),
    )


def test_the_shared_end_is_no_red_anchor() -> None:
    points = [(0.0, 0.0), (50.0, 50.0), (100.0, 0.0), (100.0, 0.0), (150.0, 0.0)]
    segments = curve_segments("B", points, [(3, "L")])
    assert [len(s.points) for s in segments] == [4, 2]


def test_a_type_without_points_of_its_own_adds_nothing() -> None:
    segments = curve_segments("B", [(0, 0), (50, 0)], [(2, "L")])
    assert [s.kind for s in segments] == ["B"]


coordinate = st.floats(min_value=-300, max_value=800).map(lambda v: round(v, 2))


@given(
    st.sampled_from(["L", "B", "P", "C", "B2", "B3"]),
    st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=9),
    st.none() | st.floats(min_value=0.01, max_value=2000),
)
def test_any_path_is_finite_and_no_faster_than_its_length(
    kind: str, points: list[tuple[float, float]], length: float | None
) -> None:
    curve = path(kind, points, length)
    line = curve.polyline()
    assert np.isfinite(line).all()
    assert line[0] == pytest.approx(points[0])
    walked = float(np.hypot(*np.diff(line, axis=0).T).sum())
    assert walked <= curve.length_px * (1 + 1e-6) + 1e-6


shapes = st.tuples(
    st.sampled_from(["L", "B", "P", "C", "B2", "B3"]),
    st.lists(st.tuples(coordinate, coordinate) | st.just((1.0, 2.0)), min_size=1, max_size=6),
    st.none() | st.sampled_from([0.0, 100.0]) | st.floats(min_value=0.01, max_value=2000),
)


@given(st.lists(shapes, min_size=1, max_size=12))
def test_paths_laid_out_together_are_as_each_alone(
    drawn: list[tuple[str, list[tuple[float, float]], float | None]],
) -> None:
    together = [path(*shape) for shape in drawn]
    lay_out(together)
    for one, shape in zip(together, drawn, strict=True):
        alone = path(*shape)
        assert one.polyline() == pytest.approx(alone.polyline(), abs=1e-9)
        assert one.natural_length_px == pytest.approx(alone.natural_length_px)
        assert one.end == pytest.approx(one.position_at(1))


def test_a_path_is_laid_out_once() -> None:
    one, two = path("L", LINE), path("B", [(0, 0), (50, 100), (100, 0)])
    before = one.polyline()
    lay_out([one, two])
    assert one.polyline() is before
    lay_out([])


@given(shapes, st.lists(st.floats(min_value=-0.5, max_value=1.5), max_size=9))
def test_a_single_position_is_one_of_many(
    shape: tuple[str, list[tuple[float, float]], float | None], fractions: list[float]
) -> None:
    curve = path(*shape)
    for fraction, position in zip(fractions, curve.positions_at(np.array(fractions)), strict=True):
        assert curve.position_at(fraction) == pytest.approx(position.tolist(), abs=1e-6)
