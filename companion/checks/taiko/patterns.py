"""How long a player goes on without a pause."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TimeRange
from companion.checks.check import DifficultyCheck, Issue, SetCheck
from companion.checks.gameplay.beats import LENIENCY_MS, usual_beat_at
from companion.checks.gameplay.taiko import taiko_notes
from companion.checks.level import Level, level_name
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from companion.beatmap import HitObject
    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.taiko import Note
    from companion.checks.mapset import Mapset

TAIKO = frozenset({Mode.TAIKO})

LONGEST: Mapping[Level, Sequence[tuple[int, int]]] = {
    Level.EASY: ((1, 7), (2, 2)),
    Level.NORMAL: ((2, 7), (3, 2)),
    Level.HARD: ((4, 5), (6, 4)),
    Level.INSANE: ((4, 9), (6, 4), (8, 2)),
}
"""Divisors, and how many notes a pattern of each may have."""
LOWEST_NORMAL = ((2, 5), (3, 2))
"""For a Futsuu that is the set's lowest difficulty."""


@dataclass(frozen=True, slots=True)
class Rest:
    """What counts as a rest, and how many beats a player may go on without one."""

    kinds: tuple[tuple[int, float], ...]
    """Numbers of gaps in a row, and how many beats each is long at least."""
    name: str
    minor_beats: int
    warning_beats: int


RESTS = {
    Level.EASY: Rest(((1, 3.0),), "3/1", 36, 44),
    Level.NORMAL: Rest(((1, 2.0),), "2/1", 36, 44),
    Level.HARD: Rest(((1, 1.5), (3, 1.0)), "3/2 (or three of 1/1)", 36, 44),
    Level.INSANE: Rest(((1, 1.0),), "1/1", 20, 32),
}


def find_long_patterns(mapset: Mapset) -> Iterator[Issue]:
    """Patterns with more notes than the level allows."""
    lowest = min((one.level for one in mapset.difficulties), default=Level.EXPERT)
    for difficulty in mapset.difficulties:
        longest = LONGEST.get(difficulty.level, ())
        if difficulty.level is Level.NORMAL and lowest is Level.NORMAL:
            longest = LOWEST_NORMAL
        for divisor, most in longest:
            for run in _runs(difficulty.fact(taiko_notes), divisor):
                if len(run) > most:
                    yield _long_pattern(run, divisor, most, difficulty)


def _runs(notes: Sequence[Note], divisor: int) -> Iterator[list[Note]]:
    """Runs of notes that are as near as a divisor or nearer, at least two each."""
    run: list[Note] = []
    for note in notes:
        run.append(note)
        beat_ms = note.beat_ms
        if beat_ms is None or note.gap_after_ms > beat_ms / divisor + LENIENCY_MS:
            if len(run) > 1:
                yield run
            run = []
    if len(run) > 1:
        yield run


def _long_pattern(run: list[Note], divisor: int, most: int, difficulty: Difficulty) -> Issue:
    first, last = run[0].item, run[-1].item
    return Issue(
        severity=Severity.WARNING if len(run) > most + 1 else Severity.MINOR,
        message=(
            f"The 1/{divisor} pattern has {len(run)} notes; {most} are the most for "
            f"{level_name(difficulty.level, Mode.TAIKO)}."
        ),
        objects=(first,),
        at=TimeRange(int(first.start_ms), int(last.start_ms) + 1),
        detail=f"1/{divisor}",
        difficulty=difficulty,
    )


def find_missing_rests(difficulty: Difficulty) -> Iterator[Issue]:
    """Stretches that go on for long without a rest."""
    objects = difficulty.beatmap.hit_objects
    rest = RESTS[difficulty.level]
    beats = [usual_beat_at(difficulty.beatmap, item.start_ms) or math.inf for item in objects]
    gaps = [
        (b.start_ms - a.end_ms + LENIENCY_MS) / beat
        for (a, b), beat in zip(pairwise(objects), beats, strict=False)
    ]
    resting = [False] * len(gaps)
    for count, least in rest.kinds:
        for start in range(len(gaps) - count + 1):
            if all(gap >= least for gap in gaps[start : start + count]):
                resting[start : start + count] = [True] * count
    start = 0
    for index in range(len(objects)):
        if index < len(gaps) and not resting[index]:
            continue
        yield from _stretch(objects[start : index + 1], beats[start : index + 1], rest)
        start = index + 1


def _stretch(objects: Sequence[HitObject], beats: Sequence[float], rest: Rest) -> Iterator[Issue]:
    lasting = sum((b.start_ms - a.start_ms) / beat for (a, b), beat in zip(
        pairwise(objects), beats, strict=False
    ))  # fmt: skip
    lasting = math.floor(lasting + objects[-1].duration_ms / beats[-1] + 0.01)
    if lasting <= rest.minor_beats:
        return
    yield Issue(
        severity=Severity.WARNING if lasting > rest.warning_beats else Severity.MINOR,
        message=(
            f"{lasting} beats pass without a rest of {rest.name}; after {rest.minor_beats} there "
            "should be one."
        ),
        objects=(objects[0],),
        at=TimeRange(int(objects[0].start_ms), int(objects[-1].end_ms) + 1),
    )


CHECKS = (
    SetCheck(
        code="taiko_pattern_length",
        title="Long patterns",
        category="Compose",
        cause=(
            "A pattern has one note (minor) or more (warning) too many: more than 7 of 1/1 or 2 of "
            "1/2 in Kantan, 7 of 1/2 (5 if it is the lowest) or 2 of 1/3 in Futsuu, 5 of 1/4 or 4 "
            "of 1/6 in Muzukashii, 9 of 1/4, 4 of 1/6 or 2 of 1/8 in Oni."
        ),
        criterion="Each level has a longest pattern for each snap.",
        answers=("MapsetVerifier:PatternLength",),
        differs="A pattern of exactly the allowed length is not mentioned.",
        severities=(Severity.WARNING, Severity.MINOR),
        modes=TAIKO,
        find=summarised(find_long_patterns),
    ),
    DifficultyCheck(
        code="taiko_rest_moments",
        title="Missing rest moments",
        category="Compose",
        cause=(
            "There is no rest of 3/1 (Kantan), 2/1 (Futsuu) or 3/2 or three times 1/1 "
            "(Muzukashii) for more than 36 beats (44: a warning), or of 1/1 (Oni) for more than 20 "
            "(32: a warning)."
        ),
        criterion="After some time of continuous mapping there should be a rest.",
        answers=("MapsetVerifier:RestMoments",),
        differs="Beats are those of a usual tempo throughout.",
        severities=(Severity.WARNING, Severity.MINOR),
        modes=TAIKO,
        levels=frozenset(RESTS),
        find=find_missing_rests,
    ),
)
