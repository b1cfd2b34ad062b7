"""Rotary positions: queries and keys turned by angles, so that only distances count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Rotation:
    """Angles of some positions; both tensors have the shape (n, 1, n_tokens, head_width)."""

    cosines: Tensor
    sines: Tensor

    @classmethod
    def at(cls, positions: Tensor, head_width: int, theta: float, dtype: torch.dtype) -> Rotation:
        """The angles at positions, shape = (n, n_tokens).

        Feature i of a head's first half turns, together with feature i of the second half, by
        ``position / theta ** (2 * i / head_width)``. Computed in float32, whatever the network is.
        """
        features = torch.arange(0, head_width, 2, dtype=torch.float32, device=positions.device)
        angles = positions[:, None, :, None].float() / theta ** (features / head_width)
        angles = torch.cat([angles, angles], dim=-1)
        return cls(angles.cos().to(dtype), angles.sin().to(dtype))

    def turn(self, heads: Tensor) -> Tensor:
        """Queries or keys, shape = (n, n_heads, n_tokens, head_width), at their positions."""
        first, second = heads.chunk(2, dim=-1)
        across = torch.cat([-second, first], dim=-1)
        return heads * self.cosines + across * self.sines
