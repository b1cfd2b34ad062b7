"""Building blocks of the network: attention, feed-forward, depthwise convolution, dropout."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import torch
from torch import nn
from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor


class MaskedDropout(nn.Module):
    """Dropout whose masks are slices of one pool drawn in advance.

    Drawing random numbers takes almost a third of a training step on a CPU; a slice costs nothing.
    All instances that get the same ``pool`` share its memory.
    """

    def __init__(self, pool: DropoutPool) -> None:
        super().__init__()
        self._pool = [pool]

    def forward(self, x: Tensor) -> Tensor:
        """``x`` with some values zeroed and the rest scaled up, while training."""
        return x * self._pool[0].mask_like(x) if self.training else x


class DropoutPool:
    """Random keep-or-drop factors, drawn once and used from random offsets."""

    def __init__(self, rate: float, size: int = 1 << 22) -> None:
        self.rate = rate
        self.size = size
        self._factors: Tensor | None = None

    def mask_like(self, x: Tensor) -> Tensor:
        """Factors of mean one in the shape of ``x``."""
        if self._factors is None or self._factors.dtype != x.dtype:
            # A generator of its own: a resumed run gets the same pool.
            source = torch.Generator().manual_seed(0)
            keep = torch.rand(self.size, generator=source) >= self.rate
            self._factors = (keep / (1 - self.rate)).to(x.dtype)
        n = x.numel()
        factors = self._factors
        if n >= self.size:
            factors = factors.repeat(n // self.size + 2)
        offset = int(torch.randint(0, factors.numel() - n, (1,)))
        return factors[offset : offset + n].view(x.shape).to(x.device)


def sinusoids(positions: Tensor, width: int, longest: float = 10_000.0) -> Tensor:
    """Sines and cosines of positions, shape = (*positions.shape, width), float32."""
    half = width // 2
    steps = torch.arange(half, device=positions.device, dtype=torch.float32)
    rates = torch.exp(steps * (-math.log(longest) / max(half - 1, 1)))
    angles = positions.to(torch.float32).unsqueeze(-1) * rates
    return torch.cat([angles.sin(), angles.cos()], dim=-1)


def split_heads(x: Tensor, heads: int) -> Tensor:
    """(n, t, width) -> (n, heads, t, width / heads)."""
    n, t, width = x.shape
    return x.view(n, t, heads, width // heads).transpose(1, 2)


def join_heads(x: Tensor) -> Tensor:
    """(n, heads, t, d) -> (n, t, heads * d)."""
    n, heads, t, d = x.shape
    return x.transpose(1, 2).reshape(n, t, heads * d)


def attention(
    q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None = None, *, causal: bool = False
) -> Tensor:
    """Scaled dot product attention of (n, heads, t, d) to (n, heads, s, d).

    In bfloat16 on a CPU the plain products take less than half the time of torch's fused
    attention, forwards and backwards.
    """
    if allowed is not None or q.dtype != torch.bfloat16 or q.device.type != "cpu":
        return F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, is_causal=causal)
    n, heads, t, d = q.shape
    weights = torch.bmm((q / math.sqrt(d)).flatten(0, 1), k.flatten(0, 1).transpose(1, 2))
    if causal:
        future = torch.ones(t, k.shape[2], dtype=torch.bool, device=q.device).triu(1)
        weights = weights.masked_fill(future, -math.inf)
    return torch.bmm(torch.softmax(weights, dim=-1, dtype=q.dtype), v.flatten(0, 1)).view(
        n, heads, t, d
    )


class SelfAttention(nn.Module):
    """Multi-head attention of a sequence to itself, whole or one token at a time."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inward = nn.Linear(width, 3 * width)
        self.outward = nn.Linear(width, width)

    def forward(
        self, x: Tensor, allowed: Tensor | None = None, *, causal: bool = False
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Attend within ``x`` (n, t, width).

        Args:
            x: Tensor, shape = (n, t, width).
            allowed: Tensor, shape = (n, 1, t, t), bool, or None; causality included.
            causal: Look only backwards; used when ``allowed`` is None.

        Returns:
            The result, and keys and values of shape (n, heads, t, width / heads).
        """
        q, k, v = (split_heads(part, self.heads) for part in self.inward(x).chunk(3, dim=-1))
        out = attention(q, k, v, allowed, causal=causal and allowed is None)
        return self.outward(join_heads(out)), k, v

    def next_parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value of new tokens (n, 1, width)."""
        q, k, v = self.inward(x).chunk(3, dim=-1)
        return tuple(split_heads(part, self.heads) for part in (q, k, v))  # type: ignore[return-value]

    def attend(self, q: Tensor, k: Tensor, v: Tensor, allowed: Tensor | None) -> Tensor:
        """Attend new queries to all keys so far."""
        out = attention(q, k, v, allowed)
        return cast("Tensor", self.outward(join_heads(out)))


class CrossAttention(nn.Module):
    """Multi-head attention of tokens to the encoder's memory."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.memory = nn.Linear(width, 2 * width)
        self.outward = nn.Linear(width, width)

    def keys_values(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of a memory (n, m, width), to be computed once per window."""
        k, v = self.memory(memory).chunk(2, dim=-1)
        return split_heads(k, self.heads), split_heads(v, self.heads)

    def forward(self, x: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend ``x`` (n, t, width) to keys and values of n windows, or of n / m windows.

        With fewer windows than sequences, each window serves m sequences in a row (several
        difficulties of one song), whose queries are laid end to end.
        """
        n, t, width = x.shape
        windows = k.shape[0]
        q = split_heads(self.query(x).view(windows, n // windows * t, width), self.heads)
        out = join_heads(attention(q, k, v)).view(n, t, width)
        return cast("Tensor", self.outward(out))


class FeedForward(nn.Module):
    """Two linear layers with a GELU between."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.inward = nn.Linear(width, hidden)
        self.outward = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., width) -> (..., width)."""
        return cast("Tensor", self.outward(F.gelu(self.inward(x))))


class ConvolutionBlock(nn.Module):
    """Residual depthwise convolution over time, then an expanding pointwise pair."""

    def __init__(self, width: int, kernel: int, expansion: int, pool: DropoutPool) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.pointwise = FeedForward(width, expansion * width)
        self.dropout = MaskedDropout(pool)

    def forward(self, x: Tensor) -> Tensor:
        """(n, t, width) -> (n, t, width)."""
        y = self.depthwise(x.transpose(1, 2)).transpose(1, 2)
        return x + cast("Tensor", self.dropout(self.pointwise(self.norm(y))))


class EncoderLayer(nn.Module):
    """Pre-norm transformer layer that sees the whole window."""

    def __init__(self, width: int, heads: int, hidden: int, pool: DropoutPool) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = FeedForward(width, hidden)
        self.dropout = MaskedDropout(pool)

    def forward(self, x: Tensor) -> Tensor:
        """(n, t, width) -> (n, t, width)."""
        x = x + self.dropout(self.attention(self.attention_norm(x))[0])
        return x + cast("Tensor", self.dropout(self.feed(self.feed_norm(x))))


class DecoderLayer(nn.Module):
    """Pre-norm transformer layer: earlier tokens, then the sound, then feed-forward."""

    def __init__(self, width: int, heads: int, hidden: int, pool: DropoutPool) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.cross_norm = nn.LayerNorm(width)
        self.cross = CrossAttention(width, heads)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = FeedForward(width, hidden)
        self.dropout = MaskedDropout(pool)

    def forward(
        self, x: Tensor, allowed: Tensor | None, cross: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """A whole sequence (n, t, width); also its keys and values for the steps to come."""
        y, k, v = self.attention(self.attention_norm(x), allowed, causal=True)
        return self._rest(x + self.dropout(y), cross), k, v

    def step(
        self,
        x: Tensor,
        keys: Tensor,
        values: Tensor,
        allowed: Tensor | None,
        cross: tuple[Tensor, Tensor],
    ) -> Tensor:
        """One new token (n, 1, width); its key and value go into the last place of the buffers.

        Args:
            x: Tensor, shape = (n, 1, width).
            keys: Tensor, shape = (n, heads, t + 1, width / heads), the last place unfilled.
            values: As ``keys``.
            allowed: Tensor, shape = (n, 1, 1, t + 1), bool, or None without padding.
            cross: Keys and values of the sound.
        """
        q, k, v = self.attention.next_parts(self.attention_norm(x))
        keys[:, :, -1:], values[:, :, -1:] = k, v
        return self._rest(x + self.attention.attend(q, keys, values, allowed), cross)

    def _rest(self, x: Tensor, cross: tuple[Tensor, Tensor]) -> Tensor:
        x = x + self.dropout(self.cross(self.cross_norm(x), *cross))
        return x + cast("Tensor", self.dropout(self.feed(self.feed_norm(x))))
