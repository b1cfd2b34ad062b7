"""Checks of which divisors a difficulty uses, and which the others use at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import TimeRange
from companion.checks.check import DifficultyCheck, Issue, SetCheck
from companion.checks.gameplay.edges import DIVISORS, SHORTEST_BEAT_MS, edge_divisors, edges
from companion.checks.wording import counted, listed
from companion.findings import Severity, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Mapset

SAME_EDGE_MS = 3.0
RARE_DIVISOR = 5
"""From this divisor on, seldom use may be an accident."""
RARE_WARNING, RARE_MINOR = 3, 7
RARE_WARNING_SHARE, RARE_MINOR_SHARE = 0.005, 0.05
MANY = 16
"""Two difficulties that differ in more places do so on purpose, or throughout: said once."""
ENOUGH_EDGES = 100
"""With fewer edges a share says nothing."""
_UNSNAP_MS = 2.0
_FAMILIES = (frozenset({2, 4, 8}), frozenset({3, 6}))
"""Divisors that are often taken for each other on purpose, to make a rhythm simpler."""


def find_rare_divisors(difficulty: Difficulty) -> Iterator[Issue]:
    """Divisors that are used so seldom that it may be by accident."""
    divisors = difficulty.fact(edge_divisors)
    times = difficulty.fact(edges).times_ms
    snapped = divisors > 0
    total = int(snapped.sum())
    for divisor in (one for one in DIVISORS if one >= RARE_DIVISOR):
        count = int((divisors == divisor).sum())
        if not count:
            continue
        share = count / total if total >= ENOUGH_EDGES else 1.0
        if count <= RARE_WARNING or share <= RARE_WARNING_SHARE:
            severity = Severity.WARNING
        elif count <= RARE_MINOR or share <= RARE_MINOR_SHARE:
            severity = Severity.MINOR
        else:
            continue
        places = times[divisors == divisor].tolist()
        first = int(places[0])
        yield Issue(
            severity=severity,
            message=(
                f"1/{divisor} is used only {counted(count, 'time')}, of {total}: at "
                f"{listed(timestamp(ms) for ms in places)}."
            ),
            at=TimeRange(first, first + 1),
            detail=f"1/{divisor}",
        )


def find_inconsistent_snapping(mapset: Mapset) -> Iterator[Issue]:
    """Rhythms that a harder difficulty has on another divisor, at nearly the same time."""
    for group in mapset.by_mode.values():
        for n, one in enumerate(group):
            seen: set[int] = set()
            for other in group[n + 1 :]:
                if (other.stars or 0.0) <= (one.stars or 0.0):
                    continue
                issues: list[Issue] = []
                for mine, theirs in _confused(one, other):
                    # The notes of a chord are one moment.
                    moment = round(float(one.fact(edges).times_ms[mine]))
                    issue = None if moment in seen else _issue(one, mine, other, theirs)
                    seen.add(moment)
                    if issue is not None:
                        issues.append(issue)
                yield from issues if len(issues) <= MANY else [_summary(issues, other)]


def _summary(issues: list[Issue], other: Difficulty) -> Issue:
    """One issue for a difficulty that snaps otherwise throughout: it swings where others do not."""
    first = issues[0]
    return Issue(
        severity=Severity.WARNING
        if any(issue.severity is Severity.WARNING for issue in issues)
        else Severity.MINOR,
        message=f"{first.message} So it is at {len(issues)} places.",
        objects=first.objects,
        at=first.at,
        detail=f"throughout {other.name}",
        difficulty=first.difficulty,
    )


def _issue(one: Difficulty, mine: int, other: Difficulty, theirs: int) -> Issue | None:
    divisor = int(one.fact(edge_divisors)[mine])
    other_divisor = int(other.fact(edge_divisors)[theirs])
    if not divisor or not other_divisor:
        return None
    found = one.fact(edges)
    ms, other_ms = float(found.times_ms[mine]), float(other.fact(edges).times_ms[theirs])
    related = any(divisor in family and other_divisor in family for family in _FAMILIES)
    return Issue(
        severity=Severity.MINOR if related else Severity.WARNING,
        message=(
            f"This is on 1/{divisor}, but [{other.name}] has it on 1/{other_divisor}, at "
            f"{timestamp(other_ms)}."
        ),
        objects=(one.beatmap.hit_objects[int(found.owners[mine])],),
        at=TimeRange(int(ms), int(ms) + 1),
        detail=f"{ms:.0f}",
        difficulty=one,
    )


def _confused(one: Difficulty, other: Difficulty) -> Iterator[tuple[int, int]]:
    """Pairs of edges, one in each difficulty, that neither has both of and that are near."""
    my_times, their_times = one.fact(edges).times_ms, other.fact(edges).times_ms
    mine = _missing_from(my_times, their_times)
    theirs = _missing_from(their_times, my_times)
    if not len(mine) or not len(theirs):
        return
    theirs = theirs[np.argsort(their_times[theirs], kind="stable")]
    lone_times = their_times[theirs]
    divisors = other.fact(edge_divisors)
    for place in mine.tolist():
        ms = float(my_times[place])
        red = other.beatmap.timing_at(ms)
        if red is None or red.beat_length < SHORTEST_BEAT_MS:
            continue
        simplest = _divisor_at(one, place)
        first = int(np.searchsorted(lone_times, ms - red.beat_length / 2))
        last = int(np.searchsorted(lone_times, ms + red.beat_length / 2))
        for index in range(first, last):
            their_divisor = max(2, int(divisors[theirs[index]]))
            reach = _reach_ms(simplest, their_divisor, red.beat_length)
            if SAME_EDGE_MS < abs(float(lone_times[index]) - ms) < reach:
                yield place, int(theirs[index])
                break


def _divisor_at(difficulty: Difficulty, place: int) -> int:
    return max(2, int(difficulty.fact(edge_divisors)[place]))


def _missing_from(times: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which times have none of the others within 3 ms."""
    if not len(others):
        return np.arange(len(times))
    ordered = np.sort(others)
    after = np.searchsorted(ordered, times)
    right = np.abs(ordered[np.minimum(after, len(ordered) - 1)] - times)
    left = np.abs(ordered[np.maximum(after - 1, 0)] - times)
    return np.flatnonzero(np.minimum(left, right) >= SAME_EDGE_MS)


