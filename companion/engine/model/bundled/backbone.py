"""The bundled network behind the engine's interface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import torch

from companion.engine.model.backbone import EncodedWindows
from companion.engine.model.bundled.conditions import condition_classes
from companion.engine.model.bundled.grid import (
    BIN_MS,
    MEASURE_QUARTERS,
    NO_TICK,
    BeatLines,
    window_beats,
)
from companion.engine.model.bundled.hearing import Hearing
from companion.engine.model.bundled.network import Ask, Trail
from companion.engine.model.bundled.sound import MelColumns, normalised
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from companion.engine.model.backbone import WindowInput
    from companion.engine.model.bundled.layers import DecoderLayer
    from companion.engine.model.bundled.network import BundledNetwork
    from companion.engine.model.bundled.writing import Places
    from companion.engine.model.settings import ModelSettings
    from companion.engine.vocabulary import Vocabulary

ROOM = 128
"""Tokens for which a decoder state has room when it is made or grows."""


@dataclass(slots=True, eq=False)
class BundledState:
    """Keys and values so far, with room for more, and where the tokens have got to."""

    keys: list[Tensor]
    """Per layer, shape = (n, heads, room, width / heads)."""
    values: list[Tensor]
    mask: Tensor | None
    """False at padding, shape = (n, room); None without padding."""
    length: int
    positions: Tensor
    """Place of the next token in its unpadded sequence, shape = (n,)."""
    trail: Trail
    """Shapes = (n, 1)."""
    places: Places

    @property
    def n_tokens(self) -> int:
        """Tokens taken in so far, padding included."""
        return self.length

    def spread(self, n: int) -> None:
        """See `DecoderState.spread`."""
        rows = torch.arange(self.positions.shape[0], device=self.positions.device)
        rows = rows.repeat_interleave(n)
        self.reorder(rows)
        self.positions = self.positions[rows]
        self.mask = None if self.mask is None else self.mask[rows]
        self.places = self.places.spread(n)

    def reorder(self, parents: Tensor) -> None:
        """See `DecoderState.reorder`."""
        parents = parents.to(self.positions.device)
        self.keys = [part[parents] for part in self.keys]
        self.values = [part[parents] for part in self.values]
        self.trail = self.trail.of_rows(parents)

    def make_room(self) -> None:
        """Grow the buffers when they are full."""
        if self.length < self.keys[0].shape[2]:
            return
        self.keys = [_longer(part, 2) for part in self.keys]
        self.values = [_longer(part, 2) for part in self.values]
        if self.mask is not None:
            self.mask = _longer(self.mask, 1, fill=True)


class BundledBackbone:
    """See ``companion.engine.model.backbone.Backbone``, which this is one of."""

    def __init__(
        self, network: BundledNetwork, vocabulary: Vocabulary, settings: ModelSettings
    ) -> None:
        self.network = network.eval().requires_grad_(requires_grad=False)
        self._vocabulary = vocabulary
        self._settings = settings
        self._columns = MelColumns(network.sizes).to(self.device)

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens it speaks."""
        return self._vocabulary

    @property
    def settings(self) -> ModelSettings:
        """Sizes and times from the checkpoint's files."""
        return self._settings

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self.network.plain.weight.device

    @property
    def n_parameters(self) -> int:
        """Number of trained values."""
        return sum(value.numel() for value in self.network.parameters())

    @torch.inference_mode()
    def encode(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        """Hear windows, as one batch."""
        return self._hear(self._columns_of(windows), windows)

    def predict(
        self, windows: Sequence[WindowInput], tokens: Tensor, mask: Tensor | None
    ) -> Tensor:
        """`encode` and `logits` in one, with gradients: what training runs."""
        tokens = tokens.to(self.device)
        mask = None if mask is None else mask.to(self.device)
        encoded = self._hear(self._columns_of(windows), windows)
        h, _, trail, places = self._read(tokens, mask, encoded)
        return self.network.log_probs(h, tokens, trail, places)

    def _columns_of(self, windows: Sequence[WindowInput]) -> Tensor:
        samples = np.stack([window.samples for window in windows])
        if samples.shape[1] != self.settings.window_samples:
            raise CheckpointMismatch(
                f"A window has {samples.shape[1]} samples, but this model hears "
                f"{self.settings.window_samples}."
            )
        return self._columns(torch.as_tensor(samples).to(self.device))

    @torch.inference_mode()
    def encode_columns(
        self, log_mel: Tensor, windows: Sequence[WindowInput], deaf: Tensor | None = None
    ) -> EncodedWindows:
        """As ``encode``, from log-mel columns (n, n_mels, window_frames) and without samples.

        ``deaf`` (n,) marks windows whose sound is to be taken as unknown.
        """
        return self._hear(log_mel, windows, deaf)

    def _hear(
        self, log_mel: Tensor, windows: Sequence[WindowInput], deaf: Tensor | None = None
    ) -> EncodedWindows:
        sizes, n_bins = self.network.sizes, self.network.lexicon.n_bins
        beats = [
            window_beats(
                BeatLines.of(window.red_lines),
                window.start_ms,
                sizes.n_frames,
                sizes.frame_ms,
                n_bins,
            )
            for window in windows
        ]
        kind = self.network.plain.weight.dtype

        def tensor(parts: list[np.ndarray], dtype: torch.dtype) -> Tensor:
            return torch.as_tensor(np.stack(parts)).to(self.device, dtype)

        ask = Ask(
            columns=normalised(log_mel).to(kind),
            phases=tensor([beat.phases for beat in beats], kind),
            ticks=tensor([beat.ticks for beat in beats], torch.long),
            beats=tensor([beat.beats for beat in beats], torch.float32),
            classes=torch.tensor([_classes(window) for window in windows], device=self.device),
            deaf=deaf,
        )
        return EncodedWindows(self.network.hear(ask)._asdict())

    def encode_unheard(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        """As ``encode``, but nothing is known of the sound; maps without a song were trained so."""
        sizes = self.network.sizes
        silent = torch.zeros(len(windows), sizes.n_mels, sizes.window_frames, device=self.device)
        deaf = torch.ones(len(windows), dtype=torch.bool, device=self.device)
        return self.encode_columns(silent, windows, deaf)

    def encoding_key(self, window: WindowInput) -> bytes:
        """The red lines around the window and the classes of what is asked for."""
        end_ms = window.start_ms + self.network.lexicon.n_bins * BIN_MS + BIN_MS
        near = BeatLines.of(window.red_lines).near(window.start_ms, end_ms)
        return near + bytes(_classes(window))

    @torch.inference_mode()
    def logits(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows, *, since: int = 0
    ) -> Tensor:
        """Teacher-forced predictions, shape = (n, n_tokens - since, vocab_out)."""
        h, _, trail, places = self._read(tokens, mask, encoded)
        trail = trail.since(since)
        return self.network.log_probs(h[:, since:], tokens[:, since:], trail, places)

    @torch.inference_mode()
    def start(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows
    ) -> tuple[Tensor, BundledState]:
        """Take in prompts; predictions after the last token of each, and the state for ``step``."""
        h, caches, trail, places = self._read(tokens, mask, encoded)
        n, t = tokens.shape
        ones = torch.ones(n, t, dtype=torch.bool, device=tokens.device)
        last = trail.since(-1)
        state = BundledState(
            keys=[_longer(k, 2) for k, _ in caches],
            values=[_longer(v, 2) for _, v in caches],
            mask=None if mask is None else _longer(mask, 1, fill=True),
            length=t,
            positions=(ones if mask is None else mask).sum(dim=1),
            trail=last,
            places=places,
        )
        return self.network.log_probs(h[:, -1:], tokens[:, -1:], last, places)[:, 0], state

    @torch.inference_mode()
    def step(self, tokens: Tensor, state: BundledState) -> tuple[Tensor, BundledState]:
        """Take in one more token per row; predictions after it."""
        state.make_room()
        decoder = self.network.decoder
        column = tokens.unsqueeze(1)
        trail = state.trail.after(column, self.network.lexicon)
        x = decoder.embed(column, state.positions.unsqueeze(1), trail.bins, state.places)
        end = state.length + 1
        allowed = None if state.mask is None else state.mask[:, None, None, :end]
        for index, layer in enumerate(decoder.layers):
            x = cast("DecoderLayer", layer).step(
                x,
                state.keys[index][:, :, :end],
                state.values[index][:, :, :end],
                allowed,
                state.places.cross[index],
            )
        state.length, state.positions, state.trail = end, state.positions + 1, trail
        h = decoder.norm(x)
        return self.network.log_probs(h, column, trail, state.places)[:, 0], state

    def onset_log_odds(self, encoded: EncodedWindows) -> Tensor:
        """The frame head's opinion on where objects start, shape = (n, n_bins), float32."""
        return encoded.parts["onsets"]

    def ticks(self, encoded: EncodedWindows, *, quarters: bool = False) -> Tensor:
        """See `HasFrameHead`."""
        return encoded.parts["ticks"] < (MEASURE_QUARTERS if quarters else NO_TICK)

    def _read(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows
    ) -> tuple[Tensor, list[tuple[Tensor, Tensor]], Trail, Places]:
        if mask is not None and bool(mask.all()):
            mask = None
        trail = Trail.of(tokens, self.network.lexicon)
        places = self.network.decoder.places(Hearing(**encoded.parts))
        h, caches = self.network.decoder(tokens, mask, trail.bins, places)
        return h, caches, trail, places


def _classes(window: WindowInput) -> tuple[int, int, int, int]:
    wish = window.conditioning
    return condition_classes(int(wish.mode), wish.difficulty, wish.note_density, wish.keycount)


def _longer(part: Tensor, dim: int, *, fill: bool = False) -> Tensor:
    """Room for as many tokens more as there are, and for ``ROOM`` at least."""
    shape = list(part.shape)
    shape[dim] = max(shape[dim], ROOM)
    room = part.new_ones(shape) if fill else part.new_zeros(shape)
    return torch.cat([part, room], dim=dim)
