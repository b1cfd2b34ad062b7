from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from companion.engine import timing_hearing
from companion.engine.audio import Waveform, decode_audio
from companion.engine.cancellation import CancelToken
from companion.engine.conditioning import Conditioning
from companion.engine.engine import BUNDLED_MODEL, LocalEngine
from companion.engine.events import ContextType
from companion.engine.hearing_ability import require_hearing, timing_context
from companion.engine.prompts import V29_TEMPLATES
from companion.engine.requests import HeardTiming, TimingOptions, TimingProgress, TimingRequest
from companion.engine.templates import Template
from companion.engine.timing_hearing import TimingHearing, shifted
from companion.engine.windows import WindowSettings, windows_of
from companion.errors import Cancelled, NoBeatHeard, OptionRefused

if TYPE_CHECKING:
    from pathlib import Path

RATE_HZ = 16000


def waveform(n_samples: int) -> Waveform:
    return Waveform(np.arange(1, n_samples + 1, dtype=np.float32), RATE_HZ, "song")


def test_a_song_is_shifted_later_by_silence_and_earlier_by_a_cut():
    song = waveform(3200)
    later, earlier = shifted(song, 50), shifted(song, -50)
    assert (later.samples[:800] == 0).all()
    assert (later.samples[800:] == song.samples).all()
    assert (earlier.samples == song.samples[800:]).all()
    assert len(shifted(song, -1000).samples) == 0


def test_shifted_songs_are_cut_into_the_recorded_windows(goldens: Path):
    files = sorted(goldens.glob("*/super_timing/*.json"))
    assert files
    for file in files:
        record = json.loads(file.read_text(encoding="utf-8"))
        data: Any = json.loads((file.parents[1] / "train_config.json").read_text())["data"]
        settings = WindowSettings.of(data["src_seq_len"], data["hop_length"], data["sample_rate"])
        alone = WindowSettings(settings.window_samples, settings.rate_hz, 0, 0)
        for iteration in record["iterations_data"]:
            song = shifted(waveform(record["audio_samples"]), iteration["audio_offset"])
            windows = windows_of(len(song.samples), alone)
            assert [w.frame_time_ms for w in windows] == iteration["frame_times"]
            length_ms = record["audio_samples"] * 1000 / record["sample_rate"]
            assert min(song.duration_ms, length_ms) == iteration["song_length"]


def test_beats_are_in_the_timing_context_or_else_among_the_objects():
    only_map = (Template((), (ContextType.MAP,)),)
    assert timing_context(V29_TEMPLATES, beats_in_map=False) is ContextType.TIMING
    assert timing_context(only_map, beats_in_map=True) is ContextType.MAP
    with pytest.raises(OptionRefused, match="cannot hear timing"):
        timing_context(only_map, beats_in_map=False)


def test_the_bundled_model_is_refused_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def load(_: object) -> None:
        raise AssertionError("it was loaded")

    monkeypatch.setattr(LocalEngine, "_model", load)
    request = TimingRequest(tmp_path / "no song")
    with pytest.raises(OptionRefused, match="This model cannot hear timing"):
        list(LocalEngine(BUNDLED_MODEL).hear_timing(request, CancelToken()))


@pytest.mark.parametrize(
    "options",
    [TimingOptions(0), TimingOptions(10**6), TimingOptions(seed=-1), TimingOptions(leniency_ms=0)],
)
def test_options_out_of_range_are_refused(tmp_path: Path, options: TimingOptions):
    with pytest.raises(OptionRefused):
        list(LocalEngine().hear_timing(TimingRequest(tmp_path, None, options), CancelToken()))


