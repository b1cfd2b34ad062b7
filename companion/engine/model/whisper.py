"""The V28/V29 family: Whisper's encoder and decoder between embedders of their own.

The network hears 388 mel bins instead of 80, projected onto the model's width before Whisper's
convolutions; the decoder embeds ids of the larger input vocabulary (class tokens included) and
predicts ids of the smaller output vocabulary; the two tables are not tied. Layers and configuration
come from ``transformers``; how they are run is in ``layered_backbone``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperDecoder, WhisperEncoder

from companion.engine.mel import FourierKernels, MelSpectrogram, mel_settings
from companion.engine.model.backbone import EncodedWindows
from companion.engine.model.layered_backbone import HIDDEN, LayeredBackbone, LayeredNetwork
from companion.engine.model.settings import ModelSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from companion.engine.model.backbone import WindowInput
    from companion.engine.model.rotary import Rotation
    from companion.engine.vocabulary import Vocabulary

UNUSED_TENSORS = frozenset(
    {
        "loss_fn.weight",  # class weights of the training loss
        "transformer.model.decoder.embed_tokens.weight",  # replaced by decoder_embedder
        "spectrogram.transform.stft.window_mask",  # nnAudio's inverse transform
    }
)
"""What checkpoints of the family carry but never use for inference."""


class WhisperNetwork(LayeredNetwork):
    """The modules of the family under the names their weights have in checkpoints."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        backbone = WhisperConfig(**config["backbone_config"])
        width = int(config["hidden_size"])
        if not width == backbone.num_mel_bins == backbone.d_model:
            raise ValueError(
                f"hidden_size is {width}, but the encoder hears {backbone.num_mel_bins} values and "
                f"has a width of {backbone.d_model}"
            )
        mel = mel_settings(config)
        decoder = WhisperDecoder(backbone)
        del decoder.embed_tokens
        super().__init__(
            MelSpectrogram(FourierKernels(mel), log1p=mel.log1p),
            WhisperEncoder(backbone),
            decoder,
            width=width,
            n_inputs=int(config["vocab_size_in"]),
            n_outputs=int(config["vocab_size"]),
        )
        self.encoder_embedder = nn.Linear(mel.n_mels, width)


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


class WhisperBackbone(LayeredBackbone):
    """Runs a `WhisperNetwork`."""

    def __init__(
        self, network: WhisperNetwork, vocabulary: Vocabulary, settings: ModelSettings
    ) -> None:
        super().__init__(network, vocabulary, settings)
        self._encoder_embedder = network.encoder_embedder
        self._encoder = cast("WhisperEncoder", network.transformer.model["encoder"])
        decoder = cast("WhisperDecoder", network.transformer.model["decoder"])
        self._embed_positions = decoder.embed_positions

    def _hear(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        samples = torch.stack([torch.as_tensor(window.samples) for window in windows])
        columns = self._network.spectrogram(samples.to(self.device))
        embedder = self._encoder_embedder
        features = embedder(columns.to(embedder.weight.dtype)).transpose(1, 2)
        hidden = self._encoder(features).last_hidden_state
        return EncodedWindows({HIDDEN: hidden})

    def encoding_key(self, window: WindowInput) -> bytes:
        """The encoder hears nothing but samples."""
        del window
        return b""

    def _embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        return self._network.decoder_embedder(tokens) + self._embed_positions.weight[positions]

    def _rotation(self, positions: Tensor) -> Rotation | None:
        """Positions are told in the embedding."""
        del positions
