"""Layers of the V32 family: fused projections, turned positions, root mean square norms.

Positions are told by rotating queries and keys of self-attention (RoPE), so that nothing depends on
where a prompt begins. Queries, keys and values come from one matrix whose rows are all queries,
then all keys, then all values, each head by head. Norms have no epsilon of their own and thus take
the machine epsilon of the type computed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, cast

import torch
from torch import nn
from torch.nn.functional import gelu
from transformers.activations import ACT2FN

from companion.engine.model.attention import attend, attend_newest
from companion.engine.model.rotary import Rotation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from torch import Tensor

    from companion.engine.model.attention import LayerCache


@dataclass(frozen=True, slots=True)
class LayerSettings:
    """What the layers of one side, encoder or decoder, are built from."""

    width: int
    n_layers: int
    n_heads: int
    feed_forward: int
    activation: str
    bias: bool
    global_every: int
    """Every how many layers one looks at everything; the others look around locally."""
    global_base: float
    """Base of the rotation's wavelengths in layers that look at everything."""
    local_reach: int
    """How many tokens to either side the other layers look."""
    local_base: float

    @classmethod
    def of(cls, backbone: Mapping[str, Any], side: str) -> Self:
        """Read one side of ``backbone_config``."""
        global_base, local_base = backbone["global_rope_theta"], backbone["local_rope_theta"]
        settings = cls(
            width=int(backbone["d_model"]),
            n_layers=int(backbone[f"{side}_layers"]),
            n_heads=int(backbone[f"{side}_attention_heads"]),
            feed_forward=int(backbone[f"{side}_ffn_dim"]),
            activation=str(backbone["activation_function"]),
            bias=bool(backbone["attention_bias"]),
            global_every=int(backbone["global_attn_every_n_layers"]),
            global_base=float(global_base),
            local_reach=int(backbone["local_attention"]) // 2,
            local_base=float(global_base if local_base is None else local_base),
        )
        if settings.n_heads < 1 or settings.width % (2 * settings.n_heads):
            raise ValueError(f"{settings.n_heads} heads do not fit a width of {settings.width}")
        if settings.global_every < 1:
            raise ValueError("global_attn_every_n_layers has to be 1 at least")
        return settings

    def is_global(self, layer: int) -> bool:
        """Whether a layer looks at everything."""
        return layer % self.global_every == 0


class Encoder(nn.Module):
    """Hears a spectrogram."""

    def __init__(self, n_bins: int, settings: LayerSettings) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(n_bins, settings.width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(settings.width, settings.width, kernel_size=3, stride=2, padding=1)
        self.layers = nn.ModuleList(_Layer(settings, i) for i in range(settings.n_layers))
        self.layer_norm = nn.RMSNorm(settings.width)

    def forward(self, columns: Tensor) -> Tensor:
        """Columns, shape = (n, n_columns, n_bins), to (n, n_columns / 2, width)."""
        hidden = gelu(self.conv1(columns.transpose(1, 2)))
        hidden = gelu(self.conv2(hidden)).transpose(1, 2)
        positions = torch.arange(hidden.shape[1], device=hidden.device)[None]
        layers = cast("list[_Layer]", list(self.layers))
        attentions = [layer.self_attn for layer in layers]
        rotations = rotations_at(positions, attentions, hidden.dtype)
        for layer in layers:
            attention = layer.self_attn
            queries, keys, values = attention.project(layer.self_attn_layer_norm(hidden), rotations)
            nearby = near(hidden.shape[1], attention.reach, hidden.device)
            hidden = hidden + attention.mix(queries, keys, values, nearby)
            hidden = layer.think(hidden)
        return self.layer_norm(hidden)


class Decoder(nn.Module):
    """The layers that write; how they remember is up to who runs them."""

    def __init__(self, settings: LayerSettings) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderLayer(settings, i) for i in range(settings.n_layers))
        self.layer_norm = nn.RMSNorm(settings.width)


class _Layer(nn.Module):
    def __init__(self, settings: LayerSettings, index: int) -> None:
        super().__init__()
        self.self_attn = SelfAttention(settings, is_global=settings.is_global(index))
        self.self_attn_layer_norm = nn.RMSNorm(settings.width)
        self.fc1 = nn.Linear(settings.width, settings.feed_forward)
        self.fc2 = nn.Linear(settings.feed_forward, settings.width)
        self.final_layer_norm = nn.RMSNorm(settings.width)
        self.activation: nn.Module = ACT2FN[settings.activation]

    def think(self, hidden: Tensor) -> Tensor:
        """Add the feed-forward part."""
        return hidden + self.fc2(self.activation(self.fc1(self.final_layer_norm(hidden))))


