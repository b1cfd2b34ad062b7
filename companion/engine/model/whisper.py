"""The V28/V29 family: Whisper's encoder and decoder between embedders of their own.

The network hears 388 mel bins instead of 80, projected onto the model's width before Whisper's
convolutions; the decoder embeds ids of the larger input vocabulary (class tokens included) and
predicts ids of the smaller output vocabulary; the two tables are not tied. Layers and configuration
come from ``transformers``; stepping and its cache are here, so that a prompt is taken in once and
what the encoder heard is projected once per window.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn
from torch.nn.functional import scaled_dot_product_attention
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperDecoder, WhisperEncoder

from companion.engine.mel import FourierKernels, MelSettings, MelSpectrogram
from companion.engine.model.backbone import EncodedWindows
from companion.engine.model.settings import ModelSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor
    from transformers.models.whisper.modeling_whisper import (
        WhisperAttention,
        WhisperDecoderLayer,
    )

    from companion.engine.model.backbone import DecoderState, WindowInput
    from companion.engine.vocabulary import Vocabulary

_HIDDEN = "hidden"
_CACHE_BLOCK_TOKENS = 256

UNUSED_TENSORS = frozenset(
    {
        "loss_fn.weight",  # class weights of the training loss
        "transformer.model.decoder.embed_tokens.weight",  # replaced by decoder_embedder
        "spectrogram.transform.stft.window_mask",  # nnAudio's inverse transform
    }
)
"""What checkpoints of the family carry but never use for inference."""


class WhisperNetwork(nn.Module):
    """The modules of the family under the names their weights have in checkpoints."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        backbone = WhisperConfig(**config["backbone_config"])
        width = int(config["hidden_size"])
        mel = mel_settings(config)
        self.spectrogram = MelSpectrogram(FourierKernels(mel), log1p=mel.log1p)
        self.transformer = _Transformer(backbone, int(config["vocab_size"]))
        self.encoder_embedder = nn.Linear(mel.n_mels, width)
        self.decoder_embedder = nn.Embedding(int(config["vocab_size_in"]), width)


class _Transformer(nn.Module):
    def __init__(self, config: WhisperConfig, n_outputs: int) -> None:
        super().__init__()
        self.model = _EncoderAndDecoder(config)
        self.proj_out = nn.Linear(config.d_model, n_outputs, bias=False)


class _EncoderAndDecoder(nn.Module):
    def __init__(self, config: WhisperConfig) -> None:
        super().__init__()
        self.encoder = WhisperEncoder(config)
        self.decoder = WhisperDecoder(config)
        del self.decoder.embed_tokens


def mel_settings(config: Mapping[str, Any]) -> MelSettings:
    """The spectrogram of a checkpoint's ``config.json``."""
    return MelSettings(
        rate_hz=int(config["sample_rate"]),
        hop_samples=int(config["hop_length"]),
        n_fft=int(config["n_fft"]),
        n_mels=int(config["n_mels"]),
        f_min_hz=float(config["f_min"]),
        f_max_hz=float(config["f_max"]),
        pad_mode=config["pad_mode"],
        log1p=bool(config["spectrogram_log_scale"]),
    )


def model_settings(config: Mapping[str, Any]) -> ModelSettings:
    """The sizes of a checkpoint's ``config.json``."""
    return ModelSettings(
        family="v29",
        rate_hz=int(config["sample_rate"]),
        hop_samples=int(config["hop_length"]),
        # The encoder's second convolution halves the number of spectrogram columns.
        window_frames=2 * int(config["max_source_positions"]),
        max_tokens=int(config["max_target_positions"]),
    )


@dataclass(slots=True)
class _LayerCache:
    """Keys and values of one decoder layer, shape = (n, n_heads, n_tokens or n_heard, head_width).

    ``keys`` and ``values`` have room for tokens to come.
    """

    keys: Tensor
    values: Tensor
    heard_keys: Tensor
    heard_values: Tensor


