"""A bundled model on disk: weights in half precision beside its configuration."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]

from companion.engine import checkpoint
from companion.engine.encoding import EncodingOptions
from companion.engine.model.bundled.backbone import BundledBackbone
from companion.engine.model.bundled.configuration import FAMILY, NetworkSizes
from companion.engine.model.bundled.lexicon import Lexicon
from companion.engine.model.bundled.network import BundledNetwork
from companion.engine.model.settings import ModelSettings
from companion.engine.prompts import PromptOptions
from companion.engine.rhythm import Habits
from companion.engine.vocabulary import Vocabulary
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from companion.engine.adapters import Adapter

RHYTHM = "rhythm"
"""What of ``generation_config.json`` holds the weights of `Habits`."""
MAX_TOKENS = 1024
LOOKBACK, LOOKAHEAD = 0.5, 0.25
"""When writing, half a window is given as the past and a quarter is heard ahead."""

PROMPTS: dict[str, Any] = {
    "context_types": [{"in": [], "out": ["map"]}],
    "tgt_seq_len": MAX_TOKENS,
    "add_out_context_types": True,
    "add_gamemode_token": True,
    "add_style_token": False,
    "add_diff_token": True,
    "add_mapper_token": False,
    "add_year_token": False,
    "add_hitsounded_token": True,
    "add_song_length_token": False,
    "add_global_sv_token": True,
    "add_cs_token": True,
    "add_keycount_token": True,
    "add_hold_note_ratio_token": True,
    "add_scroll_speed_ratio_token": False,
    "add_descriptors": False,
    "add_kiai_special_token": False,
    "add_sv_special_token": True,
    "add_song_position_token": False,
    "add_timing": False,
    "add_snapping": True,
    "add_timing_points": True,
    "add_hitsounds": True,
    "add_distances": True,
    "add_positions": True,
    "add_kiai": False,
    "add_sv": True,
    "add_mania_sv": False,
    "mania_bpm_normalized_scroll_speed": True,
    "position_precision": 32,
    "position_split_axes": False,
    "position_range": [-256, 768, -256, 640],
    "types_first": True,
    "slider_version": 1,
}
"""How prompts and maps are written, in the words of the families' training configurations."""


def load(
    folder: Path, device: torch.device, dtype: torch.dtype, adapter: Adapter | None = None
) -> BundledBackbone:
    """Load a folder whose configuration says that it holds a bundled model.

    Raises:
        ModelMissing: A file is not there.
        CheckpointMismatch: Files or tensors do not fit; the first misfit is named.
    """
    config = checkpoint.read_json(folder / checkpoint.CONFIG)
    sizes = NetworkSizes.of(config.get("network", {}))
    vocabulary = Vocabulary.from_file(folder / checkpoint.VOCABULARY)
    weights: Mapping[str, Tensor] = checkpoint.read_weights(folder)
    if adapter is not None:
        weights = adapter.merged(weights)
    lexicon = Lexicon.of(vocabulary)
    if sizes != NetworkSizes():
        # Sizes that the weights do not have shall cost no memory. The usual ones need no check,
        # and the meta device makes torch import its compiler: seconds, and a larger heap.
        with torch.device("meta"):
            checkpoint.verify(BundledNetwork(sizes, lexicon), weights)
    # Built anew: what is not stored (sinusoids, id tables) is computed here.
    network = BundledNetwork(sizes, lexicon)
    checkpoint.fill(network, weights, device=device, dtype=dtype)
    settings = replace(settings_of(sizes, config), habits=_habits(folder))
    return BundledBackbone(network.to(device), vocabulary, settings)


def save(
    folder: Path, network: BundledNetwork, vocabulary_json: str, notes: dict[str, Any]
) -> None:
    """Write a folder that ``load`` reads; the weights are rounded to half precision.

    What the folder says about modding and rhythm (``scripts/calibrate_modding.py`` and
    ``scripts/fit_habits.py``) is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: value.detach().to(torch.float16).contiguous()
        for name, value in network.state_dict().items()
    }
    save_file(weights, folder / checkpoint.WEIGHTS)
    config = {
        "model_family": FAMILY,
        "name": "bundled",
        **notes,
        "resampler": "torchaudio",
        "lookback": LOOKBACK,
        "lookahead": LOOKAHEAD,
        "network": network.sizes.to_dict(),
        "data": PROMPTS,
        "n_parameters": sum(value.numel() for value in network.parameters()),
        "dtype": "float16",
    }
    _write_json(folder / checkpoint.CONFIG, config)
    generation: dict[str, Any] = {
        "do_sample": True,
        "temperature": 0.8,
        "top_p": 0.95,
        "max_length": MAX_TOKENS,
    }
    if (folder / checkpoint.GENERATION_CONFIG).is_file():
        before = checkpoint.read_json(folder / checkpoint.GENERATION_CONFIG)
        generation |= {name: before[name] for name in ("modding", RHYTHM) if name in before}
    _write_json(folder / checkpoint.GENERATION_CONFIG, generation)
    (folder / checkpoint.VOCABULARY).write_text(vocabulary_json, encoding="utf-8")


def _habits(folder: Path) -> Habits | None:
    values = checkpoint.read_json(folder / checkpoint.GENERATION_CONFIG).get(RHYTHM)
    return None if values is None else Habits.from_json(values)


def settings_of(sizes: NetworkSizes, config: dict[str, Any]) -> ModelSettings:
    """What the engine needs to know."""
    data = PROMPTS | config.get("data", {})
    try:
        return ModelSettings(
            family=FAMILY,
            rate_hz=sizes.rate_hz,
            hop_samples=sizes.hop_samples,
            window_frames=sizes.window_frames,
            max_tokens=int(data["tgt_seq_len"]),
            lookback=float(config.get("lookback", LOOKBACK)),
            lookahead=float(config.get("lookahead", LOOKAHEAD)),
            resampler="torchaudio",
            prompts=PromptOptions.from_train_config(data),
            encoding=EncodingOptions.from_train_config(data),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointMismatch(f"config.json: {error}.") from error


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
