"""What is to be beaten: bits per event from counted frequencies, without a network.

The *unigram* is the frequency of a token in the maps of a mode, taken from the checkpoint's
``unigram.json`` (counts by mode and token id) where there is one, else from the other evaluated
songs. The *bigram* always comes from the other evaluated songs: a token's frequency after the token
before it, drawn towards the unigram where few were seen. An absolute time has no useful
predecessor, so a time is told as its distance in beats from the time before, and its predecessor
is the distance before that. A distance stands for about one time token at usual tempos.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import numpy as np

from companion.engine import checkpoint
from companion.engine.events import TYPES, EventType
from companion.training.library import MODES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from companion.beatmap import Beatmap
    from companion.engine.events import Event
    from companion.engine.vocabulary import Vocabulary

UNIGRAM = "unigram.json"
BIGRAM_PRIOR = 20.0
"""So many times the unigram is taken to have been seen after each token."""
STEPS_PER_BEAT = 24
FARTHEST_STEPS = 16 * STEPS_PER_BEAT

Counts = dict[str, dict[str, int]]
"""By mode and token id, as in ``unigram.json``."""


class Frequencies:
    """How often each token stands in the maps of a mode."""

    def __init__(self, counts: Counts, vocabulary: Vocabulary) -> None:
        self._counts = {mode: np.zeros(vocabulary.size_out) for mode in MODES}
        for mode, by_id in counts.items():
            for token, count in by_id.items():
                self._counts[mode][int(token)] = count
        self._group = np.full(vocabulary.size_out, -1)
        for index, one in enumerate(vocabulary.output_ranges):
            # All types compete with each other.
            self._group[one.first_id : one.end_id] = -2 if one.kind in TYPES else index

    @classmethod
    def of_checkpoint(cls, folder: Path, vocabulary: Vocabulary) -> Frequencies | None:
        """Those of the training maps, as far as the checkpoint tells them."""
        path = folder / UNIGRAM
        if not path.is_file():
            return None
        return cls(cast("Counts", checkpoint.read_json(path)), vocabulary)

    def bits(self, mode: str, tokens: NDArray[np.int64]) -> tuple[list[float], list[float]]:
        """Bits among all tokens, and among those of the same kind; add-one smoothed."""
        counts = self._counts[mode] + 1
        plain = -np.log2(counts[tokens] / counts.sum())
        sums = {group: counts[self._group == group].sum() for group in np.unique(self._group)}
        within = np.array([sums[group] for group in self._group[tokens]])
        return plain.tolist(), (-np.log2(counts[tokens] / within)).tolist()


Symbol = tuple[str, int]
"""An event without its absolute time: kind and value, or distance in steps of a beat."""
START: Symbol = ("start", 0)


@dataclass(slots=True)
class Pairs:
    """Counted symbols of some maps, and what came before them."""

    single: Counter[Symbol] = field(default_factory=Counter[Symbol])
    double: Counter[tuple[Symbol, Symbol]] = field(default_factory=Counter[tuple[Symbol, Symbol]])
    before: Counter[Symbol] = field(default_factory=Counter[Symbol])

    def count(self, pairs: Iterable[tuple[Symbol, Symbol]]) -> None:
        """Count pairs of (before, symbol)."""
        for before, symbol in pairs:
            self.single[symbol] += 1
            self.double[before, symbol] += 1
            self.before[before] += 1

    @staticmethod
    def sum(parts: Iterable[Pairs]) -> Pairs:
        """All of them together."""
        total = Pairs()
        for part in parts:
            total.single.update(part.single)
            total.double.update(part.double)
            total.before.update(part.before)
        return total

    def bits(self, pairs: Iterable[tuple[Symbol, Symbol]], n_symbols: int) -> list[float]:
        """Bits of each symbol after the one before it, when there are so many symbols."""
        n = self.single.total()
        result: list[float] = []
        for before, symbol in pairs:
            alone = (self.single[symbol] + 1) / (n + n_symbols)
            seen = self.double[before, symbol] + BIGRAM_PRIOR * alone
            result.append(float(-np.log2(seen / (self.before[before] + BIGRAM_PRIOR))))
        return result


def symbol_pairs(beatmap: Beatmap, events: Sequence[Event]) -> list[tuple[Symbol, Symbol]]:
    """Each event of a map as a symbol, after the one before it; a time after a time."""
    pairs: list[tuple[Symbol, Symbol]] = []
    last, last_gap = START, START
    last_ms: int | None = None
    for event in events:
        if event.kind is EventType.TIME_SHIFT:
            symbol: Symbol = (event.kind.value, _gap(beatmap, last_ms, event.value))
            pairs.append((last_gap, symbol))
            last_gap, last_ms = symbol, event.value
        else:
            symbol = (event.kind.value, event.value)
            pairs.append((last, symbol))
        last = symbol
    return pairs


def _gap(beatmap: Beatmap, last_ms: int | None, time_ms: int) -> int:
    red = beatmap.timing_at(time_ms)
    if last_ms is None or red is None or not red.beat_length > 0:
        return FARTHEST_STEPS
    steps = round((time_ms - last_ms) / red.beat_length * STEPS_PER_BEAT)
    return min(max(steps, -FARTHEST_STEPS), FARTHEST_STEPS)


@dataclass(frozen=True, slots=True, eq=False)
class Baselines:
    """Both baselines for the maps of one song, which they have not seen."""

    vocabulary: Vocabulary
    frequencies: Frequencies | None
    """Those of the training; None leaves it to the other songs' symbols."""
    pairs: Pairs

    def unigram(
        self, mode: str, tokens: NDArray[np.int64], symbols: Sequence[tuple[Symbol, Symbol]]
    ) -> tuple[list[float], list[float]]:
        """Bits among all tokens, and among those of the kind."""
        if self.frequencies is not None:
            return self.frequencies.bits(mode, tokens)
        n, size = self.pairs.single.total(), self.vocabulary.size_out
        kinds = _totals(self.pairs.single)
        plain: list[float] = []
        within: list[float] = []
        for _, symbol in symbols:
            count = self.pairs.single[symbol] + 1
            kind = _kind_of(symbol)
            plain.append(float(-np.log2(count / (n + size))))
            within.append(float(-np.log2(count / (kinds[kind] + self._n_of(kind)))))
        return plain, within

    def bigram(self, symbols: Sequence[tuple[Symbol, Symbol]]) -> list[float]:
        """Bits after the token before."""
        return self.pairs.bits(symbols, self.vocabulary.size_out)

    def _n_of(self, kind: str) -> int:
        if kind == _TYPE:
            return sum(one.kind in TYPES for one in self.vocabulary.output_ranges)
        return len(self.vocabulary.ranges[EventType(kind)].ids)


_TYPE = "type"


def _kind_of(symbol: Symbol) -> str:
    return _TYPE if symbol[0] in TYPES else symbol[0]


def _totals(counts: Mapping[Symbol, int]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for symbol, count in counts.items():
        totals[_kind_of(symbol)] += count
    return totals
