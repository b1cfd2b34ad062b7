"""Checkpoint folders of every published family, with random weights and no size to speak of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from companion.engine.model.rope_whisper import RopeWhisperNetwork
from companion.engine.model.var_whisper import VarWhisperNetwork
from companion.engine.model.whisper import WhisperNetwork

BUNDLED_TOKENIZER = Path(__file__).parents[2] / "companion/models/bundled/tokenizer.json"
WIDTH = 16
WINDOW_FRAMES = 256
"""2.04 s."""
MORE_OUT = (
    ("pos_x", -64, 192), ("pos_y", -64, 160), ("pos_refine", 0, 255), ("slider_sustain", 0, 0),
    ("slider_repeat_sustain", 0, 0), ("spinner_sustain", 0, 0), ("hold_note_sustain", 0, 0),
    ("drumroll_sustain", 0, 0), ("denden_sustain", 0, 0),
)  # fmt: skip
MORE_IN = (
    ("mapper", 0, 3), ("year", 2007, 2077), ("song_length", 0, 60), ("song_position", -1, 101),
    ("scroll_speed_ratio", -1, 12), ("descriptor", 0, 4),
)  # fmt: skip
FAMILIES = ("v29", "v30", "v31", "v32")


def tokenizer(family: str) -> dict[str, Any]:
    """The bundled model's, with everything that any family says."""
    content: dict[str, Any] = json.loads(BUNDLED_TOKENIZER.read_text(encoding="utf-8"))
    there = {one["type"] for one in content["event_ranges"]}
    content["event_ranges"] += _entries(one for one in MORE_OUT if one[0] not in there)
    if family == "v30":
        # Nothing stands in its prompts that is never predicted.
        content["event_ranges"] += content.pop("input_event_ranges") + _entries(MORE_IN)
        content["input_event_ranges"] = []
    else:
        content["input_event_ranges"] += _entries(MORE_IN)
    content |= {
        "num_mapper_classes": 3, "mapper_idx": {"77": 1}, "num_descriptor_classes": 4,
        "descriptor_idx": {"jumps": 0, "streams": 1},
    }  # fmt: skip
    size = content["offset"] + sum(_size(one) for one in content["event_ranges"])
    content["vocab_size_out"] = size
    content["vocab_size_in"] = size + sum(_size(one) for one in content["input_event_ranges"])
    content.pop("event_start", None)
    return content


def make(family: str, folder: Path) -> Path:
    """Write a checkpoint of a family."""
    words = tokenizer(family)
    config = _config(family, words)
    network = {
        "v29": WhisperNetwork, "v30": RopeWhisperNetwork, "v31": RopeWhisperNetwork,
        "v32": VarWhisperNetwork,
    }[family]  # fmt: skip
    torch.manual_seed(3)
    weights = network(config).state_dict()
    folder.mkdir(parents=True)
    for name, content in (
        ("config", config), ("generation_config", {}), ("tokenizer", words),
    ):  # fmt: skip
        (folder / f"{name}.json").write_text(json.dumps(content))
    save_file(
        {name: value.contiguous() for name, value in weights.items()}, folder / "model.safetensors"
    )
    return folder


def _config(family: str, words: dict[str, Any]) -> dict[str, Any]:
    positions, tokens = WINDOW_FRAMES // 2, 512
    layers = {
        "d_model": WIDTH, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
        "num_mel_bins": 16, "max_source_positions": positions, "max_target_positions": tokens,
        "activation_function": "gelu",
    }  # fmt: skip
    shared = {
        "backbone_config": layers, "hidden_size": WIDTH, "vocab_size": words["vocab_size_out"],
        "vocab_size_in": words["vocab_size_in"], "max_source_positions": positions,
        "max_target_positions": tokens, "sample_rate": 16000, "hop_length": 128, "n_fft": 256,
        "n_mels": 16, "f_min": 0, "f_max": 8000, "pad_mode": "constant",
        "spectrogram_log_scale": False,
    }  # fmt: skip
    if family == "v29":
        layers |= {"vocab_size": 20, "pad_token_id": 0}
        return {"backbone_model_name": "openai/whisper-small", **shared}
    if family == "v32":
        layers |= {
            "attention_bias": True, "global_rope_theta": 10000, "local_rope_theta": 500,
            "local_attention": 12, "global_attn_every_n_layers": 1,
        }  # fmt: skip
        own = {"spectrogram_implementation": "torchaudio", "project_encoder_input": False}
        return {"backbone_model_name": "OliBomby/varwhisper-small", **shared, **own}
    own = {"cond_dim": 4, "num_mappers": 3, "do_style_embed": False}
    return {"backbone_model_name": "OliBomby/ropewhisper-small", **shared, **own}


def _entries(ranges: Any) -> list[dict[str, Any]]:
    return [{"type": name, "min_value": low, "max_value": high} for name, low, high in ranges]


def _size(entry: dict[str, Any]) -> int:
    return entry["max_value"] - entry["min_value"] + 1
