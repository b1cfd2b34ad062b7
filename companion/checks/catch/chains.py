"""Hyperdashes one after another, and what follows them."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.checks.catch.dashes import at, moment
from companion.checks.check import DifficultyCheck, Issue
from companion.checks.gameplay.catch import FallingKind, falling_objects
from companion.checks.level import Level, level_name
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.catch import Falling

CATCH = frozenset({Mode.CATCH})
HIGHER_MS = {Level.HARD: (125.0, 250.0), Level.INSANE: (62.0, 125.0)}
"""Between which times a hyperdash is higher-snapped; from there on it is basic-snapped."""
MOST_BASIC = {Level.HARD: 2, Level.INSANE: 4}
MOST_HIGHER = 1
MOST_IN_SLIDER = 2
"""Basic-snapped hyperdashes within sliders, in Rain."""
SAME_SNAP_MS = 4.0
ANTIFLOW_PX_PER_MS = 10 / 50


def chains(parts: Sequence[Falling]) -> Iterator[list[Falling]]:
    """Runs of hyperdashes, each with the object that the last one leads to."""
    run: list[Falling] = []
    for part in parts:
        if part.hyperdash:
            run.append(part)
        elif run:
            yield [*run, part]
            run = []


def higher_snapped(here: Falling, there: Falling, level: Level) -> bool:
    """Whether a hyperdash is of the quicker kind for a level."""
    low, high = HIGHER_MS[level]
    return low <= there.time_ms - here.time_ms < high


def find_long_chains(difficulty: Difficulty) -> Iterator[Issue]:
    """More hyperdashes in a row than the level allows."""
    level = difficulty.level
    for chain in chains(difficulty.fact(falling_objects)):
        count = len(chain) - 1
        most, kind = MOST_BASIC[level], "basic-snapped"
        if any(higher_snapped(here, there, level) for here, there in pairwise(chain)):
            most, kind = MOST_HIGHER, "higher-snapped"
        elif level is Level.INSANE and any(
            part.kind not in (FallingKind.FRUIT, FallingKind.TAIL) for part in chain[:-1]
        ):
            most, kind = MOST_IN_SLIDER, "basic-snapped slider"
        if count > most:
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"{count} {kind} hyperdashes follow one another; {most} "
                    f"{'is' if most == 1 else 'are'} the most for {level_name(level, Mode.CATCH)}."
                ),
                objects=(chain[0].item,),
                at=at(*chain),
                detail=moment(chain[0]),
            )


def find_mixed_snaps(difficulty: Difficulty) -> Iterator[Issue]:
    """Basic-snapped hyperdashes in a row over different times."""
    for chain in chains(difficulty.fact(falling_objects)):
        gaps = [there.time_ms - here.time_ms for here, there in pairwise(chain)]
        basic = HIGHER_MS[Level.INSANE][1]
        for number, (one, two) in enumerate(pairwise(gaps)):
            if one >= basic and two >= basic and abs(one - two) > SAME_SNAP_MS:
                yield Issue(
                    severity=Severity.WARNING,
                    message=(
                        f"A hyperdash over {one:.0f} ms is followed by one over {two:.0f} ms."
                    ),
                    objects=(chain[number].item,),
                    at=at(*chain[number : number + 3]),
                    detail=moment(chain[number]),
                )


def find_antiflow(difficulty: Difficulty) -> Iterator[Issue]:
    """Higher-snapped hyperdashes after which the catcher has to turn round."""
    parts = difficulty.fact(falling_objects)
    for here, there, after in zip(parts, parts[1:], parts[2:], strict=False):
        if not here.hyperdash or not higher_snapped(here, there, Level.HARD):
            continue
        back_px = -(after.x - there.x) * math.copysign(1.0, there.x - here.x)
        allowed_px = math.floor((after.time_ms - there.time_ms) * ANTIFLOW_PX_PER_MS)
        if int(back_px) > max(0, allowed_px):
            yield Issue(
                severity=Severity.WARNING,
                message=(
                    f"After the higher-snapped hyperdash the way goes back {back_px:.0f} px; "
                    f"{allowed_px} px would be easy."
                ),
                objects=(here.item,),
                at=at(here, there, after),
                detail=moment(here),
            )


CHECKS = (
    DifficultyCheck(
        code="catch_hyperdash_chain",
        title="Too many hyperdashes in a row",
        category="Compose",
        cause=(
            "More than two basic-snapped hyperdashes follow one another in Platter, four in Rain "
            "(two within sliders), or more than one of which any is higher-snapped."
        ),
        criterion=(
            "Platter may have two basic-snapped hyperdashes in a row, Rain four, and two within a "
            "slider; higher-snapped ones must stand alone."
        ),
        answers=("MapsetVerifier:ConsecutiveHyperdash",),
        severities=(Severity.PROBLEM,),
        modes=CATCH,
        levels=frozenset(MOST_BASIC),
        find=summarised(find_long_chains),
    ),
    DifficultyCheck(
        code="catch_mixed_hyperdash_snaps",
        title="Hyperdashes of different snaps in a row",
        category="Compose",
        cause="In Rain two basic-snapped hyperdashes in a row differ by more than 4 ms.",
        criterion="Basic-snapped hyperdashes in a row should have one beat snap.",
        answers=("MapsetVerifier:RainConsistentHyperdashSnaps",),
        severities=(Severity.WARNING,),
        modes=CATCH,
        levels=frozenset({Level.INSANE}),
        find=find_mixed_snaps,
    ),
    DifficultyCheck(
        code="catch_hyperdash_antiflow",
        title="Antiflow after a higher-snapped hyperdash",
        category="Compose",
        cause=(
            "In Platter a hyperdash under 250 ms is followed by a way back of more than 10 px for "
            "each 50 ms."
        ),
        criterion="Higher-snapped hyperdashes should not be followed by antiflow.",
        answers=("MapsetVerifier:PlatterHigherSnappedHyperdash",),
        severities=(Severity.WARNING,),
        modes=CATCH,
        levels=frozenset({Level.HARD}),
        find=summarised(find_antiflow),
    ),
)
