"""Sizes of the bundled network, as its ``config.json`` states them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

FAMILY = "bundled"
_LARGEST = 2**17


@dataclass(frozen=True, slots=True)
class NetworkSizes:
    """Everything that decides a tensor's shape or what the network hears."""

    rate_hz: int = 16_000
    hop_samples: int = 128
    fft_samples: int = 1024
    fft_window_samples: int = 640
    n_mels: int = 80
    mel_low_hz: float = 30.0
    mel_high_hz: float = 8_000.0
    window_frames: int = 1024
    lag_ms: float = 20.0
    """Objects lead the acoustic onset by about this much; bins are read that much later."""
    width: int = 256
    heads: int = 4
    feed_forward: int = 1024
    convolutions: int = 3
    encoder_layers: int = 2
    decoder_layers: int = 4
    memory_stride: int = 2
    """Encoder frames that cross attention sees as one."""
    pointer_width: int = 128
    head_width: int = 512
    twelfths: int = 192
    """Distances from the last time are told apart up to this many 1/12 beats."""
    ring_px: int = 8
    """Width of one class of the misfit between a cell's distance and the distance token."""
    rings: int = 16
    """Classes of that misfit on each side of zero."""
    turns: int = 24
    """Classes of the angle between the last direction and that to a cell."""

    def __post_init__(self) -> None:
        """Refuse sizes that no network can be built with."""
        for name, value in asdict(self).items():
            if not 0 < value <= _LARGEST and name != "mel_low_hz":
                raise CheckpointMismatch(f"config.json: {name} cannot be {value}.")
        if self.width % self.heads or self.n_frames % self.memory_stride:
            raise CheckpointMismatch(
                "config.json: width must be a multiple of heads, and the encoder frames a "
                "multiple of memory_stride."
            )

    @property
    def n_frames(self) -> int:
        """Encoder frames of a window, two spectrogram columns each."""
        return self.window_frames // 2

    @property
    def frame_ms(self) -> float:
        """Distance of two encoder frames."""
        return 2 * self.hop_samples * 1000 / self.rate_hz

    @property
    def column_ms(self) -> float:
        """Distance of two spectrogram columns."""
        return self.hop_samples * 1000 / self.rate_hz

    @property
    def window_ms(self) -> float:
        """Length of a window; one column less, because columns are centred."""
        return (self.window_frames - 1) * self.column_ms

    @staticmethod
    def of(values: Mapping[str, object]) -> NetworkSizes:
        """Read sizes from the ``network`` part of a configuration; missing ones keep defaults."""
        known = {field.name: field.default for field in fields(NetworkSizes)}
        for name, value in values.items():
            if name not in known:
                raise CheckpointMismatch(f"config.json: unknown network size {name!r}.")
            if not isinstance(value, int | float) or isinstance(value, bool):
                raise CheckpointMismatch(f"config.json: {name} must be a number, is {value!r}.")
            known[name] = type(known[name])(value)  # type: ignore[call-arg]
        return NetworkSizes(**known)  # type: ignore[arg-type]

    def to_dict(self) -> dict[str, int | float]:
        """The same as plain values for json."""
        return asdict(self)
