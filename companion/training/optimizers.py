"""How weights follow their gradients, and how fast."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal, cast

import torch

from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import nn
    from torch.optim import Optimizer

OptimizerName = Literal["adamw", "muon"]
BETAS = (0.9, 0.98)


def make_optimizers(
    name: OptimizerName,
    weights: Iterable[nn.Parameter],
    weight_decay: float,
    tables: Iterable[nn.Parameter] = (),
) -> list[Optimizer]:
    """AdamW for all weights, or Muon for matrices and AdamW for the rest.

    Args:
        name: Which.
        weights: All that are trained.
        weight_decay: Of each step, times the learning rate.
        tables: Those of the matrices that are rows by token (embeddings, output layers): Muon
            balances the directions of a map between spaces, which rows of their own are not.

    Raises:
        OptionRefused: This version of torch has no Muon.
    """
    every = list(weights)
    if name == "adamw":
        return [torch.optim.AdamW(every, betas=BETAS, weight_decay=weight_decay, fused=True)]
    muon = getattr(cast("Any", torch.optim), "Muon", None)
    if muon is None:
        raise OptionRefused("Muon needs torch 2.9; use AdamW, or install a newer torch.")
    by_row = {id(weight) for weight in tables}
    matrices = [weight for weight in every if weight.dim() == 2 and id(weight) not in by_row]
    rest = [weight for weight in every if weight.dim() != 2 or id(weight) in by_row]
    # Scaled so that a step is about as large as one of AdamW's, and one rate serves both.
    made: list[Optimizer] = [
        muon(matrices, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
    ]
    if rest:
        made.append(torch.optim.AdamW(rest, betas=BETAS, weight_decay=weight_decay, fused=True))
    return made


def rate_at(
    step: int, n_steps: int | None, highest: float, warm_up: int, last_share: float
) -> float:
    """The learning rate of a step: a warm-up, then a cosine down to a share of the highest.

    While it is not known yet how many steps there are, only the warm-up counts; it takes a fifth of
    a run at most.
    """
    done = 0.0
    if n_steps is not None:
        done = min(step / max(n_steps, 1), 1.0)
        warm_up = min(warm_up, n_steps // 5)
    fall = last_share + (1 - last_share) * 0.5 * (1 + math.cos(math.pi * done))
    return highest * fall * min(1.0, (step + 1) / max(warm_up, 1))
