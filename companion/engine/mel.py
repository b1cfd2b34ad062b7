"""Mel spectrograms, with the filters a checkpoint brings along.

The families differ in their mel scales (HTK without normalisation against Slaney with it), so both
forms take window and filter matrix from the checkpoint's weights; only what the weights do not say
(hop, padding, logarithm) comes from its configuration. Always computed in float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import nn
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor


@dataclass(frozen=True, slots=True)
class MelSettings:
    """How a checkpoint's spectrograms are made."""

    rate_hz: int
    hop_samples: int
    n_fft: int
    n_mels: int
    f_min_hz: float
    f_max_hz: float
    pad_mode: Literal["constant", "reflect"]
    log1p: bool


def mel_settings(config: Mapping[str, Any]) -> MelSettings:
    """The spectrogram of a checkpoint's ``config.json``."""
    return MelSettings(
        rate_hz=int(config["sample_rate"]),
        hop_samples=int(config["hop_length"]),
        n_fft=int(config["n_fft"]),
        n_mels=int(config["n_mels"]),
        f_min_hz=float(config["f_min"]),
        f_max_hz=float(config["f_max"]),
        pad_mode=config["pad_mode"],
        log1p=bool(config["spectrogram_log_scale"]),
    )


class MelSpectrogram(nn.Module):
    """Short-time power spectra through a mel filter bank, one column per hop, centred.

    ``transform`` carries the buffers under the names they have in checkpoints.
    """

    def __init__(self, transform: FourierKernels | TorchaudioTransform, *, log1p: bool) -> None:
        super().__init__()
        self.transform = transform
        self.log1p = log1p

    def forward(self, samples: Tensor) -> Tensor:
        """Samples, shape = (n, n_samples), to (n, n_samples // hop + 1, n_mels)."""
        mel = self.transform(samples.float())
        return torch.log1p(mel) if self.log1p else mel


class FourierKernels(nn.Module):
    """The spectrogram of checkpoints made with nnAudio: stored sine, cosine and mel matrices."""

    def __init__(self, settings: MelSettings) -> None:
        super().__init__()
        n_bins = settings.n_fft // 2 + 1
        self.hop_samples = settings.hop_samples
        self.n_fft = settings.n_fft
        self.pad_mode = settings.pad_mode
        self.mel_basis: Tensor
        self.register_buffer("mel_basis", torch.zeros(settings.n_mels, n_bins))
        self.stft = _StoredFourierMatrices(n_bins, settings.n_fft)

    def forward(self, samples: Tensor) -> Tensor:
        """Samples, shape = (n, n_samples), to mel powers, shape = (n, n_columns, n_mels)."""
        half = self.n_fft // 2
        padded = functional.pad(samples[:, None], (half, half), mode=self.pad_mode)[:, 0]
        frames = padded.unfold(-1, self.n_fft, self.hop_samples)
        real = frames @ self.stft.wcos[:, 0].T
        imaginary = frames @ self.stft.wsin[:, 0].T
        return (real.square() + imaginary.square()) @ self.mel_basis.T


class _StoredFourierMatrices(nn.Module):
    """Windowed sines and cosines, one row per frequency."""

    def __init__(self, n_bins: int, n_fft: int) -> None:
        super().__init__()
        self.wsin: Tensor
        self.wcos: Tensor
        self.register_buffer("wsin", torch.zeros(n_bins, 1, n_fft))
        self.register_buffer("wcos", torch.zeros(n_bins, 1, n_fft))


class TorchaudioTransform(nn.Module):
    """The spectrogram of checkpoints made with torchaudio: stored window and filter bank.

    Also usable without stored buffers: they are created as torchaudio makes them.
    """

    def __init__(self, settings: MelSettings) -> None:
        super().__init__()
        from torchaudio.transforms import MelScale, Spectrogram

        self.spectrogram = Spectrogram(
            n_fft=settings.n_fft,
            hop_length=settings.hop_samples,
            center=True,
            pad_mode=settings.pad_mode,
            power=2.0,
        )
        # torchaudio looks at the values of its filters, and on "meta" there are none.
        with torch.device("cpu"):
            self.mel_scale = MelScale(
                settings.n_mels,
                settings.rate_hz,
                settings.f_min_hz,
                settings.f_max_hz,
                settings.n_fft // 2 + 1,
            )

    def forward(self, samples: Tensor) -> Tensor:
        """Samples, shape = (n, n_samples), to mel powers, shape = (n, n_columns, n_mels)."""
        return self.mel_scale(self.spectrogram(samples)).transpose(1, 2)
