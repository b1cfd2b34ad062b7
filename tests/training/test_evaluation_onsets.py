from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from companion.beatmap import Document
from companion.engine.audio import Waveform
from companion.engine.events import Event, EventType
from companion.engine.rhythm import onset_times
from companion.training.evaluation.onsets import (
    Strength,
    compare,
    counts_of_matches,
    half_a_quarter_ms,
    head_onsets,
    loudest_ticks,
    matched,
    quarter_ticks,
    ticks_of,
)
from tests.training.conftest import map_lines

if TYPE_CHECKING:
    from companion.beatmap import Beatmap

T, CIRCLE, END = EventType.TIME_SHIFT, EventType.CIRCLE, EventType.SLIDER_END


@pytest.fixture
def two_tempos() -> Beatmap:
    text = map_lines(0, "Ticks", []).decode()
    line = "0,400,4,1,0,60,1,0"
    return Document.parse(text.replace(line, f"{line}\n1000,800,4,1,0,60,1,0").encode()).beatmap


def test_quarter_ticks_follow_the_red_lines(two_tempos: Beatmap):
    assert quarter_ticks(two_tempos, 800, 1500).tolist() == [800, 900, 1000, 1200, 1400]


def test_half_beats_are_counted_from_the_red_line_and_not_from_the_range(two_tempos: Beatmap):
    assert ticks_of(two_tempos, 300, 900, 2).tolist() == [400, 600, 800]


def test_half_of_a_quarter_follows_the_tempo(two_tempos: Beatmap):
    assert half_a_quarter_ms(two_tempos, 500) == 50
    assert half_a_quarter_ms(two_tempos, 1500) == 100


def test_onsets_are_compared_on_ticks_within_twelve_milliseconds():
    ticks = np.array([0.0, 100.0, 200.0, 300.0])
    counts = compare(np.array([3.0, 111.0, 250.0]), np.array([0.0, 205.0]), ticks)
    assert counts.tolist() == [1, 1, 1, 1]


def test_nothing_written_is_all_missed():
    counts = compare(np.zeros(0), np.array([0.0, 100.0]), np.array([0.0, 100.0]))
    assert counts.tolist() == [0, 0, 2, 0]


def test_each_onset_is_matched_once():
    assert matched(np.array([0.0, 5.0]), np.array([4.0]), 12) == [(0, 0)]
    assert matched(np.array([0.0, 30.0]), np.array([29.0]), 12) == [(1, 0)]
    assert counts_of_matches(np.array([0.0, 5.0, 50.0]), np.array([4.0, 99.0]), 12).tolist() == [
        1,
        2,
        1,
    ]


def test_only_heads_are_onsets_whichever_comes_first():
    first = [Event(CIRCLE), Event(T, 100), Event(END), Event(T, 200)]
    last = [Event(T, 100), Event(CIRCLE), Event(T, 200), Event(END)]
    assert onset_times(first) == [100]
    assert onset_times(last, types_first=False) == [100]


def test_a_head_says_yes_where_its_odds_are_above_zero():
    odds = np.full(50, -1, dtype=np.float32)
    odds[20] = 1
    assert head_onsets(odds, np.array([1100.0, 1200.0, 1300.0]), 1000).tolist() == [1200]


def test_the_onset_detector_finds_clicks_by_their_sound():
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 0.01, 32_000).astype(np.float32)
    for time in (500, 900, 1600):
        at = 16 * (time + 20)
        samples[at : at + 400] += rng.normal(0, 0.5, 400).astype(np.float32)
    strength = Strength(Waveform(samples, 16_000, ""))
    ticks = np.arange(0, 2000, 100, dtype=np.float64)
    assert loudest_ticks(ticks, strength, 1.5).tolist() == [500, 900, 1600]
    assert loudest_ticks(ticks, strength, 0).tolist() == []
