"""Numbers as waves: the form in which the network takes positions, times, distances and steps."""

from __future__ import annotations

import math

import torch
from torch import Tensor

LONGEST_PERIOD = 10_000.0


def waves(values: Tensor, n_channels: int) -> Tensor:
    """Cosines, then sines, of values at falling frequencies, in float32.

    Args:
        values: Any shape.
        n_channels: Even.

    Returns:
        Tensor, shape = (*values.shape, n_channels).
    """
    half = n_channels // 2
    order = torch.arange(half, dtype=torch.float32, device=values.device)
    frequencies = torch.exp(-math.log(LONGEST_PERIOD) * order / half)
    angles = values[..., None].float() * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=-1)
