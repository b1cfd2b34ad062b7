"""What an aspect is, and how one of its tokens is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from companion.beatmap import HitObject
    from companion.engine.modding.object_fields import ObjectFields


class Aspect(Protocol):
    """Which events are chosen anew, among what, and what follows from a choice."""

    def is_free(self, index: int) -> bool:
        """Whether an event is chosen anew."""
        ...

    def allowed(self, index: int) -> Sequence[int]:
        """Token ids that an event is chosen among; at least one."""
        ...

    def settle(self, index: int) -> None:
        """Adapt later events to a choice that has been put in place."""
        ...

    def settled(self, fields: ObjectFields, item: HitObject) -> ObjectFields:
        """An object's line with what was chosen, once all its events are settled."""
        ...


@dataclass(frozen=True, slots=True)
class Draw:
    """How one token is chosen among some."""

    temperature: float
    top_p: float
    generator: torch.Generator

    def choose(self, logits: Tensor, allowed: Sequence[int]) -> tuple[int, float]:
        """A token and the natural logarithm of its probability among all allowed ones.

        Args:
            logits: Tensor, shape = (1, vocab_out).
            allowed: Ids to choose among.
        """
        ids = torch.as_tensor(list(allowed))
        among = logits[0, ids.to(logits.device)].float().cpu()[None]
        logprobs = among.log_softmax(-1)[0]
        if self.temperature == 0:
            place = int(among.argmax())
        else:
            scaled = among / self.temperature
            p = _without_unlikely(scaled.softmax(-1), self.top_p)
            noise = torch.empty(p.shape).exponential_(1, generator=self.generator)
            place = int((p / noise).argmax())
        return int(ids[place]), float(logprobs[place])


def _without_unlikely(p: Tensor, top_p: float) -> Tensor:
    """Zero for the least likely that together have less than ``1 - top_p``."""
    ascending, order = p.sort(dim=-1)
    unlikely = ascending.cumsum(-1) <= 1 - top_p
    unlikely[..., -1] = False
    return p.masked_fill(unlikely.scatter(-1, order, unlikely), 0.0)
