from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.engine.windows import (
    WIDE_LOOKAHEAD_MS,
    WindowSettings,
    song_length_ms,
    windows_of,
)

V29 = WindowSettings.of(1024, 128, 16000)
V30 = WindowSettings.of(4096, 128, 16000)


def test_a_window_is_one_hop_shorter_than_its_frames():
    assert V29.window_samples == 1023 * 128
    assert V29.window_ms == 8184
    assert V29.lookback_ms == 4092


def test_a_short_song_has_one_window():
    (window,) = windows_of(16000, V29)
    assert (window.index, window.first_sample, window.frame_time_ms) == (0, 0, 0)
    assert window.keep.contains(0)
    assert window.keep.contains(8183)


def test_windows_without_overlap_lie_end_to_end():
    windows = windows_of(V29.window_samples * 3, V29.without_overlap())
    assert [w.first_sample for w in windows] == [0, V29.window_samples, 2 * V29.window_samples]


def test_of_a_window_is_kept_what_has_sound_enough_after_it():
    assert V29.keeping_more().lookahead == 0.2
    assert V30.keeping_more().lookahead_ms == pytest.approx(WIDE_LOOKAHEAD_MS)
    assert V30.keeping_more().stride_ms > 3.9 * V30.stride_ms


def test_a_lookahead_that_is_short_already_is_left_alone():
    short = V29.overlapping(None, 0.05)
    assert short.keeping_more() == short


def test_song_length_is_in_ms():
    assert song_length_ms(8000, 16000) == 500


@given(
    n_samples=st.integers(1, 3_000_000),
    start=st.one_of(st.none(), st.integers(-1000, 200_000)),
    end=st.one_of(st.none(), st.integers(-1000, 200_000)),
)
@settings(max_examples=80, deadline=None)
def test_kept_parts_tile_what_the_windows_cover(n_samples, start, end):
    windows = windows_of(n_samples, V29, start, end)
    assert windows
    assert windows[0].keep.start_ms == windows[0].frame_time_ms
    for before, after in pairwise(windows):
        assert before.keep.end_ms == after.keep.start_ms
        assert after.index == before.index + 1
    for window in windows:
        assert window.audio.start_ms <= window.keep.start_ms
        assert window.keep.end_ms <= window.audio.end_ms


@given(n_samples=st.integers(1, 3_000_000))
@settings(max_examples=50, deadline=None)
def test_the_whole_song_is_heard(n_samples):
    last = windows_of(n_samples, V29)[-1]
    assert last.first_sample + V29.window_samples >= n_samples
