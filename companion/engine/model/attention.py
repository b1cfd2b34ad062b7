"""Attention of decoders that step token by token: heads, masks, and a memory with room to grow.

What the families have in common whatever their layers look like. Padding is on the left and never
attended to; keys and values are written into room that is made in blocks, because growing them by
one token each would copy all of them each time.

On a processor a step's one query per row spends its time on reading keys and values. torch's fused
attention, made for many queries, reads them at a fifth of the speed at which two products do: 1.7
in place of 0.4 ms for a layer with 2048 heard columns, each head's in one piece of memory (two
cores with AVX-512, MKL). Where heads are interleaved, the products take twice as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch.nn.functional import scaled_dot_product_attention

if TYPE_CHECKING:
    from torch import Tensor, nn

CACHE_BLOCK_TOKENS = 256
"""So many tokens more fit into a memory each time that it is full."""


class AttentionWeights(Protocol):
    """Projections of one attention as Whisper names them."""

    num_heads: int
    head_dim: int
    q_proj: nn.Linear
    k_proj: nn.Linear
    v_proj: nn.Linear
    out_proj: nn.Linear


@dataclass(slots=True)
class LayerCache:
    """Keys and values of one decoder layer, shape = (n, n_heads, n_tokens or n_heard, head_width).

    ``keys`` and ``values`` have room for tokens to come.
    """

    keys: Tensor
    values: Tensor
    heard_keys: Tensor
    heard_values: Tensor

    def prepare(self, room: int) -> None:
        """Make room for tokens to come, and lay out each head in one piece, as steps read it."""
        self.make_room(room)
        self.heard_keys = _in_one_piece(self.heard_keys)
        self.heard_values = _in_one_piece(self.heard_values)

    def make_room(self, room: int) -> None:
        """Have room for more tokens."""
        self.keys = with_room(self.keys, room)
        self.values = with_room(self.values, room)

    def put(self, place: int, keys: Tensor, values: Tensor) -> None:
        """Remember one more token, shape = (n, n_heads, 1, head_width)."""
        self.keys[:, :, place : place + 1] = keys
        self.values[:, :, place : place + 1] = values

    def until(self, past: int) -> tuple[Tensor, Tensor]:
        """Keys and values of the first tokens."""
        return self.keys[:, :, :past], self.values[:, :, :past]

    def listen(self, queries: Tensor) -> Tensor:
        """Attend to what was heard, (n, n_heads, n_tokens, head_width) to (n, n_tokens, width)."""
        mix = attend_newest if queries.shape[2] == 1 else attend
        return mix(queries, self.heard_keys, self.heard_values)

    def spread(self, n: int) -> None:
        """See `DecoderState.spread`."""
        self.keys = self.keys.repeat_interleave(n, dim=0)
        self.values = self.values.repeat_interleave(n, dim=0)
        self.heard_keys = _spread_shared(self.heard_keys, n)
        self.heard_values = _spread_shared(self.heard_values, n)

    def reorder(self, parents: Tensor) -> None:
        """See `DecoderState.reorder`."""
        self.keys, self.values = self.keys[parents], self.values[parents]


@dataclass(slots=True)
class DecoderMemory:
    """What a decoder remembers of some rows of tokens."""

    layers: list[LayerCache]
    n_tokens: int
    next_position: Tensor
    """Padding does not count, shape = (n,)."""
    visible: Tensor | None
    """False at padding, shape = (n, 1, 1, room); None when nothing is padded."""

    def advance(self) -> Tensor | None:
        """Count one more token, with room for it; what may be seen, itself included."""
        if self.n_tokens == self.layers[0].keys.shape[2]:
            self.make_room()
        self.n_tokens += 1
        self.next_position = self.next_position + 1
        return None if self.visible is None else self.visible[..., : self.n_tokens]

    def spread(self, n: int) -> None:
        """See `DecoderState.spread`."""
        for cache in self.layers:
            cache.spread(n)
        self.next_position = self.next_position.repeat_interleave(n, dim=0)
        if self.visible is not None:
            self.visible = self.visible.repeat_interleave(n, dim=0)

    def reorder(self, parents: Tensor) -> None:
        """See `DecoderState.reorder`."""
        parents = parents.to(self.next_position.device)
        for cache in self.layers:
            cache.reorder(parents)

    def make_room(self) -> None:
        """Grow by one block, in place."""
        for cache in self.layers:
            cache.make_room(CACHE_BLOCK_TOKENS)
        if self.visible is not None:
            n = self.visible.shape[0]
            more = self.visible.new_ones(n, 1, 1, CACHE_BLOCK_TOKENS)
            self.visible = torch.cat([self.visible, more], dim=-1)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Where the tokens of some sequences stand, and which of them are there."""

    positions: Tensor
    """Padding does not count, shape = (n, n_tokens)."""
    visible: Tensor | None
    """As in `DecoderMemory`."""
    allowed: Tensor | None
    """Which tokens each may look at, shape = (n, 1, n_tokens, n_tokens); None when nothing is
    padded, so that all may look at those before."""

    @classmethod
    def of(cls, tokens: Tensor, mask: Tensor | None, room: int) -> Rows:
        """The places of tokens, shape = (n, n_tokens), False in ``mask`` at padding."""
        n, n_tokens = tokens.shape
        if mask is None or bool(mask.all()):
            return cls(torch.arange(n_tokens, device=tokens.device).expand(n, -1), None, None)
        mask = mask.to(tokens.device)
        positions = (mask.cumsum(1) - 1).clamp(min=0)
        visible = torch.ones(n, 1, 1, n_tokens + room, dtype=torch.bool, device=tokens.device)
        visible[:, 0, 0, :n_tokens] = mask
        return cls(positions, visible, causal_mask(visible[..., :n_tokens]))


