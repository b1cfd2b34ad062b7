"""Kiai time, which lights up the whole playfield."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TimeRange
from companion.checks.check import DifficultyCheck, Issue, SetCheck
from companion.checks.gameplay.beats import usual_beat_at
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Mapset

TAIKO = frozenset({Mode.TAIKO})
SAME_MS = 2
"""Kiai that begins or ends this much earlier or later is the same."""


def find_flashes(difficulty: Difficulty) -> Iterator[Issue]:
    """Kiai that is on for a moment only."""
    beatmap = difficulty.beatmap
    for kiai in beatmap.kiai_ranges:
        beat_ms = usual_beat_at(beatmap, kiai.start_ms)
        lasting_ms = kiai.end_ms - kiai.start_ms
        if beat_ms is None or lasting_ms > math.ceil(beat_ms / 2):
            continue
        yield Issue(
            severity=(Severity.WARNING if lasting_ms <= math.ceil(beat_ms / 3) else Severity.MINOR),
            message=f"Kiai is on for {lasting_ms} ms only; flashes can trouble players.",
            at=kiai,
        )


def find_inconsistent(mapset: Mapset) -> Iterator[Issue]:
    """Difficulties whose kiai is not that of the others."""
    if len(mapset.difficulties) < 2:
        return
    groups: list[tuple[tuple[TimeRange, ...], list[Difficulty]]] = []
    for difficulty in mapset.difficulties:
        ranges = difficulty.beatmap.kiai_ranges
        for known, members in groups:
            if _alike(known, ranges):
                members.append(difficulty)
                break
        else:
            groups.append((ranges, [difficulty]))
    usual, members = max(groups, key=lambda group: len(group[1]))
    for ranges, others in groups:
        if ranges is usual:
            continue
        differing = next(r for r in (*ranges, *usual) if not (_has(ranges, r) and _has(usual, r)))
        for difficulty in others:
            yield Issue(
                severity=Severity.MINOR,
                message=f"Kiai differs from that of “{members[0].name}”, here for the first time.",
                at=differing,
                difficulty=difficulty,
            )


def _alike(one: tuple[TimeRange, ...], two: tuple[TimeRange, ...]) -> bool:
    return len(one) == len(two) and all(_has(two, kiai) for kiai in one)


def _has(ranges: tuple[TimeRange, ...], kiai: TimeRange) -> bool:
    return any(
        abs(other.start_ms - kiai.start_ms) <= SAME_MS
        and abs(other.end_ms - kiai.end_ms) <= SAME_MS
        for other in ranges
    )


CHECKS = (
    DifficultyCheck(
        code="taiko_kiai_flash",
        title="Kiai flashes",
        category="Timing",
        cause="Kiai lasts at most 1/3 of a beat (warning) or 1/2 (minor).",
        criterion="Kiai flashes are discouraged: they are slow to draw and can trouble players.",
        answers=("MapsetVerifier:KiaiFlash",),
        differs="Only the time for which kiai is on counts, not short pauses of it.",
        severities=(Severity.WARNING, Severity.MINOR),
        modes=TAIKO,
        find=find_flashes,
    ),
    SetCheck(
        code="taiko_inconsistent_kiai",
        title="Inconsistent kiai",
        category="Timing",
        cause="Kiai begins or ends elsewhere than in most of the set's difficulties.",
        criterion="Kiai should be the same in all difficulties of a set.",
        answers=("MapsetVerifier:KiaiConsistency",),
        severities=(Severity.MINOR,),
        modes=TAIKO,
        find=find_inconsistent,
    ),
)
