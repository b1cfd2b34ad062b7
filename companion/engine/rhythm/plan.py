"""From how likely a beginning is to where things begin."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from torch.nn import functional as F

if TYPE_CHECKING:
    from torch import Tensor

LEAST_LOG_ODDS = -0.4
"""A tick is planned from here on. F1 is greatest where what is just likely enough has half of the
F1 that is reached as its probability (Lipton, Elkan and Naryanaswamy 2014): 0.37 to 0.44."""
APART_BINS = 2
"""Of ticks that are no farther apart than this, only the likeliest is planned."""


class OnsetPlan(NamedTuple):
    """The beginnings of some rows' windows, in 10 ms steps from their start."""

    planned: Tensor
    """Whether something begins in a step, shape = (n, n_steps), bool."""
    quarters: Tensor
    """Where the ticks of 1/4 beat are, shape = (n, n_steps), bool."""


def planned_onsets(log_odds: Tensor, ticks: Tensor) -> Tensor:
    """Where objects begin.

    Args:
        log_odds: Of an object that begins in a 10 ms bin, shape = (n, n_bins).
        ticks: Whether there is a tick of the beat in a bin, shape = (n, n_bins), bool.

    Returns:
        Tensor, shape = (n, n_bins), bool.
    """
    anywhere = ~ticks.any(dim=1, keepdim=True)  # without red lines there are no ticks
    on_ticks = log_odds.masked_fill(~(ticks | anywhere), -float("inf"))
    near = F.max_pool1d(on_ticks[:, None], 2 * APART_BINS + 1, stride=1, padding=APART_BINS)[:, 0]
    return (on_ticks > LEAST_LOG_ODDS) & (on_ticks == near)
