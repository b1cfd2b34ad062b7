"""Sliders of lazer's format, stated as one curve in whole pixels."""

from __future__ import annotations

import math

import pytest

from companion.beatmap import Slider
from companion.engine.encoding.plain_curves import in_whole_pixels, of_one_curve


def slider_of(beatmap_of, curve: str, version: int = 128, head: str = "100,100") -> Slider:
    (hit,) = beatmap_of([f"{head},0,2,0,{curve},1,200"], version=version).hit_objects
    assert isinstance(hit, Slider)
    return hit


def farthest_px(one: Slider, other: Slider) -> float:
    """How far the courses of two sliders are apart where they are farthest, by their lengths."""
    shares = [i / 50 for i in range(51)]
    return max(
        math.dist(one.path.position_at(share), other.path.position_at(share)) for share in shares
    )


@pytest.mark.parametrize(
    "curve",
    [
        "B|150:150|200:100|P|240:60|280:100",
        "P|150:50|200:100|L|260:100|260:160",
        "L|160:100|C|200:160|240:60|300:100",
        "B3|140:40|180:200|220:40|260:200|300:100",
        "B4|120:30|150:200|180:30|220:180|260:60|280:190|300:100",
        # More than half a circle.
        "P|180:20|160:180|L|100:180",
    ],
)
def test_a_path_of_several_kinds_goes_the_same_way_as_bezier_curves(beatmap_of, curve: str):
    before = slider_of(beatmap_of, curve)
    after = of_one_curve(before)
    assert after.curve_type == "B"
    assert not after.curve_changes
    assert {(segment.kind, segment.degree) for segment in after.segments} == {("B", None)}
    assert farthest_px(before, after) < 2  # new control points are whole pixels


def test_a_path_of_one_kind_stays_itself(beatmap_of):
    for curve in ("P|150:50|200:100", "B|150:50|150:50|200:100", "C|150:50|200:100", "L|300:100"):
        slider = slider_of(beatmap_of, curve)
        assert of_one_curve(in_whole_pixels(slider)) is slider


def test_decimals_are_cut_off_as_the_older_format_reads_them(beatmap_of):
    curve = "B|150.75:-50.5|200.25:100.99"
    lazer = slider_of(beatmap_of, curve, head="100.9,100.1")
    stable = slider_of(beatmap_of, curve, version=14, head="100.9,100.1")
    cut = in_whole_pixels(lazer)
    assert cut.control_points == stable.control_points
    assert (cut.x, cut.y) == (stable.x, stable.y)


def test_points_that_only_decimals_tell_apart_do_not_become_a_red_anchor(beatmap_of):
    cut = in_whole_pixels(slider_of(beatmap_of, "B|150.1:50|150.9:50|160:70|160:70|200:100"))
    assert cut.control_points == ((100, 100), (150, 50), (160, 70), (160, 70), (200, 100))


def test_where_another_curve_begins_its_first_point_stays(beatmap_of):
    cut = in_whole_pixels(slider_of(beatmap_of, "B|150.1:50|L|150.9:50|160:70"))
    assert cut.curve_changes == ((2, "L"),)
    assert cut.control_points == ((100, 100), (150, 50), (150, 50), (160, 70))


def test_a_path_within_one_pixel_keeps_two_points(beatmap_of):
    cut = in_whole_pixels(slider_of(beatmap_of, "L|100.5:100.5"))
    assert cut.control_points == ((100, 100), (100, 100))
