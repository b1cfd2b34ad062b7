"""What the mapper decides about findings, and how they compare with those before."""

from __future__ import annotations

from typing import Literal

from protocol.base import Id, Wire
from protocol.values import Finding

LevelName = Literal["easy", "normal", "hard", "insane", "expert"]
"""How hard a difficulty means to be; what is harder than Expert counts as Expert."""


class MapLevel(Wire):
    """How hard the open difficulty is meant to be: some rules apply to some levels only."""

    interpreted: LevelName
    """By its name, else by its star rating."""
    stated: LevelName | None
    """By the mapper, which counts; null leaves it to the above."""
    names: list[str]
    """What mappers of this mode call the five levels, easiest first."""


class DismissedRule(Wire):
    """A rule that is silent in the open mapset."""

    code: Id
    """`restore_rule` takes it."""
    title: str
    """What it is called."""
    count: int
    """How many findings of the open map it would have."""


class Dismissed(Wire):
    """What the mapper does not want to see."""

    findings: list[Finding]
    """Hidden one by one, of this revision."""
    rules: list[DismissedRule]
    """Silent in all difficulties of the set."""
    absent_count: int
    """How many were hidden one by one that are not found in this revision."""


class Comparison(Wire):
    """The findings against those of an earlier moment.

    The model's count from when it had been through the whole map for the first time, and are gone
    only when it has been through the newest revision. What is dismissed does not count.
    """

    new_ids: list[Id]
    """Findings that were not there."""
    gone: list[Finding]
    """The first of those that are not there any more, by time."""
    gone_count: int
    """How many there are of them."""


class Review(Wire):
    """What was decided about the findings of the open map, and what changed among them."""

    level: MapLevel | None
    """Null without a map that can be read."""
    dismissed: Dismissed
    """What is hidden."""
    since_save: Comparison
    """Against the revision before."""
    since_opening: Comparison
    """Against the map as it was when it was opened."""
