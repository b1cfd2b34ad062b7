from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torchaudio.transforms import MelSpectrogram as TorchaudioMel

from companion.engine.mel import FourierKernels, MelSettings, MelSpectrogram, TorchaudioTransform

SETTINGS = MelSettings(16000, 128, 1024, 80, 20.0, 8000.0, "reflect", log1p=True)


def noise(n_samples: int = 4096) -> torch.Tensor:
    return torch.randn(2, n_samples, generator=torch.Generator().manual_seed(3))


def test_the_torchaudio_form_is_torchaudios_mel_spectrogram():
    ours = MelSpectrogram(TorchaudioTransform(SETTINGS), log1p=True)
    theirs = TorchaudioMel(
        16000, n_fft=1024, hop_length=128, f_min=20.0, f_max=8000.0, n_mels=80, pad_mode="reflect"
    )
    expected = torch.log1p(theirs(noise())).transpose(1, 2)
    torch.testing.assert_close(ours(noise()), expected)


def test_stored_kernels_give_what_a_fourier_transform_gives():
    settings = replace(SETTINGS, pad_mode="constant", log1p=False)
    kernels = FourierKernels(settings)
    window = torch.hann_window(1024, dtype=torch.float64)
    angles = torch.outer(torch.arange(513.0), torch.arange(1024.0)).double() * 2 * math.pi / 1024
    kernels.stft.wcos[:] = (angles.cos() * window)[:, None]
    kernels.stft.wsin[:] = (angles.sin() * window)[:, None]
    reference = TorchaudioTransform(settings)
    filters: Any = reference.mel_scale.fb
    kernels.mel_basis[:] = filters.T
    torch.testing.assert_close(kernels(noise()), reference(noise()), rtol=1e-3, atol=1e-2)


def test_there_is_one_column_per_hop_and_one_more():
    mel = MelSpectrogram(TorchaudioTransform(SETTINGS), log1p=True)
    assert mel(noise(128 * 31)).shape == (2, 32, 80)
    assert mel(noise(128 * 31).double()).dtype == torch.float32


def test_buffers_have_the_names_that_checkpoints_use():
    torchaudio_form = MelSpectrogram(TorchaudioTransform(SETTINGS), log1p=True)
    assert "transform.mel_scale.fb" in torchaudio_form.state_dict()
    assert "transform.spectrogram.window" in torchaudio_form.state_dict()
    stored = MelSpectrogram(FourierKernels(SETTINGS), log1p=False)
    assert set(stored.state_dict()) == {
        "transform.mel_basis", "transform.stft.wsin", "transform.stft.wcos"
    }  # fmt: skip
