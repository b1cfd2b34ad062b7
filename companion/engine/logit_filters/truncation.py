"""Leaving out unlikely tokens before one is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.logit_filters.history import TokenHistory


@dataclass(frozen=True, slots=True)
class TopK:
    """Keeps the ``k`` most likely tokens, and those as likely as the last of them."""

    k: int
    at_least: int = 1
    """So many are kept even if ``k`` is less."""

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Forbid all others."""
        del history
        worst = logits.topk(min(max(self.k, self.at_least), logits.shape[-1])).values[:, -1:]
        return logits.masked_fill(logits < worst, -torch.inf)


@dataclass(frozen=True, slots=True)
class TopP:
    """Keeps the most likely tokens that together have at least the probability ``p``."""

    p: float
    at_least: int = 1
    """So many most likely tokens are kept however likely they are."""

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Forbid all others."""
        del history
        ascending, order = logits.sort(dim=-1)
        unlikely = ascending.softmax(-1).cumsum(-1) <= 1 - self.p
        unlikely[:, -self.at_least :] = False
        return logits.masked_fill(unlikely.scatter(1, order, unlikely), -torch.inf)
