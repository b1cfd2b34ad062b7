"""Tiny folders of the two analysing networks, with the names that real weights have."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

Shapes = dict[str, tuple[int, ...]]

RHYTHM_CONFIG: dict[str, Any] = {
    "seed": 42,
    "data": {"src_seq_len": 8, "time_resolution": 0.1, "min_time": 80, "max_time": 250},
    "model": {"name": "osu_r", "hidden_size": 3},
}
RHYTHM_OUTPUTS = 1 + 18
RHYTHM_SHAPES: Shapes = {
    "model.0.weight": (RHYTHM_OUTPUTS + 6, 3),
    "model.2.weight": (12, 24),
    "model.2.bias": (12,),
    "model.4.weight": (6, 12),
    "model.4.bias": (6,),
    "model.6.weight": (3, 6),
    "model.6.bias": (3,),
    "model.8.weight": (RHYTHM_OUTPUTS, 3),
    "model.8.bias": (RHYTHM_OUTPUTS,),
}

MAPPERS = (101, 202, 303)
STYLE_CONFIG: dict[str, Any] = {
    "data": {"src_seq_len": 64, "tgt_seq_len": 48, "mappers_path": "left over from training"},
    "model": {
        "name": "openai/whisper-tiny",
        "input_features": True,
        "classifier_proj_size": 5,
        "spectrogram": {"sample_rate": 8000, "hop_length": 128, "n_fft": 256, "n_mels": 6},
        "overwrite": {
            "d_model": 8, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
            "decoder_attention_heads": 4, "encoder_ffn_dim": 10, "decoder_ffn_dim": 12,
        },
    },
    "mappers": list(MAPPERS),
    "mapper_names": {"202": "Somebody"},
}  # fmt: skip
WINDOW_SAMPLES = 63 * 128
"""1008 ms."""
STYLE_VOCABULARY = 1 + 101 + 17 + 1025 + 897 + 1 + 73 + 101 + 12
"""Padding, time steps, snaps, x, y, new combo, hitsounds, volumes, types."""


def _style_shapes() -> Shapes:
    width = 8
    shapes: Shapes = {
        "encoder_embedder.weight": (width, 6),
        "encoder_embedder.bias": (width,),
        "decoder_embedder.weight": (STYLE_VOCABULARY, width),
        "projector.weight": (5, width),
        "projector.bias": (5,),
        "classifier.weight": (3, 5),
        "classifier.bias": (3,),
        "spectrogram.transform.mel_basis": (6, 129),
        "spectrogram.transform.stft.wsin": (129, 1, 256),
        "spectrogram.transform.stft.wcos": (129, 1, 256),
        "spectrogram.transform.stft.window_mask": (1, 256, 1),
        "transformer.encoder.conv1.weight": (width, width, 3),
        "transformer.encoder.conv1.bias": (width,),
        "transformer.encoder.conv2.weight": (width, width, 3),
        "transformer.encoder.conv2.bias": (width,),
        "transformer.encoder.embed_positions.weight": (32, width),
        "transformer.decoder.embed_positions.weight": (48, width),
        "transformer.decoder.embed_tokens.weight": (STYLE_VOCABULARY, width),
    }
    for side, inner in (("encoder", 10), ("decoder", 12)):
        layer = f"transformer.{side}.layers.0"
        attentions = ["self_attn"] if side == "encoder" else ["self_attn", "encoder_attn"]
        norms = [f"{layer}.{name}_layer_norm" for name in (*attentions, "final")]
        for norm in (*norms, f"transformer.{side}.layer_norm"):
            shapes |= {f"{norm}.weight": (width,), f"{norm}.bias": (width,)}
        for attention in attentions:
            for part in ("q_proj", "k_proj", "v_proj", "out_proj"):
                shapes[f"{layer}.{attention}.{part}.weight"] = (width, width)
                if part != "k_proj":
                    shapes[f"{layer}.{attention}.{part}.bias"] = (width,)
        shapes |= {
            f"{layer}.fc1.weight": (inner, width), f"{layer}.fc1.bias": (inner,),
            f"{layer}.fc2.weight": (width, inner), f"{layer}.fc2.bias": (width,),
        }  # fmt: skip
    return shapes


STYLE_SHAPES = _style_shapes()


def random_weights(shapes: Shapes, seed: int = 0) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def write_folder(folder: Path, config: dict[str, Any], weights: dict[str, Tensor]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(weights, folder / "model.safetensors")
    return folder


def write_rhythm_model(folder: Path) -> Path:
    return write_folder(folder, RHYTHM_CONFIG, random_weights(RHYTHM_SHAPES))


def write_style_model(folder: Path) -> Path:
    weights = random_weights(STYLE_SHAPES)
    return write_folder(folder, STYLE_CONFIG, {f"model.{k}": w for k, w in weights.items()})
