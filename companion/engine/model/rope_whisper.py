"""The V30/V31 family: Whisper's layers with rotary positions, told what map is wished for.

Against Whisper: root mean square norms, positions by turning the queries and keys of self-attention
(in the encoder too), and no projection in front of the first convolution. That hears 80 mel bins
and, beside each column, vectors of difficulty, mapper and place in the song.

The checkpoints call their rotation dynamic. It differs from a fixed one only beyond the longest
sequence, which neither windows nor prompts reach, so there is no more here than the fixed one.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import nn
from torch.nn.functional import gelu

from companion.beatmap import Mode
from companion.engine.encoding import EncodingOptions
from companion.engine.events import ContextType
from companion.engine.mel import MelSpectrogram, TorchaudioTransform, mel_settings
from companion.engine.model.attention import attend, split_heads
from companion.engine.model.backbone import EncodedWindows
from companion.engine.model.condition_embedders import (
    DifficultyEmbedder,
    MapperEmbedder,
    SongPositionEmbedder,
)
from companion.engine.model.layered_backbone import HIDDEN, LayeredBackbone, LayeredNetwork
from companion.engine.model.rotary import Rotation
from companion.engine.model.settings import ModelSettings
from companion.engine.prompts import PromptOptions
from companion.engine.templates import Template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from companion.engine.model.backbone import WindowInput
    from companion.engine.vocabulary import Vocabulary

ROPE_THETA = 10_000.0
DEFAULT_STARS = 5.0
"""What stands for an unknown star rating, which the network has no vector of."""

UNUSED_TENSORS = frozenset(
    {
        "loss_fn.weight",  # class weights of the training loss
        "transformer.model.decoder.embed_tokens.weight",  # replaced by decoder_embedder
    }
)
"""What checkpoints of the family carry but never use for inference."""

V30_PROMPTS = PromptOptions(
    templates=(Template((), (ContextType.MAP,)),),
    modes=(Mode.OSU,),
    tgt_seq_len=5120,
    add_out_context_types=False,
    add_gamemode_token=False,
    add_diff_token=False,
    add_mapper_token=False,
    add_year_token=False,
    add_hitsounded_token=False,
    add_song_length_token=False,
    add_global_sv_token=False,
    add_cs_token=False,
    add_descriptors=False,
    add_song_position_token=False,
)
V30_ENCODING = EncodingOptions(
    types_first=False,
    add_timing=True,
    add_timing_points=False,
    add_sv=False,
    position_precision_px=4,
    position_split_axes=True,
)
V31_PROMPTS = PromptOptions(
    tgt_seq_len=8192,
    add_diff_token=False,
    add_mapper_token=False,
    add_song_length_token=False,
    add_kiai_special_token=True,
    add_song_position_token=False,
)
V31_ENCODING = EncodingOptions(position_precision_px=4, position_split_axes=True)


class RopeWhisperNetwork(LayeredNetwork):
    """The modules of the family under the names their weights have in checkpoints."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Build the network of a checkpoint's ``config.json``.

        Raises:
            KeyError, TypeError, ValueError: It describes no network of the family.
        """
        layers = config["backbone_config"]
        width, vector = int(config["hidden_size"]), int(config["cond_dim"])
        _refuse_variants(config)
        mel = mel_settings(config)
        super().__init__(
            MelSpectrogram(TorchaudioTransform(mel), log1p=mel.log1p),
            RopeEncoder(
                mel.n_mels + 3 * vector,
                width,
                n_heads=int(layers["encoder_attention_heads"]),
                n_layers=int(layers["encoder_layers"]),
                inner=int(layers["encoder_ffn_dim"]),
            ),
            RopeDecoder(
                width,
                n_heads=int(layers["decoder_attention_heads"]),
                n_layers=int(layers["decoder_layers"]),
                inner=int(layers["decoder_ffn_dim"]),
            ),
            width=width,
            n_inputs=int(config["vocab_size_in"]),
            n_outputs=int(config["vocab_size"]),
        )
        self.difficulty_embedder = DifficultyEmbedder(vector)
        self.mapper_embedder = MapperEmbedder(int(config["num_mappers"]), vector)
        self.song_pos_embedder = SongPositionEmbedder(vector)

    def forward(self, samples: Tensor, stars: Tensor, mappers: Tensor, spans: Tensor) -> Tensor:
        """What the encoder makes of windows.

        Args:
            samples: Shape = (n, window_samples).
            stars: Star ratings, shape = (n,).
            mappers: Mapper classes, shape = (n,), int64.
            spans: Start and end as fractions of the song, shape = (n, 2).

        Returns:
            Tensor, shape = (n, window_frames / 2, width).
        """
        columns = self.spectrogram(samples).to(self.decoder_embedder.weight.dtype)
        vectors = [
            self.difficulty_embedder(stars),
            self.mapper_embedder(mappers),
            self.song_pos_embedder(spans),
        ]
        beside = [vector[:, None].expand(-1, columns.shape[1], -1) for vector in vectors]
        return self.transformer.model["encoder"](torch.cat([columns, *beside], dim=-1))


class RopeEncoder(nn.Module):
    """Two convolutions, of which the second halves the columns, and layers of self-attention."""

    def __init__(
        self, n_channels: int, width: int, *, n_heads: int, n_layers: int, inner: int
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(n_channels, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1)
        self.layers = nn.ModuleList(
            RopeEncoderLayer(width, n_heads, inner) for _ in range(n_layers)
        )
        self.layer_norm = nn.RMSNorm(width)
        self._head_width = width // n_heads

    def forward(self, columns: Tensor) -> Tensor:
        """Columns, shape = (n, n_columns, n_channels), to (n, n_columns / 2, width)."""
        hidden = gelu(self.conv1(columns.transpose(1, 2)))
        hidden = gelu(self.conv2(hidden)).transpose(1, 2)
        positions = torch.arange(hidden.shape[1], device=hidden.device)[None]
        rotation = Rotation.at(positions, self._head_width, ROPE_THETA, hidden.dtype)
        for layer in self.layers:
            hidden = layer(hidden, rotation)
        return self.layer_norm(hidden)


class RopeDecoder(nn.Module):
    """The decoder's weights; `LayeredBackbone` runs them."""

    def __init__(self, width: int, *, n_heads: int, n_layers: int, inner: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            RopeDecoderLayer(width, n_heads, inner) for _ in range(n_layers)
        )
        self.layer_norm = nn.RMSNorm(width)


