from __future__ import annotations

import pytest

from companion.beatmap import TimingPoint, compare_timing


def red(ms: float, beat_ms: float) -> TimingPoint:
    return TimingPoint(ms, beat_ms)


def test_equal_timings_agree():
    found = compare_timing([red(100, 500)], [red(100, 500)], 10_100)
    assert found is not None
    assert (found.n_beats, found.close_share, found.worst_error_ms) == (20, 1, 0)
    assert found.same_tempo_share == 1


@pytest.mark.parametrize("shift_ms", [-20, 5, 12.5])
def test_a_shift_is_found_with_its_sign(shift_ms: float):
    found = compare_timing([red(1000 + shift_ms, 500)], [red(1000, 500)], 20_000)
    assert found is not None
    assert found.shift_ms == pytest.approx(shift_ms)
    assert found.mean_error_ms == pytest.approx(abs(shift_ms))
    assert found.close_share == (1 if abs(shift_ms) <= 10 else found.close_share)


def test_half_of_the_tempo_lies_on_the_grid_but_is_another_tempo():
    found = compare_timing([red(0, 1000)], [red(0, 500)], 10_000)
    assert found is not None
    assert found.close_share == 1
    assert found.same_tempo_share == 0


def test_a_drift_grows_to_its_worst_error():
    found = compare_timing([red(0, 501)], [red(0, 500)], 50_000)
    assert found is not None
    assert found.worst_error_ms == pytest.approx(99)
    assert found.close_share < 0.2


def test_the_next_line_is_nearer_than_the_grid_before_it():
    others = [red(0, 500), red(2250, 500)]
    found = compare_timing([red(2250, 500)], others, 2700)
    assert found is not None
    assert found.worst_error_ms == 0
    early = compare_timing([red(2248, 500)], others, 2600)
    assert early is not None
    assert early.shift_ms == -2


def test_beats_before_the_other_timing_begins_are_left_out():
    found = compare_timing([red(0, 500)], [red(5000, 500)], 10_000)
    assert found is not None
    assert found.n_beats == 10


@pytest.mark.parametrize(
    "others", [[], [TimingPoint(0, -100, uninherited=False)], [red(0, 0.01)], [red(99_999, 500)]]
)
def test_nothing_to_compare_is_none(others: list[TimingPoint]):
    assert compare_timing([red(0, 500)], others, 10_000) is None
