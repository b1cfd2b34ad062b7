"""Checks of how the difficulties of a set follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.checks.check import Issue, SetCheck
from companion.checks.gameplay.durations import break_ms, drain_ms, play_ms
from companion.checks.level import Level, level_name
from companion.checks.wording import clock
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Mapset

_STANDARD = {Level.HARD: 210_000, Level.INSANE: 255_000, Level.EXPERT: 300_000}
_SHORTER = {Level.HARD: 150_000, Level.INSANE: 195_000, Level.EXPERT: 240_000}
SHORTEST_MS: Mapping[Mode, Mapping[Level, int]] = {
    Mode.OSU: _STANDARD,
    Mode.TAIKO: _SHORTER,
    Mode.CATCH: _SHORTER,
    Mode.MANIA: {Level.HARD: 150_000, Level.INSANE: 165_000, Level.EXPERT: 210_000},
}
"""How long a song has to be for its easiest difficulty to be of a level."""
FORGIVEN_BREAKS_MS = 30_000.0
"""Breaks count as played, up to this long, in a set's hardest difficulty."""


def find_missing_easy_difficulty(mapset: Mapset) -> Iterator[Issue]:
    """A set whose easiest difficulty is too hard for the length of its song."""
    for mode, difficulties in mapset.by_mode.items():
        easiest = difficulties[0]
        needed_ms = SHORTEST_MS[mode].get(easiest.level)
        timed = [one for one in difficulties if one.beatmap.hit_objects]
        if needed_ms is None or not timed:
            continue
        length_ms, shortest = min(
            (_counted_ms(one, hardest=one is difficulties[-1]), n) for n, one in enumerate(timed)
        )
        if length_ms < needed_ms:
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"The easiest difficulty is of the level {level_name(easiest.level, mode)}, "
                    f"for which a song of {clock(needed_ms)} is needed; "
                    f"[{timed[shortest].name}] is {clock(length_ms)} long."
                ),
                difficulty=easiest,
                detail=mode.name,
            )


def _counted_ms(difficulty: Difficulty, *, hardest: bool) -> float:
    """How long a difficulty counts as: its play time, without long breaks in the hardest."""
    if not hardest or difficulty.fact(break_ms) < FORGIVEN_BREAKS_MS:
        return difficulty.fact(play_ms)
    return difficulty.fact(drain_ms) + FORGIVEN_BREAKS_MS


CHECKS: tuple[Check, ...] = (
    SetCheck(
        code="lowest_difficulty",
        title="Lowest difficulty",
        category="Spread",
        cause=(
            "A mode's easiest difficulty is a Hard, Insane or Expert, and a difficulty is shorter "
            "than 3:30, 4:15 or 5:00 (taiko and catch 2:30, 3:15, 4:00; mania 2:30, 2:45, 3:30)."
        ),
        criterion="Short songs need easy difficulties; the shorter, the easier.",
        answers=(
            "MapsetVerifier:LowestDiff",
            "lazer:OsuLowestDiffDrainTime",
            "lazer:TaikoLowestDiffDrainTime",
            "lazer:CatchLowestDiffDrainTime",
            "lazer:ManiaLowestDiffDrainTime",
        ),
        differs=(
            "For a mania Hard it asks for 2:30, as lazer does; Mapset Verifier for 2:00. Up to 30 "
            "s "
            "of breaks count as played, as in Mapset Verifier."
        ),
        severities=(Severity.PROBLEM,),
        find=find_missing_easy_difficulty,
    ),
)
