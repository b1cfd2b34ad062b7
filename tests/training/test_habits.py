"""Habits fitted to maps whose rhythm is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from companion.beatmap import Mode
from companion.engine.model.bundled.grid import BeatLines
from companion.engine.rhythm.habits import N_FEATURES, KnownOnsets
from companion.engine.rhythm.ticks import QuarterTicks
from companion.training.habits import fit_habits, hide_stretch
from tests.engine.test_bundled_backbone import red_line

BEAT_MS = 400.0


def chart(pattern: list[int], n_measures: int = 60, mode: Mode = Mode.OSU) -> Any:
    """A map that repeats a pattern of 1/4 ticks in each measure."""
    measures = 4 * BEAT_MS * np.arange(n_measures)
    onsets = (measures[:, None] + BEAT_MS / 4 * np.array(pattern)).ravel()
    wish = SimpleNamespace(note_density=len(pattern) * 1000 / (4 * BEAT_MS))
    lines = BeatLines.of([red_line(0.0, BEAT_MS, 4)])
    return SimpleNamespace(mode=int(mode), onsets_ms=onsets, lines=lines, conditioning=wish)


def test_a_pattern_is_expected_to_go_on() -> None:
    rng = np.random.default_rng(0)
    charts = [chart(sorted(rng.choice(16, 5, replace=False).tolist())) for _ in range(12)]
    habits = fit_habits(charts)
    new = chart([0, 3, 6, 10, 14])
    ticks = QuarterTicks.of(new.lines, 0.0, 90_000.0)
    rows = ticks.within(32_000.0, 40_000.0)
    before = new.onsets_ms[new.onsets_ms < 32_000].tolist()
    known = KnownOnsets.around(before, 32_000.0, [])
    odds = habits.log_odds(Mode.OSU, ticks, known, rows, new.conditioning.note_density)
    begins = ticks.near(new.onsets_ms)[rows]
    assert odds[begins].min() > 0 > odds[~begins].max()


def test_a_mode_without_maps_has_no_habits() -> None:
    habits = fit_habits([chart([0, 4, 8])])
    assert habits.weights[Mode.OSU].any()
    assert not habits.weights[Mode.MANIA].any()
    assert habits.weights[Mode.MANIA].shape == (N_FEATURES,)


def test_the_same_seed_gives_the_same_weights() -> None:
    charts = [chart([0, 4, 6, 8, 12]), chart([0, 2, 8])]
    first, second = (fit_habits(charts, seed=3).weights[Mode.OSU] for _ in range(2))
    assert np.array_equal(first, second)


def test_nothing_is_known_of_what_is_hidden() -> None:
    onsets = chart([0, 4, 8, 12]).onsets_ms
    rng = np.random.default_rng(1)
    for _ in range(50):
        known, (start_ms, end_ms) = hide_stretch(onsets, rng)
        for known_start, known_end in known.ranges_ms:
            assert known_end <= start_ms or known_start >= end_ms - 12
        assert not ((known.times_ms >= start_ms) & (known.times_ms < end_ms)).any()
