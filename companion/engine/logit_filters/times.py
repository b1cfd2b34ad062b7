"""Rules about time tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from companion.engine.events import HEAD_TYPES, OPEN_TYPES, EventType

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.logit_filters.history import TokenHistory
    from companion.engine.vocabulary import Vocabulary

_BEGINNINGS = HEAD_TYPES | {EventType.KIAI, EventType.SCROLL_SPEED_CHANGE}


class MonotonicTime:
    """Time does not run backwards inside a context."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._first = vocabulary.ranges[EventType.TIME_SHIFT].first_id

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Forbid times before each row's last one."""
        if not any(history.last_steps):
            return logits
        logits = logits.clone()
        for row, step in enumerate(history.last_steps):
            logits[row, self._first : self._first + step] = -torch.inf
        return logits


class TimeBias:
    """Makes times more or less likely altogether, and with them the number of objects."""

    def __init__(self, vocabulary: Vocabulary, bias: float) -> None:
        times = vocabulary.ranges[EventType.TIME_SHIFT]
        self._bias = torch.zeros(vocabulary.size_out)
        self._bias[times.first_id : times.end_id] = bias

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Add the bias to all time tokens."""
        del history
        self._bias = self._bias.to(logits.device)
        return logits + self._bias


class TimeFence:
    """Nothing begins before the range that is written, and nothing that began inside ends after it.

    A beginning after the range is left possible: it is one of the tokens that end a window. Where
    types come last, a time begins something unless an object is open. That is not known of hold
    notes, several of which may be; one whose end would come after the range stays without.
    """

    def __init__(
        self, vocabulary: Vocabulary, first_step: int, last_step: int, *, types_first: bool = True
    ) -> None:
        """Make a fence.

        Args:
            vocabulary: Whose tokens are fenced.
            first_step: First time token that is allowed, in 10 ms steps of the window.
            last_step: Last one that an end or an anchor may have.
            types_first: Whether an event's type is named before its time.
        """
        times = vocabulary.ranges[EventType.TIME_SHIFT]
        self._types_first = types_first
        self._before = slice(times.first_id, times.first_id + max(first_step, 0))
        last = min(max(last_step, 0), len(times.ids) - 1)
        self._last_step = last
        self._after = slice(times.first_id + last + 1, times.end_id)

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Forbid the times outside the fence."""
        logits = logits.clone()
        logits[:, self._before] = -torch.inf
        for row in range(len(history)):
            # Whoever is already past the fence can only go on from there.
            inside = history.last_steps[row] <= self._last_step
            if inside and not self._may_begin(history, row):
                logits[row, self._after] = -torch.inf
        return logits

    def _may_begin(self, history: TokenHistory, row: int) -> bool:
        """Whether the next time may be that of a beginning."""
        if self._types_first:
            return history.kind(row) in _BEGINNINGS
        return history.last_object_types[row] not in OPEN_TYPES
