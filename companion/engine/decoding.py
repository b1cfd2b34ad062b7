"""Decoding one window: from a prompt to the tokens that continue it.

A `DecodingTask` is put together from small parts: the network with its cache, a mixer for guidance,
filters, a chooser, and the ids that end a row. Its loop is the same for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch

from companion.engine.logit_filters import TokenHistory
from companion.engine.model.backbone import EncodedWindows
from companion.engine.vocabulary import PAD_ID

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from torch import Tensor

    from companion.engine.cancellation import CancelToken
    from companion.engine.logit_filters import LogitFilter, LogitMixer
    from companion.engine.model.backbone import Backbone
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
        n = len(prompts)
        ids, mask = pad_left(fed)
        token.raise_if_cancelled()
        logits, state = self.backbone.start(ids, mask, encoded)
        history = TokenHistory(self.backbone.vocabulary, prompts)
        rows = _Rows(n, self.stop_ids)
        for _ in range(ids.shape[1], self.max_tokens):
            mixed = logits if mixer is None else mixer.mix(logits[:n], logits[n:])
            chosen = self._choose(mixed, history, rows.going)
            rows.append(chosen, mixed)
            if rows.finished:
                break
            token.raise_if_cancelled()
            history.append(rows.last)
            fed_back = torch.tensor(rows.last)
            if mixer is not None:
                fed_back = fed_back.repeat(2)
            logits, state = self.backbone.step(fed_back, state)
        return rows.results()

    def _choose(self, logits: Tensor, history: TokenHistory, going: Sequence[bool]) -> Tensor:
        for logit_filter in self.filters:
            logits = logit_filter.apply(logits, history)
        return self.chooser.choose(logits, going)


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

    def __init__(self, n: int, stop_ids: Collection[int]) -> None:
        self._stop_ids = frozenset(stop_ids)
        self._tokens: list[list[int]] = [[] for _ in range(n)]
        self._logprobs = [0.0] * n
        self.going = [True] * n
        self.last = [PAD_ID] * n

    @property
    def finished(self) -> bool:
        return not any(self.going)

    def append(self, chosen: Tensor, logits: Tensor) -> None:
        surprise = logits.logsumexp(-1) - logits.gather(1, chosen[:, None])[:, 0]
        # torch types tolist() as a bare list.
        tokens = cast("list[int]", chosen.tolist())  # pyright: ignore[reportUnknownMemberType]
        nats = cast("list[float]", surprise.tolist())  # pyright: ignore[reportUnknownMemberType]
        for row, (token, lost) in enumerate(zip(tokens, nats, strict=True)):
            if not self.going[row]:
                continue
            self._tokens[row].append(token)
            self._logprobs[row] -= lost
            self.going[row] = token not in self._stop_ids
            self.last[row] = token if self.going[row] else PAD_ID

    def results(self) -> list[DecodedRow]:
        return [
            DecodedRow(tuple(tokens), logprob)
            for tokens, logprob in zip(self._tokens, self._logprobs, strict=True)
        ]
