from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from companion.engine.model.bundled.conditions import N_CLASSES, condition_classes
from companion.engine.model.bundled.grid import (
    MEASURE_QUARTERS,
    NO_TICK,
    BeatLines,
    WindowBeats,
    window_beats,
)


@dataclass(frozen=True)
class Line:
    time_ms: float
    beat_length: float
    meter: int = 4


def beats_of(*lines: Line, start_ms: float = 0.0) -> WindowBeats:
    return window_beats(BeatLines.of(lines), start_ms, 512, 16.0, 819)


def test_ticks_are_classed_by_their_place_in_the_measure() -> None:
    ticks = beats_of(Line(100, 400)).ticks
    assert ticks[10] == 0  # the first beat
    assert ticks[20] == 1  # a quarter later
    assert ticks[50] == 4  # the second beat
    assert ticks[170] == 0  # the next measure
    assert ticks[11] == NO_TICK


def test_ternary_and_finer_ticks_have_classes_of_their_own() -> None:
    ticks = beats_of(Line(0, 600)).ticks
    assert ticks[20] == MEASURE_QUARTERS  # a third
    assert ticks[10] == MEASURE_QUARTERS + 1  # a sixth
    assert ticks[7] == MEASURE_QUARTERS + 2  # an eighth


def test_a_tick_belongs_to_the_bin_that_its_truncated_time_falls_into() -> None:
    ticks = beats_of(Line(9.7, 400)).ticks
    assert ticks[0] == 0
    assert ticks[1] == NO_TICK


def test_beats_count_on_across_red_lines() -> None:
    beats = beats_of(Line(0, 500), Line(1000, 250)).beats
    assert beats[100] == pytest.approx(2.0)
    assert beats[125] == pytest.approx(3.0)
    assert beats[50] == pytest.approx(1.0)


def test_ticks_go_on_before_the_first_red_line() -> None:
    window = beats_of(Line(4000, 400))
    assert window.ticks[0] == 8  # ten beats before the line: half a measure off
    assert window.beats[0] == pytest.approx(-10.0)


def test_the_phase_turns_once_per_beat() -> None:
    phases = beats_of(Line(0, 320)).phases
    assert phases.shape == (512, 9)
    assert phases[0, :2] == pytest.approx([0, 1])
    assert phases[5, :2] == pytest.approx([1, 0], abs=1e-6)
    assert phases[20, :2] == pytest.approx([0, 1], abs=1e-6)


def test_a_map_without_red_lines_has_no_ticks() -> None:
    window = beats_of()
    assert not window.phases.any()
    assert (window.ticks == NO_TICK).all()


@pytest.mark.parametrize("length", [0.0, -5.0, 1e-9, 1e12, float("nan"), float("inf")])
def test_absurd_beat_lengths_give_finite_numbers(length: float) -> None:
    window = beats_of(Line(0, length), Line(500, 400))
    assert np.isfinite(window.phases).all()
    assert np.isfinite(window.beats).all()


def test_a_faster_song_has_its_lines_closer_together() -> None:
    faster = BeatLines.of([Line(1000, 500), Line(3000, 250)]).faster(1.25)
    assert faster.times_ms.tolist() == [800, 2400]
    assert faster.beats_ms.tolist() == [400, 200]
    assert faster.beats_before.tolist() == [0, 4]


def test_conditions_fall_into_their_classes() -> None:
    for mode in range(4):
        for value in (None, 0.0, 0.001, 3.3, 99.0):
            classes = condition_classes(mode, value, value, 40)
            assert all(0 <= one < n for one, n in zip(classes, N_CLASSES, strict=True))
    assert condition_classes(0, 5.0, 4.0, 7)[3] == 0
    assert condition_classes(3, 5.0, 4.0, 7)[3] == 7