def _reach_ms(divisor: int, harder: int, beat_ms: float) -> float:
    """How near two rhythms have to be to be taken for one.

    A finer divisor in the harder difficulty is its way of being harder, unless it goes from halves
    to thirds.
    """
    if divisor < harder or (divisor % 3 and harder % 3 == 0):
        return max(_step_ms(divisor, beat_ms), _step_ms(harder, beat_ms))
    return _UNSNAP_MS


def _step_ms(divisor: int, beat_ms: float) -> float:
    place = DIVISORS.index(divisor)
    return beat_ms / DIVISORS[min(place + 2, len(DIVISORS) - 1)] - _UNSNAP_MS


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="rare_divisor",
        title="Rare divisors",
        category="Timing",
        cause=(
            "1/5 or a finer divisor is used three times or fewer, or in 0.5 % of the edges "
            "(warning), or seven times or fewer, or in 5 % (minor)."
        ),
        criterion="A divisor that nothing else in the map uses is probably a slip.",
        answers=("MapsetVerifier:WrongSnapping",),
        severities=(Severity.WARNING, Severity.MINOR),
        find=find_rare_divisors,
    ),
    SetCheck(
        code="inconsistent_snapping",
        title="Inconsistent snapping",
        category="Timing",
        cause=(
            "An edge has no partner within 3 ms in a harder difficulty, which has one of its own "
            "nearby on a divisor that this one's could be a slip for."
        ),
        criterion="The same sound has to be on the same tick in all difficulties.",
        answers=("MapsetVerifier:WrongSnapping",),
        differs="More than 16 such places against one difficulty are one finding.",
        severities=(Severity.WARNING, Severity.MINOR),
        find=find_inconsistent_snapping,
    ),
)
