"""Objects that hide one another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Spinner
from companion.checks.check import DifficultyCheck, Issue, extent_of
from companion.checks.gameplay.osu import hard_rock_view, osu_view
from companion.checks.level import Level
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.osu import OsuView

BEAT_160_MS = 60_000 / 160
APART_MS = {
    Level.EASY: BEAT_160_MS,
    Level.NORMAL: BEAT_160_MS,
    Level.HARD: BEAT_160_MS / 2,
    Level.INSANE: BEAT_160_MS / 4,
}
"""How near in time two objects must not lie on one another."""
NEAR_RADII = 1 / 14
"""What is no farther apart than this looks like one object."""
SAME_PX = 1e-6
MAX_FOLLOWING = 32
"""How many objects after one are compared with it: more at one time are no readable map."""


def _hidden(view: OsuView, within_ms: float) -> Iterator[tuple[int, int, float]]:
    """Pairs of objects that lie on one another, and their distance in osu! pixels."""
    objects = view.objects
    near_px = view.radius_px * NEAR_RADII
    for first, item in enumerate(objects):
        for second in range(first + 1, min(len(objects), first + 1 + MAX_FOLLOWING)):
            other = objects[second]
            if other.start_ms - item.start_ms >= within_ms or isinstance(item, Spinner):
                break
            if isinstance(other, Spinner):
                break
            distance = math.dist(view.head(first), view.head(second))
            if distance <= near_px:
                yield first, second, distance


def find_perfect(difficulty: Difficulty) -> Iterator[Issue]:
    """Objects that lie exactly, or as good as exactly, under another one that comes soon."""
    view = difficulty.fact(osu_view)
    insane = difficulty.level is Level.INSANE
    for first, second, distance in _hidden(view, APART_MS[difficulty.level]):
        item, other = view.objects[first], view.objects[second]
        apart_ms = other.start_ms - item.start_ms
        if distance > SAME_PX:
            message = (
                f"The objects are stacked, but only {distance:.1f} px apart; one hides the other."
            )
        elif apart_ms <= 0:
            continue  # two objects at one time are another rule's
        else:
            leniency = math.ceil(apart_ms / view.preempt_ms * 10 - 1e-9) / 10
            message = "The objects lie exactly on one another" + (
                f"; the stack leniency would have to be {leniency:g} or more."
                if leniency <= 1
                else ", and no stack leniency parts them."
            )
        yield Issue(
            severity=Severity.WARNING if insane else Severity.PROBLEM,
            message=message,
            objects=(item, other),
            at=extent_of((other,)),
        )


def find_hard_rock(difficulty: Difficulty) -> Iterator[Issue]:
    """Stacks that lose their offset with Hard Rock; each run of them once."""
    plain, hard = difficulty.fact(osu_view), difficulty.fact(hard_rock_view)
    near_px = plain.radius_px * NEAR_RADII
    runs: list[list[int]] = []
    for first, second, _ in _hidden(hard, APART_MS[difficulty.level]):
        if math.dist(plain.head(first), plain.head(second)) <= near_px:
            continue  # no better without the mod
        if hard.objects[first].start_ms == hard.objects[second].start_ms:
            continue
        if runs and first in runs[-1]:
            runs[-1].append(second)
        else:
            runs.append([first, second])
    for run in runs:
        items = tuple(hard.objects[index] for index in sorted(set(run)))
        yield Issue(
            severity=Severity.MINOR,
            message=f"With Hard Rock these {len(items)} objects lie on one another.",
            objects=items,
        )


CHECKS = (
    DifficultyCheck(
        code="perfect_stack",
        title="Perfect stacks",
        category="Spread",
        cause=(
            "Two heads lie within a fourteenth of a radius of each other, less than 375 ms apart "
            "in Easy and Normal, 188 ms in Hard, 94 ms in Insane."
        ),
        criterion=(
            "Objects must not fully overlap when they are at most 1/1 (Easy, Normal), 1/2 (Hard) "
            "or 1/4 (Insane, as a guideline) apart."
        ),
        answers=("MapsetVerifier:StackLeniency",),
        differs="In Insane both kinds are warnings, as the criteria have a guideline there.",
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.OSU}),
        levels=frozenset(APART_MS),
        find=summarised(find_perfect),
    ),
    DifficultyCheck(
        code="hard_rock_stack",
        title="Perfect stacks with Hard Rock",
        category="Spread",
        cause=(
            "With the smaller circles and the shorter approach of Hard Rock two heads come to lie "
            "within a fourteenth of a radius of each other."
        ),
        criterion="What is readable should remain so with the mods that players use.",
        answers=("MapsetVerifier:HardRockPerfectStacks",),
        differs=(
            "Each level has its own time limit, as without the mod, and the map is turned upside "
            "down as the mod does."
        ),
        severities=(Severity.MINOR,),
        modes=frozenset({Mode.OSU}),
        levels=frozenset(APART_MS),
        find=summarised(find_hard_rock),
    ),
)
