"""Columns, chords and long notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import HoldNote, Mode
from companion.checks.check import DifficultyCheck, Issue, extent_of
from companion.checks.gameplay.mania import SHORTEST_HOLD_MS, chords, notes_per_column
from companion.checks.level import Level, level_name
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.difficulty import Difficulty

MANIA = frozenset({Mode.MANIA})
UNEVEN_SHARE = 0.35
LEAST_PER_COLUMN = 10
"""With fewer notes for each column on average, uneven columns say nothing."""
SHORT_HOLD_MS = 30.0

LARGEST = {
    Level.EASY: (2, 2), Level.NORMAL: (2, 3), Level.HARD: (3, 4), Level.INSANE: (6, 6),
}  # fmt: skip
"""How many notes a chord may have, with fewer than 7 keys and with 7 or more."""
MANY_KEYS = 7
FEWEST_KEYS = 4


def find_uneven_columns(difficulty: Difficulty) -> Iterator[Issue]:
    """Columns with no notes, or far fewer or more than the others."""
    beatmap = difficulty.beatmap
    if not beatmap.hit_objects:
        return
    counts = notes_per_column(beatmap)
    average = sum(counts) / len(counts)
    for number, count in enumerate(counts, start=1):
        if count == 0:
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"Column {number} has no notes.",
                detail=f"column {number}",
            )
        elif average >= LEAST_PER_COLUMN and abs(count / average - 1) >= UNEVEN_SHARE:
            yield Issue(
                severity=Severity.WARNING,
                message=(
                    f"Column {number} has {count} notes, {abs(count / average - 1) * 100:.0f} % "
                    f"{'more' if count > average else 'fewer'} than the average of {average:.0f}."
                ),
                detail=f"column {number}",
            )


def find_short_holds(difficulty: Difficulty) -> Iterator[Issue]:
    """Long notes that are over at once."""
    for item in difficulty.beatmap.hit_objects:
        if isinstance(item, HoldNote) and item.duration_ms < SHORT_HOLD_MS:
            yield Issue(
                severity=(
                    Severity.PROBLEM if item.duration_ms < SHORTEST_HOLD_MS else Severity.WARNING
                ),
                message=f"The long note is held for {item.duration_ms:.0f} ms only.",
                objects=(item,),
                detail=f"column {item.column(difficulty.beatmap.keycount)}",
            )


def find_large_chords(difficulty: Difficulty) -> Iterator[Issue]:
    """Chords with more notes than the level allows."""
    keys = difficulty.beatmap.keycount
    if keys < FEWEST_KEYS:
        return
    most = LARGEST[difficulty.level][keys >= MANY_KEYS]
    for chord in difficulty.fact(chords):
        if len(chord) > most:
            yield Issue(
                severity=(
                    Severity.PROBLEM if difficulty.level is Level.INSANE else Severity.WARNING
                ),
                message=(
                    f"The chord has {len(chord)} notes; {most} are the most for "
                    f"{level_name(difficulty.level, Mode.MANIA)} with {keys} keys."
                ),
                objects=chord,
                at=extent_of(chord[:1]),
            )


CHECKS = (
    DifficultyCheck(
        code="mania_column_distribution",
        title="Uneven columns",
        category="Compose",
        cause=(
            "A column has no notes (problem), or at least 35 % more or fewer than the average "
            "(warning, from 10 notes for each column on)."
        ),
        criterion="No column can be left empty.",
        answers=("MapsetVerifier:ColumnDistribution",),
        differs=(
            "Mapset Verifier warns from 20 % of a rounded average on, in maps of any size, and "
            "never reaches its own 35 %; the criteria say nothing of either."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=MANIA,
        find=find_uneven_columns,
    ),
    DifficultyCheck(
        code="mania_short_hold",
        title="Too short long notes",
        category="Compose",
        cause="A long note is held for less than 30 ms (warning) or 20 ms (problem).",
        criterion="Long notes should be held for at least 1/12 of a beat.",
        answers=("MapsetVerifier:SliderLength",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=MANIA,
        find=summarised(find_short_holds),
    ),
    DifficultyCheck(
        code="mania_chord_size",
        title="Large chords",
        category="Spread",
        cause=(
            "More than 2 notes are pressed at once in Easy, 2 in Normal (3 from 7 keys on), 3 in "
            "Hard (4 from 7 keys on), as a warning; or more than 6 in Insane, as a problem."
        ),
        criterion=(
            "Chords have a largest size for each level, and up to Insane never more than 6 notes."
        ),
        answers=("MapsetVerifier:Seven",),
        differs=(
            "In Insane the criteria's rule of 6 notes stands, where Mapset Verifier speaks of 7."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=MANIA,
        levels=frozenset(LARGEST),
        find=summarised(find_large_chords),
    ),
)
