"""The osu-diffusion network: a transformer whose layers are tuned by the step and the map.

Facts: architecture and tensor names of the published ``model_ema`` (a DiT with adaptive norms,
Peebles and Xie, 2023). Positions go in as waves of 512 times the normalised coordinate; the sum of
the step's and the map's embedding shifts, scales and gates every layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from companion.engine.diffusion.embedding import waves

if TYPE_CHECKING:
    from collections.abc import Callable

N_AXES = 2
POSITION_CHANNELS = 128
STEP_CHANNELS = 256
POSITION_SCALE = 512
MLP_RATIO = 4
NORM_EPS = 1e-6


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """The sizes of a network, from the ``dit`` part of its configuration."""

    context_size: int
    hidden_size: int
    depth: int
    num_heads: int
    class_size: int


class DiffusionNetwork(nn.Module):
    """Estimates the noise in positions, and how sure one can be about the step before."""

    __call__: Callable[..., Tensor]

    def __init__(self, size: NetworkSize) -> None:
        super().__init__()
        if size.hidden_size % size.num_heads:
            raise ValueError(f"{size.hidden_size} channels for {size.num_heads} heads")
        hidden = size.hidden_size
        self.context_embedder = _PointEmbedder(size)
        self.t_embedder = _StepEmbedder(hidden)
        self.y_embedder = _ClassEmbedder(size.class_size, hidden)
        self.blocks = nn.ModuleList(_Block(hidden, size.num_heads) for _ in range(size.depth))
        self.final_layer = _FinalLayer(hidden)

    def forward(
        self, positions: Tensor, steps: Tensor, context: Tensor, classes: Tensor, blocked: Tensor
    ) -> Tensor:
        """Estimate.

        Args:
            positions: Normalised, noisy; Tensor, shape = (n, 2, n_points).
            steps: Numbers of the trained steps; Tensor, shape = (n,).
            context: What is known of the points; Tensor, shape = (n, context_size, n_points).
            classes: Tensor, shape = (n, class_size).
            blocked: True where a point (row) may not look at a point (column); Tensor,
                shape = (n_points, n_points).

        Returns:
            Float32 tensor, shape = (n, 4, n_points): noise along x and y, then the variances'
            place between the smallest (-1) and the largest (1).
        """
        points = self.context_embedder(positions.mT, context.mT)
        tuning = self.t_embedder(steps) + self.y_embedder(classes)
        seen = ~blocked
        for block in self.blocks:
            points = block(points, tuning, seen)
        return self.final_layer(points, tuning).mT.float()


class _PointEmbedder(nn.Module):
    def __init__(self, size: NetworkSize) -> None:
        super().__init__()
        n_inputs = N_AXES * POSITION_CHANNELS + size.context_size
        self.mlp = nn.Sequential(nn.Linear(n_inputs, size.hidden_size))

    def forward(self, positions: Tensor, context: Tensor) -> Tensor:
        placed = waves(positions * POSITION_SCALE, POSITION_CHANNELS).flatten(-2)
        dtype = next(self.parameters()).dtype
        return self.mlp(torch.cat([placed.to(dtype), context.to(dtype)], dim=-1))


class _StepEmbedder(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(STEP_CHANNELS, hidden), nn.SiLU(), nn.Linear(hidden, hidden)
        )

    def forward(self, steps: Tensor) -> Tensor:
        return self.mlp(waves(steps, STEP_CHANNELS).to(next(self.parameters()).dtype))


class _ClassEmbedder(nn.Module):
    def __init__(self, class_size: int, hidden: int) -> None:
        super().__init__()
        self.class_embedding = nn.Sequential(
            nn.Linear(class_size, hidden), nn.SiLU(), nn.Linear(hidden, hidden)
        )

    def forward(self, classes: Tensor) -> Tensor:
        return self.class_embedding(classes.to(next(self.parameters()).dtype))


class _Attention(nn.Module):
    """Its tensors are named as those of torch's own layer."""

    def __init__(self, hidden: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.in_proj_weight = nn.Parameter(torch.zeros(3 * hidden, hidden))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * hidden))
        self.out_proj = nn.Linear(hidden, hidden)

    def forward(self, points: Tensor, seen: Tensor) -> Tensor:
        mixed = functional.linear(points, self.in_proj_weight, self.in_proj_bias)
        by_head = mixed.reshape(*mixed.shape[:2], 3, self.n_heads, -1).permute(2, 0, 3, 1, 4)
        query, key, value = by_head.unbind(0)
        heard = functional.scaled_dot_product_attention(query, key, value, attn_mask=seen)
        return self.out_proj(heard.transpose(1, 2).flatten(-2))


class _Mlp(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(hidden, MLP_RATIO * hidden)
        self.fc2 = nn.Linear(MLP_RATIO * hidden, hidden)

    def forward(self, points: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(points), approximate="tanh"))


class _Block(nn.Module):
    def __init__(self, hidden: int, n_heads: int) -> None:
        super().__init__()
        self.attn = _Attention(hidden, n_heads)
        self.mlp = _Mlp(hidden)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(hidden, 6 * hidden))

    def forward(self, points: Tensor, tuning: Tensor, seen: Tensor) -> Tensor:
        tunings = self.adaLN_modulation(tuning)[:, None].chunk(6, dim=-1)
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = tunings
        points = points + gate * self.attn(_tuned(points, shift, scale), seen)
        return points + mlp_gate * self.mlp(_tuned(points, mlp_shift, mlp_scale))


class _FinalLayer(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.linear = nn.Linear(hidden, 2 * N_AXES)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(hidden, 2 * hidden))

    def forward(self, points: Tensor, tuning: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(tuning)[:, None].chunk(2, dim=-1)
        return self.linear(_tuned(points, shift, scale))


def _tuned(points: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """Points normalised per point, then scaled and shifted as the step and the map ask."""
    normal = functional.layer_norm(points, points.shape[-1:], eps=NORM_EPS)
    return normal * (1 + scale) + shift