@dataclass(slots=True)
class WhisperState:
    """What the decoder remembers of some rows of tokens."""

    layers: list[_LayerCache]
    n_tokens: int
    next_position: Tensor
    """Padding does not count, shape = (n,)."""
    visible: Tensor | None
    """False at padding, shape = (n, 1, 1, room); None when nothing is padded."""


class WhisperBackbone:
    """Runs a `WhisperNetwork`."""

    def __init__(
        self, network: WhisperNetwork, vocabulary: Vocabulary, settings: ModelSettings
    ) -> None:
        self._network = network.eval().requires_grad_(requires_grad=False)
        self._encoder = network.transformer.model.encoder
        self._decoder = network.transformer.model.decoder
        self._layers = cast("list[WhisperDecoderLayer]", list(self._decoder.layers))
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

    @torch.inference_mode()
    def encode(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        """Hear windows; part ``hidden`` has shape (n, window_frames / 2, width)."""
        samples = torch.stack([torch.as_tensor(window.samples) for window in windows])
        columns = self._network.spectrogram(samples.to(self.device))
        embedder = self._network.encoder_embedder
        features = embedder(columns.to(embedder.weight.dtype)).transpose(1, 2)
        hidden = self._encoder(features).last_hidden_state
        return EncodedWindows({_HIDDEN: hidden})

    def encoding_key(self, window: WindowInput) -> bytes:
        """The encoder hears nothing but samples."""
        del window
        return b""

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
        hidden, state = self._take_in(tokens, mask, encoded, room=_CACHE_BLOCK_TOKENS)
        return self._project(hidden[:, -1]), state

    @torch.inference_mode()
    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Backbone.step`."""
        state = cast("WhisperState", state)
        past = state.n_tokens
        if past == state.layers[0].keys.shape[2]:
            _make_room(state)
        hidden = self._network.decoder_embedder(tokens.to(self.device))
        hidden = hidden + self._decoder.embed_positions.weight[state.next_position]
        hidden = hidden[:, None]
        state.n_tokens = now = past + 1
        state.next_position = state.next_position + 1
        visible = None if state.visible is None else state.visible[..., :now]
        for layer, cache in zip(self._layers, state.layers, strict=True):
            normed = layer.self_attn_layer_norm(hidden)
            cache.keys[:, :, past:now] = _heads(layer.self_attn.k_proj(normed), layer.self_attn)
            cache.values[:, :, past:now] = _heads(layer.self_attn.v_proj(normed), layer.self_attn)
            hidden = hidden + _attend(
                layer.self_attn, normed, cache.keys[:, :, :now], cache.values[:, :, :now], visible
            )
            hidden = _listen_and_think(layer, hidden, cache)
        return self._project(hidden[:, 0]), state

    def _take_in(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows, room: int
    ) -> tuple[Tensor, WhisperState]:
        """Run the decoder over whole sequences; hidden states, shape = (n, n_tokens, width)."""
        tokens = tokens.to(self.device)
        n, n_tokens = tokens.shape
        positions = torch.arange(n_tokens, device=self.device).expand(n, -1)
        visible = None
        if mask is not None and not bool(mask.all()):
            mask = mask.to(self.device)
            positions = (mask.cumsum(1) - 1).clamp(min=0)
            visible = torch.ones(n, 1, 1, n_tokens + room, dtype=torch.bool, device=self.device)
            visible[:, 0, 0, :n_tokens] = mask
        allowed = None if visible is None else _causal_mask(visible[..., :n_tokens])
        hidden = self._network.decoder_embedder(tokens)
        hidden = hidden + self._decoder.embed_positions.weight[positions]
        layers: list[_LayerCache] = []
        for layer in self._layers:
            attention = layer.self_attn
            normed = layer.self_attn_layer_norm(hidden)
            keys = _heads(attention.k_proj(normed), attention)
            values = _heads(attention.v_proj(normed), attention)
            cache = _LayerCache(
                _with_room(keys, room),
                _with_room(values, room),
                *_heard(encoded.parts[_HIDDEN], layer.encoder_attn),
            )
            hidden = hidden + _attend(
                attention, normed, keys, values, allowed, causal=allowed is None
            )
            hidden = _listen_and_think(layer, hidden, cache)
            layers.append(cache)
        return hidden, WhisperState(layers, n_tokens, positions[:, -1] + 1, visible)

    def _project(self, hidden: Tensor) -> Tensor:
        return self._network.transformer.proj_out(self._decoder.layer_norm(hidden)).float()


def _heads(projected: Tensor, attention: WhisperAttention) -> Tensor:
    """Shape (n, n_tokens, width) to (n, n_heads, n_tokens, head_width)."""
    n, n_tokens, _ = projected.shape
    return projected.view(n, n_tokens, attention.num_heads, attention.head_dim).transpose(1, 2)


def _attend(
    attention: WhisperAttention,
    asking: Tensor,
    keys: Tensor,
    values: Tensor,
    allowed: Tensor | None = None,
    *,
    causal: bool = False,
) -> Tensor:
    queries = _heads(attention.q_proj(asking), attention)
    mixed = scaled_dot_product_attention(
        queries, keys, values, attn_mask=allowed, is_causal=causal and queries.shape[2] > 1
    )
    return attention.out_proj(mixed.transpose(1, 2).flatten(2))


def _listen_and_think(layer: WhisperDecoderLayer, hidden: Tensor, cache: _LayerCache) -> Tensor:
    """The rest of a decoder layer: attention to what was heard, then the feed-forward part."""
    normed = layer.encoder_attn_layer_norm(hidden)
    hidden = hidden + _attend(layer.encoder_attn, normed, cache.heard_keys, cache.heard_values)
    normed = layer.final_layer_norm(hidden)
    activation = cast("nn.Module", layer.activation_fn)  # pyright: ignore[reportUnknownMemberType]
    return hidden + layer.fc2(activation(layer.fc1(normed)))


def _heard(hidden: Tensor, attention: WhisperAttention) -> tuple[Tensor, Tensor]:
    """Cross attention's keys and values; rows that share one window share the work."""
    n = hidden.shape[0]
    distinct = hidden[:1] if n > 1 and hidden.stride(0) == 0 else hidden
    keys = _heads(attention.k_proj(distinct), attention)
    values = _heads(attention.v_proj(distinct), attention)
    return keys.expand(n, -1, -1, -1), values.expand(n, -1, -1, -1)


def _causal_mask(visible: Tensor) -> Tensor:
    """Which tokens each token may look at, shape = (n, 1, n_tokens, n_tokens)."""
    n_tokens = visible.shape[-1]
    causal = torch.ones(n_tokens, n_tokens, dtype=torch.bool, device=visible.device).tril()
    # Padding sees itself: a row that may look at nothing at all would turn into NaN.
    itself = torch.eye(n_tokens, dtype=torch.bool, device=visible.device)
    return (visible & causal) | itself


def _with_room(tensor: Tensor, room: int) -> Tensor:
    if room == 0:
        return tensor
    n, n_heads, n_tokens, width = tensor.shape
    roomy = tensor.new_empty(n, n_heads, n_tokens + room, width)
    roomy[:, :, :n_tokens] = tensor
    return roomy


def _make_room(state: WhisperState) -> None:
    for cache in state.layers:
        cache.keys = _with_room(cache.keys, _CACHE_BLOCK_TOKENS)
        cache.values = _with_room(cache.values, _CACHE_BLOCK_TOKENS)
    if state.visible is not None:
        n = state.visible.shape[0]
        more = state.visible.new_ones(n, 1, 1, _CACHE_BLOCK_TOKENS)
        state.visible = torch.cat([state.visible, more], dim=-1)
