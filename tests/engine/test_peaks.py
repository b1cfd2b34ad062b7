from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from companion.engine.peaks import find_peaks, smooth


def bumps(length: int, *heights: tuple[int, float], sigma: float = 10) -> np.ndarray:
    counts = np.zeros(length)
    for place, height in heights:
        counts[place] += height
    return smooth(counts, sigma)


def places(curve: np.ndarray, **options: float) -> list[int]:
    wanted: Any = {"distance": 50, "prominence": 0.001, "width": 2, "reach": 50, **options}
    return find_peaks(curve, **wanted).places.tolist()


def test_smoothing_keeps_the_sum_and_spreads_it_as_a_bell():
    curve = bumps(400, (200, 3))
    assert curve.sum() == pytest.approx(3)
    assert curve[210] / curve[200] == pytest.approx(np.exp(-0.5))
    assert curve[150] == 0


def test_smoothing_is_mirrored_to_the_bit():
    counts = np.random.default_rng(3).integers(0, 5, 300).astype(float)
    assert (smooth(counts, 7)[::-1] == smooth(counts[::-1].copy(), 7)).all()


def test_smoothing_loses_nothing_over_the_ends():
    assert bumps(300, (0, 1), (299, 2)).sum() == pytest.approx(3)
    assert smooth(np.ones(5), 10) == pytest.approx(np.ones(5))


def test_a_peak_is_where_the_bump_is():
    assert places(bumps(500, (120, 1), (300, 2))) == [120, 300]


def test_the_middle_of_a_plateau_is_its_peak():
    curve = np.array([0, 1, 2, 2, 2, 2, 1, 0.0])
    assert places(curve, distance=1) == [3]
    assert places(np.array([0, 1, 1, 2, 2.0]), distance=1) == []


def test_ends_are_no_peaks():
    assert places(np.array([5, 4, 3, 4, 5.0]), distance=1) == []
    assert places(np.zeros(0)) == []


def test_of_two_close_peaks_the_higher_one_stays():
    curve = bumps(500, (200, 2), (240, 1), sigma=5)
    assert places(curve, reach=500) == [200]
    assert places(curve, distance=20, reach=500) == [200, 240]


def test_prominence_is_the_way_down_to_the_higher_foot():
    curve = np.array([0, 1, 0.5, 3, 2, 4, 0.0])
    found = find_peaks(curve, distance=1, prominence=0, width=0, reach=100)
    assert found.places.tolist() == [1, 3, 5]
    assert found.prominences.tolist() == [0.5, 1, 4]
    assert places(curve, distance=1, prominence=0.75, width=0) == [3, 5]


def test_prominence_is_only_looked_for_within_reach():
    curve = np.array([0, 1, 2, 3, 2, 1, 0.0])
    found = find_peaks(curve, distance=1, prominence=0, width=0, reach=2)
    assert found.prominences.tolist() == [1]


def test_a_needle_is_too_narrow():
    curve = np.zeros(50)
    curve[10] = 1
    curve[20:24] = [0.5, 1, 1, 0.5]
    assert places(curve, distance=1, width=2.5) == [21]


@pytest.mark.parametrize("seed", range(5))
def test_peaks_keep_their_distance_and_stand_out(seed: int):
    curve = smooth(np.random.default_rng(seed).random(3000), 3)
    found = find_peaks(curve, distance=25, prominence=0.05, width=2, reach=50)
    assert len(found) > 20
    assert np.diff(found.places).min() >= 25
    assert found.prominences.min() >= 0.05
    for place in found.places.tolist():
        assert curve[place] >= curve[place - 1 : place + 2].max()


@pytest.mark.parametrize("seed", range(3))
def test_a_mirrored_curve_has_mirrored_peaks(seed: int):
    curve = smooth(np.random.default_rng(seed).random(2000), 4)
    mirrored = [len(curve) - 1 - place for place in places(curve[::-1].copy())]
    assert sorted(mirrored) == places(curve)
