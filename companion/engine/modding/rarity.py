"""How strong a sign has to be before a mapper is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from companion.errors import CheckpointMismatch


@dataclass(frozen=True, slots=True)
class Rarity:
    """How rare signs of one sort are in maps that nothing is wrong with, by their strength.

    A sign is an event's surprisal beyond its entropy, or a detector's evidence.
    """

    from_bits: float
    """Least strength that is worth a mapper's time."""
    halving_bits: float
    """So many bits more are half as frequent in good maps."""
    per_minute: float
    """How many over the threshold a good map has."""

    @classmethod
    def from_json(cls, given: object, name: str) -> Self:
        """Read the three numbers in their order.

        Raises:
            CheckpointMismatch: They are not three numbers; the message says where, by the name.
        """
        match given:
            case [
                float() | int() as from_bits,
                float() | int() as halving_bits,
                float() | int() as per_minute,
            ] if halving_bits > 0:
                return cls(from_bits, halving_bits, per_minute)
            case _:
                raise CheckpointMismatch(f"generation_config.json: {name} cannot be {given!r}.")

    def to_json(self) -> list[float]:
        """The opposite of `from_json`."""
        return [self.from_bits, self.halving_bits, self.per_minute]

    def weight(self, bits: float) -> float:
        """1 at the threshold, and one more each time that it is half as frequent."""
        return 1.0 + (bits - self.from_bits) / self.halving_bits