@pytest.fixture
def short_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random weights write on until they are stopped."""
    for name in ("PLAIN", "GREEDY"):
        options = replace(getattr(timing_hearing, name), max_tokens=90)
        monkeypatch.setattr(timing_hearing, name, options)


@pytest.fixture(scope="module")
def v29(request: pytest.FixtureRequest) -> LocalEngine:
    folder = request.getfixturevalue("goldens") / "v29" / "model"
    require_hearing(folder)
    return LocalEngine(folder, "cpu", threads=1)


@pytest.mark.usefixtures("short_windows")
@pytest.mark.parametrize("iterations", [None, 1])
def test_models_of_every_family_are_let_hear(goldens: Path, clip: Path, iterations: int | None):
    folders = sorted(goldens.glob("v*/model"))
    assert folders
    for folder in folders:
        require_hearing(folder)
        engine = LocalEngine(folder, "cpu", threads=1)
        try:
            *steps, _ = hear(engine, clip, TimingOptions(iterations, seed=1, leniency_ms=20))
        except NoBeatHeard:
            continue  # random weights
        assert steps[-1].done == steps[-1].total, folder


@pytest.fixture
def clip(goldens: Path, tmp_path: Path) -> Path:
    pcm, rate_hz = soundfile.read(goldens / "common" / "clip40.wav", dtype="int16")
    path = tmp_path / "clip.wav"
    soundfile.write(path, pcm[: 9 * rate_hz], rate_hz)
    return path


def hear(engine: LocalEngine, clip: Path, options: TimingOptions) -> list[Any]:
    return list(engine.hear_timing(TimingRequest(clip, None, options), CancelToken()))


@pytest.mark.usefixtures("short_windows")
@pytest.mark.parametrize("iterations", [None, 2])
def test_a_song_is_timed_by_ear(v29: LocalEngine, clip: Path, iterations: int | None):
    options = TimingOptions(iterations, seed=1)
    *steps, heard = hear(v29, clip, options)
    assert isinstance(heard, HeardTiming)
    assert heard.red_lines
    assert all(line.uninherited and line.beat_length > 0 for line in heard.red_lines)
    assert heard.song_length_ms == 9_000
    assert all(isinstance(step, TimingProgress) for step in steps)
    assert [step.done for step in steps] == sorted({step.done for step in steps})
    assert steps[-1].done == steps[-1].total


@pytest.mark.usefixtures("short_windows")
@pytest.mark.parametrize("n_beams", [1, 2])
def test_windows_heard_side_by_side_are_as_heard_alone(
    v29: LocalEngine, clip: Path, monkeypatch: pytest.MonkeyPatch, n_beams: int
):
    v29.load()
    loaded: Any = v29._loaded
    batches: list[int] = []
    encode = type(loaded.backbone).encode

    def counted(backbone: Any, windows: Any) -> Any:
        batches.append(len(windows))
        return encode(backbone, windows)

    monkeypatch.setattr(type(loaded.backbone), "encode", counted)
    song = decode_audio(clip.read_bytes(), clip.name, loaded.backbone.settings.rate_hz)

    def heard(batch_rows: int) -> HeardTiming | None:
        options = TimingOptions(1, seed=3)
        hearing = TimingHearing(
            loaded.backbone,
            song,
            Conditioning(),
            options,
            n_beams=n_beams,
            batch_rows=batch_rows,
        )
        try:
            *_, last = hearing.heard(CancelToken())
        except NoBeatHeard:  # the recorded network's likeliest windows are empty
            return None
        assert isinstance(last, HeardTiming)
        return last

    together = heard(4 * n_beams)
    assert (together is None) == (n_beams > 1)
    assert max(batches) > 1
    batches.clear()
    assert heard(2 * n_beams - 1) == together
    assert max(batches) == 1


@pytest.mark.usefixtures("short_windows")
def test_hearing_is_called_off_between_windows(v29: LocalEngine, clip: Path):
    token = CancelToken()
    answers = v29.hear_timing(TimingRequest(clip, None, TimingOptions(50)), token)
    next(answers)
    token.cancel()
    with pytest.raises(Cancelled):
        next(answers)


@pytest.mark.usefixtures("short_windows")
def test_super_timing_hears_shifted_songs(
    v29: LocalEngine, clip: Path, monkeypatch: pytest.MonkeyPatch
):
    lengths: list[float] = []
    generation = TimingHearing._generation

    def noted(self: TimingHearing, song: Waveform, windows: Any) -> Any:
        lengths.append(song.duration_ms)
        return generation(self, song, windows)

    monkeypatch.setattr(TimingHearing, "_generation", noted)
    hear(v29, clip, TimingOptions(3, seed=2))
    assert len(set(lengths)) == 3
    assert all(abs(length - 9_000) <= 4092 for length in lengths)
