from __future__ import annotations

import math

import numpy as np
import pytest

from companion.training.continuing import compare
from companion.training.measures import auc, f1_score, interval


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


def test_onsets_are_compared_on_ticks_within_twelve_milliseconds() -> None:
    ticks = np.array([0.0, 100.0, 200.0, 300.0])
    counts = compare(np.array([3.0, 111.0, 250.0]), np.array([0.0, 205.0]), ticks)
    assert counts.tolist() == [1, 1, 1, 1]


def test_nothing_written_is_all_missed() -> None:
    counts = compare(np.zeros(0), np.array([0.0, 100.0]), np.array([0.0, 100.0]))
    assert counts.tolist() == [0, 0, 2, 0]
