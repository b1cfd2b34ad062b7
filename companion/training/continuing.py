"""Second halves of windows written greedily after real first halves, and how they compare."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from companion.engine.events import HEAD_TYPES, ContextType, EventType
from companion.engine.prompts import Context, pad_left
from companion.engine.vocabulary import EOS_ID, PAD_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from companion.engine.model.backbone import WindowInput
    from companion.engine.windows import Window
    from companion.training.hearings import MapListener, MapView

AT_MOST = 420
"""Tokens written per window."""
TOLERANCE_MS = 12.0


@torch.inference_mode()
def continued_onsets(
    listener: MapListener,
    view: MapView,
    inputs: Sequence[WindowInput],
    windows: Sequence[Window],
) -> list[NDArray[np.float64]]:
    """Song times of the objects that the model begins in each window's second half."""
    words, window_ms = listener.backbone.vocabulary, listener.settings.window_ms
    prompts: list[NDArray[np.int64]] = []
    for window in windows:
        middle = window.frame_time_ms + window_ms / 2
        given = [event for event in view.events if event.time_ms < middle]
        context = Context(ContextType.MAP, given)
        prompts.append(
            listener.builder.build((), [context], view.conditioning, window.frame_time_ms).ids
        )
    tokens = torch.as_tensor(pad_left(prompts))
    encoded = listener.backbone.encode(inputs)
    logits, state = listener.backbone.start(tokens, tokens != PAD_ID, encoded)
    times = words.ranges[EventType.TIME_SHIFT]
    ends = torch.tensor([EOS_ID, words.context_eos[ContextType.MAP]])
    last = _last_steps(tokens, times.first_id, times.end_id)
    steps = torch.arange(len(times.ids))
    written: list[torch.Tensor] = []
    done = torch.zeros(len(windows), dtype=torch.bool)
    for _ in range(AT_MOST):
        logits[:, times.first_id : times.end_id].masked_fill_(steps < last[:, None], -torch.inf)
        chosen = torch.where(done, EOS_ID, logits.argmax(dim=-1))
        done |= torch.isin(chosen, ends)
        written.append(chosen)
        if bool(done.all()):
            break
        is_time = (chosen >= times.first_id) & (chosen < times.end_id)
        last = torch.where(is_time, chosen - times.first_id, last)
        logits, state = listener.backbone.step(chosen, state)
    rows = torch.stack(written, dim=1).numpy()
    return [
        _onsets(listener, row, window.frame_time_ms)
        for row, window in zip(rows, windows, strict=True)
    ]


def compare(
    found_ms: NDArray[np.float64], real_ms: NDArray[np.float64], ticks_ms: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Hits, false alarms and misses on ticks, and how many of ``found_ms`` lie on none."""
    found, real = _near(ticks_ms, found_ms), _near(ticks_ms, real_ms)
    stray = len(found_ms) - _near(found_ms, ticks_ms).sum()
    return np.array(
        [(found & real).sum(), (found & ~real).sum(), (~found & real).sum(), stray], dtype=float
    )


def _near(places: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.bool_]:
    if not len(others):
        return np.zeros(len(places), dtype=bool)
    apart = np.abs(places[:, None] - np.sort(others)[None, :])
    return apart.min(axis=1, initial=np.inf) <= TOLERANCE_MS


def _last_steps(tokens: torch.Tensor, first: int, end: int) -> torch.Tensor:
    is_time = (tokens >= first) & (tokens < end)
    place = torch.where(is_time, torch.arange(tokens.shape[1]), -1).amax(dim=1)
    value = tokens.gather(1, place.clamp(min=0)[:, None])[:, 0] - first
    return torch.where(place < 0, 0, value)


def _onsets(
    listener: MapListener, row: NDArray[np.int64], frame_time_ms: int
) -> NDArray[np.float64]:
    events = listener.backbone.vocabulary.decode_window(row.tolist(), frame_time_ms)
    return np.array(
        [
            float(after.value)
            for event, after in pairwise(events)
            if event.kind in HEAD_TYPES and after.kind is EventType.TIME_SHIFT
        ]
    )
