from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest

from companion.training.measures import auc, energy_distance, f1_score, interval, spread

if TYPE_CHECKING:
    from collections.abc import Sequence


def test_f1_of_counted_by_hand_numbers() -> None:
    assert f1_score(3, 1, 2) == pytest.approx(6 / 9)
    assert f1_score(0, 0, 0) == 0
    assert f1_score(5, 0, 0) == 1


def test_auc_counts_pairs_and_halves_ties() -> None:
    assert auc([3, 4], [1, 2]) == 1
    assert auc([1], [1]) == 0.5
    assert auc([2, 0], [1, 1]) == 0.5
    assert auc([2, 1, 3], [1, 2]) == pytest.approx((1.5 + 0.5 + 2) / 6)
    assert math.isnan(auc([], [1]))


def test_intervals_have_songs_as_units() -> None:
    low, high = interval({"a": 1.0, "b": 3.0}, lambda rows: sum(rows) / len(rows))
    assert (low, high) == (1.0, 3.0)
    assert math.isnan(interval({"a": 1.0}, lambda rows: rows[0])[0])


def test_an_interval_leaves_out_draws_in_which_nothing_is_known() -> None:
    def only_first(rows: Sequence[float]) -> float:
        return 1.0 if 1.0 in rows else math.nan

    assert interval({"a": 1.0, "b": 3.0}, only_first) == (1.0, 1.0)
    assert math.isnan(interval({"a": 2.0, "b": 3.0}, only_first)[0])


def test_indices_are_spread_from_first_to_last() -> None:
    assert spread(3, 5) == [0, 1, 2]
    assert spread(9, 3) == [0, 4, 8]
    assert spread(5, 1) == [2]


def test_the_energy_distance_is_that_of_all_pairs() -> None:
    one, other = [1.0, 2.0, 4.0], [3.0, 7.0]
    between = sum(abs(x - y) for x in one for y in other) / 6
    within = (1 + 3 + 2) / 3, 4.0
    assert energy_distance(one, other) == pytest.approx(2 * between - sum(within))
    assert math.isnan(energy_distance([1.0], other))


def test_samples_of_one_distribution_are_at_no_distance_however_small() -> None:
    rng = np.random.default_rng(0)
    values = [energy_distance(*rng.normal(size=(2, 6)).tolist()) for _ in range(2000)]
    assert abs(np.mean(values)) < 0.03
    one, other = rng.normal(size=(2, 6))
    assert energy_distance(one.tolist(), (other + 3).tolist()) > 1
