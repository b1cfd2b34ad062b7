"""Songs as a model hears them: one channel, one rate, loudest sample at one.

How a song is brought to the model's rate is part of the model. The released checkpoints were used
behind a linear interpolation of 16-bit samples without any low-pass filter (``audioop.ratecv``), so
``linear`` reproduces that to the bit; ``torchaudio`` is a proper band-limited resampler.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from companion.errors import AudioMissing, AudioTooShort, AudioUnreadable

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from companion.engine.model.settings import Resampler

SHORTEST_MS = 500
"""A song shorter than this is a sound effect or a broken file."""

_KEPT_WAVEFORMS = 2
"""The open map's song, and one more for a mapper who switches between two sets."""


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """A decoded song."""

    samples: NDArray[np.float32]
    """Mono, peak at 1 unless all is silence, shape = (n_samples,)."""
    rate_hz: int
    audio_id: str
    """sha256 of the file's bytes."""

    @property
    def duration_ms(self) -> float:
        """Length of the song."""
        return len(self.samples) * 1000 / self.rate_hz

    def cut(self, first_sample: int, n_samples: int) -> NDArray[np.float32]:
        """A stretch of the song; silence beyond its end, shape = (n_samples,)."""
        stretch = self.samples[first_sample : first_sample + n_samples]
        return np.pad(stretch, (0, n_samples - len(stretch)))


def load_audio(path: Path, rate_hz: int, resampler: Resampler = "linear") -> Waveform:
    """Decode a song (mp3, ogg, wav or flac); a file that has not changed is decoded only once.

    Raises:
        AudioMissing: There is no such file.
        AudioUnreadable: It is not a song that can be decoded.
        AudioTooShort: It has less than half a second.
    """
    try:
        status = path.stat()
        key = (str(path), status.st_mtime_ns, status.st_size, rate_hz, resampler)
        with _kept_lock:
            kept = _kept.get(key)
            if kept is not None:
                _kept.move_to_end(key)
                return kept
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise AudioMissing(
            f"The song “{path.name}” is not in the map's folder. Put it back or correct "
            "AudioFilename in the map."
        ) from error
    except OSError as error:
        raise AudioUnreadable(
            f"The song “{path.name}” cannot be opened: {error.strerror or error}."
        ) from error
    waveform = decode_audio(data, path.name, rate_hz, resampler)
    with _kept_lock:
        _kept[key] = waveform
        while len(_kept) > _KEPT_WAVEFORMS:
            _kept.popitem(last=False)
    return waveform


def decode_audio(data: bytes, name: str, rate_hz: int, resampler: Resampler = "linear") -> Waveform:
    """Decode a song's bytes; ``name`` is what messages call it.

    Raises:
        AudioUnreadable: The bytes are not a song that can be decoded.
        AudioTooShort: It has less than half a second.
    """
    pcm, source_rate_hz = _decode_pcm(data, name)
    if len(pcm) * 1000 < SHORTEST_MS * source_rate_hz:
        seconds = len(pcm) / source_rate_hz
        raise AudioTooShort(
            f"The song “{name}” is only {seconds:.2f} s long; there is nothing to listen to. "
            "Check that it is the right file."
        )
    if resampler == "linear":
        mono = mix_to_mono(resample_linear(pcm, source_rate_hz, rate_hz)).astype(np.float32)
    else:
        mono = _resample_band_limited(pcm, source_rate_hz, rate_hz)
    digest = hashlib.sha256(data).hexdigest()
    return Waveform(normalise_peak(mono), rate_hz, digest)


def resample_linear(pcm: NDArray[np.int32], from_hz: int, to_hz: int) -> NDArray[np.int32]:
    """Interpolate between 16-bit samples exactly as ``audioop.ratecv`` does from a fresh state.

    That function works on samples shifted up to 32 bits, weighs the two neighbours in double
    precision, drops the fraction towards zero and shifts back down. Output ``j`` lies between the
    inputs ``ceil(j * from / to) - 1`` and ``ceil(j * from / to)``.

    Args:
        pcm: Samples in the 16-bit range, shape = (n_samples, n_channels).
        from_hz: Rate of ``pcm``.
        to_hz: Rate of the result.
    """
    if from_hz == to_hz or not len(pcm):
        return pcm
    divisor = gcd(from_hz, to_hz)
    step_in, step_out = from_hz // divisor, to_hz // divisor
    n_out = (len(pcm) - 1) * step_out // step_in + 1
    position = np.arange(n_out, dtype=np.int64) * step_in
    current = -(-position // step_out)
    weight = (current * step_out - position).astype(np.float64)
    result = np.empty((n_out, pcm.shape[1]), dtype=np.int32)
    for channel in range(pcm.shape[1]):
        wide = pcm[:, channel].astype(np.float64) * 65536.0
        before = np.where(current > 0, wide[current - 1], 0.0)
        mixed = (before * weight + wide[current] * (step_out - weight)) / step_out
        result[:, channel] = mixed.astype(np.int64) >> 16
    return result


def mix_to_mono(pcm: NDArray[np.int32]) -> NDArray[np.int32]:
    """Average the channels, rounding down; shape (n_samples, n_channels) becomes (n_samples,)."""
    n_channels = pcm.shape[1]
    if n_channels == 1:
        return pcm[:, 0]
    return pcm.sum(axis=1, dtype=np.int32) // n_channels


def normalise_peak(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale so that the loudest sample has magnitude one; silence stays silence."""
    peak = np.abs(samples).max(initial=np.float32(0))
    return samples / peak if peak > 0 else samples


_Key = tuple[str, int, int, int, str]
_kept: OrderedDict[_Key, Waveform] = OrderedDict()
_kept_lock = threading.Lock()


def _decode_pcm(data: bytes, name: str) -> tuple[NDArray[np.int32], int]:
    """Samples in the 16-bit range, shape = (n_samples, n_channels), and their rate in Hz."""
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate_hz = int(file.samplerate)
            if file.subtype.startswith("PCM_"):
                return file.read(dtype="int16", always_2d=True).astype(np.int32), rate_hz
            # Lossy formats decode to floats that may exceed one; libsndfile's own conversion to
            # integers would wrap around there, so they are rounded and clipped here.
            floats = file.read(dtype="float32", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, ValueError) as error:
        raise AudioUnreadable(
            f"The song “{name}” cannot be decoded. It should be an mp3, ogg, wav or flac file; "
            "try exporting it again."
        ) from error
    np.nan_to_num(floats, copy=False)
    np.multiply(floats, 32768.0, out=floats)
    np.rint(floats, out=floats)
    np.clip(floats, -32768, 32767, out=floats)
    return floats.astype(np.int32), rate_hz


def _resample_band_limited(pcm: NDArray[np.int32], from_hz: int, to_hz: int) -> NDArray[np.float32]:
    import torch
    from torchaudio.functional import resample

    mono = pcm.mean(axis=1, dtype=np.float32)
    return resample(torch.as_tensor(mono), from_hz, to_hz).numpy()
