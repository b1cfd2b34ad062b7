"""Decoding one window: from a prompt to the tokens that continue it.

A `DecodingTask` is put together from small parts: the network with its cache, a mixer for guidance,
filters, a chooser, and the ids that end a row. Its loop is the same for all of them, and for one
continuation of each prompt as for several beams.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch

from companion.engine.beams import Beams
from companion.engine.logit_filters import TokenHistory
from companion.engine.model.backbone import EncodedWindows
from companion.engine.vocabulary import PAD_ID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from torch import Tensor

    from companion.engine.cancellation import CancelToken
    from companion.engine.logit_filters import LogitFilter, LogitMixer
    from companion.engine.model.backbone import Backbone, DecoderState
    from companion.engine.sampling import TokenChooser


@dataclass(frozen=True, slots=True)
class DecodedRow:
    """What a model wrote after one prompt."""

    tokens: tuple[int, ...]
    """With the token that ended it, if one did."""
    logprob: float
    """Natural logarithm of the tokens' joint probability, before temperature and filters."""

    @property
    def mean_logprob(self) -> float:
        """Per token; 0 when there is none."""
        return self.logprob / len(self.tokens) if self.tokens else 0.0


@dataclass(frozen=True, slots=True)
class DecodingTask:
    """Continues some prompts that belong to the same window, side by side.

    The parts may keep state between tokens, so a task decodes once.
    """

    backbone: Backbone
    filters: Sequence[LogitFilter]
    chooser: TokenChooser
    stop_ids: Collection[int]
    max_tokens: int
    """Longest row, prompt and padding included."""
    mixer: LogitMixer | None = None
    """Joins the predictions of prompts and negative prompts; without one only prompts are read."""
    n_beams: int = 1
    """Continuations of each prompt that are followed, of which the best is kept."""
    draws_per_beam: int = 2
    """Candidates that beams which are drawn go on from; two leave one beside the end."""
    types_first: bool = True
    """Whether an event's type is named before its attributes, for filters that ask."""

    @torch.inference_mode()
    def run(
        self,
        prompts: Sequence[Sequence[int]],
        negatives: Sequence[Sequence[int]] | None,
        encoded: EncodedWindows,
        token: CancelToken,
    ) -> list[DecodedRow]:
        """Continue each prompt until one of the stop ids, or until the row is full.

        Args:
            prompts: At least one.
            negatives: One per prompt, needed by a mixer.
            encoded: The window that all rows listen to. Two, if the negative prompts listen to
                another encoding of it.
            token: Looked at before each token.

        Raises:
            Cancelled: The token was cancelled.
        """
        n = len(prompts)
        mixer = self.mixer if negatives is not None else None
        fed = [*prompts, *(negatives or ())] if mixer is not None else prompts
        return self._continue(prompts, fed, mixer, _for_rows(encoded, n, len(fed)), token)

    @torch.inference_mode()
    def run_windows(
        self,
        prompts: Sequence[Sequence[int]],
        negatives: Sequence[Sequence[int]] | None,
        encoded: EncodedWindows,
        token: CancelToken,
    ) -> list[DecodedRow]:
        """Continue the prompts of different windows side by side.

        Args:
            prompts: At least one.
            negatives: One per prompt, needed by a mixer.
            encoded: One window for each prompt; all twice, if the negative prompts listen to
                another encoding of them.
            token: Looked at before each token.

        Raises:
            Cancelled: The token was cancelled.
        """
        mixer = self.mixer if negatives is not None else None
        if mixer is None:
            return self._continue(prompts, prompts, None, encoded[: len(prompts)], token)
        if len(encoded) == len(prompts):
            encoded = EncodedWindows.cat([encoded, encoded])
        return self._continue(prompts, [*prompts, *(negatives or ())], mixer, encoded, token)

    def _continue(
        self,
        prompts: Sequence[Sequence[int]],
        fed: Sequence[Sequence[int]],
        mixer: LogitMixer | None,
        encoded: EncodedWindows,
        token: CancelToken,
    ) -> list[DecodedRow]:
        ids, mask = pad_left(fed)
        token.raise_if_cancelled()
        logits, state = self.backbone.start(ids, mask, encoded)
        if self.n_beams > 1:
            logits = logits.repeat_interleave(self.n_beams, dim=0)
            state.spread(self.n_beams)
        history = TokenHistory(
            self.backbone.vocabulary,
            [row for row in prompts for _ in range(self.n_beams)],
            types_first=self.types_first,
        )
        rows = self._rows(len(prompts))
        for position in range(ids.shape[1], self.max_tokens):
            mixed = self._mixed(logits, mixer)
            filtered = mixed
            for logit_filter in self.filters:
                filtered = logit_filter.apply(filtered, history)
            rows.extend(mixed, filtered, is_full=position + 1 == self.max_tokens)
            if rows.finished:
                break
            token.raise_if_cancelled()
            history.append(rows.last, rows.parents)
            logits, state = self._step(rows, state, 1 if mixer is None else 2)
        return [DecodedRow(tokens, logprob) for tokens, logprob in rows.best()]

    def _rows(self, n: int) -> _Rows | Beams:
        if self.n_beams == 1:
            return _Rows(n, self.stop_ids, self.chooser)
        return Beams(n, self.n_beams, self.stop_ids, self.chooser, self.draws_per_beam)

    def _mixed(self, logits: Tensor, mixer: LogitMixer | None) -> Tensor:
        if self.n_beams > 1:  # beams are compared with each other, so that their scale matters
            logits = logits.log_softmax(-1)
        return logits if mixer is None else mixer.mix(*logits.chunk(2))

    def _step(
        self, rows: _Rows | Beams, state: DecoderState, n_sides: int
    ) -> tuple[Tensor, DecoderState]:
        """Feed the newest tokens, also to the negative prompts if there are two sides."""
        n = len(rows.last)
        if rows.parents != list(range(n)):
            sides = [torch.tensor(rows.parents) + n * side for side in range(n_sides)]
            state.reorder(torch.cat(sides))
        return self.backbone.step(torch.tensor(rows.last).repeat(n_sides), state)


