"""A running average of the trained weights, which is better than the last of them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from torch import Tensor, nn

KEPT = 0.99
"""Share of the average that a step leaves as it is, once there have been some steps."""


class Average:
    """The average of some weights; they stay where they are."""

    def __init__(self, weights: Mapping[str, nn.Parameter]) -> None:
        self._weights = weights
        self.values = {name: weight.detach().clone() for name, weight in weights.items()}

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Take in the weights after a step, counted from 0."""
        kept = min(KEPT, (1 + step) / (10 + step))
        for name, weight in self._weights.items():
            self.values[name].lerp_(weight.detach(), 1 - kept)

    @contextmanager
    def in_place(self) -> Generator[None]:
        """Let the average be the weights for a while."""
        own = {name: weight.detach().clone() for name, weight in self._weights.items()}
        put(self._weights, self.values)
        try:
            yield
        finally:
            put(self._weights, own)


@torch.no_grad()
def put(weights: Mapping[str, nn.Parameter], values: Mapping[str, Tensor]) -> None:
    """Give weights other values, by name."""
    for name, weight in weights.items():
        weight.copy_(values[name])
