"""Running networks with Whisper's kind of layers, whatever their norms and positions are.

A prompt is taken in once, what the encoder heard is projected once per window, and each step adds a
token. How tokens are embedded and how positions are told is up to the family.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol, cast

import torch
from torch import nn

from companion.engine.model.attention import (
    CACHE_BLOCK_TOKENS,
    AttentionWeights,
    DecoderMemory,
    LayerCache,
    Rows,
    attend,
    attend_newest,
    heard_keys_and_values,
    split_heads,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from companion.engine.mel import MelSpectrogram
    from companion.engine.model.backbone import DecoderState, EncodedWindows, WindowInput
    from companion.engine.model.rotary import Rotation
    from companion.engine.model.settings import ModelSettings
    from companion.engine.vocabulary import Vocabulary

HIDDEN = "hidden"
"""The part of the encoded windows that decoders attend to."""


class DecoderLayer(Protocol):
    """The parts of a decoder layer as Whisper names them."""

    self_attn: AttentionWeights
    self_attn_layer_norm: nn.Module
    encoder_attn: AttentionWeights
    encoder_attn_layer_norm: nn.Module
    fc1: nn.Linear
    fc2: nn.Linear
    final_layer_norm: nn.Module
    activation_fn: nn.Module


class LayeredNetwork(nn.Module):
    """Encoder and decoder under the names that their weights have in checkpoints."""

    def __init__(
        self,
        spectrogram: MelSpectrogram,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        width: int,
        n_inputs: int,
        n_outputs: int,
    ) -> None:
        """Join the parts.

        Args:
            spectrogram: What turns samples into columns.
            encoder: Hears columns.
            decoder: Has ``layers`` and a ``layer_norm``; its own embedding is not used.
            width: Of the layers.
            n_inputs: Ids that may stand in prompts.
            n_outputs: Ids that can be predicted.
        """
        super().__init__()
        self.spectrogram = spectrogram
        self.transformer = _Transformer(encoder, decoder, width, n_outputs)
        self.decoder_embedder = nn.Embedding(n_inputs, width)


class _Transformer(nn.Module):
    def __init__(self, encoder: nn.Module, decoder: nn.Module, width: int, n_outputs: int) -> None:
        super().__init__()
        self.model = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
        self.proj_out = nn.Linear(width, n_outputs, bias=False)


class DecoderBackbone(ABC):
    """Runs a `LayeredNetwork`, whatever its layers: what of a `Backbone` all families share."""

    def __init__(
        self, network: LayeredNetwork, vocabulary: Vocabulary, settings: ModelSettings
    ) -> None:
        self._network = network.eval().requires_grad_(requires_grad=False)
        decoder = network.transformer.model["decoder"]
        self._last_norm = cast("nn.Module", decoder.layer_norm)
        self.vocabulary = vocabulary
        self.settings = settings

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._network.decoder_embedder.weight.device

    @property
    def n_parameters(self) -> int:
        """Number of trained values."""
        return sum(parameter.numel() for parameter in self._network.parameters())

    @property
    def network(self) -> nn.Module:
        """All modules, under the names that their weights have in checkpoints."""
        return self._network

    @torch.inference_mode()
    def encode(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        """Hear windows; part ``hidden`` has shape (n, window_frames / 2, width)."""
        return self._hear(windows)

    def predict(
        self, windows: Sequence[WindowInput], tokens: Tensor, mask: Tensor | None
    ) -> Tensor:
        """`encode` and `logits` in one, with gradients: what training runs."""
        hidden, _ = self._take_in(tokens, mask, self._hear(windows), room=0)
        return self._project(hidden)

    @abstractmethod
    def _hear(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        """What `encode` gives, with gradients where they are asked for."""

    @abstractmethod
    def encoding_key(self, window: WindowInput) -> bytes:
        """See `Backbone.encoding_key`."""

    @torch.inference_mode()
    def logits(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows, *, since: int = 0
    ) -> Tensor:
        """See `Backbone.logits`."""
        hidden, _ = self._take_in(tokens, mask, encoded, room=0)
        return self._project(hidden[:, since:])

    @torch.inference_mode()
    def start(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows
    ) -> tuple[Tensor, DecoderState]:
        """See `Backbone.start`."""
        hidden, state = self._take_in(tokens, mask, encoded, room=CACHE_BLOCK_TOKENS)
        return self._project(hidden[:, -1]), state

    @abstractmethod
    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Backbone.step`."""

    @abstractmethod
    def _take_in(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows, room: int
    ) -> tuple[Tensor, DecoderMemory]:
        """Run the decoder over whole sequences; hidden states, shape = (n, n_tokens, width)."""

    def _project(self, hidden: Tensor) -> Tensor:
        return self._network.transformer.proj_out(self._last_norm(hidden)).float()