def causal_mask(visible: Tensor) -> Tensor:
    """Which tokens each token may look at, shape = (n, 1, n_tokens, n_tokens)."""
    n_tokens = visible.shape[-1]
    causal = torch.ones(n_tokens, n_tokens, dtype=torch.bool, device=visible.device).tril()
    # Padding sees itself: a row that may look at nothing at all would turn into NaN.
    itself = torch.eye(n_tokens, dtype=torch.bool, device=visible.device)
    return (visible & causal) | itself


def with_room(tensor: Tensor, room: int) -> Tensor:
    """A copy of keys or values, each head in one piece, with undefined ones after them."""
    n, n_heads, n_tokens, width = tensor.shape
    roomy = tensor.new_empty(n, n_heads, n_tokens + room, width)
    roomy[:, :, :n_tokens] = tensor
    return roomy


def _is_shared(tensor: Tensor) -> bool:
    """Whether several rows are one and the same memory."""
    return tensor.shape[0] > 1 and tensor.stride(0) == 0


def _in_one_piece(heard: Tensor) -> Tensor:
    """What was heard with each head in one piece; rows that share their memory go on sharing it."""
    if _is_shared(heard):
        return heard[:1].contiguous().expand(heard.shape)
    return heard.contiguous()


def _is_read_by_products(queries: Tensor) -> bool:
    """Whether two products are faster than fused attention, and as exact."""
    return (
        queries.device.type == "cpu"
        and queries.dtype is torch.float32
        and not torch.is_autocast_enabled("cpu")
    )


def _spread_shared(tensor: Tensor, n: int) -> Tensor:
    """Each row ``n`` times over; rows that share their memory go on sharing it."""
    if tensor.shape[0] == 1 or _is_shared(tensor):
        return tensor[:1].expand(n * tensor.shape[0], *tensor.shape[1:])
    return tensor.repeat_interleave(n, dim=0)


def split_heads(projected: Tensor, n_heads: int) -> Tensor:
    """Shape (n, n_tokens, width) to (n, n_heads, n_tokens, head_width)."""
    n, n_tokens, width = projected.shape
    return projected.view(n, n_tokens, n_heads, width // n_heads).transpose(1, 2)


def attend(
    queries: Tensor,
    keys: Tensor,
    values: Tensor,
    allowed: Tensor | None = None,
    *,
    causal: bool = False,
) -> Tensor:
    """Mix values for queries, all (n, n_heads, n_tokens, head_width); shape (n, n_tokens, width).

    Args:
        queries: Who asks.
        keys: What is found.
        values: What is taken from it.
        allowed: What each may look at; everything unless given.
        causal: Without ``allowed``: whether each may only look at itself and what is before.
    """
    mixed = scaled_dot_product_attention(
        queries, keys, values, attn_mask=allowed, is_causal=causal and queries.shape[2] > 1
    )
    return mixed.transpose(1, 2).flatten(2)


def attend_newest(
    queries: Tensor, keys: Tensor, values: Tensor, visible: Tensor | None = None
) -> Tensor:
    """`attend` with one query per row, to what a `LayerCache` holds; shape (n, 1, width).

    Args:
        queries: Shape = (n, n_heads, 1, head_width).
        keys: Shape = (n, n_heads, n_tokens or n_heard, head_width).
        values: The same shape.
        visible: False where nothing is to be looked at, shape = (n, 1, 1, n_tokens).
    """
    if not _is_read_by_products(queries):
        return attend(queries, keys, values, visible)
    is_shared = visible is None and _is_shared(keys)
    if is_shared:  # All rows are queries to one window, whose keys and values are read once.
        queries, keys, values = queries.transpose(0, 2), keys[:1], values[:1]
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.transpose(2, 3)
    if visible is not None:
        scores = scores.masked_fill(~visible, -torch.inf)
    mixed = scores.softmax(-1) @ values
    if is_shared:
        mixed = mixed.transpose(0, 2)
    return mixed.transpose(1, 2).flatten(2)


def heard_keys_and_values(hidden: Tensor, attention: AttentionWeights) -> tuple[Tensor, Tensor]:
    """Cross attention's keys and values; rows that share one window share the work."""
    n = hidden.shape[0]
    distinct = hidden[:1] if _is_shared(hidden) else hidden
    keys = split_heads(attention.k_proj(distinct), attention.num_heads)
    values = split_heads(attention.v_proj(distinct), attention.num_heads)
    return keys.expand(n, -1, -1, -1), values.expand(n, -1, -1, -1)
