"""Diffusion checkpoints: a folder with ``config.json`` and ``model.safetensors``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch

from companion.engine.checkpoint import (
    CONFIG,
    choose_device,
    fill,
    misfit_is_typed,
    read_json,
    read_weights,
    verify_depth,
)
from companion.engine.diffusion.classes import ClassTable
from companion.engine.diffusion.network import DiffusionNetwork, NetworkSize
from companion.engine.diffusion.sequence import CONTEXT_SIZE
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from companion.engine.checkpoint import DeviceName


MOST = 1_000_000
"""No network was trained with more steps, or looks at more points."""


@dataclass(frozen=True, slots=True)
class DiffusionSettings:
    """What a checkpoint's configuration says beside the table of classes."""

    size: NetworkSize
    n_trained_steps: int
    noise_schedule: str
    reach_points: int
    """How many points to either side a point looks at."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DiffusionSettings:
        """Read the settings.

        Raises:
            CheckpointMismatch: Something is missing or does not fit.
        """
        try:
            size = NetworkSize(**cast("dict[str, Any]", config["dit"]))
            settings = cls(
                size=size,
                n_trained_steps=int(config["diffusion_steps"]),
                noise_schedule=str(config["noise_schedule"]),
                reach_points=int(config["seq_len"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointMismatch(
                f"The configuration does not describe a diffusion model: {error!r}."
            ) from error
        for name, value in (
            ("diffusion_steps", settings.n_trained_steps),
            ("seq_len", settings.reach_points),
        ):
            if not 1 <= value <= MOST:
                raise CheckpointMismatch(f"The diffusion model's “{name}” is {value}.")
        if size.context_size != CONTEXT_SIZE:
            raise CheckpointMismatch(
                f"The diffusion model expects {size.context_size} values for each point; this "
                f"version knows {CONTEXT_SIZE}."
            )
        return settings


@dataclass(frozen=True, slots=True, eq=False)
class DiffusionModel:
    """A network with what it has to be told. Not thread-safe; runs without gradients."""

    network: DiffusionNetwork
    settings: DiffusionSettings
    classes: ClassTable

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.network.parameters()).device

    @torch.inference_mode()
    def estimate(
        self,
        positions: Tensor,
        trained_step: float,
        context: Tensor,
        classes: Tensor,
        blocked: Tensor,
        guidance: float,
    ) -> tuple[Tensor, Tensor]:
        """Noise in the positions of one map, and the place of its variance.

        Args:
            positions: Tensor, shape = (2, n_points).
            trained_step: Number of the step.
            context: Tensor, shape = (context_size, n_points).
            classes: The wished-for traits, then their opposite; Tensor, shape = (2, class_size).
            blocked: Tensor, shape = (n_points, n_points); see `DiffusionNetwork`.
            guidance: 1 needs the wished-for traits alone, which saves half of the work.

        Returns:
            Two float32 tensors, shape = (2, n_points).
        """
        if guidance == 1:
            classes = classes[:1]
        n = len(classes)
        estimates = self.network(
            positions.expand(n, -1, -1),
            torch.full((n,), float(trained_step), device=positions.device),
            context.expand(n, -1, -1),
            classes,
            blocked,
        )
        return guided(estimates, guidance)


def guided(estimates: Tensor, guidance: float) -> tuple[Tensor, Tensor]:
    """Noise away from the opposite of what is wished for; the variance needs no guidance.

    Args:
        estimates: With the wished-for traits, then with their opposite unless `guidance` is 1;
            Tensor, shape = (1 or 2, 4, n_points).
        guidance: How many times the difference is taken.

    Returns:
        Noise and the place of its variance, two tensors, shape = (2, n_points).
    """
    noise, spread = estimates.chunk(2, dim=1)
    if len(noise) == 1:
        return noise[0], spread[0]
    wished, opposite = noise
    return opposite + guidance * (wished - opposite), spread[0]


def load(
    folder: Path, device: DeviceName = "auto", dtype: torch.dtype | None = None
) -> DiffusionModel:
    """Load the diffusion checkpoint in a folder.

    Args:
        folder: The checkpoint, as ``scripts/convert_diffusion.py`` writes it.
        device: ``auto`` takes the fastest one that is there.
        dtype: Type of weights and activations; float32 unless given.

    Raises:
        ModelMissing: The folder or one of its files is not there, or the device is not.
        CheckpointMismatch: Files or tensors do not fit; the first misfit is named.
        OutOfMemory: The device cannot hold the weights.
    """
    config = read_json(folder / CONFIG)
    verify_depth(config, folder)
    chosen = choose_device(device)
    with misfit_is_typed(folder, chosen):
        settings = DiffusionSettings.from_config(config)
        classes = ClassTable.from_config(cast("dict[str, Any]", config.get("tokenizer", {})))
        if classes.size != settings.size.class_size:
            raise CheckpointMismatch(
                f"The diffusion model in {folder} has a table of {classes.size} classes, but its "
                f"network takes {settings.size.class_size}."
            )
        with torch.device("meta"):
            network = DiffusionNetwork(settings.size)
        fill(network, read_weights(folder), device=chosen, dtype=dtype or torch.float32)
    network.requires_grad_(requires_grad=False).eval()
    return DiffusionModel(network, settings, classes)