class LayeredBackbone(DecoderBackbone):
    """Runs a network whose layers are named and made as Whisper's."""

    def __init__(
        self, network: LayeredNetwork, vocabulary: Vocabulary, settings: ModelSettings
    ) -> None:
        super().__init__(network, vocabulary, settings)
        decoder = network.transformer.model["decoder"]
        self._layers = cast("list[DecoderLayer]", list(cast("nn.ModuleList", decoder.layers)))

    @abstractmethod
    def _embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """Tokens at positions, both of one shape, as vectors; shape (..., width)."""

    @abstractmethod
    def _rotation(self, positions: Tensor) -> Rotation | None:
        """How self-attention is told positions, shape = (n, n_tokens), if by turning."""

    @torch.inference_mode()
    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Backbone.step`."""
        memory = cast("DecoderMemory", state)
        positions, past = memory.next_position[:, None], memory.n_tokens
        visible = memory.advance()
        hidden = self._embed(tokens.to(self.device)[:, None], positions)
        rotation = self._rotation(positions)
        for layer, cache in zip(self._layers, memory.layers, strict=True):
            queries, keys, values = _self_attention_parts(layer, hidden, rotation)
            cache.put(past, keys, values)
            mixed = attend_newest(queries, *cache.until(past + 1), visible)
            hidden = hidden + layer.self_attn.out_proj(mixed)
            hidden = _listen_and_think(layer, hidden, cache)
        return self._project(hidden[:, 0]), memory

    def _take_in(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows, room: int
    ) -> tuple[Tensor, DecoderMemory]:
        """Run the decoder over whole sequences; hidden states, shape = (n, n_tokens, width)."""
        tokens = tokens.to(self.device)
        rows = Rows.of(tokens, mask, room)
        hidden = self._embed(tokens, rows.positions)
        rotation = self._rotation(rows.positions)
        layers: list[LayerCache] = []
        for layer in self._layers:
            queries, keys, values = _self_attention_parts(layer, hidden, rotation)
            heard = heard_keys_and_values(encoded.parts[HIDDEN], layer.encoder_attn)
            cache = LayerCache(keys, values, *heard)
            mixed = attend(queries, keys, values, rows.allowed, causal=rows.allowed is None)
            hidden = hidden + layer.self_attn.out_proj(mixed)
            hidden = _listen_and_think(layer, hidden, cache)
            if room:
                cache.prepare(room)
            layers.append(cache)
        next_position = rows.positions[:, -1] + 1
        return hidden, DecoderMemory(layers, tokens.shape[1], next_position, rows.visible)


def _self_attention_parts(
    layer: DecoderLayer, hidden: Tensor, rotation: Rotation | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values, each (n, n_heads, n_tokens, head_width)."""
    attention = layer.self_attn
    normed = layer.self_attn_layer_norm(hidden)
    queries = split_heads(attention.q_proj(normed), attention.num_heads)
    keys = split_heads(attention.k_proj(normed), attention.num_heads)
    values = split_heads(attention.v_proj(normed), attention.num_heads)
    if rotation is not None:
        queries, keys = rotation.turn(queries), rotation.turn(keys)
    return queries, keys, values


def _listen_and_think(layer: DecoderLayer, hidden: Tensor, cache: LayerCache) -> Tensor:
    """The rest of a decoder layer: attention to what was heard, then the feed-forward part."""
    attention = layer.encoder_attn
    queries = attention.q_proj(layer.encoder_attn_layer_norm(hidden))
    mixed = cache.listen(split_heads(queries, attention.num_heads))
    hidden = hidden + attention.out_proj(mixed)
    normed = layer.final_layer_norm(hidden)
    return hidden + layer.fc2(layer.activation_fn(layer.fc1(normed)))
