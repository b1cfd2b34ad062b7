"""Beginnings where, and only where, a plan has them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch

from companion.beatmap import Mode
from companion.engine.events import HEAD_TYPES, OPEN_TYPES, TIMED_TYPES, EventType

if TYPE_CHECKING:
    from collections.abc import Collection

    from torch import Tensor

    from companion.engine.logit_filters.history import TokenHistory
    from companion.engine.vocabulary import Vocabulary


_LONG_TYPES = HEAD_TYPES & OPEN_TYPES


class PlannedOnsets:
    """Something begins at every planned time and at no other; what it is remains free.

    For models that say the type first. In mania any number of notes begin at a planned time, and
    notes may be held over it. In the other modes an object ends before the next one begins, and
    nothing begins that could not end on a tick before that.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        planned: Tensor,
        quarters: Tensor,
        mode: Mode,
        ends: Collection[int],
    ) -> None:
        """Make the rule.

        Args:
            vocabulary: Of the tokens.
            planned: Whether something begins in a 10 ms step, shape = (n_windows, n_steps), bool;
                each window is that of as many rows.
            quarters: Where the ticks of 1/4 beat are, shape = (n_windows, n_steps), bool.
            mode: Of the map.
            ends: Tokens other than times that end a window.
        """
        self._vocabulary = vocabulary
        self._first = vocabulary.ranges[EventType.TIME_SHIFT].first_id
        self._past = self._first + planned.shape[1]
        self._steps = [_places(row) for row in planned]
        self._chords = mode is Mode.MANIA
        # Places where only something short can begin.
        self._short = [
            frozenset[int]() if self._chords else _without_tick_between(steps, _places(row))
            for steps, row in zip(self._steps, quarters, strict=True)
        ]
        self._ends = torch.tensor(sorted(ends), dtype=torch.long)
        self._repeats = _ids(vocabulary, {EventType.HITSOUND})
        self._heads, self._long = _ids(vocabulary, HEAD_TYPES), _ids(vocabulary, _LONG_TYPES)

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Forbid beginnings and ends that do not agree with the plan."""
        logits = logits.clone()
        n, n_windows = len(history), len(self._steps)
        for row in range(n):
            window = row * n_windows // n
            forbidden = self._forbidden(window, history, row)
            logits[row, forbidden.to(logits.device)] = -torch.inf
        return logits

    def _forbidden(self, window: int, history: TokenHistory, row: int) -> Tensor:
        """Tokens that cannot come next in a row."""
        steps, newest = self._steps[window], history.kind(row)
        step = history.columns[row].step
        last = -1 if step is None else step
        at = bisect_right(steps, last)
        following = steps[at] if at < len(steps) else None
        here = self._chords and at > 0 and steps[at - 1] == last
        if newest in HEAD_TYPES:
            possible = [last] if here else []
            possible += [] if following is None else [following]
            times = torch.arange(self._first, self._past)
            kept = torch.tensor([self._first + step for step in possible])
            # Where nothing is planned any more, the window is at its end.
            return times[~torch.isin(times, kept)] if possible else times[:0]
        if newest in TIMED_TYPES:
            end = self._past if following is None else self._first + following + self._chords
            return torch.arange(end, self._past)
        if history.last_types[row] is EventType.LAST_ANCHOR and history.n_sounds[row]:
            return self._repeats if self._is_full(history, row, following) else self._repeats[:0]
        if following is None:
            return self._heads[:0] if here else self._heads
        if following in self._short[window]:
            return torch.cat([self._ends, self._long])
        return self._ends

    def _is_full(self, history: TokenHistory, row: int, following: int | None) -> bool:
        """Whether a slider cannot go back once more before the next object or the window's end.

        The last anchor has a sound for each of the spans.
        """
        head = history.head_steps[row]
        span = max(history.last_steps[row] - head, 1)
        end = self._past - self._first if following is None else following
        return head + span * (history.n_sounds[row] + 1) >= end


def _places(row: Tensor) -> list[int]:
    return np.flatnonzero(row.cpu().numpy()).tolist()


def _without_tick_between(steps: list[int], ticks: list[int]) -> frozenset[int]:
    """Those of the steps after which no tick comes before the next step."""
    return frozenset(
        step
        for step, following in pairwise(steps)
        if bisect_right(ticks, step) == bisect_left(ticks, following)
    )


def _ids(vocabulary: Vocabulary, kinds: Collection[EventType]) -> Tensor:
    known = (vocabulary.ranges[kind].ids for kind in kinds if kind in vocabulary)
    return torch.tensor([token for ids in known for token in ids], dtype=torch.long)
