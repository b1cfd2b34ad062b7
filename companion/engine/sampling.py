"""Choosing the next token from filtered predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class BeamChoice:
    """Candidates of a beam search, as indices into all tokens of all beams of a prompt."""

    leading: Tensor
    """Those whose ends finish a hypothesis, shape = (n, n_beams)."""
    going: Tensor
    """Those to go on from, best first, shape = (n, n_beams); ends only where nothing else is."""


class TokenChooser(Protocol):
    """Decides on one token per row, or on the beams of each prompt."""

    def choose(self, logits: Tensor, going: Sequence[bool]) -> Tensor:
        """Chosen ids, shape = (n,), for predictions of shape = (n, vocab_out).

        What is chosen for rows that are not going on any more does not matter.
        """
        ...

    def choose_beams(
        self, scores: Tensor, ends: Tensor, n_drawn: int, going: Sequence[bool]
    ) -> BeamChoice:
        """Choose how the beams of some prompts go on.

        Args:
            scores: Of each token after each beam, shape = (n, n_beams, vocab_out).
            ends: Which tokens end a hypothesis, shape = (vocab_out,).
            n_drawn: Candidates that are drawn for each prompt, where any are.
            going: Whether it matters what is chosen for a prompt.
        """
        ...


class Greedy:
    """Always the most likely token."""

    def choose(self, logits: Tensor, going: Sequence[bool]) -> Tensor:
        """See `TokenChooser`."""
        del going
        return logits.argmax(-1)

    def choose_beams(
        self, scores: Tensor, ends: Tensor, n_drawn: int, going: Sequence[bool]
    ) -> BeamChoice:
        """See `TokenChooser`."""
        del n_drawn, going
        n_beams = scores.shape[1]
        open_ended = scores.masked_fill(ends, -torch.inf)
        return BeamChoice(
            scores.flatten(1).topk(n_beams).indices, open_ended.flatten(1).topk(n_beams).indices
        )


class Sampler:
    """Draws from the distribution, each row from a random stream of its own.

    Noise is made on the CPU, so a seed gives the same tokens on every device (as far as its
    arithmetic agrees), and a row does not depend on how many others are decoded beside it. One
    draw takes one exponential per token of the vocabulary from the stream; ``argmax(p / e)`` then
    is distributed as ``p``. That is also how ``torch.multinomial`` draws, and the tokens of the
    greatest ratios are several draws without putting them back.
    """

    def __init__(self, generators: Sequence[torch.Generator]) -> None:
        self._generators = generators

    @classmethod
    def seeded(cls, seeds: Sequence[int]) -> Sampler:
        """One row per seed."""
        return cls([torch.Generator().manual_seed(seed) for seed in seeds])

    def choose(self, logits: Tensor, going: Sequence[bool]) -> Tensor:
        """See `TokenChooser`."""
        return self._ratios(logits, going).argmax(-1)

    def choose_beams(
        self, scores: Tensor, ends: Tensor, n_drawn: int, going: Sequence[bool]
    ) -> BeamChoice:
        """Draw candidates; the first of them may finish, and the best of all go on."""
        n_beams, flat = scores.shape[1], scores.flatten(1)
        drawn = self._ratios(flat, going).topk(min(n_drawn, flat.shape[1])).indices
        open_ended = scores.masked_fill(ends, -torch.inf).flatten(1).gather(1, drawn)
        best = open_ended.topk(n_beams).indices
        return BeamChoice(drawn[:, :n_beams], drawn.gather(1, best))

    def _ratios(self, logits: Tensor, going: Sequence[bool]) -> Tensor:
        noise = torch.ones(logits.shape)
        for row, generator, draws in zip(noise, self._generators, going, strict=True):
            if draws:
                row.exponential_(1, generator=generator)
        return logits.softmax(-1) / noise.to(logits.device)
