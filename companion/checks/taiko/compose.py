"""Notes that are too near to something, and finishers in the wrong place."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Circle, Mode, Spinner
from companion.checks.check import DifficultyCheck, Issue, extent_of
from companion.checks.gameplay.beats import LENIENCY_MS, usual_beat_at
from companion.checks.gameplay.taiko import is_finisher, taiko_notes
from companion.checks.level import ALL_LEVELS, Level, level_name
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.taiko import Note

TAIKO = frozenset({Mode.TAIKO})
SMALLEST_DIVISOR = {Level.EASY: 2, Level.NORMAL: 3, Level.HARD: 6, Level.INSANE: 6}
SPINNER_DIVISOR = {
    Level.EASY: 2, Level.NORMAL: 2, Level.HARD: 2, Level.INSANE: 4, Level.EXPERT: 4,
}  # fmt: skip

# Divisors at or below which a finisher is out of place in a pattern.
NO_FINISHER = {Level.EASY: 2, Level.NORMAL: 3, Level.HARD: 4, Level.INSANE: 6}
RARE_FINISHER = {Level.HARD: 3}
LAST_AND_CHANGED = {Level.INSANE: 4}
"""Allowed only as the last note, in another colour than the one before."""
BETTER_LAST_AND_CHANGED = {Level.EXPERT: 3}
"""The same as advice."""


def find_small_gaps(difficulty: Difficulty) -> Iterator[Issue]:
    """Notes nearer to each other than the level allows; each run of them once."""
    divisor = SMALLEST_DIVISOR[difficulty.level]
    run: list[Circle] = []
    for note in difficulty.fact(taiko_notes):
        after = note.after
        near = (
            note.beat_ms is not None
            and note.gap_after_ms + LENIENCY_MS < note.beat_ms / divisor
            and isinstance(after, Circle)
        )
        if near and isinstance(after, Circle):
            run = [*(run or [note.item]), after]
        elif run:
            yield _small_gap(run, divisor, difficulty)
            run = []


def _small_gap(run: list[Circle], divisor: int, difficulty: Difficulty) -> Issue:
    gap_ms = min(b.start_ms - a.start_ms for a, b in pairwise(run))
    return Issue(
        severity=Severity.WARNING,
        message=(
            f"{len(run)} notes are as little as {gap_ms:.0f} ms apart, less than 1/{divisor}, the "
            f"smallest gap for {level_name(difficulty.level, Mode.TAIKO)}."
        ),
        objects=tuple(run),
    )


def find_near_spinners(difficulty: Difficulty) -> Iterator[Issue]:
    """Objects that end shortly before a denden covers the playfield."""
    divisor = SPINNER_DIVISOR[difficulty.level]
    for item, following in pairwise(difficulty.beatmap.hit_objects):
        if not isinstance(following, Spinner):
            continue
        beat_ms = usual_beat_at(difficulty.beatmap, item.start_ms)
        gap_ms = following.start_ms - item.end_ms
        if beat_ms is not None and gap_ms + LENIENCY_MS < beat_ms / divisor:
            yield Issue(
                severity=Severity.MINOR,
                message=(
                    f"The spinner begins {gap_ms:.0f} ms after the object before it; at least "
                    f"1/{divisor} is expected in {level_name(difficulty.level, Mode.TAIKO)}."
                ),
                objects=(item, following),
                at=extent_of((following,)),
            )


def find_finishers(difficulty: Difficulty) -> Iterator[Issue]:
    """Finishers in patterns that are too quick for them."""
    for note in difficulty.fact(taiko_notes):
        if not is_finisher(note.item) or not note.in_pattern or note.beat_ms is None:
            continue
        found = _misplaced(note, difficulty.level)
        if found is not None:
            severity, reason = found
            yield Issue(
                severity=severity,
                message=f"The finisher {reason}.",
                objects=(note.item,),
            )


def _misplaced(note: Note, level: Level) -> tuple[Severity, str] | None:
    def within(divisors: dict[Level, int]) -> bool:
        divisor = divisors.get(level)
        if divisor is None or note.beat_ms is None:
            return False
        return _spacing_ms(note) <= note.beat_ms / divisor + LENIENCY_MS

    name = level_name(level, Mode.TAIKO)
    if within(NO_FINISHER):
        return (
            Severity.PROBLEM,
            f"stands in a 1/{NO_FINISHER[level]} pattern or a faster one; none may in {name}",
        )
    if within(RARE_FINISHER):
        return Severity.WARNING, f"stands in a 1/{RARE_FINISHER[level]} pattern"
    for divisors, severity in (
        (LAST_AND_CHANGED, Severity.PROBLEM),
        (BETTER_LAST_AND_CHANGED, Severity.WARNING),
    ):
        if not within(divisors):
            continue
        if not note.ends_pattern:
            return severity, f"is not the last note of its 1/{divisors[level]} pattern"
        if not note.begins_pattern and not note.changes_colour:
            return severity, "has the colour of the note before it"
    return None


def _spacing_ms(note: Note) -> float:
    """How far apart the pattern's notes are at this one."""
    if note.begins_pattern and note.ends_pattern:
        return math.inf
    if note.begins_pattern:
        return note.gap_after_ms
    return note.gap_before_ms if note.ends_pattern else min(note.gap_before_ms, note.gap_after_ms)


CHECKS = (
    DifficultyCheck(
        code="taiko_smallest_gap",
        title="Notes too near to each other",
        category="Compose",
        cause=(
            "Notes are nearer than 1/2 (Kantan), 1/3 (Futsuu) or 1/6 (Muzukashii, Oni) of a beat "
            "at a usual tempo."
        ),
        criterion="Each level has a smallest gap between notes.",
        answers=("MapsetVerifier:SmallestSnap",),
        differs="Gaps may be 2 ms short, as times are whole milliseconds.",
        severities=(Severity.WARNING,),
        modes=TAIKO,
        levels=frozenset(SMALLEST_DIVISOR),
        find=summarised(find_small_gaps),
    ),
    DifficultyCheck(
        code="taiko_near_spinner",
        title="Notes near a spinner",
        category="Compose",
        cause=(
            "An object ends less than 1/2 of a beat (Kantan to Muzukashii) or 1/4 (Oni and "
            "harder) before a spinner begins."
        ),
        criterion="There should be a gap between a spinner and the note before it.",
        answers=("MapsetVerifier:SpinnerReadability",),
        severities=(Severity.MINOR,),
        modes=TAIKO,
        levels=ALL_LEVELS,
        find=find_near_spinners,
    ),
    DifficultyCheck(
        code="taiko_finisher",
        title="Finishers in quick patterns",
        category="Compose",
        cause=(
            "A finisher stands in a pattern of 1/2 (Kantan), 1/3 (Futsuu), 1/4 (Muzukashii) or 1/6 "
            "(Oni), or is not the last note of a 1/4 pattern in Oni with a colour of its own; with "
            "1/3 it is a warning in Muzukashii and, in other places than the last, in Inner Oni."
        ),
        criterion=(
            "Finishers must not be used in quick patterns; in Oni only at the end of a 1/4 "
            "pattern, in the opposite colour of the note before."
        ),
        answers=("MapsetVerifier:UnrankableFinishers",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=TAIKO,
        find=summarised(find_finishers),
    ),
)
