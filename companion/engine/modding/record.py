"""What a model said of one event of a map, and what a checkpoint says about reading that."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self, cast

from companion.beatmap import Mode
from companion.engine.events import (
    BEAT_TYPES,
    HEAD_TYPES,
    TIMED_TYPES,
    UNTIMED_TYPES,
    EventType,
)
from companion.engine.modding.detectors import Detector, Detectors, Fault, detectors_from_json
from companion.engine.modding.rarity import Rarity
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

_SHOWN_DIVISOR = 10.0
"""The original shows a tenth of the relative surprisal."""


@dataclass(frozen=True, slots=True)
class JudgedEvent:
    """One event as it stands in the map, beside the one the model would have written there.

    Everything the model knew comes before the event: the sound, the settings of the map, and the
    events of the window up to it.
    """

    context: str
    """Which part of the map the event belongs to, e.g. ``map`` or ``timing``."""
    index: int
    """Position of the event in that context's events of the whole map."""
    window: int
    kind: EventType
    value: int
    time_ms: int
    """Song time the event belongs to; for an anchor, its place between head and tail."""
    expected_kind: EventType | None
    """Kind of the most likely event; ``None`` when the model expected nothing more to come."""
    expected_value: int
    """Value of the most likely event; of a time, milliseconds of song time."""
    expected_probability: float
    surprisal_bits: float
    """-log2 of the probability the model gave the event."""
    entropy_bits: float
    """The surprisal the model itself expected here; high where many things could have come."""

    @property
    def relative_surprisal(self) -> float:
        """Surprisal as a multiple of what the model expected; 0 where it expected none."""
        return self.surprisal_bits / self.entropy_bits if self.entropy_bits > 0 else 0.0

    @property
    def is_as_expected(self) -> bool:
        """Whether the most likely event is the one that is there."""
        return (self.expected_kind, self.expected_value) == (self.kind, self.value)

    @property
    def shown_surprisal(self) -> float:
        """The number that the original shows and orders by."""
        return self.relative_surprisal / _SHOWN_DIVISOR

    @property
    def excess_bits(self) -> float:
        """Surprisal beyond what the model expected."""
        return self.surprisal_bits - self.entropy_bits

    @property
    def probability(self) -> float:
        """What the model gave the event that is there."""
        return 2.0**-self.surprisal_bits


@dataclass(frozen=True, slots=True)
class ModdingSettings:
    """From which surprisal on a checkpoint's opinion is worth a mapper's time.

    The defaults are the original's for its full-size families: one threshold on the surprisal as a
    multiple of the entropy. A small model is never so sure of anything that its entropy comes near
    zero, and knows some things better than others; so its checkpoint says for each kind of event
    how surprising such events are in good maps.
    """

    relative_threshold: float = 20.0
    """Least surprisal as a multiple of the entropy; not used with `kinds`."""
    kinds: Mapping[str, Rarity] = field(default_factory=dict[str, Rarity])
    """By `rarity_key`; with any given, what is not named is never shown."""
    detectors: Detectors = field(default_factory=dict[Mode, dict[Fault, Detector]])
    """Of the modes that have any, what looks for faults in their objects."""
    minor_from: float = 10.0
    """Weight from which a finding is more than a matter of taste."""
    warning_from: float = 100.0
    """Weight from which a finding is likely an issue."""
    lookback: float | None = None
    """Leading part of a window that is not judged, as a fraction; the checkpoint's own when None.

    What a model says of an event does not depend on the window that asks, only on how much of the
    past that window holds. Windows that overlap less are faster and know a little less.
    """
    lookahead: float | None = None
    """Trailing part of a window that is not judged; what is needed of it when None."""

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """Take settings from the ``modding`` part of a checkpoint's ``generation_config.json``.

        Raises:
            CheckpointMismatch: A value is unknown or of the wrong type.
        """
        numbers = {f.name for f in fields(cls)} - {"kinds", "detectors"}
        chosen: dict[str, Any] = {}
        for name, value in values.items():
            if name == "kinds":
                chosen[name] = _rarities(value)
            elif name == "detectors":
                chosen[name] = detectors_from_json(value)
            elif name in numbers and _is_number(value):
                chosen[name] = value
            else:
                raise CheckpointMismatch(
                    f"generation_config.json: modding.{name} cannot be {value!r}."
                )
        return cls(**chosen)

    @classmethod
    def uncalibrated(cls) -> Self:
        """For a small model that does not say how surprising good maps are to it."""
        rarity = Rarity(6.0, 1.0, 0.4)
        return cls(
            kinds=dict.fromkeys(_KINDS, rarity),
            minor_from=1.5,
            warning_from=2.5,
            lookback=0.25,
            lookahead=0.25,
        )

    def is_worth_showing(self, judged: JudgedEvent, part: EventType) -> bool:
        """Whether an event surprised the model enough; `part` as in `weight_of`."""
        if not self.kinds:
            return judged.relative_surprisal >= self.relative_threshold
        rarity = self.kinds.get(rarity_key(judged, part))
        return rarity is not None and judged.excess_bits >= rarity.from_bits

    def may_be_worth_showing(
        self, surprisal_bits: NDArray[np.float32], entropy_bits: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Where `is_worth_showing` may say yes, for many events of any kind at once."""
        if not self.kinds:
            return surprisal_bits >= self.relative_threshold * entropy_bits
        least = min(rarity.from_bits for rarity in self.kinds.values())
        return surprisal_bits - entropy_bits >= least


def rarity_key(judged: JudgedEvent, part: EventType) -> str:
    """Under which name an event stands in `ModdingSettings.kinds`.

    That is its kind, with ``:tail`` after it where it is not about an object's head but about an
    anchor or an end. An event in whose place a new combo was expected is about that.
    """
    if judged.expected_kind is EventType.NEW_COMBO:
        return _NEW_COMBO_MISSING
    return f"{judged.kind.value}{_TAIL}" if part in _TAIL_PARTS else judged.kind.value


def _rarities(values: object) -> dict[str, Rarity]:
    rarities: dict[str, Rarity] = {}
    if isinstance(values, dict):
        for kind, given in cast("dict[str, object]", values).items():
            if kind not in _KINDS:
                raise CheckpointMismatch(
                    f"generation_config.json: modding.kinds.{kind} cannot be {given!r}."
                )
            rarities[kind] = Rarity.from_json(given, f"modding.kinds.{kind}")
    if not rarities:
        raise CheckpointMismatch("generation_config.json: modding.kinds names no kinds.")
    return rarities


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TAIL = ":tail"
_NEW_COMBO_MISSING = f"{EventType.NEW_COMBO.value}:missing"
_TAIL_PARTS = UNTIMED_TYPES | (TIMED_TYPES - HEAD_TYPES - BEAT_TYPES)
_KINDS = {kind.value + ending for kind in EventType for ending in ("", _TAIL)} | {
    _NEW_COMBO_MISSING
}
