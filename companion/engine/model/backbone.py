"""The interface of a network: windows of sound and a prompt in, token distributions out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from companion.beatmap import TimingPoint
    from companion.engine.conditioning import Conditioning
    from companion.engine.model.settings import ModelSettings
    from companion.engine.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class WindowInput:
    """Everything that an encoder may look at for one window."""

    samples: NDArray[np.float32]
    """Peak-normalised mono samples, shape = (window_samples,)."""
    start_ms: float
    """Song time of the first sample."""
    red_lines: tuple[TimingPoint, ...]
    """The map's uninherited timing points, for networks that hear the beat; else ignored."""
    conditioning: Conditioning


@dataclass(frozen=True, slots=True, eq=False)
class EncodedWindows:
    """Encoder results of some windows; only the backbone that made them knows what is inside.

    Each part's first dimension counts windows. Values are never changed in place, so rows may be
    cached and shared.
    """

    parts: Mapping[str, Tensor]

    def __len__(self) -> int:
        return next(iter(self.parts.values())).shape[0]

    def __getitem__(self, index: int | slice | Sequence[int]) -> EncodedWindows:
        """The chosen windows; a single index keeps the dimension (length 1)."""
        if isinstance(index, int):
            index = slice(index, index + 1) if index != -1 else slice(-1, None)
        chosen = index if isinstance(index, slice) else list(index)
        return EncodedWindows({name: part[chosen] for name, part in self.parts.items()})

    def repeat(self, n: int) -> EncodedWindows:
        """All windows ``n`` times over, as (a, b, a, b, ...); one window costs no memory."""
        if n == 1:
            return self

        def repeated(part: Tensor) -> Tensor:
            rest = (1,) * (part.dim() - 1)
            if part.shape[0] == 1:
                return part.expand(n, *part.shape[1:])
            return part.repeat(n, *rest)

        return EncodedWindows({name: repeated(part) for name, part in self.parts.items()})

    def to(self, device: torch.device | str) -> EncodedWindows:
        """The same on another device."""
        return EncodedWindows({name: part.to(device) for name, part in self.parts.items()})

    def clone(self) -> EncodedWindows:
        """A copy that does not keep a larger batch's memory alive; for caches."""
        return EncodedWindows({name: part.clone() for name, part in self.parts.items()})

    @property
    def n_bytes(self) -> int:
        """Memory the parts take, for caches with a limit."""
        return sum(part.numel() * part.element_size() for part in self.parts.values())

    @staticmethod
    def cat(items: Sequence[EncodedWindows]) -> EncodedWindows:
        """All windows of all items in one batch."""
        if len(items) == 1:
            return items[0]
        names = items[0].parts.keys()
        return EncodedWindows(
            {name: torch.cat([item.parts[name] for item in items]) for name in names}
        )


class DecoderState(Protocol):
    """A decoder's memory of the tokens so far (keys and values); opaque to its users.

    ``step`` may extend the state it is given in place; only the returned one is valid afterwards.
    """

    @property
    def n_tokens(self) -> int:
        """Tokens taken in so far, padding included."""
        ...

    def spread(self, n: int) -> None:
        """Have each row ``n`` times, as (a, a, b, b, ...), to go on differently."""
        ...

    def reorder(self, parents: Tensor) -> None:
        """Let each row go on as another one had been, shape = (n_rows,), int64.

        Only rows that were one before `spread` may take each other's place: what they hear and
        where they are padded stays.
        """
        ...


@runtime_checkable
class HasFrameHead(Protocol):
    """A network that says for each 10 ms whether an object starts there."""

    def onset_log_odds(self, encoded: EncodedWindows) -> Tensor:
        """Shape = (n, n_bins), float32."""
        ...

    def ticks(self, encoded: EncodedWindows, *, quarters: bool = False) -> Tensor:
        """Whether there is a tick of the beat in a bin, of any divisor or of 1/4 or coarser.

        Returns:
            Tensor, shape = (n, n_bins), bool.
        """
        ...


class Backbone(Protocol):
    """One network, whatever its inside. Not thread-safe; runs without gradients.

    Token ids are the vocabulary's; padding is always on the left and never attended to.
    All results are float32 on ``device``.
    """

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens it speaks."""
        ...

    @property
    def settings(self) -> ModelSettings:
        """Sizes and times from the checkpoint's files."""
        ...

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        ...

    @property
    def n_parameters(self) -> int:
        """Number of trained values."""
        ...

    def encode(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        """Hear windows, as one batch."""
        ...

    def encoding_key(self, window: WindowInput) -> bytes:
        """What the encoding of ``window`` depends on beside its samples; empty for Whisper."""
        ...

    def logits(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows, *, since: int = 0
    ) -> Tensor:
        """Teacher-forced predictions of the token after each token; strictly causal.

        Args:
            tokens: Tensor, shape = (n, n_tokens), int64.
            mask: Tensor, shape = (n, n_tokens), bool, False at padding; None without padding.
            encoded: n windows.
            since: Index of the first position that is wanted; the projection of earlier ones onto
                the vocabulary is saved.

        Returns:
            Tensor, shape = (n, n_tokens - since, vocab_out).
        """
        ...

    def start(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows
    ) -> tuple[Tensor, DecoderState]:
        """Take in prompts, as ``logits`` does; predictions after the last token of each.

        Returns:
            Tensor, shape = (n, vocab_out), and the state for ``step``.
        """
        ...

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Take in one more token per row (tokens: shape = (n,)); predictions after it."""
        ...
