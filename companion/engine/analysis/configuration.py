"""``config.json`` of the two analysing networks, and their weights under plain names.

The networks were trained from YAML files; a folder states the same values as JSON, under the same
names: ``data`` and ``model``, references between them written out. Values that only training needs
may stay in and are passed over. The style classifier adds ``mappers``, because which class is
which mapper is otherwise known to the pickled checkpoint alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from companion.engine.checkpoint import CONFIG, read_json, read_weights, verify_depth
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

_COMPILED = "_orig_mod."
"""What torch puts into the names of a network that was compiled when it was saved."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, protected_namespaces=())


class RhythmData(_Part):
    """How gaps become tokens."""

    src_seq_len: PositiveInt = 32
    """Tokens before the gap that is to be told, two for every note."""
    time_resolution: PositiveFloat = 0.1
    """Steps per millisecond."""
    min_time: float = 0
    """Milliseconds of the first step."""
    max_time: float = 1000

    @model_validator(mode="after")
    def _has_steps(self) -> Self:
        if self.max_time < self.min_time:
            raise ValueError("max_time is below min_time")
        return self


class RhythmModel(_Part):
    """Size of the rhythm network."""

    name: Literal["osu_r"] = "osu_r"
    hidden_size: PositiveInt


class RhythmConfig(_Part):
    """``config.json`` of a rhythm model."""

    data: RhythmData
    model: RhythmModel


class StyleSpectrogram(_Part):
    """What the style network hears."""

    sample_rate: PositiveInt = 16000
    hop_length: PositiveInt = 128
    n_fft: PositiveInt = 1024
    n_mels: PositiveInt = 388


class WhisperSizes(_Part):
    """Sizes that differ from those of the named Whisper."""

    model_config = ConfigDict(extra="forbid")

    d_model: PositiveInt | None = None
    encoder_layers: PositiveInt | None = None
    decoder_layers: PositiveInt | None = None
    encoder_attention_heads: PositiveInt | None = None
    decoder_attention_heads: PositiveInt | None = None
    encoder_ffn_dim: PositiveInt | None = None
    decoder_ffn_dim: PositiveInt | None = None


class StyleModel(_Part):
    """Size of the style network."""

    name: Literal["openai/whisper-tiny", "openai/whisper-base", "openai/whisper-small"]
    input_features: Literal[True] = True
    classifier_proj_size: PositiveInt = 256
    spectrogram: StyleSpectrogram = StyleSpectrogram()
    overwrite: WhisperSizes = WhisperSizes()


class StyleData(_Part):
    """How maps become tokens. Names and meaning as for the generating models."""

    src_seq_len: int = Field(default=1024, ge=2)
    """Columns of the spectrogram; a window is one hop shorter."""
    tgt_seq_len: PositiveInt = 1024
    add_timing: bool = True
    add_snapping: bool = True
    add_timing_points: bool = False
    add_hitsounds: bool = True
    add_distances: bool = False
    add_positions: bool = True
    position_precision: PositiveInt = 1
    position_split_axes: bool = True
    position_range: tuple[int, int, int, int] = (-256, 768, -256, 640)
    types_first: bool = True


class StyleConfig(_Part):
    """``config.json`` of a style model."""

    data: StyleData = StyleData()
    model: StyleModel
    mappers: tuple[int, ...] = Field(min_length=1)
    """User ids, one for each class, in the order of the classes."""
    mapper_names: dict[int, str] = {}
    """Names of users, as far as known."""


Config = TypeVar("Config", bound=BaseModel)


def read_config(folder: Path, kind: type[Config]) -> Config:
    """A folder's ``config.json`` as one of the kinds above.

    Raises:
        ModelMissing: There is no such file.
        CheckpointMismatch: It lacks a value, or one cannot be used; the first one is named.
    """
    content = read_json(folder / CONFIG)
    verify_depth(content, folder)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise CheckpointMismatch(
            f"{folder / CONFIG} does not describe such a model: “{name}”: {first['msg']}."
        ) from error


def read_plain_weights(folder: Path, wrapper: str = "") -> dict[str, Tensor]:
    """A folder's tensors under the names that the network itself gives them.

    ``wrapper`` is what a training program puts before all names; it is removed if all have it.

    Raises:
        ModelMissing: There is no weights file.
        CheckpointMismatch: It is damaged.
    """
    weights = {name.replace(_COMPILED, ""): tensor for name, tensor in read_weights(folder).items()}
    if wrapper and all(name.startswith(wrapper) for name in weights):
        return {name.removeprefix(wrapper): tensor for name, tensor in weights.items()}
    return weights
