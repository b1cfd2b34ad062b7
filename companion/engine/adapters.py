"""Adapters: small changes of a checkpoint's weights, as LoRA training leaves them.

A folder has ``adapter_config.json`` and ``adapter_model.safetensors`` in the format of peft: for
each changed matrix W of the network two factors, A and B, of low rank; the changed matrix is
``W + scale * B @ A``. Adapters are merged when a checkpoint is loaded, so that running it costs
nothing more. With PiSSA, which Mapperatorinator trains with, the factors stand in for the largest
singular values of W instead of adding to them; these are taken out of W first.

What would need more than this (DoRA, biases, ranks that differ, whole modules) is refused by name.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

from companion.engine import checkpoint
from companion.errors import CheckpointMismatch, ModelMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import Tensor

    from companion.engine.checkpoint import Json

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
METADATA = "mapperatorinator_lora_metadata.json"
"""Mapperatorinator's own addition: which folders of a checkpoint an adapter is made for."""

_PREFIX = "base_model.model."
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"
_REFUSED = (
    "alpha_pattern", "bias", "fan_in_fan_out", "layer_replication", "lora_bias",
    "modules_to_save", "rank_pattern", "target_parameters", "trainable_token_indices", "use_dora",
    "use_qalora",
)  # fmt: skip
"""Options of peft that have to be off."""
_PLAIN_STARTS = (None, True, False, "gaussian", "orthogonal", "eva")
"""Ways of starting a training that leave the checkpoint's own weights as they are."""


@dataclass(frozen=True, slots=True)
class AdapterSettings:
    """What an adapter's ``adapter_config.json`` says about its factors."""

    rank: int
    scale: float
    replaces_principal: bool
    """Whether the factors stand in for the largest singular values (PiSSA)."""

    @classmethod
    def of(cls, config: Json) -> Self:
        """Read the settings.

        Raises:
            CheckpointMismatch: They are of another kind of adapter, or no settings at all.
        """
        if config.get("peft_type") != "LORA":
            raise CheckpointMismatch(f"{CONFIG} is not that of a LoRA adapter.")
        for name in _REFUSED:
            if config.get(name) not in (None, False, "none", [], {}):
                raise CheckpointMismatch(f"Adapters with “{name}” cannot be merged ({CONFIG}).")
        start = config.get("init_lora_weights")
        if start not in (*_PLAIN_STARTS, "pissa"):
            raise CheckpointMismatch(f"Adapters that start from {start!r} cannot be merged.")
        rank, alpha = config.get("r"), config.get("lora_alpha")
        if type(rank) is not int or rank < 1:
            raise CheckpointMismatch(f"{CONFIG}: “r” has to be a whole number from 1 on.")
        if type(alpha) not in (int, float) or not math.isfinite(cast("float", alpha)):
            raise CheckpointMismatch(f"{CONFIG}: “lora_alpha” has to be a number.")
        divisor = math.sqrt(rank) if config.get("use_rslora") else rank
        return cls(rank, cast("float", alpha) / divisor, start == "pissa")


