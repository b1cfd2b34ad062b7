"""The families of networks: how a checkpoint's folder is told to be of one, and how it is loaded.

Networks are imported when one of theirs is loaded; they bring torch along.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from companion.engine import checkpoint
from companion.engine.vocabulary import Vocabulary
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from pathlib import Path

    import torch
    from torch import Tensor, nn

    from companion.engine.adapters import Adapter
    from companion.engine.checkpoint import Json
    from companion.engine.model.backbone import Backbone
    from companion.engine.model.settings import ModelSettings


@dataclass(frozen=True, slots=True)
class Family:
    """One kind of network: how its folders are recognised, and how they are loaded."""

    name: str
    holds: Callable[[Json], bool]
    load: Callable[[Path, torch.device, torch.dtype, Adapter | None], Backbone]
    settings: Callable[[Json], ModelSettings]
    """From a folder's configuration, without its weights."""


@dataclass(frozen=True, slots=True)
class _Architecture:
    """What a family's own module has to load its folders with."""

    network: Callable[[Json], nn.Module]
    backbone: Callable[[Any, Vocabulary, ModelSettings], Backbone]
    settings: Callable[[Json], ModelSettings]
    unused: Collection[str]
    """Tensors that checkpoints carry in vain."""


def _whisper() -> _Architecture:
    from companion.engine.model import whisper as family

    parts = (family.WhisperNetwork, family.WhisperBackbone, family.model_settings)
    return _Architecture(*parts, family.UNUSED_TENSORS)


def _rope_whisper() -> _Architecture:
    from companion.engine.model import rope_whisper as family

    parts = (family.RopeWhisperNetwork, family.RopeWhisperBackbone, family.model_settings)
    return _Architecture(*parts, family.UNUSED_TENSORS)


def _var_whisper() -> _Architecture:
    from companion.engine.model import var_whisper as family

    parts = (family.VarWhisperNetwork, family.VarWhisperBackbone, family.model_settings)
    return _Architecture(*parts, family.UNUSED_TENSORS)


def _layered(
    name: str, holds: Callable[[Json], bool], architecture: Callable[[], _Architecture]
) -> Family:
    """A family of published checkpoints; its module is imported when it is needed."""
    return Family(
        name,
        holds,
        partial(_load_with, architecture),
        lambda config: architecture().settings(config),
    )


def _load_with(
    family: Callable[[], _Architecture],
    folder: Path,
    device: torch.device,
    dtype: torch.dtype,
    adapter: Adapter | None,
) -> Backbone:
    import torch

    architecture = family()
    config = checkpoint.read_json(folder / checkpoint.CONFIG)
    vocabulary = Vocabulary.from_file(folder / checkpoint.VOCABULARY)
    try:
        settings = architecture.settings(config)
        with torch.device("meta"):
            network = architecture.network(config)
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointMismatch(
            f"{folder / checkpoint.CONFIG} does not describe a network of its family: {error}."
        ) from error
    weights: Mapping[str, Tensor] = checkpoint.read_weights(folder)
    if adapter is not None:
        weights = adapter.merged(weights)
    checkpoint.fill(network, weights, unused=architecture.unused, device=device, dtype=dtype)
    if vocabulary.size_out != config["vocab_size"] or vocabulary.size_in != config["vocab_size_in"]:
        raise CheckpointMismatch(
            f"{folder / checkpoint.VOCABULARY} has {vocabulary.size_out} and {vocabulary.size_in} "
            f"tokens, but the network {config['vocab_size']} and {config['vocab_size_in']}."
        )
    return architecture.backbone(network, vocabulary, settings)


def _load_bundled(
    folder: Path, device: torch.device, dtype: torch.dtype, adapter: Adapter | None
) -> Backbone:
    from companion.engine.model import bundled

    # It asks for its own kind of state where the protocol promises any; states never change hands.
    return cast("Backbone", bundled.load(folder, device, dtype, adapter))


def _bundled_settings(config: Json) -> ModelSettings:
    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.model.bundled.folder import settings_of

    return settings_of(NetworkSizes.of(config.get("network", {})), config)


def _has_whisper_layers(config: Json) -> bool:
    return str(config.get("backbone_model_name", "")).startswith("openai/whisper")


def _is_v30(config: Json) -> bool:
    """V30 tells its encoder alone of the map; no id stands in prompts that is never predicted."""
    return _has_rotary_layers(config) and config.get("vocab_size_in") == config.get("vocab_size")


def _is_v31(config: Json) -> bool:
    return _has_rotary_layers(config) and config.get("vocab_size_in") != config.get("vocab_size")


def _has_rotary_layers(config: Json) -> bool:
    return "ropewhisper" in str(config.get("backbone_model_name", ""))


def _has_var_whisper_layers(config: Json) -> bool:
    return "varwhisper" in str(config.get("backbone_model_name", ""))


FAMILIES = (
    Family(
        "bundled",
        lambda config: config.get("model_family") == "bundled",
        _load_bundled,
        _bundled_settings,
    ),
    _layered("v29", _has_whisper_layers, _whisper),
    _layered("v30", _is_v30, _rope_whisper),
    _layered("v31", _is_v31, _rope_whisper),
    _layered("v32", _has_var_whisper_layers, _var_whisper),
)
"""All families that can be run; the first that recognises a folder's configuration loads it."""
