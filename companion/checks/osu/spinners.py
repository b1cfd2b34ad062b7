"""Spinners: long enough to be spun, and time to find the cursor again."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Spinner
from companion.checks.check import DifficultyCheck, Issue, extent_of
from companion.checks.gameplay.beats import tempo_factor
from companion.checks.level import Level, level_name
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.difficulty import Difficulty

# Auto's 1000 bonus points, by experiment: never possible below the one, always above the other;
# by overall difficulty, as the distance from 5 with the steps below and above it.
NEVER_MS, NEVER_STEPS = 450.0, (17.0, 17.0)
ALWAYS_MS, ALWAYS_STEPS = 500.0, (21.8, 20.0)

BEATS_240_MS = 60_000 / 240
SPINNER_BEATS = {Level.EASY: 4, Level.NORMAL: 3, Level.HARD: 2}
RECOVERY_BEATS = {Level.EASY: 4, Level.NORMAL: 2, Level.HARD: 1}
WARNING_FACTOR = 1.2
"""From 240 to 200 BPM."""
EXPECTED_FACTOR = 4 / 3
"""From 240 to 180 BPM, of which the criteria speak."""


def find_short(difficulty: Difficulty) -> Iterator[Issue]:
    """Spinners that do not last for Auto's 1000 bonus points."""
    od = difficulty.beatmap.od
    problem_ms = _threshold_ms(od, NEVER_MS, NEVER_STEPS)
    warning_ms = _threshold_ms(od, ALWAYS_MS, ALWAYS_STEPS)
    for item in difficulty.beatmap.hit_objects:
        if not isinstance(item, Spinner) or item.duration_ms >= max(problem_ms, warning_ms):
            continue
        certain = item.duration_ms < problem_ms
        yield Issue(
            severity=Severity.PROBLEM if certain else Severity.WARNING,
            message=(
                f"The spinner lasts {item.duration_ms:.0f} ms; Auto "
                f"{'cannot' if certain else 'may not'} get 1000 bonus points on it. "
                f"{math.ceil(warning_ms)} ms are enough."
            ),
            objects=(item,),
        )


def _threshold_ms(od: float, middle_ms: float, steps: tuple[float, float]) -> float:
    return middle_ms + (od - 5) * steps[od > 5]


def find_hurried(difficulty: Difficulty) -> Iterator[Issue]:
    """Spinners of the easier levels that are short, or that something follows soon."""
    for item in difficulty.beatmap.hit_objects:
        if isinstance(item, Spinner):
            yield from _short_for_level(item, difficulty)
    for item, following in pairwise(difficulty.beatmap.hit_objects):
        if not isinstance(item, Spinner) or isinstance(following, Spinner):
            continue
        red = difficulty.beatmap.timing_at(following.start_ms)
        factor = tempo_factor(red) if red else 1.0
        pause_ms = following.start_ms - item.end_ms
        # A slow song is given more time, and a fast one never less than the bare number.
        judged_ms = max(pause_ms, pause_ms / factor)
        expected_ms = RECOVERY_BEATS[difficulty.level] * BEATS_240_MS
        severity = _severity(judged_ms, expected_ms)
        if severity is not None:
            wanted_ms = math.ceil(expected_ms * EXPECTED_FACTOR * min(1.0, factor))
            yield Issue(
                severity=severity,
                message=(
                    f"Only {pause_ms:.0f} ms are left to recover from the spinner; {wanted_ms} ms "
                    f"are expected in {level_name(difficulty.level, Mode.OSU)}."
                ),
                objects=(item, following),
                at=extent_of((following,)),
                detail="recovery",
            )


def _short_for_level(item: Spinner, difficulty: Difficulty) -> Iterator[Issue]:
    expected_ms = SPINNER_BEATS[difficulty.level] * BEATS_240_MS
    severity = _severity(item.duration_ms, expected_ms)
    if severity is not None:
        yield Issue(
            severity=severity,
            message=(
                f"The spinner lasts {item.duration_ms:.0f} ms; "
                f"{math.ceil(expected_ms * EXPECTED_FACTOR)} ms are expected in "
                f"{level_name(difficulty.level, Mode.OSU)}."
            ),
            objects=(item,),
            detail="length",
        )


def _severity(actual_ms: float, expected_ms: float) -> Severity | None:
    if actual_ms < expected_ms:
        return Severity.PROBLEM
    return Severity.WARNING if actual_ms < expected_ms * WARNING_FACTOR else None


CHECKS = (
    DifficultyCheck(
        code="short_spinner",
        title="Spinners too short for Auto",
        category="Compose",
        cause=(
            "A spinner is shorter than 450 ms (problem) or 500 ms (warning) at OD 5, and 17 to 22 "
            "ms more or less per step of OD."
        ),
        criterion="Spinners have to be long enough for Auto to get 1000 bonus points.",
        answers=("MapsetVerifier:NinjaSpinner", "lazer:TooShortSpinners"),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.OSU}),
        find=find_short,
    ),
    DifficultyCheck(
        code="spinner_recovery",
        title="Hurried spinners",
        category="Spread",
        cause=(
            "A spinner lasts less than 4, 3 or 2 beats in Easy, Normal or Hard, or something "
            "follows within 4, 2 or 1 beats, at 240 BPM (problem) or 200 BPM (warning)."
        ),
        criterion=(
            "Easier levels need time to notice a spinner, and time after it to find the next "
            "object."
        ),
        answers=("MapsetVerifier:SpinnerRecovery",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.OSU}),
        levels=frozenset(SPINNER_BEATS),
        find=find_hurried,
    ),
)
