from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import soundfile

from companion.engine.audio import load_audio
from companion.errors import AudioUnreadable
from companion.training.data import sounds
from companion.training.data.disturbance import changed_sound
from companion.training.data.options import SoundOptions
from companion.training.data.records import SetRecord
from companion.training.data.sounds import SoundCache

if TYPE_CHECKING:
    from pathlib import Path

RATE = 16_000
NOTHING = SoundOptions(gain=0, equaliser=0, noise=0, codec=0)


@pytest.fixture
def record(tmp_path: Path) -> SetRecord:
    folder = tmp_path / "set"
    folder.mkdir()
    seconds = np.arange(44_100 * 2) / 44_100
    tone = 0.5 * np.sin(2 * np.pi * 500 * seconds) + 0.1 * np.sin(2 * np.pi * 90 * seconds)
    soundfile.write(folder / "song.wav", np.stack([tone, tone], axis=1), 44_100)
    return SetRecord(folder, "A", "B", "song.wav", "f" * 64, ())


@pytest.mark.parametrize("resampler", ["linear", "torchaudio"])
def test_a_stretch_is_what_the_engine_hears(
    record: SetRecord, tmp_path: Path, resampler: Any
) -> None:
    cache = SoundCache(tmp_path / "cache", RATE, resampler)
    waveform = load_audio(record.path / "song.wav", RATE, resampler)
    assert cache.length_ms(record) == pytest.approx(waveform.duration_ms)
    for first in (0, 12_345, 31_000, 99_999):
        piece = cache.cut(record, first, 4_000)
        np.testing.assert_allclose(piece, waveform.cut(first, 4_000), atol=1.6e-5)


def test_a_song_is_decoded_once(
    record: SetRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SoundCache(tmp_path / "cache", RATE, "linear").song(record)

    def again(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(sounds, "decode_audio", again)
    (record.path / "song.wav").unlink()
    assert len(SoundCache(tmp_path / "cache", RATE, "linear").song(record)) == 32_000


def test_a_song_that_cannot_be_decoded_leaves_nothing_behind(
    record: SetRecord, tmp_path: Path
) -> None:
    (record.path / "song.wav").write_bytes(b"no sound at all")
    with pytest.raises(AudioUnreadable):
        SoundCache(tmp_path / "cache", RATE, "linear").song(record)
    assert not list((tmp_path / "cache").glob("*"))


@pytest.mark.parametrize("resampler", ["linear", "torchaudio"])
@pytest.mark.parametrize("speed", [Fraction(23, 25), Fraction(6, 5), Fraction(3, 2)])
def test_a_faster_song_is_higher_and_in_time(
    record: SetRecord, tmp_path: Path, resampler: Any, speed: Fraction
) -> None:
    cache = SoundCache(tmp_path / "cache", RATE, resampler)
    piece = cache.cut(record, 4_000, 8_000, speed)
    assert len(piece) == 8_000
    loudest = np.abs(np.fft.rfft(piece)).argmax() * RATE / 8_000
    assert loudest == pytest.approx(500 * float(speed), abs=3)
    place = np.arange(2_000, 6_000)
    whole = cache.cut(record, 0, 32_000)
    expected = np.interp((4_000 + place) * float(speed), np.arange(32_000), whole)
    np.testing.assert_allclose(piece[place], expected, atol=0.03)


def test_beyond_the_end_there_is_silence(record: SetRecord, tmp_path: Path) -> None:
    cache = SoundCache(tmp_path / "cache", RATE, "torchaudio")
    assert not cache.cut(record, 90_000, 1_000, Fraction(6, 5)).any()


def music(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(0, 0.2, RATE), -1, 1).astype(np.float32)


def test_sound_that_shall_not_change_is_left_alone() -> None:
    samples = music()
    assert changed_sound(samples, RATE, NOTHING, np.random.default_rng(0)) is samples


@pytest.mark.parametrize("way", ["gain", "equaliser", "noise", "codec"])
def test_every_way_changes_sound_a_little_and_always_the_same(way: str) -> None:
    options = replace(NOTHING, **{way: 1.0})
    samples = music()
    changed = changed_sound(samples, RATE, options, np.random.default_rng(1))
    again = changed_sound(samples, RATE, options, np.random.default_rng(1))
    assert changed.dtype == np.float32
    assert changed.shape == samples.shape
    assert (changed == again).all()
    assert np.abs(changed).max() <= 1
    likeness = np.corrcoef(changed, samples)[0, 1]
    assert likeness > 0.6
    assert not np.allclose(changed, samples, atol=1e-4)


def test_a_low_bit_rate_has_no_highest_frequencies() -> None:
    options = replace(NOTHING, codec=1.0)
    changed = changed_sound(music(), RATE, options, np.random.default_rng(2))
    power = np.abs(np.fft.rfft(changed)) ** 2
    assert power[-20:].mean() < 0.02 * power[200:3000].mean()


def test_noise_is_as_far_below_the_song_as_asked() -> None:
    options = replace(NOTHING, noise=1.0, noise_below_db=(20.0, 20.0))
    samples = music()
    noise = changed_sound(samples, RATE, options, np.random.default_rng(3)) - samples
    assert 20 * np.log10(samples.std() / noise.std()) == pytest.approx(20, abs=1)
