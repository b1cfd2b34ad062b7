"""The network that tells mappers apart: Whisper over song and map, pooled into one verdict.

Names follow the weights: ``spectrogram`` and ``encoder_embedder`` before Whisper's encoder,
``decoder_embedder`` before its decoder, ``projector`` and ``classifier`` behind it. Layers come
from ``transformers``. The published weights were saved by a training loop that puts ``model.``
before every name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperDecoder, WhisperEncoder

from companion.engine.analysis.configuration import (
    StyleConfig,
    read_config,
    read_plain_weights,
)
from companion.engine.analysis.style_vocabulary import PAD, StyleVocabulary
from companion.engine.checkpoint import fill, misfit_is_typed
from companion.engine.mel import FourierKernels, MelSettings, MelSpectrogram
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

WRAPPER = "model."
UNUSED_TENSORS = frozenset(
    {
        "transformer.decoder.embed_tokens.weight",  # replaced by decoder_embedder
        "spectrogram.transform.stft.window_mask",  # nnAudio's inverse transform
    }
)
"""What weights may carry and nothing reads."""

_SIZES = {
    "openai/whisper-tiny": (384, 4, 6),
    "openai/whisper-base": (512, 6, 8),
    "openai/whisper-small": (768, 12, 12),
}
"""Width, layers and heads of the published Whispers; their inner layers are four times as wide."""


class StyleReading(NamedTuple):
    """What the network says about some windows."""

    logits: Tensor
    """One for each mapper, shape = (n, n_mappers)."""
    features: Tensor
    """What the verdict rests on, shape = (n, classifier_proj_size); near for alike maps."""


class StyleNetwork(nn.Module):
    """Scores every mapper for a window."""

    def __init__(self, config: StyleConfig) -> None:
        super().__init__()
        whisper = _whisper(config)
        width, n_features = whisper.d_model, config.model.classifier_proj_size
        mel = _mel(config)
        self.spectrogram = MelSpectrogram(FourierKernels(mel), log1p=mel.log1p)
        self.encoder_embedder = nn.Linear(mel.n_mels, width)
        self.decoder_embedder = nn.Embedding(StyleVocabulary(config).size, width)
        encoder, decoder = WhisperEncoder(whisper), WhisperDecoder(whisper)
        del decoder.embed_tokens
        self.transformer = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
        self.projector = nn.Linear(width, n_features)
        self.classifier = nn.Linear(n_features, len(config.mappers))

    def forward(self, samples: Tensor, tokens: Tensor) -> StyleReading:
        """Look at windows.

        Args:
            samples: Sound, shape = (n, window_samples).
            tokens: The map, shape = (n, tgt_seq_len). Padding is not attended to, but what the
                decoder makes of it is pooled with the rest; it was so in training.
        """
        heard = self.encoder_embedder(self.spectrogram(samples))
        encoded = self.transformer["encoder"](heard.transpose(1, 2)).last_hidden_state
        decoded = self.transformer["decoder"](
            inputs_embeds=self.decoder_embedder(tokens),
            attention_mask=tokens != PAD,
            encoder_hidden_states=encoded,
            use_cache=False,
        ).last_hidden_state
        features = self.projector(decoded).mean(dim=1)
        return StyleReading(self.classifier(features), features)


def load_style_network(folder: Path, device: torch.device) -> tuple[StyleNetwork, StyleConfig]:
    """Load the style model in a folder, as ``scripts/convert_style.py`` writes it.

    Raises:
        ModelMissing: The folder lacks ``config.json`` or ``model.safetensors``.
        CheckpointMismatch: They do not fit each other; the first misfit is named.
    """
    config = read_config(folder, StyleConfig)
    with misfit_is_typed(folder, device):
        with torch.device("meta"):
            network = StyleNetwork(config)
        weights = read_plain_weights(folder, WRAPPER)
        fill(network, weights, unused=UNUSED_TENSORS, device=device, dtype=torch.float32)
    return network.eval(), config


def _whisper(config: StyleConfig) -> WhisperConfig:
    width, n_layers, n_heads = _SIZES[config.model.name]
    own = config.model.overwrite
    whisper = WhisperConfig(
        d_model=own.d_model or width,
        encoder_layers=own.encoder_layers or n_layers,
        decoder_layers=own.decoder_layers or n_layers,
        encoder_attention_heads=own.encoder_attention_heads or n_heads,
        decoder_attention_heads=own.decoder_attention_heads or n_heads,
        encoder_ffn_dim=own.encoder_ffn_dim or 4 * width,
        decoder_ffn_dim=own.decoder_ffn_dim or 4 * width,
        num_mel_bins=own.d_model or width,
        vocab_size=StyleVocabulary(config).size,
        pad_token_id=PAD,
        # nothing is generated: no other token has a meaning of its own
        bos_token_id=PAD,
        eos_token_id=PAD,
        decoder_start_token_id=PAD,
        # the encoder's second convolution halves the number of columns
        max_source_positions=config.data.src_seq_len // 2,
        max_target_positions=config.data.tgt_seq_len,
        use_cache=False,
    )
    for heads in (whisper.encoder_attention_heads, whisper.decoder_attention_heads):
        if whisper.d_model % heads:
            raise CheckpointMismatch(
                f"The style model's configuration does not fit itself: a width of "
                f"{whisper.d_model} cannot be shared by {heads} heads."
            )
    return whisper


def _mel(config: StyleConfig) -> MelSettings:
    heard = config.model.spectrogram
    return MelSettings(
        rate_hz=heard.sample_rate,
        hop_samples=heard.hop_length,
        n_fft=heard.n_fft,
        n_mels=heard.n_mels,
        f_min_hz=0,
        f_max_hz=heard.sample_rate // 2,
        pad_mode="constant",
        log1p=False,
    )
