"""Difficulty settings against what the criteria recommend for a level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.checks.check import Issue
from companion.checks.level import Level, level_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from companion.beatmap import Beatmap
    from companion.checks.difficulty import Difficulty
    from companion.findings import Severity


@dataclass(frozen=True, slots=True)
class Limits:
    """What a setting should lie within; None where there is no limit."""

    low: float | None
    high: float | None

    def __contains__(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.low is None:
            return f"{self.high:g} or lower"
        return f"{self.low:g} or higher" if self.high is None else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True, slots=True)
class Setting:
    """A difficulty setting and its limits by level."""

    name: str
    value: Callable[[Beatmap], float]
    limits: Mapping[Level, Limits]


def limits(*by_level: tuple[float | None, float | None]) -> Mapping[Level, Limits]:
    """Limits of the levels from Easy on."""
    return {level: Limits(*pair) for level, pair in zip(Level, by_level, strict=False)}


def out_of_range(
    settings: Sequence[Setting], severity: Severity
) -> Callable[[Difficulty], Iterator[Issue]]:
    """A check's function that looks at some settings."""

    def find(difficulty: Difficulty) -> Iterator[Issue]:
        for setting in settings:
            recommended = setting.limits.get(difficulty.level)
            value = round(setting.value(difficulty.beatmap), 4)
            if recommended is None or value in recommended:
                continue
            yield Issue(
                severity=severity,
                message=(
                    f"{setting.name} is {value:g}; {recommended} is recommended for "
                    f"{level_name(difficulty.level, difficulty.mode)}."
                ),
                detail=setting.name,
            )

    return find