class DecoderLayer(_Layer):
    """A layer that looks at the tokens before it and at the window."""

    def __init__(self, settings: LayerSettings, index: int) -> None:
        super().__init__(settings, index)
        self.cross_attn = CrossAttention(settings)
        self.cross_attn_layer_norm = nn.RMSNorm(settings.width)

    def listen_and_think(self, hidden: Tensor, cache: LayerCache) -> Tensor:
        """The rest of the layer: attention to what was heard, then the feed-forward part."""
        return self.think(hidden + self.cross_attn(self.cross_attn_layer_norm(hidden), cache))


class SelfAttention(nn.Module):
    """Tokens looking at tokens."""

    def __init__(self, settings: LayerSettings, *, is_global: bool) -> None:
        super().__init__()
        self.n_heads = settings.n_heads
        self.head_width = settings.width // settings.n_heads
        self.reach = None if is_global else settings.local_reach
        self.base = settings.global_base if is_global else settings.local_base
        self.Wqkv = nn.Linear(settings.width, 3 * settings.width, bias=settings.bias)
        self.Wo = nn.Linear(settings.width, settings.width, bias=settings.bias)

    def project(
        self, hidden: Tensor, rotations: Mapping[float, Rotation]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries and keys, turned, and values; shape = (n, n_heads, n_tokens, head_width)."""
        queries, keys, values = _split(self.Wqkv(hidden), 3, self.n_heads)
        rotation = rotations[self.base]
        return rotation.turn(queries), rotation.turn(keys), values

    def mix(
        self,
        queries: Tensor,
        keys: Tensor,
        values: Tensor,
        allowed: Tensor | None,
        *,
        causal: bool = False,
    ) -> Tensor:
        """What the tokens take from those they may look at, shape = (n, n_tokens, width)."""
        return self.Wo(attend(queries, keys, values, allowed, causal=causal))

    def mix_newest(
        self, queries: Tensor, keys: Tensor, values: Tensor, visible: Tensor | None
    ) -> Tensor:
        """What the newest token of each row takes from those before, shape = (n, 1, width)."""
        return self.Wo(attend_newest(queries, keys, values, visible))


class CrossAttention(nn.Module):
    """Looks at the whole window, in layers that look around locally, too."""

    def __init__(self, settings: LayerSettings) -> None:
        super().__init__()
        self.n_heads = settings.n_heads
        self.Wq = nn.Linear(settings.width, settings.width, bias=settings.bias)
        self.Wkv = nn.Linear(settings.width, 2 * settings.width, bias=settings.bias)
        self.Wo = nn.Linear(settings.width, settings.width, bias=settings.bias)

    def heard(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of windows; rows that share one window share the work."""
        n = hidden.shape[0]
        distinct = hidden[:1] if n > 1 and hidden.stride(0) == 0 else hidden
        keys, values = _split(self.Wkv(distinct), 2, self.n_heads)
        return keys.expand(n, -1, -1, -1), values.expand(n, -1, -1, -1)

    def forward(self, hidden: Tensor, cache: LayerCache) -> Tensor:
        """What the tokens take from the window, shape = (n, n_tokens, width)."""
        (queries,) = _split(self.Wq(hidden), 1, self.n_heads)
        return self.Wo(cache.listen(queries))


def _split(projected: Tensor, n_parts: int, n_heads: int) -> tuple[Tensor, ...]:
    """Shape (n, n_tokens, n_parts * width) to parts of (n, n_heads, n_tokens, head_width)."""
    n, n_tokens, _ = projected.shape
    parts = projected.view(n, n_tokens, n_parts, n_heads, -1).permute(2, 0, 3, 1, 4)
    return parts.unbind(0)


def rotations_at(
    positions: Tensor, attentions: Iterable[SelfAttention], dtype: torch.dtype
) -> dict[float, Rotation]:
    """How far queries and keys are turned, for each base among the layers of one side.

    Args:
        positions: Tensor, shape = (n or 1, n_tokens), int64.
        attentions: All of the side; their heads are alike.
        dtype: What is computed in.
    """
    head_widths = {attention.base: attention.head_width for attention in attentions}
    return {
        base: Rotation.at(positions, head_width, base, dtype)
        for base, head_width in head_widths.items()
    }


def near(n_tokens: int, reach: int | None, device: torch.device) -> Tensor | None:
    """Which tokens are within reach of each, shape = (n_tokens, n_tokens); None if all are."""
    if reach is None:
        return None
    indices = torch.arange(n_tokens, device=device)
    return (indices[:, None] - indices).abs() <= reach
