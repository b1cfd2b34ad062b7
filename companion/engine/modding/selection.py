"""Which of a map's surprises are shown, when the map's own style is taken into account.

A mapper who sets every volume by hand, or maps triplets throughout, surprises a small model all the
time. That is style and no fault. So of each kind of event only as many are shown as a good map
would have, twice over, and those that surprise most; and what comes late in its own kind's order
weighs little, however surprising it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from companion.engine.modding.rarity import Rarity
    from companion.engine.modding.record import JudgedEvent

_LEAST_RANK_WEIGHT = 0.0
"""Reached at twice the rate of a good map."""
_LEAST_RANK_WEIGHT_DETECTED = -1.0
"""Reached at four times the rate."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that is surprising enough by itself."""

    judged: JudgedEvent
    context: int
    sort: str
    """Of what sort it is: a kind of event (`rarity_key`), or the fault that a detector suspects."""
    bits: float
    """How strong a sign it is."""
    rarity: Rarity | None
    """Of signs of this sort; None where each counts by itself."""
    is_detected: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """A candidate that is shown."""

    candidate: Candidate
    weight: float


class Selection:
    """The candidates of one map, window by window as they become known."""

    def __init__(self, minutes: float) -> None:
        """Begin with nothing.

        Args:
            minutes: Time with objects in the map.
        """
        self._minutes = minutes
        self._by_window: dict[int, Sequence[Candidate]] = {}

    def put(self, window: int, candidates: Iterable[Candidate]) -> None:
        """Note what is surprising in a window."""
        self._by_window[window] = tuple(candidates)

    def chosen(self) -> dict[int, list[Chosen]]:
        """What is shown of each window that is known."""
        shown: dict[int, list[Chosen]] = {window: [] for window in self._by_window}
        for window, chosen in self._ranked():
            shown[window].append(chosen)
        return shown

    def _ranked(self) -> Iterable[tuple[int, Chosen]]:
        by_sort: dict[str, list[tuple[int, Candidate]]] = {}
        for window, candidates in self._by_window.items():
            for candidate in candidates:
                if candidate.rarity is None:
                    yield window, Chosen(candidate, candidate.judged.shown_surprisal)
                else:
                    by_sort.setdefault(candidate.sort, []).append((window, candidate))
        for entries in by_sort.values():
            entries.sort(key=lambda e: (-e[1].bits, e[1].judged.index))
            for rank, (window, candidate) in enumerate(entries, start=1):
                weight = self._weight(candidate, rank)
                if weight is None:
                    break
                yield window, Chosen(candidate, weight)

    def _weight(self, candidate: Candidate, rank: int) -> float | None:
        """None beyond what is shown of a sort."""
        rarity = candidate.rarity
        assert rarity is not None, "others are not ranked"
        by_rank = 1.0 + math.log2(max(rarity.per_minute * self._minutes, 1e-9) / rank)
        if rank == 1:
            by_rank = max(by_rank, 1.0)
        alone = rarity.weight(candidate.bits)
        if candidate.is_detected:
            # A detector has weighed against what a map is like already: what it is sure of stays.
            return alone if by_rank >= _LEAST_RANK_WEIGHT_DETECTED else None
        return min(alone, by_rank) if by_rank >= _LEAST_RANK_WEIGHT else None
