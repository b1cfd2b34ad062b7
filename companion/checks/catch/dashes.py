"""Single hyperdashes and edge dashes: which ones a level allows."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TimeRange
from companion.checks.check import DifficultyCheck, Issue
from companion.checks.gameplay.beats import tempo_factor
from companion.checks.gameplay.catch import FallingKind, falling_objects
from companion.checks.level import Level, level_name
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.catch import Falling

CATCH = frozenset({Mode.CATCH})
EASIEST = (Level.EASY, Level.NORMAL)
SHORTEST_MS = {Level.HARD: 125, Level.INSANE: 62}

EDGE_PX = 10.0
"""How far from a hyperdash an edge dash is at most, from EDGE_MS on at 180 BPM."""
EDGE_MS, EDGE_CURVE = 300.0, 0.75
EDGE_SEVERITY = {
    Level.NORMAL: Severity.PROBLEM,
    Level.HARD: Severity.PROBLEM,
    Level.INSANE: Severity.WARNING,
    Level.EXPERT: Severity.MINOR,
}
INNER = (FallingKind.DROPLET, FallingKind.REPEAT)


def at(*parts: Falling) -> TimeRange:
    """From the first part to the last one."""
    return TimeRange(int(parts[0].time_ms), int(parts[-1].time_ms) + 1)


def moment(part: Falling) -> str:
    """What tells two parts of one object apart."""
    return f"{part.time_ms - part.item.start_ms:.0f}"


def find_hyperdashes(difficulty: Difficulty) -> Iterator[Issue]:
    """Hyperdashes where the level allows none."""
    name = level_name(difficulty.level, Mode.CATCH)
    for here, there in pairwise(difficulty.fact(falling_objects)):
        if not here.hyperdash:
            continue
        if difficulty.level in EASIEST:
            message = f"The {here.kind.value} is a hyperdash, which {name} must not have."
        elif here.kind in INNER:
            message = f"The {here.kind.value} is a hyperdash, which must not be in {name}."
        else:
            continue
        yield Issue(
            severity=Severity.PROBLEM,
            message=message,
            objects=(here.item,),
            at=at(here, there),
            detail=moment(here),
        )


def find_quick_hyperdashes(difficulty: Difficulty) -> Iterator[Issue]:
    """Hyperdashes over less time than the level allows."""
    shortest = SHORTEST_MS[difficulty.level]
    for here, there in pairwise(difficulty.fact(falling_objects)):
        gap_ms = there.time_ms - here.time_ms
        if here.hyperdash and 0 < gap_ms < shortest:
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"The hyperdash has {gap_ms:.0f} ms; {shortest} ms are the least for "
                    f"{level_name(difficulty.level, Mode.CATCH)}."
                ),
                objects=(here.item,),
                at=at(here, there),
                detail=moment(here),
            )


def find_inner_hyperdashes(difficulty: Difficulty) -> Iterator[Issue]:
    """Hyperdashes on droplets and repeats."""
    for here, there in pairwise(difficulty.fact(falling_objects)):
        if here.hyperdash and here.kind in INNER:
            yield Issue(
                severity=Severity.WARNING,
                message=f"The {here.kind.value} is a hyperdash.",
                objects=(here.item,),
                at=at(here, there),
                detail=moment(here),
            )


def find_edge_dashes(difficulty: Difficulty) -> Iterator[Issue]:
    """Dashes that would be hyperdashes if they were a few pixels longer."""
    beatmap = difficulty.beatmap
    for here, there in pairwise(difficulty.fact(falling_objects)):
        if here.hyperdash or here.to_hyperdash_px > 4 * EDGE_PX:
            continue
        gap_ms = there.time_ms - here.time_ms
        red = beatmap.timing_at(here.time_ms)
        near_px = edge_px(gap_ms) * (tempo_factor(red) if red else 1.0)
        if math.ceil(here.to_hyperdash_px) <= near_px:
            yield Issue(
                severity=EDGE_SEVERITY[difficulty.level],
                message=(
                    f"The {here.kind.value} is an edge dash, {here.to_hyperdash_px:.0f} px from a "
                    "hyperdash."
                ),
                objects=(here.item,),
                at=at(here, there),
                detail=moment(here),
            )


def edge_px(gap_ms: float) -> int:
    """How near to a hyperdash a dash over a time has to be to count as an edge dash."""
    share = min(EDGE_MS, max(0.0, gap_ms)) / EDGE_MS
    return round(EDGE_PX * (1 - (1 - share) ** EDGE_CURVE))


CHECKS = (
    DifficultyCheck(
        code="catch_hyperdash",
        title="Forbidden hyperdashes",
        category="Compose",
        cause=(
            "There is a hyperdash in Cup or Salad, or one on a droplet or a slider repeat in "
            "Platter."
        ),
        criterion=(
            "Cup and Salad must not have hyperdashes, and Platter none on droplets or repeats."
        ),
        answers=("MapsetVerifier:HasHyperdash",),
        severities=(Severity.PROBLEM,),
        modes=CATCH,
        levels=frozenset({Level.EASY, Level.NORMAL, Level.HARD}),
        find=summarised(find_hyperdashes),
    ),
    DifficultyCheck(
        code="catch_quick_hyperdash",
        title="Too quick hyperdashes",
        category="Compose",
        cause="A hyperdash takes less than 125 ms in Platter or 62 ms in Rain.",
        criterion="Hyperdashes need a gap of 125 ms in Platter and of 62 ms in Rain.",
        answers=("MapsetVerifier:HyperdashSnap",),
        severities=(Severity.PROBLEM,),
        modes=CATCH,
        levels=frozenset(SHORTEST_MS),
        find=summarised(find_quick_hyperdashes),
    ),
    DifficultyCheck(
        code="catch_slider_hyperdash",
        title="Hyperdashes on slider parts",
        category="Compose",
        cause="In Rain a droplet or a slider repeat is a hyperdash.",
        criterion="Hyperdashes should not be on single droplets or slider repeats.",
        answers=("MapsetVerifier:RainHyperdashSlider",),
        severities=(Severity.WARNING,),
        modes=CATCH,
        levels=frozenset({Level.INSANE}),
        find=summarised(find_inner_hyperdashes),
    ),
    DifficultyCheck(
        code="catch_edge_dash",
        title="Edge dashes",
        category="Compose",
        cause=(
            "A dash is at most 10 px (fewer under 300 ms, more or less by tempo) from becoming a "
            "hyperdash: a problem in Salad and Platter, a warning in Rain, minor in Overdose."
        ),
        criterion=(
            "Salad and Platter must not have edge dashes; in Rain and Overdose they should not "
            "stand beside other dashes or hyperdashes."
        ),
        answers=("MapsetVerifier:HasEdgeDash",),
        differs="Strong dashes of up to 50 px, which Mapset Verifier lists too, break no rule.",
        severities=(Severity.PROBLEM, Severity.WARNING, Severity.MINOR),
        modes=CATCH,
        levels=frozenset(EDGE_SEVERITY),
        find=summarised(find_edge_dashes),
    ),
)
