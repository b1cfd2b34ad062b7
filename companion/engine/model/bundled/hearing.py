"""The encoder and its frame-wise head: where in a window objects and ends probably lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch import nn
from torch.nn import functional as F

from companion.engine.model.bundled.conditions import N_CLASSES
from companion.engine.model.bundled.grid import BIN_MS, N_PHASES, N_TICK_CLASSES
from companion.engine.model.bundled.layers import ConvolutionBlock, EncoderLayer, sinusoids
from companion.engine.model.bundled.sound import with_flux

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.model.bundled.layers import DropoutPool

SURE = 1e-4
"""Probabilities of the head stay this far from 0 and 1 where logarithms are taken."""


class Hearing(NamedTuple):
    """What is heard in n windows; the decoder needs nothing else of them."""

    frames: Tensor
    """shape = (n_windows, n_frames, width)."""
    onsets: Tensor
    """Log-odds that an object starts in a bin, shape = (n, n_bins), float32."""
    events: Tensor
    """Log-odds that anything happens in a bin, ends included, shape = (n, n_bins), float32."""
    ticks: Tensor
    """shape = (n_windows, n_bins), int64."""
    beats: Tensor
    """shape = (n_windows, n_bins), float32."""
    condition: Tensor
    """What was asked for, shape = (n, width)."""


class Encoder(nn.Module):
    """Spectrogram columns and beat phases to frames; several maps of a song share its result."""

    def __init__(self, sizes: NetworkSizes, pool: DropoutPool) -> None:
        super().__init__()
        width = sizes.width
        self.stem = nn.Conv1d(2 * sizes.n_mels, width, 5, padding=2)
        self.halve = nn.Conv1d(width, width, 5, stride=2, padding=2)
        self.stem_norm = nn.LayerNorm(width)
        self.silence = nn.Parameter(torch.zeros(width))
        self.convolutions = nn.ModuleList(
            ConvolutionBlock(width, 9, 2, pool) for _ in range(sizes.convolutions)
        )
        self.phases = nn.Linear(N_PHASES, width)
        self.layers = nn.ModuleList(
            EncoderLayer(width, sizes.heads, sizes.feed_forward, pool)
            for _ in range(sizes.encoder_layers)
        )
        self.norm = nn.LayerNorm(width)
        positions = 0.5 * sinusoids(torch.arange(sizes.n_frames), width)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, columns: Tensor, phases: Tensor, deaf: Tensor | None = None) -> Tensor:
        """Hear windows.

        Args:
            columns: Tensor, shape = (n, n_mels, window_frames), normalised.
            phases: Tensor, shape = (n, n_frames, N_PHASES).
            deaf: Tensor, shape = (n,), bool: windows whose sound is unknown; or None.

        Returns:
            Tensor, shape = (n, n_frames, width).
        """
        x = F.gelu(self.stem(with_flux(columns)))
        x = self.stem_norm(F.gelu(self.halve(x)).transpose(1, 2))
        if deaf is not None:
            x = torch.where(deaf[:, None, None], self.silence.to(x.dtype), x)
        for block in self.convolutions:
            x = block(x)
        x = x + cast("Tensor", self.positions).to(x.dtype) + self.phases(phases)
        for layer in self.layers:
            x = layer(x)
        return cast("Tensor", self.norm(x))


class BinReader(nn.Module):
    """Reads encoder frames at the times of the time tokens, later by the acoustic lag."""

    def __init__(self, sizes: NetworkSizes, n_bins: int) -> None:
        super().__init__()
        place = (torch.arange(n_bins) * BIN_MS + BIN_MS / 2 + sizes.lag_ms) / sizes.frame_ms
        place = place.clamp(0, sizes.n_frames - 1)
        low = place.floor().long().clamp(max=sizes.n_frames - 2)
        share = place - low
        weights = torch.zeros(n_bins, sizes.n_frames)
        rows = torch.arange(n_bins)
        weights[rows, low], weights[rows, low + 1] = 1 - share, share
        # Dense on purpose: a product with a constant is quicker than indexing, backwards above all.
        self.register_buffer("weights", weights, persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """(n, n_frames, width) -> (n, n_bins, width)."""
        return torch.matmul(cast("Tensor", self.weights).to(frames.dtype), frames)


class Condition(nn.Module):
    """What was asked of a map (mode, stars, density, keys) as one vector."""

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        self.tables = nn.ModuleList(nn.Embedding(n, sizes.width) for n in N_CLASSES)
        for table in self.tables:
            nn.init.normal_(cast("nn.Embedding", table).weight, std=0.25)

    def forward(self, classes: Tensor) -> Tensor:
        """(n, number of conditions) int64 -> (n, width)."""
        return torch.stack(
            [table(classes[:, index]) for index, table in enumerate(self.tables)]
        ).sum(dim=0)


class FrameHead(nn.Module):
    """Per time bin: does an object start here, does anything happen here."""

    def __init__(self, sizes: NetworkSizes) -> None:
        super().__init__()
        self.ticks = nn.Embedding(N_TICK_CLASSES, sizes.width)
        nn.init.normal_(self.ticks.weight, std=0.25)
        self.first = nn.Linear(sizes.width, sizes.head_width)
        self.wish = nn.Linear(sizes.width, sizes.head_width, bias=False)
        self.second = nn.Linear(sizes.head_width, sizes.head_width // 2)
        self.last = nn.Linear(sizes.head_width // 2, 2)
        nn.init.constant_(self.last.bias, -3.0)

    def forward(self, bins: Tensor, ticks: Tensor, condition: Tensor) -> Tensor:
        """Log-odds of (onset, event) per bin, shape = (n, n_bins, 2), float32.

        ``bins`` (n_windows, n_bins, width) and ``ticks`` (n_windows, n_bins) may hold fewer
        windows than ``condition`` (n, width) has rows; each then serves n / n_windows rows.
        """
        x = self.first(bins + self.ticks(ticks).to(bins.dtype))
        wish = self.wish(condition).view(x.shape[0], -1, 1, x.shape[2])
        x = F.gelu(self.second(F.gelu((x.unsqueeze(1) + wish).flatten(0, 1))))
        return cast("Tensor", self.last(x)).float()
