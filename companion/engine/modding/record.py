"""What a model said of one event of a map, and what a checkpoint says about reading that."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Self, cast

from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from companion.engine.events import EventType

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
    def excess_bits(self) -> float:
        """Surprisal beyond what the model expected."""
        return self.surprisal_bits - self.entropy_bits

    @property
    def probability(self) -> float:
        """What the model gave the event that is there."""
        return 2.0**-self.surprisal_bits


def _fits(name: str, value: object) -> bool:
    if name == "weight":
        return value in ("relative", "excess")
    if name == "kinds":
        return isinstance(value, dict) and all(
            isinstance(v, int | float) for v in cast("dict[object, object]", value).values()
        )
    return isinstance(value, int | float) and not isinstance(value, bool)


@dataclass(frozen=True, slots=True)
class ModdingSettings:
    """From which surprisal on a checkpoint's opinion is worth a mapper's time.

    The defaults are the original's for its full-size families. A small model is less sure of
    everything, so that its entropy is never near zero; its checkpoint carries its own numbers.
    """

    relative_threshold: float = 20.0
    """Least surprisal as a multiple of the entropy."""
    excess_bits: float = float("-inf")
    """Least surprisal beyond the entropy."""
    expected_probability: float = 0.0
    """Least probability of what the model expected instead."""
    kinds: Mapping[str, float] = field(default_factory=dict[str, float])
    """Least surprisal beyond the entropy in bits, by event kind, over `excess_bits`."""
    minor_from: float = 10.0
    """Shown weight from which a finding is more than a matter of taste."""
    warning_from: float = 100.0
    """Shown weight from which a finding is likely an issue."""
    weight: str = "relative"
    """What orders findings: ``relative`` (a tenth of it, as the original shows) or ``excess``."""

    lookback: float | None = None
    """Leading part of a window that is not judged, as a fraction; the checkpoint's own when None.

    What a model says of an event does not depend on the window that asks, only on how much of the
    past that window holds. Windows that overlap less are faster and know a little less.
    """
    lookahead: float | None = None
    """Trailing part of a window that is not judged; the checkpoint's own when None."""

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> Self:
        """Take settings from the ``modding`` part of a checkpoint's ``generation_config.json``.

        Raises:
            CheckpointMismatch: A value is unknown or of the wrong type.
        """
        known = {f.name for f in fields(cls)}
        for name, value in values.items():
            if name not in known or not _fits(name, value):
                raise CheckpointMismatch(
                    f"generation_config.json: modding.{name} cannot be {value!r}."
                )
        return cls(**cast("dict[str, Any]", dict(values)))

    def weight_of(self, judged: JudgedEvent) -> float:
        """The number that findings are ordered by, comparable within one checkpoint only."""
        if self.weight == "excess":
            return judged.excess_bits
        return judged.relative_surprisal / _SHOWN_DIVISOR

    def is_worth_showing(self, judged: JudgedEvent) -> bool:
        """Whether an event surprised the model enough."""
        return (
            judged.relative_surprisal >= self.relative_threshold
            and judged.excess_bits >= self.kinds.get(judged.kind.value, self.excess_bits)
            and judged.expected_probability >= self.expected_probability
        )