def _for_rows(encoded: EncodedWindows, n: int, n_fed: int) -> EncodedWindows:
    if len(encoded) == 1:
        return encoded.repeat(n_fed)
    wanted, unwanted = encoded[0].repeat(n), encoded[1].repeat(n)
    return wanted if n_fed == n else EncodedWindows.cat([wanted, unwanted])


def pad_left(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor | None]:
    """Rows as one tensor, shape = (n, longest), and where they are not padding.

    The mask is None when all rows have the same length.
    """
    longest = max(len(row) for row in rows)
    ids = torch.full((len(rows), longest), PAD_ID)
    mask = torch.ones(len(rows), longest, dtype=torch.bool)
    for i, row in enumerate(rows):
        padding = longest - len(row)
        ids[i, padding:] = torch.tensor(row)
        mask[i, :padding] = False
    return ids, None if all(len(row) == longest for row in rows) else mask


class _Rows:
    """What has been chosen so far; rows that have ended go on with padding that is not kept."""

    def __init__(self, n: int, stop_ids: Collection[int], chooser: TokenChooser) -> None:
        self._stop_ids = frozenset(stop_ids)
        self._chooser = chooser
        self._tokens: list[list[int]] = [[] for _ in range(n)]
        self._logprobs = [0.0] * n
        self._going = [True] * n
        self.last = [PAD_ID] * n
        self.parents = list(range(n))

    @property
    def finished(self) -> bool:
        return not any(self._going)

    def extend(self, mixed: Tensor, filtered: Tensor, *, is_full: bool) -> None:
        del is_full
        chosen = self._chooser.choose(filtered, self._going)
        surprise = mixed.logsumexp(-1) - mixed.gather(1, chosen[:, None])[:, 0]
        # torch types tolist() as a bare list.
        tokens = cast("list[int]", chosen.tolist())  # pyright: ignore[reportUnknownMemberType]
        nats = cast("list[float]", surprise.tolist())  # pyright: ignore[reportUnknownMemberType]
        for row, (token, lost) in enumerate(zip(tokens, nats, strict=True)):
            if not self._going[row]:
                continue
            self._tokens[row].append(token)
            self._logprobs[row] -= lost
            self._going[row] = token not in self._stop_ids
            self.last[row] = token if self._going[row] else PAD_ID

    def best(self) -> list[tuple[tuple[int, ...], float]]:
        return [
            (tuple(tokens), logprob)
            for tokens, logprob in zip(self._tokens, self._logprobs, strict=True)
        ]
