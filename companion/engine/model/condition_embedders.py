"""Vectors for what a map is wished to be: difficulty, mapper, place in the song.

Networks whose encoder is told these get each vector beside every spectrogram column. Numbers are
first spread over bell curves with trained centres and widths, so that near ones look alike. Modules
and tensors have the names they have in checkpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

if TYPE_CHECKING:
    from torch import Tensor

DIFFICULTY_CURVES = 8
POSITION_CURVES = 10
DIFFICULTY_SCALE_STARS = 10.0
"""The star rating that counts as one."""
_FIRST_WIDTH = 0.1
"""Of the curves, before training."""


class DifficultyEmbedder(nn.Module):
    """Star ratings as vectors."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.basis_centers = nn.Parameter(torch.linspace(0, 1, DIFFICULTY_CURVES))
        self.basis_widths = nn.Parameter(torch.full((DIFFICULTY_CURVES,), _FIRST_WIDTH))
        self.difficulty_proj = _projection(DIFFICULTY_CURVES, width, width)

    def forward(self, stars: Tensor) -> Tensor:
        """Star ratings, shape = (n,), to (n, width)."""
        scaled = stars / DIFFICULTY_SCALE_STARS
        return self.difficulty_proj(_on_curves(scaled, self.basis_centers, self.basis_widths))


class MapperEmbedder(nn.Module):
    """Mappers as vectors; one more than there are stands for mappers that are not known."""

    def __init__(self, n_mappers: int, width: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(n_mappers + 1, width)
        self.layer_norm = nn.LayerNorm(width)

    def forward(self, mappers: Tensor) -> Tensor:
        """Mapper classes, shape = (n,), int64, to (n, width); those out of range are unknown."""
        unknown = self.embedding.num_embeddings - 1
        is_known = (mappers >= 0) & (mappers < unknown)
        return self.layer_norm(self.embedding(torch.where(is_known, mappers, unknown)))


class SongPositionEmbedder(nn.Module):
    """Where in its song a window begins and ends, as vectors."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.basis_centers = nn.Parameter(torch.linspace(0, 1, POSITION_CURVES))
        self.basis_widths = nn.Parameter(torch.full((POSITION_CURVES,), _FIRST_WIDTH))
        self.position_proj = _projection(2 * POSITION_CURVES, 2 * width, width)

    def forward(self, spans: Tensor) -> Tensor:
        """Start and end as fractions of the song, shape = (n, 2), to (n, width)."""
        curves = _on_curves(spans, self.basis_centers, self.basis_widths)
        return self.position_proj(curves.flatten(1))


def _on_curves(values: Tensor, centres: Tensor, widths: Tensor) -> Tensor:
    """How high each bell curve is at values of any shape; one dimension more.

    Computed in float32: curves are narrow against what a half precision number can tell apart.
    """
    away = values[..., None].float() - centres.float()
    return torch.exp(-away.square() / (2 * widths.float().square())).to(centres.dtype)


def _projection(n_in: int, inner: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(n_in, inner),
        nn.LayerNorm(inner),
        nn.ReLU(),
        nn.Identity(),  # training's dropout, which counts in the numbering of the tensors
        nn.Linear(inner, width),
        nn.LayerNorm(width),
    )
