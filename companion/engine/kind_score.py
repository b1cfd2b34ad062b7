"""What a distribution over tokens says of an event's kind, and of its value once that is known.

A surprising event can be so in two ways: something else altogether was expected in its place (a new
combo where there is none), or only another value of it (a clap where there is a whistle). All types
count as one kind: that an object comes is no matter, which one it is may be.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class KindScore:
    """What was said of n events, beside their surprisal; all arrays of shape (n,)."""

    kind_bits: NDArray[np.float32]
    """-log2 of the probability that an event of this kind comes."""
    value_bits: NDArray[np.float32]
    """-log2 of the probability of the event's value among those of its kind."""
    value_entropy_bits: NDArray[np.float32]
    """The value bits that were to be expected."""
    combo_bits: NDArray[np.float32]
    """-log2 of the probability that a new combo comes here."""
    likeliest: NDArray[np.int32]
    """The likeliest token of the event's kind."""
    likeliest_probability: NDArray[np.float32]
    is_likeliest: NDArray[np.bool_]
    """Whether the event itself is that."""

    def part(self, rows: slice) -> Self:
        """Some of the events."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))
