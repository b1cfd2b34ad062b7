"""Batches of tensors from drawn windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from companion.engine.model.bundled.grid import BIN_MS, WindowBeats, window_beats
from companion.engine.model.bundled.network import Ask
from companion.engine.model.bundled.sound import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.training.draws import View, Window

LENGTH_STEP = 32
"""Sequences are padded to a multiple of this, so that few shapes occur."""


class Batch(NamedTuple):
    """n windows with m maps each, window by window."""

    ask: Ask
    onsets: Tensor
    """Whether an object starts in a bin, shape = (n * m, n_bins), float32."""
    events: Tensor
    """Whether anything happens in a bin, shape = (n * m, n_bins), float32."""
    tokens: Tensor
    """Padded on the right with 0, shape = (n * m, n_tokens), int64."""
    predicted: Tensor
    """Whether a token is to be predicted, shape = (n * m, n_tokens), bool."""


def assemble(
    windows: Sequence[Window], log_mel: NDArray[np.float32], sizes: NetworkSizes, n_bins: int
) -> Batch:
    """Tensors of some windows; ``log_mel`` has shape (n, n_mels, window_frames)."""
    views = [view for window in windows for view in window.views]
    deaf = torch.tensor([window.song.audio is None for window in windows])
    beats = [_beats_of(window.views[0], sizes, n_bins) for window in windows]
    ask = Ask(
        columns=normalised(torch.as_tensor(log_mel)),
        phases=torch.as_tensor(np.stack([beat.phases for beat in beats])),
        ticks=torch.as_tensor(np.stack([beat.ticks for beat in beats])),
        beats=torch.as_tensor(np.stack([beat.beats for beat in beats]).astype(np.float32)),
        classes=torch.tensor([view.classes for view in views]),
        deaf=deaf if bool(deaf.any()) else None,
    )
    length = max(len(view.tokens) for view in views)
    # One more than a multiple: the last token is only ever predicted.
    length = -(-(length - 1) // LENGTH_STEP) * LENGTH_STEP + 1
    tokens = torch.zeros(len(views), length, dtype=torch.long)
    predicted = torch.zeros(len(views), length, dtype=torch.bool)
    for row, view in enumerate(views):
        tokens[row, : len(view.tokens)] = torch.as_tensor(view.tokens)
        predicted[row, view.n_prompt : len(view.tokens)] = True
    onsets = np.stack([labels(view, view.chart.onsets_ms, n_bins) for view in views])
    events = np.stack([labels(view, view.chart.events_ms, n_bins) for view in views])
    return Batch(ask, torch.as_tensor(onsets), torch.as_tensor(events), tokens, predicted)


def labels(view: View, times_ms: NDArray[np.float64], n_bins: int) -> NDArray[np.float32]:
    """One at each bin that holds a time, shape = (n_bins,)."""
    times = times_ms / view.speed
    low, high = np.searchsorted(times, [view.start_ms, view.start_ms + n_bins * BIN_MS])
    row = np.zeros(n_bins, dtype=np.float32)
    row[((times[low:high] - view.start_ms) / BIN_MS).astype(np.int64).clip(max=n_bins - 1)] = 1
    return row


def _beats_of(view: View, sizes: NetworkSizes, n_bins: int) -> WindowBeats:
    lines = view.chart.lines.faster(view.speed)
    return window_beats(lines, view.start_ms, sizes.n_frames, sizes.frame_ms, n_bins)
