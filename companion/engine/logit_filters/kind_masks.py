"""Forbidding kinds of events, row by row, where a grammar says what may come next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import Tensor

    from companion.engine.events import EventType
    from companion.engine.vocabulary import Vocabulary


def all_but(vocabulary: Vocabulary, kinds: Iterable[EventType], *, may_end: bool) -> Tensor:
    """Which ids are not of these kinds, nor ends where those are allowed; shape = (vocab_out,)."""
    mask = torch.ones(vocabulary.size_out, dtype=torch.bool)
    for kind in kinds:
        ids = vocabulary.ranges[kind].ids
        mask[ids.start : ids.stop] = False
    if may_end:
        mask[[vocabulary.eos_id, *vocabulary.context_eos.values()]] = False
    return mask


def forbid(logits: Tensor, masks: Sequence[Tensor | None]) -> Tensor:
    """The logits without what each row's mask forbids; ``None`` forbids nothing."""
    if all(mask is None for mask in masks):
        return logits
    logits = logits.clone()
    for row, mask in enumerate(masks):
        if mask is not None:
            logits[row].masked_fill_(mask, -torch.inf)
    return logits
