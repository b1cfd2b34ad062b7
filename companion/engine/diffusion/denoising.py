"""Taking the noise out of positions, step by step, chunk by chunk."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import torch

from companion.engine.diffusion.sequence import in_pixels, normalised, points_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from companion.engine.cancellation import CancelToken
    from companion.engine.diffusion.model import DiffusionModel
    from companion.engine.diffusion.paths import PathOf
    from companion.engine.diffusion.schedule import Stage
    from companion.engine.diffusion.slider_ends import SliderEnd

FARTHEST = 2.0
"""Positions are kept within this, in the network's units (half a playfield beyond each border)."""


class Noise(Protocol):
    """A source of standard normal noise."""

    def __call__(self, n_points: int, /) -> Tensor:
        """Draw noise for some points, shape = (2, n_points)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Guide:
    """A network together with the map it is to work towards."""

    model: DiffusionModel
    classes: Tensor
    """The wished-for traits, then their opposite; Tensor, shape = (2, class_size)."""
    guidance: float


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Points that are seen together. Free ones are drawn, the others are what they lie among."""

    start: Tensor
    """Positions to begin with; Tensor, shape = (2, n_points)."""
    free: Tensor
    """Tensor, shape = (n_points,), bool."""
    context: Tensor
    """Tensor, shape = (context_size, n_points)."""
    blocked: Tensor
    """Tensor, shape = (n_points, n_points); see `DiffusionNetwork`."""
    sliders: Sequence[SliderEnd]
    """Sliders whose ends are recomputed."""
    path_of: PathOf
    """Makes their paths."""

    def settled(self, positions: Tensor) -> Tensor:
        """Positions with kept points where they were and slider ends where they belong."""
        return self._with_ends(torch.where(self.free, positions, self.start))

    def with_ends(self) -> Chunk:
        """The same chunk, its slider ends recomputed before anything is drawn."""
        return replace(self, start=self._with_ends(self.start))

    def _with_ends(self, positions: Tensor) -> Tensor:
        if not self.sliders:
            return positions
        places = points_of(in_pixels(positions))
        for slider in self.sliders:
            end = slider.position([places[n] for n in slider.controls], self.path_of)
            if end is not None:
                places[slider.end] = end
        ends = sorted({slider.end for slider in self.sliders})
        moved = torch.tensor([places[end] for end in ends], dtype=torch.float32).T
        settled = positions.clone()
        settled[:, ends] = normalised(moved).to(positions.device)
        return settled


def denoise(
    chunk: Chunk,
    stages: Sequence[Stage],
    guide: Guide,
    noise: Noise,
    cancel: CancelToken | None = None,
    *,
    begin: Tensor | None = None,
) -> Tensor:
    """Draw the free points of a chunk through the given stages.

    It begins with the chunk's own positions unless others are given, shape = (2, n_points). Noise
    is drawn for every stage, even for the last one, which does not need it.

    Returns:
        Tensor, shape = (2, n_points).

    Raises:
        Cancelled: The work was called off between two stages.
    """
    positions = chunk.start if begin is None else begin
    for stage in stages:
        if cancel is not None:
            cancel.raise_if_cancelled()
        found, spread = guide.model.estimate(
            positions,
            stage.trained_step,
            chunk.context,
            guide.classes,
            chunk.blocked,
            guide.guidance,
        )
        fresh = noise(positions.shape[1]).to(positions.device)
        clean = chunk.settled(stage.clean(positions, found)).clamp(-FARTHEST, FARTHEST)
        positions = stage.before(clean, positions, spread, fresh)
    return positions


def band(n_points: int, reach: int, device: torch.device) -> Tensor:
    """Which points are too far apart to look at each other.

    A point looks at fewer points before it than after it: ``reach - 1`` and ``reach``, itself not
    counted. So the networks were trained.

    Returns:
        Bool tensor, shape = (n_points, n_points), True where row may not look at column.
    """
    order = torch.arange(n_points, device=device)
    after = order[None, :] - order[:, None]
    return (after <= -reach) | (after > reach)
