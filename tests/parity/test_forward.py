"""Spectrogram, encoder and teacher-forced decoder against the recorded forward passes."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from companion.engine.audio import Waveform, load_audio
from companion.engine.checkpoint import load
from companion.engine.conditioning import Conditioning
from companion.engine.model import rope_whisper, var_whisper, whisper
from companion.engine.model.backbone import WindowInput
from companion.engine.windows import song_length_ms, windows_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from companion.engine.model.backbone import Backbone, EncodedWindows

FAMILIES = ["v29", "v30", "v31", "v32"]
UNUSED_TENSORS = {
    "v29": whisper.UNUSED_TENSORS,
    "v30": rope_whisper.UNUSED_TENSORS,
    "v31": rope_whisper.UNUSED_TENSORS,
    "v32": var_whisper.UNUSED_TENSORS,
}
ATOL = 5e-4
"""A quarter of what the records allow; torch on this kind of processor stays below 1e-4."""


@cache
def backbone_of(folder: Path) -> Backbone:
    return load(folder / "model", "cpu")


@cache
def song(goldens: Path, rate_hz: int) -> Waveform:
    longest = max((goldens / "common").glob("clip[0-9][0-9].wav"))
    return load_audio(longest, rate_hz)


def window(
    goldens: Path, backbone: Backbone, index: int, conditioning: Conditioning | None = None
) -> WindowInput:
    waveform = song(goldens, backbone.settings.rate_hz)
    chosen = windows_of(len(waveform.samples), backbone.settings.windows)[index]
    samples = waveform.cut(chosen.first_sample, backbone.settings.window_samples)
    return WindowInput(samples, chosen.frame_time_ms, (), conditioning or Conditioning())


def case_window(goldens: Path, backbone: Backbone, recorded: Mapping[str, Any]) -> WindowInput:
    """The window of a case, with what the encoder was told beside its sound."""
    index = int(recorded["window_index"])
    if "difficulty" not in recorded:
        return window(goldens, backbone, index)
    waveform = song(goldens, backbone.settings.rate_hz)
    mappers = {place: user for user, place in backbone.vocabulary.mapper_index.items()}
    conditioning = Conditioning(
        difficulty=float(recorded["difficulty"][0]),
        mapper_id=mappers.get(int(recorded["mapper_idx"][0])),
        song_length_ms=song_length_ms(len(waveform.samples), waveform.rate_hz),
    )
    given = window(goldens, backbone, index, conditioning)
    end_ms = given.start_ms + backbone.settings.window_ms
    ours = [given.start_ms / conditioning.song_length_ms, end_ms / conditioning.song_length_ms]
    np.testing.assert_allclose(ours, recorded["song_position"][0], atol=1e-6)
    return given


def arrays(file: Path) -> dict[str, Any]:
    with np.load(file) as content:
        return dict(content)


@pytest.mark.parametrize("family", FAMILIES)
def test_spectrograms_are_as_recorded(goldens: Path, family: str):
    backbone: Any = backbone_of(goldens / family)
    recorded = arrays(goldens / family / "spectrogram.npz")
    windows = [window(goldens, backbone, int(i)).samples for i in recorded["window_index"]]
    with torch.inference_mode():
        mel = backbone._network.spectrogram(torch.as_tensor(np.stack(windows))).numpy()
    assert list(mel.shape) == list(recorded["shape"])
    for ours, theirs in [
        (mel[:, ::16], recorded["frames_every16"]),
        (mel[:, :8], recorded["first8"]),
        (mel[:, -8:], recorded["last8"]),
        (mel.mean(1), recorded["mean_per_bin"]),
        (mel.std(1), recorded["std_per_bin"]),
    ]:
        np.testing.assert_allclose(ours, theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_tensor_of_the_record_is_known_by_its_name(goldens: Path, family: str):
    network: Any = backbone_of(goldens / family)._network  # pyright: ignore[reportAttributeAccessIssue]
    recorded = json.loads((goldens / family / "state_dict_keys.json").read_text())
    unused = UNUSED_TENSORS[family]
    ours = {name: list(tensor.shape) for name, tensor in network.state_dict().items()}
    assert ours == {n: shape for n, (shape, _) in recorded.items() if n not in unused}


@pytest.mark.parametrize("family", FAMILIES)
def test_encoder_and_logits_are_as_recorded(goldens: Path, family: str):
    backbone = backbone_of(goldens / family)
    cases = sorted((goldens / family / "forward").glob("case*.npz"))
    assert cases
    for case in cases:
        recorded = arrays(case)
        encoded = backbone.encode([case_window(goldens, backbone, recorded)])
        (hidden,) = encoded.parts.values()
        assert list(hidden.shape[1:]) == list(recorded["encoder_shape"])
        np.testing.assert_allclose(hidden[0, ::8], recorded["encoder_every8"], atol=ATOL)
        for prompt in ("cond", "uncond", "leftpad"):
            _compare_prompt(backbone, encoded, recorded, prompt)


def _compare_prompt(
    backbone: Backbone, encoded: EncodedWindows, recorded: Mapping[str, Any], prompt: str
) -> None:
    ids = torch.as_tensor(recorded[f"{prompt}_ids"].astype(np.int64))[None]
    first = int((ids == 0).sum())
    mask = ids != 0 if first else None
    logits = backbone.logits(ids, mask, encoded)[0]
    np.testing.assert_allclose(logits[-3:], recorded[f"{prompt}_last3_logits"], atol=ATOL)
    np.testing.assert_allclose(
        logits.logsumexp(-1)[first:], recorded[f"{prompt}_lse"][first:], atol=ATOL
    )
    best = torch.as_tensor(recorded[f"{prompt}_argmax"].astype(np.int64))[:, None]
    behind = logits.amax(-1) - logits.gather(1, best)[:, 0]
    assert (behind[first:] <= ATOL).all()  # the same choice, or one that is as good
    follower = ids[0, 1:]
    predictable = (follower < logits.shape[1]) & (torch.arange(len(follower)) >= first)
    at_next = logits[:-1][predictable].gather(1, follower[predictable][:, None])[:, 0]
    expected = recorded[f"{prompt}_logit_at_next"][predictable.numpy()]
    np.testing.assert_allclose(at_next, expected, atol=ATOL)


@pytest.mark.parametrize("family", FAMILIES)
def test_stepping_gives_what_the_whole_sequence_gives(goldens: Path, family: str):
    backbone = backbone_of(goldens / family)
    recorded = arrays(goldens / family / "forward" / "case0.npz")
    encoded = backbone.encode([case_window(goldens, backbone, recorded)])
    ids = torch.as_tensor(recorded["leftpad_ids"].astype(np.int64))[None]
    padding = int((ids == 0).sum())
    ids = torch.cat([ids, ids.roll(padding, 1)])
    ids[1, : 2 * padding] = 0
    mask = ids != 0
    whole = backbone.logits(ids, mask, encoded.repeat(2), since=99)
    last, state = backbone.start(ids[:, :100], mask[:, :100], encoded.repeat(2))
    np.testing.assert_allclose(last, whole[:, 0], atol=1e-4)
    for position in range(100, ids.shape[1]):
        last, state = backbone.step(ids[:, position], state)
        np.testing.assert_allclose(last, whole[:, position - 99], atol=1e-4)
    assert state.n_tokens == ids.shape[1]
