"""Decoded songs, kept on disk: each song is decoded once for a model's rate and resampler."""

from __future__ import annotations

from collections import OrderedDict
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from companion.engine.audio import decode_audio
from companion.training.data.sources import source_at

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from companion.engine.model.settings import ModelSettings, Resampler
    from companion.training.data.records import SetRecord

LOUDEST = 32767
"""Samples are kept in 16 bits: 1.9 MB per minute at 16 kHz, and an error of at most -96 dB."""
_OPEN = 64


class SoundCache:
    """A folder of decoded songs, filled as they are asked for.

    Args:
        folder: Where they are kept.
        rate_hz: What they are brought to.
        resampler: How.
    """

    def __init__(self, folder: Path, rate_hz: int, resampler: Resampler) -> None:
        self._folder = folder
        self._rate_hz = rate_hz
        self._resampler: Resampler = resampler
        self._open: OrderedDict[str, NDArray[np.int16]] = OrderedDict()

    @classmethod
    def of(cls, folder: Path, settings: ModelSettings) -> SoundCache:
        """For a checkpoint."""
        return cls(folder, settings.rate_hz, settings.resampler)

    def song(self, record: SetRecord) -> NDArray[np.int16]:
        """A whole song, shape = (n_samples,), mapped from disk.

        Raises:
            AudioError: It cannot be decoded.
            UnreadableBeatmap: It is not there any more.
        """
        kept = self._open.get(record.audio_id)
        if kept is None:
            path = self._folder / f"{record.audio_id[:32]}-{self._rate_hz}-{self._resampler}.npy"
            if not path.is_file():
                self._decode(record, path)
            kept = self._open[record.audio_id] = np.load(path, mmap_mode="r")
            while len(self._open) > _OPEN:
                self._open.popitem(last=False)
        self._open.move_to_end(record.audio_id)
        return kept

    def length_ms(self, record: SetRecord) -> float:
        """How long a song is."""
        return len(self.song(record)) * 1000 / self._rate_hz

    def cut(
        self, record: SetRecord, first_sample: int, n_samples: int, speed: Fraction = Fraction(1)
    ) -> NDArray[np.float32]:
        """A stretch of a song that is played at some speed, pitch included, as a model hears it.

        Args:
            record: The song.
            first_sample: Where the stretch begins in the song as it is played.
            n_samples: How long it is as it is played.
            speed: 1 is the song as it is.

        Returns:
            Shape = (n_samples,); silence beyond the song's end.
        """
        song = self.song(record)
        if speed == 1:
            piece = _floats(song[first_sample : first_sample + n_samples])
            return np.pad(piece, (0, n_samples - len(piece)))
        # With whole numbers of the speed's denominator both lengths come out even.
        n_played = -(-n_samples // speed.denominator) * speed.denominator
        low, n_source = int(first_sample * speed), int(n_played * speed)
        source = _floats(song[low : low + n_source])
        source = np.pad(source, (0, n_source - len(source)))
        if self._resampler == "linear":
            return _interpolated(source, n_played)[:n_samples]
        return _band_limited(source, n_played)[:n_samples]

    def _decode(self, record: SetRecord, path: Path) -> None:
        data = source_at(record.path).read(record.audio)
        waveform = decode_audio(data, record.audio, self._rate_hz, self._resampler)
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.npy")
        np.save(unfinished, np.rint(waveform.samples * LOUDEST).astype(np.int16))
        unfinished.replace(path)


def _floats(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    return np.divide(samples, np.float32(LOUDEST), dtype=np.float32)


def _interpolated(samples: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    places = np.arange(n, dtype=np.float64) * (len(samples) / n)
    # numpy's types know no result of its interpolation.
    return np.asarray(np.interp(places, np.arange(len(samples)), samples), dtype=np.float32)  # pyright: ignore[reportUnknownArgumentType]


def _band_limited(samples: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """By the spectrum of the whole stretch; what the new rate cannot carry is gone."""
    spectrum = np.fft.rfft(samples)
    changed = np.zeros(n // 2 + 1, dtype=spectrum.dtype)
    kept = min(len(spectrum), len(changed))
    changed[:kept] = spectrum[:kept]
    return (np.fft.irfft(changed, n) * (n / len(samples))).astype(np.float32)
