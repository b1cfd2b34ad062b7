from __future__ import annotations

import math

import pytest

from companion.engine.encoding import PositionRange
from companion.engine.encoding.slider_spans import slider_end
from companion.engine.postprocess.known_ends import KnownEnd, slider_of
from companion.engine.postprocess.velocities import near_velocities

LEVEL = slider_of("B", ((100.0, 50.0), (300.0, 50.0)))
FLAT = slider_of("B", ((0.0, 0.0), (301.0, 100.0)))


def known(x: float, y: float) -> KnownEnd:
    return KnownEnd((x, y), PositionRange())


@pytest.mark.parametrize(
    ("end", "is_there"),
    [((3.9, 0.9), True), ((4.0, 0.0), False), ((3.0, -0.9), True), ((3.5, -1.0), False)],
)
def test_places_are_cut_off_toward_zero(end: tuple[float, float], is_there: bool):
    place = known(3, 0)
    assert place.is_at(end) is is_there
    assert (place.misses_px(end) <= 0) >= is_there


def test_places_outside_of_the_box_are_on_its_edge():
    assert known(768, -256).is_at((900.0, -300.0))
    assert not known(768, -256).is_at((700.0, -300.0))


def test_a_wanted_length_that_leads_there_is_taken():
    assert known(240, 50).length_px(LEVEL, [139.0, 140.7, 140.2], 130.0, 150.0) == 140.7


def test_another_length_is_as_near_and_as_short_as_can_be():
    assert known(240, 50).length_px(LEVEL, [141.3], 135.0, 145.0) == pytest.approx(140.8, abs=0.2)
    assert known(240, 50).length_px(LEVEL, [144.0], 140.0, 145.0) in {140.8, 141.0, 140.75}


def test_an_end_in_the_corner_of_its_pixel_is_found():
    # The path is in this pixel for a hundredth of one only.
    length_px = known(3, 0).length_px(FLAT, [5.0], 1.0, 8.0)
    assert known(3, 0).is_at(slider_end(FLAT, length_px))


def test_the_paths_own_length_is_tried():
    # Beyond it the end is in the next pixel, before it in the one before.
    length_px = known(301, 100).length_px(FLAT, [316.0], 315.0, 317.18)
    assert known(301, 100).is_at(slider_end(FLAT, length_px))


def test_no_length_in_the_range_may_lead_there():
    assert math.isnan(known(240, 50).length_px(LEVEL, [120.0], 110.0, 130.0))
    assert math.isnan(known(240, 60).length_px(LEVEL, [140.0], 130.0, 150.0))


@pytest.mark.parametrize(
    ("stated", "current", "expected"),
    [
        (1.33, 1.0, (1.33, 100 / 75)),
        (1.33, 1.334, (1.334, 1.33, 100 / 75)),
        (1.0, 1.0, (1.0,)),
        (250.0, 1.0, (250.0,)),
    ],
)
def test_velocities_that_are_stated_alike(
    stated: float, current: float, expected: tuple[float, ...]
):
    assert near_velocities(stated, current) == pytest.approx(expected)
