"""How daring the choice of the next token is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.events import BEAT_TYPES, EventType

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from torch import Tensor

    from companion.engine.logit_filters.history import TokenHistory
    from companion.engine.vocabulary import Vocabulary


COLDEST = 1e-4
"""What a temperature of 0 comes to: nothing but the likeliest token is left, and nothing divided
by 0."""


@dataclass(frozen=True, slots=True)
class Temperature:
    """One temperature for every token."""

    temperature: float

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Divide by the temperature."""
        del history
        return logits if self.temperature == 1 else logits / self.temperature


@dataclass(frozen=True, slots=True)
class TemperatureRule:
    """Another temperature ``distance`` tokens after one of some tokens."""

    temperature: float
    after: frozenset[int]
    distance: int


@dataclass(frozen=True, slots=True)
class ConditionalTemperature:
    """A base temperature and exceptions from it; the first rule that fits a row decides."""

    base: float
    rules: Sequence[TemperatureRule]

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Divide each row by its temperature."""
        chosen = [self._of(history, row) for row in range(len(history))]
        if len(set(chosen)) == 1:
            return logits / chosen[0]
        return logits / logits.new_tensor(chosen)[:, None]

    def _of(self, history: TokenHistory, row: int) -> float:
        for rule in self.rules:
            if history.recent(row, rule.distance) in rule.after:
                return rule.temperature
        return self.base


def temperature_rules(
    vocabulary: Vocabulary,
    modes: Collection[Mode],
    base: float,
    *,
    timing: float,
    mania_column: float,
    taiko_hit: float,
) -> list[TemperatureRule]:
    """The exceptions of models that name an event's type before its time.

    The time of a beat follows its type; the column of a mania note follows its type, time and snap;
    the kind of a taiko hit follows a scroll speed. The released inference applies all of them in
    every mode (so distances in osu! are drawn with the temperature of mania's columns), which is
    what asking for all modes does.
    """
    notes = {EventType.CIRCLE, EventType.HOLD_NOTE, EventType.HOLD_NOTE_END}
    if EventType.HOLD_NOTE_END not in vocabulary:
        notes = set[EventType]()
    rules = [TemperatureRule(timing, _ids(vocabulary, BEAT_TYPES), 1)]
    if Mode.MANIA in modes:
        rules.append(TemperatureRule(mania_column, _ids(vocabulary, notes), 3))
    if Mode.TAIKO in modes:
        speeds = _ids(vocabulary, {EventType.SCROLL_SPEED})
        rules.append(TemperatureRule(taiko_hit, speeds, 1))
    return [
        replace(rule, temperature=max(rule.temperature, COLDEST))
        for rule in rules
        if rule.after and rule.temperature != base
    ]


def _ids(vocabulary: Vocabulary, kinds: Iterable[EventType]) -> frozenset[int]:
    known = (vocabulary.ranges[kind] for kind in kinds if kind in vocabulary)
    return frozenset(token for r in known for token in r.ids)
