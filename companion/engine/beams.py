"""Beam search: several continuations of each prompt are followed, and the best of them is kept.

The rules are those of ``generate`` in transformers with a length penalty of 1 and without early
stopping, as the original configures it. A continuation's score is the sum of what the filters make
of its tokens' log-probabilities. Ends among the best ``n_beams`` candidates finish a hypothesis,
whose score is divided by its length; the best candidates that are no ends go on. A search is over
when it has ``n_beams`` hypotheses and its best beam, at its length so far, is no better than the
worst of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch

from companion.engine.vocabulary import PAD_ID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from torch import Tensor

    from companion.engine.sampling import TokenChooser


@dataclass(frozen=True, slots=True)
class _Beam:
    tokens: tuple[int, ...] = ()
    logprob: float = 0.0
    """As in `DecodedRow`."""
    score: float = 0.0
    """-inf for a place that no continuation takes; of finished ones per token."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One token more for one of a prompt's beams."""

    parent: int
    token: int
    score: float
    logprob: float


class Beams:
    """The beams of some prompts; as many rows as beams, those of a prompt side by side."""

    def __init__(
        self,
        n_prompts: int,
        n_beams: int,
        stop_ids: Collection[int],
        chooser: TokenChooser,
        draws_per_beam: int,
    ) -> None:
        """Begin with nothing chosen.

        Args:
            n_prompts: Number of prompts.
            n_beams: Beams of each.
            stop_ids: What ends a hypothesis.
            chooser: Chooses among the candidates; one row of its is a prompt, not a beam.
            draws_per_beam: So many candidates a chooser that draws looks at, per beam.
        """
        self._n_beams = n_beams
        self._stop_ids = frozenset(stop_ids)
        self._chooser = chooser
        self._n_drawn = draws_per_beam * n_beams
        # All beams begin alike; if more than one of them counted, all would go on alike.
        alike = [_Beam(), *[_Beam(score=-math.inf)] * (n_beams - 1)]
        self._beams = [list(alike) for _ in range(n_prompts)]
        self._finished: list[list[_Beam]] = [[] for _ in range(n_prompts)]
        self._going = [True] * n_prompts
        self.last = [PAD_ID] * (n_prompts * n_beams)
        """The newest token of each row."""
        self.parents: list[int] = []
        """The row that each row has gone on from."""

    @property
    def finished(self) -> bool:
        """Whether all searches are over."""
        return not any(self._going)

    def extend(self, mixed: Tensor, filtered: Tensor, *, is_full: bool) -> None:
        """Choose one more token for each beam.

        Args:
            mixed: Log-probabilities before filters, shape = (n_rows, vocab_out).
            filtered: The same after them.
            is_full: Whether there is no room for another token, so that any token is an end.
        """
        shape = (len(self._beams), self._n_beams, filtered.shape[1])
        scores = filtered.view(shape) + self._scores(filtered.device)[:, :, None]
        # A filter may make nonsense of a row in which nothing is possible.
        scores = torch.where(scores.isnan(), -torch.inf, scores)
        ends = self._ends(shape[2]).to(scores.device)
        chosen = self._chooser.choose_beams(scores, ends, self._n_drawn, self._going)
        places = torch.cat([chosen.leading, chosen.going], dim=1)
        logprobs = mixed.log_softmax(-1).view(shape)
        self.parents = list(range(shape[0] * shape[1]))
        self.last = [PAD_ID] * len(self.parents)
        found = _candidates(places, scores, logprobs)
        for prompt, candidates in enumerate(found):
            if self._going[prompt]:
                self._finish(prompt, candidates[: self._n_beams], is_full=is_full)
                self._go_on(prompt, candidates[self._n_beams :], is_full=is_full)

    def best(self) -> list[tuple[tuple[int, ...], float]]:
        """Per prompt the best hypothesis: its tokens and their log-probability.

        The best beam where none has finished, for nothing could come next.
        """
        chosen = [(self._finished[i] or beams)[0] for i, beams in enumerate(self._beams)]
        return [(beam.tokens, beam.logprob) for beam in chosen]

    def _scores(self, device: torch.device) -> Tensor:
        return torch.tensor(
            [[beam.score for beam in beams] for beams in self._beams], device=device
        )

    def _ends(self, n_tokens: int) -> Tensor:
        """Which tokens end a hypothesis, shape = (n_tokens,)."""
        ends = torch.zeros(n_tokens, dtype=torch.bool)
        ends[[token for token in self._stop_ids if token < n_tokens]] = True
        return ends

    def _finish(self, prompt: int, leading: Sequence[_Candidate], *, is_full: bool) -> None:
        for candidate in leading:
            if candidate.score > -math.inf and (is_full or candidate.token in self._stop_ids):
                beam = self._longer(prompt, candidate)
                score = beam.score / len(beam.tokens)
                self._finished[prompt].append(_Beam(beam.tokens, beam.logprob, score))
        self._finished[prompt].sort(key=lambda beam: -beam.score)
        del self._finished[prompt][self._n_beams :]

    def _go_on(self, prompt: int, going: Sequence[_Candidate], *, is_full: bool) -> None:
        alive = [
            candidate
            for candidate in going
            if candidate.score > -math.inf and candidate.token not in self._stop_ids
        ]
        if is_full or not alive:
            self._going[prompt] = False
            return
        beams = [self._longer(prompt, candidate) for candidate in alive]
        n_missing = self._n_beams - len(beams)
        first = prompt * self._n_beams
        rows = slice(first, first + self._n_beams)
        self.parents[rows] = [
            *(first + candidate.parent for candidate in alive),
            *[first + alive[0].parent] * n_missing,
        ]
        self.last[rows] = [
            *(candidate.token for candidate in alive),
            *[alive[0].token] * n_missing,
        ]
        self._beams[prompt] = [*beams, *[_Beam(score=-math.inf)] * n_missing]
        done = self._finished[prompt]
        hope = beams[0].score / len(beams[0].tokens)
        self._going[prompt] = len(done) < self._n_beams or hope > done[-1].score

    def _longer(self, prompt: int, candidate: _Candidate) -> _Beam:
        before = self._beams[prompt][candidate.parent]
        return _Beam(
            (*before.tokens, candidate.token),
            before.logprob + candidate.logprob,
            candidate.score,
        )


def _candidates(places: Tensor, scores: Tensor, logprobs: Tensor) -> list[list[_Candidate]]:
    """What stands at some places of each prompt, shape = (n, n_places)."""
    n_tokens = scores.shape[2]
    values = torch.stack([part.flatten(1).gather(1, places) for part in (scores, logprobs)], dim=2)
    # torch types tolist() as a bare list.
    where = cast("list[list[int]]", places.tolist())  # pyright: ignore[reportUnknownMemberType]
    rows = cast("list[list[list[float]]]", values.tolist())  # pyright: ignore[reportUnknownMemberType]
    return [
        [
            _Candidate(place // n_tokens, place % n_tokens, score, logprob)
            for place, (score, logprob) in zip(chosen, pairs, strict=True)
        ]
        for chosen, pairs in zip(where, rows, strict=True)
    ]
