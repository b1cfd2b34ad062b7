"""Log-mel columns of a window, the only view of the sound that the bundled network has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torchaudio

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.model.bundled.configuration import NetworkSizes

LOG_FLOOR = 1e-3
"""Added before the logarithm: about the quantisation noise of a peak-normalised song."""
LOG_SCALE = 2.5
"""Typical spread of the logarithms, so that the network sees values around one."""


class MelColumns:
    """Turns samples into log-mel columns; has no trained values and is not stored."""

    def __init__(self, sizes: NetworkSizes) -> None:
        self._transform = torchaudio.transforms.MelSpectrogram(
            sample_rate=sizes.rate_hz,
            n_fft=sizes.fft_samples,
            win_length=sizes.fft_window_samples,
            hop_length=sizes.hop_samples,
            f_min=sizes.mel_low_hz,
            f_max=sizes.mel_high_hz,
            n_mels=sizes.n_mels,
            power=2.0,
            center=True,
            pad_mode="constant",
        )

    def to(self, device: torch.device) -> MelColumns:
        """Compute on another device from now on."""
        self._transform = self._transform.to(device)
        return self

    def __call__(self, samples: Tensor) -> Tensor:
        """Log-mel columns of samples (n, n_samples), shape = (n, n_mels, n_columns)."""
        power: Tensor = self._transform(samples.to(torch.float32))
        return torch.log(power + LOG_FLOOR)


def normalised(log_mel: Tensor) -> Tensor:
    """Columns freed of the window's overall level, shape unchanged (n, n_mels, n_columns).

    The level is that of the window, because a window is all that the network is ever given.
    """
    return (log_mel - log_mel.mean(dim=(1, 2), keepdim=True)) / LOG_SCALE


def with_flux(columns: Tensor) -> Tensor:
    """Columns and twice their rise over two columns, shape = (n, 2 * n_mels, n_columns)."""
    rise = torch.zeros_like(columns)
    rise[:, :, 2:] = torch.relu(columns[:, :, 2:] - columns[:, :, :-2])
    return torch.cat([columns, 2 * rise], dim=1)
