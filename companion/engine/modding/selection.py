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

    from companion.engine.modding.record import JudgedEvent, ModdingSettings

_LEAST_RANK_WEIGHT = 0.0
"""Reached at twice the rate of a good map."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An event that is surprising enough by itself."""

    judged: JudgedEvent
    key: str
    """Its name in `ModdingSettings.kinds`."""
    evidence_bits: float
    """What is compared with the `Rarity` of that name."""
    context: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A candidate that is shown."""

    candidate: Candidate
    weight: float


class Selection:
    """The candidates of one map, window by window as they become known."""

    def __init__(self, settings: ModdingSettings, minutes: float) -> None:
        """Begin with nothing.

        Args:
            settings: The checkpoint's.
            minutes: Time with objects in the map.
        """
        self._settings = settings
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
        settings = self._settings
        by_key: dict[str, list[tuple[int, Candidate]]] = {}
        for window, candidates in self._by_window.items():
            for candidate in candidates:
                if not settings.kinds:
                    yield window, Chosen(candidate, candidate.judged.shown_surprisal)
                    continue
                by_key.setdefault(candidate.key, []).append((window, candidate))
        for key, entries in by_key.items():
            entries.sort(key=lambda e: (-e[1].evidence_bits, e[1].judged.index))
            rarity = settings.kinds[key]
            usual = rarity.per_minute * self._minutes
            for rank, (window, candidate) in enumerate(entries, start=1):
                by_rank = 1.0 + math.log2(max(usual, 1e-9) / rank)
                if rank == 1:
                    by_rank = max(by_rank, 1.0)
                if by_rank < _LEAST_RANK_WEIGHT:
                    break
                alone = rarity.weight(candidate.evidence_bits)
                yield window, Chosen(candidate, min(alone, by_rank))
