"""The V32 family ("varwhisper"): Whisper's shape with turned positions and fused projections.

The spectrogram goes straight into the first convolution; what is known of the map is in the prompt
alone. The decoder is causal always. Sizes are those of ``config.json``, so that the smaller
checkpoints of the family (V32-mini) need nothing else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import torch

from companion.engine.encoding import EncodingOptions
from companion.engine.events import ContextType
from companion.engine.mel import (
    FourierKernels,
    MelSpectrogram,
    TorchaudioTransform,
    mel_settings,
)
from companion.engine.model import whisper
from companion.engine.model.attention import (
    DecoderMemory,
    LayerCache,
    Rows,
)
from companion.engine.model.backbone import EncodedWindows
from companion.engine.model.layered_backbone import HIDDEN, DecoderBackbone, LayeredNetwork
from companion.engine.model.var_whisper_layers import (
    Decoder,
    DecoderLayer,
    Encoder,
    LayerSettings,
    near,
    rotations_at,
)
from companion.engine.prompts import PromptOptions
from companion.engine.templates import Template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from companion.engine.model.backbone import DecoderState, WindowInput
    from companion.engine.model.settings import ModelSettings
    from companion.engine.vocabulary import Vocabulary

UNUSED_TENSORS = frozenset(
    {
        "loss_fn.weight",  # class weights of the training loss
        "transformer.model.decoder.embed_tokens.weight",  # replaced by decoder_embedder
    }
)
"""What checkpoints of the family carry but never use for inference."""

PROMPTS = PromptOptions(
    templates=(Template((), (ContextType.TIMING, ContextType.MAP, ContextType.SV)),),
    tgt_seq_len=2560,
)
"""What the family's prompts have; published folders do not say."""

ENCODING = EncodingOptions(
    types_first=False,
    add_distances=False,
    position_refinement_px=2,
    slider_version=2,
    sustain_interval_ms=8000,
)
"""How the family writes maps down; published folders do not say."""


def model_settings(config: Mapping[str, Any]) -> ModelSettings:
    """The sizes of a checkpoint's ``config.json``, with what the family has in common."""
    sizes = whisper.model_settings(config)
    return replace(sizes, family="v32", prompts=PROMPTS, encoding=ENCODING)


class VarWhisperNetwork(LayeredNetwork):
    """The modules of the family under the names their weights have in checkpoints."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Build the network of a checkpoint's ``config.json``.

        Raises:
            KeyError, TypeError, ValueError: It describes no network of the family.
        """
        _refuse_other_forms(config)
        backbone = config["backbone_config"]
        super().__init__(
            _spectrogram(config),
            Encoder(int(backbone["num_mel_bins"]), LayerSettings.of(backbone, "encoder")),
            Decoder(LayerSettings.of(backbone, "decoder")),
            width=int(backbone["d_model"]),
            n_inputs=int(config["vocab_size_in"]),
            n_outputs=int(config["vocab_size"]),
        )


def _refuse_other_forms(config: Mapping[str, Any]) -> None:
    backbone: object = config["backbone_config"]
    if not isinstance(backbone, dict):
        raise TypeError("backbone_config is not an object")
    scaling: Mapping[str, Any] = config["backbone_config"].get("rope_scaling") or {}
    rotation = scaling.get("rope_type", "default")
    if rotation != "default":
        raise ValueError(f"positions of the kind {rotation!r} are not supported")
    if config.get("project_encoder_input"):
        raise ValueError("a projected spectrogram is not supported")
    heard, made = config["backbone_config"]["num_mel_bins"], config["n_mels"]
    if heard != made:
        raise ValueError(f"the encoder hears {heard} bins, but the spectrogram has {made}")


def _spectrogram(config: Mapping[str, Any]) -> MelSpectrogram:
    mel = mel_settings(config)
    form = {"torchaudio": TorchaudioTransform, "nnAudio": FourierKernels}
    return MelSpectrogram(form[config["spectrogram_implementation"]](mel), log1p=mel.log1p)


class VarWhisperBackbone(DecoderBackbone):
    """Runs a `VarWhisperNetwork`."""

    def __init__(
        self, network: VarWhisperNetwork, vocabulary: Vocabulary, settings: ModelSettings
    ) -> None:
        super().__init__(network, vocabulary, settings)
        self._encoder = network.transformer.model["encoder"]
        decoder = cast("Decoder", network.transformer.model["decoder"])
        self._layers = cast("list[DecoderLayer]", list(decoder.layers))
        self._attentions = [layer.self_attn for layer in self._layers]

    def _hear(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        samples = torch.stack([torch.as_tensor(window.samples) for window in windows])
        columns = self._network.spectrogram(samples.to(self.device))
        columns = columns.to(self._network.decoder_embedder.weight.dtype)
        return EncodedWindows({HIDDEN: self._encoder(columns)})

    def encoding_key(self, window: WindowInput) -> bytes:
        """The encoder hears nothing but samples."""
        del window
        return b""

    @torch.inference_mode()
    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Backbone.step`."""
        memory = cast("DecoderMemory", state)
        positions, past = memory.next_position[:, None], memory.n_tokens
        visible = memory.advance()
        hidden = self._network.decoder_embedder(tokens.to(self.device))[:, None]
        rotations = rotations_at(positions, self._attentions, hidden.dtype)
        for layer, cache in zip(self._layers, memory.layers, strict=True):
            attention = layer.self_attn
            queries, keys, values = attention.project(layer.self_attn_layer_norm(hidden), rotations)
            cache.put(past, keys, values)
            keys, values = cache.until(past + 1)
            first = 0 if attention.reach is None else max(0, past - attention.reach)
            seen = None if visible is None else visible[..., first:]
            hidden = hidden + attention.mix_newest(
                queries, keys[:, :, first:], values[:, :, first:], seen
            )
            hidden = layer.listen_and_think(hidden, cache)
        return self._project(hidden[:, 0]), memory

    def _take_in(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows, room: int
    ) -> tuple[Tensor, DecoderMemory]:
        """Run the decoder over whole sequences; hidden states, shape = (n, n_tokens, width)."""
        tokens = tokens.to(self.device)
        rows, n_tokens = Rows.of(tokens, mask, room), tokens.shape[1]
        hidden = self._network.decoder_embedder(tokens)
        rotations = rotations_at(rows.positions, self._attentions, hidden.dtype)
        layers: list[LayerCache] = []
        for layer in self._layers:
            attention = layer.self_attn
            queries, keys, values = attention.project(layer.self_attn_layer_norm(hidden), rotations)
            heard = layer.cross_attn.heard(encoded.parts[HIDDEN])
            cache = LayerCache(keys, values, *heard)
            allowed = rows.allowed
            nearby = near(n_tokens, attention.reach, self.device)
            if nearby is not None:
                allowed = nearby & (nearby.tril() if allowed is None else allowed)
            hidden = hidden + attention.mix(queries, keys, values, allowed, causal=allowed is None)
            hidden = layer.listen_and_think(hidden, cache)
            if room:
                cache.prepare(room)
            layers.append(cache)
        return hidden, DecoderMemory(layers, n_tokens, rows.positions[:, -1] + 1, rows.visible)