class Attention(nn.Module):
    """Projections of one attention; keys have no bias."""

    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        if width % (2 * n_heads):
            raise ValueError(f"{n_heads} heads do not divide {width} features evenly")
        self.num_heads = n_heads
        self.head_dim = width // n_heads
        self.k_proj = nn.Linear(width, width, bias=False)
        self.v_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, hidden: Tensor, rotation: Rotation) -> Tensor:
        """Self-attention that looks both ways, shape unchanged (n, n_columns, width)."""
        queries = rotation.turn(split_heads(self.q_proj(hidden), self.num_heads))
        keys = rotation.turn(split_heads(self.k_proj(hidden), self.num_heads))
        values = split_heads(self.v_proj(hidden), self.num_heads)
        return self.out_proj(attend(queries, keys, values))


class _Layer(nn.Module):
    """What encoder and decoder layers have in common."""

    def __init__(self, width: int, n_heads: int, inner: int) -> None:
        super().__init__()
        self.self_attn = Attention(width, n_heads)
        self.self_attn_layer_norm = nn.RMSNorm(width)
        self.activation_fn = nn.GELU()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)
        self.final_layer_norm = nn.RMSNorm(width)


class RopeEncoderLayer(_Layer):
    """Self-attention and a feed-forward part."""

    def forward(self, hidden: Tensor, rotation: Rotation) -> Tensor:
        """Shape unchanged (n, n_columns, width)."""
        hidden = hidden + self.self_attn(self.self_attn_layer_norm(hidden), rotation)
        normed = self.final_layer_norm(hidden)
        return hidden + self.fc2(self.activation_fn(self.fc1(normed)))


