"""Choosing the next token from filtered predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


class TokenChooser(Protocol):
    """Decides on one token per row."""

    def choose(self, logits: Tensor, going: Sequence[bool]) -> Tensor:
        """Chosen ids, shape = (n,), for predictions of shape = (n, vocab_out).

        What is chosen for rows that are not going on any more does not matter.
        """
        ...


class Greedy:
    """Always the most likely token."""

    def choose(self, logits: Tensor, going: Sequence[bool]) -> Tensor:
        """See `TokenChooser`."""
        del going
        return logits.argmax(-1)


class Sampler:
    """Draws from the distribution, each row from a random stream of its own.

    Noise is made on the CPU, so a seed gives the same tokens on every device (as far as its
    arithmetic agrees), and a row does not depend on how many others are decoded beside it. One
    draw takes one exponential per token of the vocabulary from the stream; ``argmax(p / e)`` then
    is distributed as ``p``. That is also how ``torch.multinomial`` draws a single sample.
    """

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self._generators = generators

    @classmethod
    def seeded(cls, seeds: Sequence[int]) -> Sampler:
        """One row per seed."""
        return cls([torch.Generator().manual_seed(seed) for seed in seeds])

    def choose(self, logits: Tensor, going: Sequence[bool]) -> Tensor:
        """See `TokenChooser`."""
        noise = torch.ones(logits.shape)
        for row, generator, draws in zip(noise, self._generators, going, strict=True):
            if draws:
                row.exponential_(1, generator=generator)
        return (logits.softmax(-1) / noise.to(logits.device)).argmax(-1)
