"""Spinners and combos of osu!catch difficulties."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, Spinner, TimeRange
from companion.checks.check import DifficultyCheck, Issue, extent_of
from companion.checks.level import Level, level_name
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import HitObject
    from companion.checks.difficulty import Difficulty

CATCH = frozenset({Mode.CATCH})
BEFORE_MS = {
    Level.EASY: 250, Level.NORMAL: 250, Level.HARD: 125, Level.INSANE: 125, Level.EXPERT: 62,
}  # fmt: skip
AFTER_MS = {
    Level.EASY: 250, Level.NORMAL: 250, Level.HARD: 250, Level.INSANE: 125, Level.EXPERT: 125,
}  # fmt: skip
LONGEST_COMBO = {
    Level.EASY: 8, Level.NORMAL: 10, Level.HARD: 12, Level.INSANE: 16, Level.EXPERT: 16,
}  # fmt: skip
WARNING_FACTOR = 1.5


def find_no_spinner(difficulty: Difficulty) -> Iterator[Issue]:
    """A map without any spinner."""
    objects = difficulty.beatmap.hit_objects
    if objects and not any(isinstance(item, Spinner) for item in objects):
        yield Issue(severity=Severity.MINOR, message="The difficulty has no spinner.")


def find_spinner_gaps(difficulty: Difficulty) -> Iterator[Issue]:
    """Fruits right before or after a spinner."""
    name = level_name(difficulty.level, Mode.CATCH)
    for item, following in pairwise(difficulty.beatmap.hit_objects):
        if isinstance(item, Spinner) == isinstance(following, Spinner):
            continue
        before = isinstance(following, Spinner)
        least_ms = (BEFORE_MS if before else AFTER_MS)[difficulty.level]
        gap_ms = round(following.start_ms) - round(item.end_ms)
        if gap_ms < least_ms:
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"There are {gap_ms} ms {'before' if before else 'after'} the spinner; "
                    f"{least_ms} ms are the least for {name}."
                ),
                objects=(item, following),
                at=extent_of((following,)),
            )


def find_long_combos(difficulty: Difficulty) -> Iterator[Issue]:
    """Combos with more fruits than a plate should hold."""
    beatmap = difficulty.beatmap
    most = LONGEST_COMBO[difficulty.level]
    combo: list[HitObject] = []
    for item, number in zip(beatmap.hit_objects, beatmap.combo_numbers, strict=True):
        if number == 1 and combo:
            yield from _combo(combo, most, difficulty.level)
            combo = []
        if not isinstance(item, Spinner):
            combo.append(item)
    yield from _combo(combo, most, difficulty.level)


def _combo(combo: list[HitObject], most: int, level: Level) -> Iterator[Issue]:
    fruits = sum(item.slides + 1 if isinstance(item, Slider) else 1 for item in combo)
    if fruits <= most:
        return
    yield Issue(
        severity=Severity.WARNING if fruits > most * WARNING_FACTOR else Severity.MINOR,
        message=(
            f"The combo has {fruits} fruits; {most} are recommended for "
            f"{level_name(level, Mode.CATCH)}."
        ),
        objects=(combo[0],),
        at=TimeRange(int(combo[0].start_ms), int(combo[-1].end_ms) + 1),
    )


CHECKS = (
    DifficultyCheck(
        code="catch_no_spinner",
        title="No spinner",
        category="Compose",
        cause="The difficulty has no spinner.",
        criterion="A spinner lets scores differ, as its bananas can hardly all be caught.",
        answers=("MapsetVerifier:HasSpinner",),
        severities=(Severity.MINOR,),
        modes=CATCH,
        find=find_no_spinner,
    ),
    DifficultyCheck(
        code="catch_spinner_gap",
        title="Fruits near a spinner",
        category="Compose",
        cause=(
            "There is less time before or after a spinner than the level asks for: 250 and 250 ms "
            "in Cup and Salad, 125 and 250 in Platter, 125 and 125 in Rain, 62 and 125 in Overdose."
        ),
        criterion="Each level has a smallest gap between fruits and spinners.",
        answers=("MapsetVerifier:SpinnerGap", "lazer:BananaShowerGap"),
        severities=(Severity.PROBLEM,),
        modes=CATCH,
        find=find_spinner_gaps,
    ),
    DifficultyCheck(
        code="catch_long_combo",
        title="Long combos",
        category="Compose",
        cause=(
            "A combo has more than 8 (Cup), 10 (Salad), 12 (Platter) or 16 fruits; a warning "
            "beyond one and a half times as many."
        ),
        criterion="Combos should not get so long that the fruits on the plate hide what falls.",
        answers=("MapsetVerifier:MaxCombo",),
        differs="Only fruits count, as in the criteria; Mapset Verifier counts droplets as well.",
        severities=(Severity.WARNING, Severity.MINOR),
        modes=CATCH,
        find=find_long_combos,
    ),
)
