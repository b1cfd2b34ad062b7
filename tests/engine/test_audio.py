from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from companion.engine.audio import (
    decode_audio,
    load_audio,
    mix_to_mono,
    normalise_peak,
    resample_linear,
)
from companion.errors import AudioMissing, AudioTooShort, AudioUnreadable

if TYPE_CHECKING:
    from pathlib import Path


def tone(rate_hz: int, channels: int = 2, duration_s: float = 1.0) -> np.ndarray:
    time_s = np.arange(int(rate_hz * duration_s)) / rate_hz
    sides = [np.sin(2 * np.pi * (440 + 100 * side) * time_s) for side in range(channels)]
    return (np.stack(sides, axis=1) * 20000).astype(np.int16)


def encoded(samples: np.ndarray, rate_hz: int, container: str, subtype: str | None = None) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format=container, subtype=subtype)
    return file.getvalue()


@pytest.mark.parametrize(
    ("from_hz", "to_hz"),
    [(44100, 16000), (48000, 16000), (22050, 16000), (8000, 16000), (16000, 11025)],
)
@pytest.mark.parametrize("n_samples", [1, 2, 3, 1000, 4411])
def test_linear_resampling_equals_audioop_to_the_bit(from_hz: int, to_hz: int, n_samples: int):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = pytest.importorskip("audioop")
    noise = np.random.default_rng(5).integers(-32768, 32768, (n_samples, 2)).astype("<i2")
    expected_bytes, _ = audioop.ratecv(noise.tobytes(), 2, 2, from_hz, to_hz, None)
    expected = np.frombuffer(expected_bytes, "<i2").reshape(-1, 2)
    resampled = resample_linear(noise.astype(np.int32), from_hz, to_hz)
    np.testing.assert_array_equal(resampled, expected)
    mono = np.frombuffer(audioop.tomono(expected_bytes, 2, 0.5, 0.5), "<i2")
    np.testing.assert_array_equal(mix_to_mono(resampled), mono)


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "FLOAT"),
        ("FLAC", None),
        ("OGG", None),
        ("MP3", None),
    ],
)
@pytest.mark.parametrize("resampler", ["linear", "torchaudio"])
def test_every_container_gives_the_same_length_and_a_peak_of_one(
    container: str, subtype: str | None, resampler
):
    data = encoded(tone(44100), 44100, container, subtype)
    waveform = decode_audio(data, "song", 16000, resampler)
    assert waveform.rate_hz == 16000
    assert abs(len(waveform.samples) - 16000) < 1200  # mp3 encoders pad
    assert np.abs(waveform.samples).max() == 1
    assert waveform.samples.dtype == np.float32


def test_a_loud_lossy_song_is_clipped_instead_of_wrapping_around():
    loud = np.clip(tone(44100, 1).astype(np.float32) / 10000, -1.9, 1.9)
    waveform = decode_audio(encoded(loud, 44100, "OGG", "VORBIS"), "song", 44100)
    jumps = np.abs(np.diff(waveform.samples))
    assert jumps.max() < 0.5


def test_silence_stays_silence():
    waveform = decode_audio(encoded(np.zeros((8000, 1), np.int16), 8000, "WAV"), "song", 16000)
    assert not waveform.samples.any()
    assert not normalise_peak(np.zeros(0, np.float32)).any()


def test_a_missing_song_is_named(tmp_path: Path):
    with pytest.raises(AudioMissing, match=r"gone\.mp3"):
        load_audio(tmp_path / "gone.mp3", 16000)


def test_a_folder_in_place_of_a_song_is_unreadable(tmp_path: Path):
    with pytest.raises(AudioUnreadable):
        load_audio(tmp_path, 16000)


@pytest.mark.parametrize("data", [b"", b"not a song at all", b"ID3" + bytes(300), b"RIFF\x00\x00"])
def test_bytes_that_are_no_song_are_unreadable(tmp_path: Path, data: bytes):
    path = tmp_path / "broken.mp3"
    path.write_bytes(data)
    with pytest.raises((AudioUnreadable, AudioTooShort), match=r"broken\.mp3"):
        load_audio(path, 16000)


def test_a_very_short_song_is_refused(tmp_path: Path):
    path = tmp_path / "blip.wav"
    path.write_bytes(encoded(tone(44100, duration_s=0.2), 44100, "WAV"))
    with pytest.raises(AudioTooShort, match=r"0\.20 s"):
        load_audio(path, 16000)


def test_a_song_is_decoded_once_until_it_changes(tmp_path: Path):
    path = tmp_path / "song.wav"
    path.write_bytes(encoded(tone(44100), 44100, "WAV"))
    first = load_audio(path, 16000)
    assert load_audio(path, 16000) is first
    path.write_bytes(encoded(tone(44100, duration_s=1.5), 44100, "WAV"))
    second = load_audio(path, 16000)
    assert second.audio_id != first.audio_id
    assert second.duration_ms == pytest.approx(1500, abs=1)
