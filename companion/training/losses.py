"""What training minimises: surprise at the maps' tokens, and at what the frame head is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import torch
from torch.nn import functional as F

from companion.engine.model.bundled.network import Rows, Trail

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.model.bundled.hearing import Hearing
    from companion.engine.model.bundled.network import BundledNetwork
    from companion.training.batches import Batch

HEAD_WEIGHT = 10.0
TIME_WEIGHT = 2.0
"""Times count double: there is one among six to eight tokens of an event."""


class Losses(NamedTuple):
    """Parts of the loss, in nats per token (head: per bin)."""

    head: Tensor
    plain: Tensor
    """Of the choice among all but times and cells, per predicted token."""
    time: Tensor
    """Of which time, per time token."""
    cell: Tensor
    """Of which cell, per position token."""
    total: Tensor


def head_loss(hearing: Hearing, batch: Batch) -> Tensor:
    """Mean cross entropy of onsets plus that of events, per bin."""
    onsets = F.binary_cross_entropy_with_logits(hearing.onsets, batch.onsets)
    return onsets + F.binary_cross_entropy_with_logits(hearing.events, batch.events)


def losses(network: BundledNetwork, batch: Batch) -> Losses:
    """All parts for a batch; the forward pass runs under the caller's autocast."""
    hearing = network.hear(batch.ask)
    head = head_loss(hearing, batch)
    inputs, targets = batch.tokens[:, :-1], batch.tokens[:, 1:]
    wanted = batch.predicted[:, 1:]
    trail = Trail.of(inputs, network.lexicon)
    places = network.decoder.places(hearing)
    h, _ = network.decoder(inputs, None, trail.bins, places)
    n = wanted.sum()
    place = cast("Tensor", network.plain_place)[targets[wanted]]
    plain = F.cross_entropy(network.plain(h[wanted]).float(), place)
    time = cell = torch.zeros(())
    total = HEAD_WEIGHT * head + plain
    rows = Rows.where(_in(targets, network.lexicon.times) & wanted & network.time_rows(inputs))
    if rows is not None:
        log_probs = network.time_log_probs(h, rows, trail, places)
        time = _mean(log_probs, rows, targets, network.lexicon.times[0])
        total = total + TIME_WEIGHT * time * rows.valid.sum() / n
    rows = Rows.where(_in(targets, network.lexicon.cells) & wanted & network.cell_rows(inputs))
    if rows is not None:
        log_probs = network.cell_log_probs(h, rows, trail, inputs)
        cell = _mean(log_probs, rows, targets, network.lexicon.cells[0])
        total = total + cell * rows.valid.sum() / n
    return Losses(head, plain, time, cell, total)


def _in(ids: Tensor, bounds: tuple[int, int]) -> Tensor:
    return (ids >= bounds[0]) & (ids < bounds[1])


def _mean(log_probs: Tensor, rows: Rows, targets: Tensor, first: int) -> Tensor:
    chosen = (rows.take(targets) - first).clamp(0, log_probs.shape[2] - 1)
    picked = torch.gather(log_probs, 2, chosen.unsqueeze(2)).squeeze(2)
    return -picked[rows.valid].mean()
