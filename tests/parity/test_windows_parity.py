"""Windows of a song against the recorded ones."""

from __future__ import annotations

from companion.engine.windows import windows_of


def test_windows_start_as_recorded(recorded):
    record = recorded.json("windows.json")
    settings = recorded.windows
    n_samples = round(record["song_length"] * settings.rate_hz / 1000)
    assert settings.window_samples == record["samples_per_sequence"]
    assert settings.stride_samples == record["sequence_stride"]
    assert settings.window_ms == record["ms_per_sequence"]
    assert settings.stride_ms == record["ms_per_stride"]
    windows = windows_of(n_samples, settings)
    assert [w.frame_time_ms for w in windows] == record["frame_times"]
    end_to_end = windows_of(n_samples, settings.without_overlap())
    assert [w.frame_time_ms for w in end_to_end] == record["parallel"]["frame_times"]


def test_ranges_have_the_recorded_windows(recorded):
    record = recorded.json("windows.json")
    settings = recorded.windows
    n_samples = round(record["song_length"] * settings.rate_hz / 1000)
    for wanted in record["ranges"]:
        windows = windows_of(n_samples, settings, wanted["start"], wanted["end"])
        assert [w.frame_time_ms for w in windows] == wanted["frame_times"], wanted