@dataclass(frozen=True, slots=True, eq=False)
class Adapter:
    """One adapter, read from its folder."""

    folder: Path
    settings: AdapterSettings
    factors: Mapping[str, tuple[Tensor, Tensor]]
    """By the name of the changed matrix: A, shape = (rank, n_in), and B, shape = (n_out, rank)."""
    made_for: frozenset[str] | None
    """Names of a checkpoint's folders, empty for the checkpoint itself; None for all."""

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read a folder.

        Raises:
            ModelMissing: The folder or one of its files is not there.
            CheckpointMismatch: A file is damaged, or of a kind of adapter that cannot be merged.
        """
        settings = AdapterSettings.of(checkpoint.read_json(folder / CONFIG))
        if not (folder / WEIGHTS).is_file():
            raise ModelMissing(
                f"The adapter in {folder} has no {WEIGHTS}. Other forms of weights are not read."
            )
        factors = _factors(checkpoint.read_weights(folder, WEIGHTS), settings.rank)
        return cls(folder, settings, factors, _made_for(folder / METADATA))

    def fits(self, folder: Path) -> bool:
        """Whether the adapter is made for the checkpoint in a folder, which may be a mode's own."""
        own = folder.name if folder.name.startswith(checkpoint.MODE_FOLDER) else ""
        return self.made_for is None or own in self.made_for

    def merged(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """A checkpoint's weights with the adapter's changes; given tensors stay as they are.

        Changed tensors are float32.

        Raises:
            CheckpointMismatch: The weights lack a matrix, or it is of another shape.
        """
        changed = {
            name: self._changed(name, weights.get(name), down.float(), up.float())
            for name, (down, up) in self.factors.items()
        }
        return {**weights, **changed}

    def _changed(self, name: str, weight: Tensor | None, down: Tensor, up: Tensor) -> Tensor:
        if weight is None:
            raise CheckpointMismatch(
                f"The adapter in {self.folder} is for another model: it changes “{name}”."
            )
        shape = (up.shape[0], down.shape[1])
        if weight.shape != shape:
            raise CheckpointMismatch(
                f"The adapter in {self.folder} is for another model: “{name}” has the shape "
                f"{tuple(weight.shape)}, but the adapter changes {shape}."
            )
        kept = weight.float()
        if self.settings.replaces_principal:
            kept = kept - _principal_part(kept, self.settings.rank)
        return kept + self.settings.scale * (up @ down)


def fingerprint(base: str, folder: Path) -> str:
    """The digest of a checkpoint with an adapter, which is that of neither alone.

    Args:
        base: The checkpoint's own digest.
        folder: The adapter's.
    """
    try:
        config = (folder / CONFIG).read_bytes()
    except OSError as error:
        raise ModelMissing(f"There is no adapter in {folder}: {CONFIG} is missing.") from error
    parts = (base, checkpoint.digest(folder, WEIGHTS), hashlib.sha256(config).hexdigest())
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _factors(tensors: Mapping[str, Tensor], rank: int) -> dict[str, tuple[Tensor, Tensor]]:
    modules = sorted({_module_of(name) for name in tensors})
    if not modules:
        raise CheckpointMismatch(f"The adapter's {WEIGHTS} is empty.")
    factors: dict[str, tuple[Tensor, Tensor]] = {}
    for module in modules:
        down = _factor(tensors, f"{_PREFIX}{module}{_DOWN}")
        up = _factor(tensors, f"{_PREFIX}{module}{_UP}")
        if down.shape[0] != rank or up.shape[1] != rank:
            raise CheckpointMismatch(
                f"The adapter's factors of “{module}” have the shapes {tuple(down.shape)} and "
                f"{tuple(up.shape)}, but its configuration asks for rank {rank}."
            )
        factors[f"{module}.weight"] = (down, up)
    return factors


def _module_of(name: str) -> str:
    for ending in (_DOWN, _UP):
        if name.startswith(_PREFIX) and name.endswith(ending):
            return name.removeprefix(_PREFIX).removesuffix(ending)
    raise CheckpointMismatch(f"The adapter's weights have a “{name}” that cannot be merged.")


def _factor(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    tensor = tensors.get(name)
    if tensor is None:
        raise CheckpointMismatch(f"The adapter's weights lack “{name}”.")
    if tensor.dim() != 2 or not tensor.is_floating_point() or not bool(tensor.isfinite().all()):
        raise CheckpointMismatch(f"The adapter's “{name}” is not a matrix of finite numbers.")
    return tensor


def _made_for(path: Path) -> frozenset[str] | None:
    if not path.is_file():
        return None
    names: object = checkpoint.read_json(path).get("ckpt_subfolders")
    if names is None:
        return None
    if not isinstance(names, list):
        raise CheckpointMismatch(f"{path} is damaged: “ckpt_subfolders” is not a list.")
    listed = cast("list[object]", names)
    if not all(isinstance(name, str) for name in listed):
        raise CheckpointMismatch(f"{path} is damaged: “ckpt_subfolders” holds more than names.")
    return frozenset(str(name).strip().replace("\\", "/").strip("/") for name in listed)


def _principal_part(weight: Tensor, rank: int) -> Tensor:
    """The matrix of a rank that is nearest to another: its largest singular values alone."""
    import torch

    # torch declares no types for its linear algebra.
    svd = cast("Callable[..., tuple[Tensor, Tensor, Tensor]]", cast("Any", torch.linalg).svd)
    left, values, right = svd(weight, full_matrices=False)
    return left[:, :rank] * values[:rank] @ right[:rank]