class RopeDecoderLayer(_Layer):
    """Weights of a layer that also attends to what was heard."""

    def __init__(self, width: int, n_heads: int, inner: int) -> None:
        super().__init__(width, n_heads, inner)
        self.encoder_attn = Attention(width, n_heads)
        self.encoder_attn_layer_norm = nn.RMSNorm(width)


def model_settings(config: Mapping[str, Any]) -> ModelSettings:
    """The sizes of a checkpoint's ``config.json``, and how its family writes maps and prompts.

    The latter stand in no file of a published checkpoint. V30 and V31 have the same kind of
    network; only V31 has ids that stand in prompts and are never predicted.
    """
    is_v30 = int(config["vocab_size_in"]) == int(config["vocab_size"])
    return ModelSettings(
        family="v30" if is_v30 else "v31",
        rate_hz=int(config["sample_rate"]),
        hop_samples=int(config["hop_length"]),
        # The encoder's second convolution halves the number of spectrogram columns.
        window_frames=2 * int(config["max_source_positions"]),
        max_tokens=int(config["max_target_positions"]),
        prompts=V30_PROMPTS if is_v30 else V31_PROMPTS,
        encoding=V30_ENCODING if is_v30 else V31_ENCODING,
    )


class RopeWhisperBackbone(LayeredBackbone):
    """Runs a `RopeWhisperNetwork`."""

    def __init__(
        self, network: RopeWhisperNetwork, vocabulary: Vocabulary, settings: ModelSettings
    ) -> None:
        super().__init__(network, vocabulary, settings)
        self._head_width = self._layers[0].self_attn.head_dim

    def _hear(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        samples = torch.stack([torch.as_tensor(window.samples) for window in windows])
        stars, mappers, starts, ends = zip(
            *(self._wishes(window) for window in windows), strict=True
        )
        spans = torch.tensor([starts, ends], dtype=torch.float32).T
        hidden = self._network(
            samples.to(self.device),
            torch.tensor(stars, dtype=torch.float32, device=self.device),
            torch.tensor(mappers, device=self.device),
            spans.to(self.device),
        )
        return EncodedWindows({HIDDEN: hidden})

    def encoding_key(self, window: WindowInput) -> bytes:
        """Difficulty, mapper and place in the song."""
        return struct.pack("<dqdd", *self._wishes(window))

    def _wishes(self, window: WindowInput) -> tuple[float, int, float, float]:
        """Star rating, mapper class, and start and end as fractions of the song."""
        about = window.conditioning
        stars = DEFAULT_STARS if about.difficulty is None else about.difficulty
        mapper = self.vocabulary.mapper_class(about.mapper_id)
        end_ms = window.start_ms + self.settings.window_ms
        # Of a song whose length nobody has told, the window is all that is known.
        length_ms = about.song_length_ms if about.song_length_ms > 0 else end_ms
        return stars, mapper, window.start_ms / length_ms, end_ms / length_ms

    def _embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        del positions
        return self._network.decoder_embedder(tokens)

    def _rotation(self, positions: Tensor) -> Rotation:
        dtype = self._network.decoder_embedder.weight.dtype
        return Rotation.at(positions, self._head_width, ROPE_THETA, dtype)


def _refuse_variants(config: Mapping[str, Any]) -> None:
    """Configurations of the family that no published checkpoint has."""
    layers = cast("Mapping[str, Any]", config["backbone_config"])
    expected = {
        "do_style_embed": False,
        "do_difficulty_embed": True,
        "do_mapper_embed": True,
        "do_song_position_embed": True,
        "project_encoder_input": False,
    }
    for name, value in expected.items():
        if bool(config.get(name, value)) is not value:
            raise ValueError(f"{name} should be {str(value).lower()}")
    if layers.get("activation_function", "gelu") != "gelu":
        raise ValueError(f"unknown activation {layers['activation_function']!r}")
    if layers.get("rope_type", "dynamic") not in {"dynamic", "default"}:
        raise ValueError(f"unknown kind of rotation {layers['rope_type']!r}")
