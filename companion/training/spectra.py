"""Spectrograms of training songs at several speeds, prepared once and kept on disk."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import torch
from torchaudio.functional import resample

from companion.engine.audio import load_audio
from companion.engine.model.bundled.sound import LOG_FLOOR, MelColumns

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from companion.engine.model.bundled.configuration import NetworkSizes

SPEEDS = (
    Fraction(1),
    Fraction(22, 25),
    Fraction(23, 25),
    Fraction(24, 25),
    Fraction(26, 25),
    Fraction(27, 25),
    Fraction(28, 25),
)
"""Songs are also played slower and faster, pitch included; the maps' times follow."""


class Spectra:
    """A folder of spectrograms, filled as they are asked for."""

    def __init__(self, folder: Path, sizes: NetworkSizes) -> None:
        self._folder = folder
        self._sizes = sizes
        self._columns = MelColumns(sizes)
        self._open: dict[tuple[Path, Fraction], NDArray[np.float16]] = {}

    def of(self, audio: Path, speed: Fraction = Fraction(1)) -> NDArray[np.float16]:
        """Log-mel columns of a whole song, shape = (n_columns, n_mels), mapped from disk."""
        if (audio, speed) not in self._open:
            path = self._path(audio, speed)
            if not path.is_file():
                self._prepare(audio, speed, path)
            self._open[audio, speed] = np.load(path, mmap_mode="r")
        return self._open[audio, speed]

    def window(self, audio: Path, speed: Fraction, first_column: int) -> NDArray[np.float32]:
        """Columns of one window, silence beyond the song, shape = (n_mels, window_frames)."""
        whole = self.of(audio, speed)
        n = self._sizes.window_frames
        piece = np.full((n, self._sizes.n_mels), np.log(LOG_FLOOR), dtype=np.float32)
        low, high = max(first_column, 0), min(first_column + n, len(whole))
        if high > low:
            piece[low - first_column : high - first_column] = whole[low:high]
        return np.ascontiguousarray(piece.T)

    def length_ms(self, audio: Path) -> float:
        """About how long a song is."""
        return len(self.of(audio)) * self._sizes.column_ms

    def silence(self) -> NDArray[np.float32]:
        """Columns for a window whose sound is unknown."""
        return np.zeros((self._sizes.n_mels, self._sizes.window_frames), dtype=np.float32)

    def _path(self, audio: Path, speed: Fraction) -> Path:
        one = self._sizes
        shape = (one.rate_hz, one.hop_samples, one.fft_samples, one.fft_window_samples)
        bands = (one.n_mels, one.mel_low_hz, one.mel_high_hz)
        name = f"{audio.resolve()} {audio.stat().st_size} {speed} {shape} {bands}"
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:24]}.npy"

    def _prepare(self, audio: Path, speed: Fraction, path: Path) -> None:
        waveform = load_audio(audio, self._sizes.rate_hz, "torchaudio")
        samples = torch.as_tensor(waveform.samples).unsqueeze(0)
        if speed != 1:
            samples = resample(samples, speed.numerator, speed.denominator)
        columns = self._columns(samples)[0].T.to(torch.float16).numpy()
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part.npy")
        np.save(unfinished, columns)
        unfinished.replace(path)
