"""Checks of the hit sounds of a set's difficulties against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Circle, Mode, Slider, TimeRange
from companion.checks.check import Issue, SetCheck
from companion.checks.gameplay.sounds import CLAP, FINISH, WHISTLE, sounds
from companion.checks.summaries import summarised
from companion.checks.wording import listed
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from companion.beatmap import HitObject
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Mapset

SAME_MOMENT_MS = 2.0
FEW_SOUNDS = 8
"""With fewer sounds nobody can tell that a difficulty goes its own way."""
OWN_WAY_SHARE = 1 / 4
"""A difficulty in which more of the sounds than this differ goes its own way."""
NEAR_SOUNDS = 16
"""Gaps with no more sounds in between are one finding."""
NAMES = {WHISTLE: "whistle", FINISH: "finish", CLAP: "clap"}


@dataclass(frozen=True, slots=True)
class Heard:
    """The additions at heads and ends, by time."""

    times_ms: NDArray[np.float64]
    additions: NDArray[np.int64]
    objects: tuple[HitObject, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Places near to each other that lack the same additions."""

    first: int
    last: int
    count: int
    missing: int
    severity: Severity
    seen_in: tuple[str, ...]
    """The difficulties that have them at all the places."""

    def joined(self, later: Gap) -> Gap | None:
        """This and a later place as one; None where they have too little in common."""
        seen_in = tuple(name for name in self.seen_in if name in later.seen_in)
        same = (self.missing, self.severity) == (later.missing, later.severity)
        if not (same and seen_in and later.first - self.last <= NEAR_SOUNDS):
            return None
        count = self.count + later.count
        return Gap(self.first, later.last, count, self.missing, self.severity, seen_in)


def heard(difficulty: Difficulty) -> Heard:
    """What is heard at the heads and ends of a difficulty."""
    found = [
        sound
        for sound in difficulty.fact(sounds)
        if isinstance(sound.item, Circle)
        or not isinstance(sound.item, Slider)
        or sound.node in (0, sound.item.slides)
    ]
    found.sort(key=lambda sound: sound.time_ms)
    return Heard(
        np.array([sound.time_ms for sound in found]),
        np.array([sound.additions for sound in found], dtype=np.int64),
        tuple(sound.item for sound in found),
    )


def _at_the_same_time(mine: Heard, theirs: Heard) -> NDArray[np.int64]:
    """For each of my sounds the nearest of theirs; -1 where there is none within 2 ms."""
    if not len(theirs.times_ms):
        return np.full(len(mine.times_ms), -1, dtype=np.int64)
    after = np.searchsorted(theirs.times_ms, mine.times_ms)
    right = np.minimum(after, len(theirs.times_ms) - 1)
    left = np.maximum(after - 1, 0)
    to_left = np.abs(theirs.times_ms[left] - mine.times_ms)
    to_right = np.abs(theirs.times_ms[right] - mine.times_ms)
    nearest = np.where(to_left <= to_right, left, right)
    return np.where(np.minimum(to_left, to_right) < SAME_MOMENT_MS, nearest, -1)


def find_inconsistent_hitsounds(mapset: Mapset) -> Iterator[Issue]:
    """Additions that other difficulties have at a time, and this one lacks."""
    everyone = [(one, one.fact(heard)) for one in mapset.difficulties]
    if len(everyone) < 2:
        return
    alike, apart = _sorted_out(everyone)
    for one in apart:
        yield Issue(
            severity=Severity.WARNING,
            message="The hit sounds differ from those of the other difficulties throughout.",
            detail="apart",
            difficulty=one,
        )
    for one, mine in alike:
        others = [(other, theirs) for other, theirs in alike if other is not one]
        yield from _lacking(one, mine, others)


def _sorted_out(
    everyone: Sequence[tuple[Difficulty, Heard]],
) -> tuple[list[tuple[Difficulty, Heard]], list[Difficulty]]:
    """The difficulties that can be compared, and those that go their own way."""
    differing: list[float] = []
    for one, mine in everyone:
        total = 0
        for other, theirs in everyone:
            if other is not one:
                at = _at_the_same_time(mine, theirs)
                both = at >= 0
                total += int(np.sum(theirs.additions[at[both]] != mine.additions[both]))
        differing.append(total / (len(everyone) - 1))
    least, average = min(differing), sum(differing) / len(differing)
    alike: list[tuple[Difficulty, Heard]] = []
    apart: list[Difficulty] = []
    for (one, mine), count in zip(everyone, differing, strict=True):
        n = len(mine.times_ms)
        excess = count - least
        if n >= FEW_SOUNDS and excess > average and excess > n * OWN_WAY_SHARE:
            apart.append(one)
        else:
            alike.append((one, mine))
    return alike, apart


def _lacking(
    one: Difficulty, mine: Heard, others: Sequence[tuple[Difficulty, Heard]]
) -> Iterator[Issue]:
    missing = np.zeros(len(mine.times_ms), dtype=np.int64)
    present = np.zeros(len(mine.times_ms), dtype=np.int64)
    witnesses: dict[int, list[str]] = {}
    for other, theirs in others:
        at = _at_the_same_time(mine, theirs)
        both = np.flatnonzero(at >= 0)
        lacking = theirs.additions[at[both]] & ~mine.additions[both]
        missing[both] |= lacking
        present[both] += 1
        for place in both[lacking != 0].tolist():
            witnesses.setdefault(place, []).append(f"[{other.name}]")
    run: Gap | None = None
    for place in map(int, np.flatnonzero(missing)):
        seen_in = tuple(witnesses[place])
        if len(seen_in) * 2 <= present[place]:
            continue
        severity = Severity.WARNING if len(seen_in) * 2 > len(others) else Severity.MINOR
        gap = Gap(place, place, 1, int(missing[place]), severity, seen_in)
        joined = run.joined(gap) if run else None
        if run and joined is None:
            yield _issue(one, mine, run)
        run = joined or gap
    if run:
        yield _issue(one, mine, run)


def _issue(one: Difficulty, mine: Heard, gap: Gap) -> Issue:
    names = [name for bit, name in NAMES.items() if gap.missing & bit]
    first, last = int(mine.times_ms[gap.first]), int(mine.times_ms[gap.last])
    where = "here" if gap.count == 1 else f"at {gap.count} places from here on"
    return Issue(
        severity=gap.severity,
        message=f"There is no {listed(names)} {where}, but in {listed(gap.seen_in)}.",
        objects=(mine.objects[gap.first],),
        at=TimeRange(first, last + 1),
        detail=f"{first} {listed(names)}",
        difficulty=one,
    )


CHECKS: tuple[Check, ...] = (
    SetCheck(
        code="inconsistent_hitsounds",
        title="Inconsistent hit sounds",
        category="Hit Sounds",
        cause=(
            "A head or end lacks an addition that most of the other difficulties have at this "
            "time (warning), or most of those that sound then (minor); a difficulty that differs "
            "everywhere is named once."
        ),
        criterion="One moment of the song should sound the same in all difficulties.",
        answers=("MapsetVerifier:HitSoundConsistency",),
        differs=(
            "What most lack is the emphasis of the few that have it, and left out; Mapset Verifier "
            "lists it as minor for all the others. Places near to each other that lack the same "
            "are one finding."
        ),
        severities=(Severity.WARNING, Severity.MINOR),
        modes=frozenset({Mode.OSU, Mode.CATCH}),
        find=summarised(find_inconsistent_hitsounds),
    ),
)
