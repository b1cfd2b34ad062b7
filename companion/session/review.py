"""What the mapper decides about findings, and how they compare with those before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from companion.beatmap import Mode
    from companion.checks import Level
    from companion.session.values import ShownFinding


MOST_GONE: Final = 50
"""More findings that are gone are only counted."""


@dataclass(frozen=True, slots=True)
class MapLevel:
    """How hard the open difficulty is meant to be."""

    mode: Mode
    interpreted: Level
    """By its name, else by its star rating."""
    stated: Level | None
    """By the mapper, which counts; None leaves it to the above."""

    @property
    def level(self) -> Level:
        """The one that counts."""
        return self.interpreted if self.stated is None else self.stated


@dataclass(frozen=True, slots=True)
class DismissedRule:
    """A rule that is silent in the open mapset."""

    code: str
    count: int
    """How many findings of the open map it would have."""


@dataclass(frozen=True, slots=True)
class Dismissed:
    """What the mapper does not want to see."""

    findings: tuple[ShownFinding, ...] = ()
    """Hidden one by one, of this revision."""
    rules: tuple[DismissedRule, ...] = ()
    absent_count: int = 0
    """How many were hidden one by one that are not found in this revision."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Findings against those of an earlier moment; of what is not dismissed."""

    new_ids: frozenset[str] = frozenset()
    gone: tuple[ShownFinding, ...] = ()
    """The first `MOST_GONE` of them, by time."""
    gone_count: int = 0


@dataclass(frozen=True, slots=True)
class Review:
    """All of it, for the open map."""

    level: MapLevel | None = None
    """None without a map that can be read."""
    dismissed: Dismissed = Dismissed()
    since_save: Comparison = Comparison()
    since_opening: Comparison = Comparison()
