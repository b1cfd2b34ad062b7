"""What to do about times in the lookback, whose events are already written.

A window's lookback was decided on by earlier windows. If the model still puts probability there, it
would be asked about the same stretch again and again and end up with too many objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from companion.engine.events import TIMED_TYPES, EventType

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.logit_filters.history import TokenHistory
    from companion.engine.vocabulary import Vocabulary


class LookbackMask:
    """For models that say the time first: no time in the lookback."""

    def __init__(self, vocabulary: Vocabulary, n_steps: int) -> None:
        """Mask the first ``n_steps`` time tokens."""
        first = vocabulary.ranges[EventType.TIME_SHIFT].first_id
        self._lookback = slice(first, first + n_steps)

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Forbid the lookback."""
        del history
        logits = logits.clone()
        logits[:, self._lookback] = -torch.inf
        return logits


class LookbackRedistribution:
    """For models that say the type first: what falls into the lookback should have been the end.

    Seen after the type token, probability of a time in the lookback is a belated "nothing more":
    had the model known that only later times count, it would have ended instead of naming a type.
    The rest is scaled up as if it had known, and what the end lacked then is put on the lookback's
    first time token, which ends the window. The result are logarithms of probabilities.
    """

    def __init__(self, vocabulary: Vocabulary, n_steps: int) -> None:
        """Redistribute the first ``n_steps`` time tokens."""
        first = vocabulary.ranges[EventType.TIME_SHIFT].first_id
        self._first = first
        self._lookback = slice(first, first + n_steps)
        self._ends = [vocabulary.eos_id, *vocabulary.context_eos.values()]
        self._previous: Tensor | None = None

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Redistribute in rows whose last token is a type that a time follows."""
        previous, self._previous = self._previous, logits
        timed = [history.kind(row) in TIMED_TYPES for row in range(len(history))]
        if previous is None or not any(timed):
            return logits
        p_end = previous[list(history.parents)].softmax(-1)[:, self._ends].sum(-1)
        tiny = torch.finfo(p_end.dtype).tiny
        p_event = (1 - p_end).clamp_min(tiny)
        p = logits.softmax(-1)
        p_other = _sum_around(p, self._lookback)
        scale = 1 / (p_other * p_event + p_end).clamp_min(tiny)
        p = p * scale[:, None]
        p[:, self._lookback] = 0
        p[:, self._first] = ((scale - 1) * p_end / p_event).clamp(0, 1)
        chosen = torch.tensor(timed, device=logits.device)[:, None]
        return torch.where(chosen, p.log(), logits)


def _sum_around(p: Tensor, hole: slice) -> Tensor:
    return p[:, : hole.start].sum(-1) + p[:, hole.stop :].sum(-1)
