"""Tells an event's kind and its value apart in a distribution over tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from companion.engine.events import TYPES, EventType
from companion.engine.kind_score import KindScore

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from companion.engine.vocabulary import Vocabulary

_TINY = 1e-12
"""Least probability: nothing costs more than 39.9 bits."""


class TokenKinds:
    """Sorts a vocabulary's output tokens by kind."""

    def __init__(self, vocabulary: Vocabulary, device: torch.device) -> None:
        self._groups = torch.zeros(vocabulary.size_out, dtype=torch.int64)
        for number, entry in enumerate(vocabulary.output_ranges, start=2):
            self._groups[entry.first_id : entry.end_id] = 1 if entry.kind in TYPES else number
        self._members = torch.nn.functional.one_hot(self._groups).float().to(device)
        self._groups = self._groups.to(device)
        combo = vocabulary.ranges.get(EventType.NEW_COMBO)
        self._new_combo = None if combo is None else combo.first_id

    def score(self, probabilities: Tensor, real: Tensor) -> KindScore:
        """Judge events.

        Args:
            probabilities: What was said before each event, shape = (n, size_out).
            real: The events' tokens, shape = (n,).
        """
        group = self._groups[real]
        of_kind = (probabilities @ self._members).gather(1, group[:, None]).clamp(_TINY, 1.0)
        among = torch.where(self._groups[None, :] == group[:, None], probabilities, 0.0)
        values = among / of_kind
        value_bits = _bits(values.gather(1, real[:, None])[:, 0])
        best, likeliest = among.max(dim=1)
        never = torch.zeros(len(real), device=probabilities.device)
        combo = never if self._new_combo is None else probabilities[:, self._new_combo]
        entropy = (values * _bits(values)).sum(dim=1)
        return KindScore(
            _array(_bits(of_kind[:, 0])),
            _array(value_bits),
            _array(entropy),
            _array(_bits(combo)),
            likeliest.to(torch.int32).cpu().numpy(),
            _array(best),
            (likeliest == real).cpu().numpy(),
        )


def _bits(probabilities: Tensor) -> Tensor:
    return -torch.log2(probabilities.clamp(_TINY, 1.0))


def _array(values: Tensor) -> NDArray[np.float32]:
    return values.float().cpu().numpy()
