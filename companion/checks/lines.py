"""Checks of timing points on their own: doubled, out of range, in the wrong place."""

from __future__ import annotations

import math
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Mode, Slider, TimeRange
from companion.checks.check import WHOLE_MAP, DifficultyCheck, Issue, name_of
from companion.checks.gameplay.edges import edges, grid_distances_ms, off_grid_ms
from companion.checks.summaries import MOST_WITH_FIX, summarised
from companion.checks.wording import listed, plain
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import TimingPoint
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty

LATE_MS = 5.0
"""A line that begins up to this long after an object was meant for it."""
ON_BEAT_MS = 1.0
NOTICEABLE_BPM = 1.0
"""Velocities that differ by less look the same; velocity times tempo, that is."""
LOWEST_PERCENT, HIGHEST_PERCENT = 5, 100
KIAI_WARNING_MS, TAIKO_KIAI_WARNING_MS = 10.0, 5.0


def at_line(*lines: TimingPoint) -> TimeRange:
    """Where a finding about timing points is."""
    return TimeRange(math.floor(lines[0].time_ms), math.floor(lines[-1].time_ms) + 1)


def find_late_lines(difficulty: Difficulty) -> Iterator[Issue]:
    """Lines that change the velocity just after the object that they were made for."""
    beatmap = difficulty.beatmap
    points = beatmap.timing.points
    if not points:
        return
    times = np.array([point.time_ms for point in points])
    found = difficulty.fact(edges)
    heads = np.flatnonzero((found.nodes == 0) & (np.abs(difficulty.fact(off_grid_ms)) <= 1.0))
    coming = np.searchsorted(times, found.times_ms[heads], side="right")
    left = times[np.minimum(coming, len(times) - 1)] - found.times_ms[heads]
    near = (coming > 0) & (coming < len(times)) & (left > 0) & (left <= LATE_MS)
    for head, index in zip(heads[near], coming[near], strict=True):
        item = beatmap.hit_objects[int(found.owners[head])]
        if beatmap.mode is not Mode.TAIKO and not isinstance(item, Slider):
            continue
        line = points[int(index)]
        pace, later_pace = _pace(difficulty, item.start_ms), _pace(difficulty, line.time_ms)
        if abs(pace - later_pace) > NOTICEABLE_BPM:
            yield Issue(
                severity=Severity.WARNING,
                message=(
                    f"The {name_of(item, beatmap.mode)} is "
                    f"{plain(line.time_ms - item.start_ms)} ms before a line that changes "
                    "the velocity, and so is not affected by it."
                ),
                objects=(item,),
            )


def _pace(difficulty: Difficulty, ms: float) -> float:
    """Velocity times tempo."""
    beatmap = difficulty.beatmap
    red = beatmap.timing_at(ms)
    return beatmap.velocity_at(ms) * (red.bpm if red else 0.0)


def find_concurrent_lines(difficulty: Difficulty) -> Iterator[Issue]:
    """Several lines of one colour at one time, or of both colours that disagree."""
    for _, group in groupby(difficulty.beatmap.timing_points, key=lambda point: point.time_ms):
        lines = list(group)
        if len(lines) < 2:
            continue
        for red in (True, False):
            same = [line for line in lines if line.uninherited is red]
            if len(same) > 1:
                yield _doubled(difficulty, same, red=red)
        reds = [line for line in lines if line.uninherited]
        greens = [line for line in lines if not line.uninherited]
        if reds and greens and (differing := _differing(reds[-1], greens[-1])):
            yield Issue(
                severity=Severity.MINOR,
                message=(
                    f"A red and a green line at one time have another {listed(differing)}; "
                    "what the later line of the file says holds."
                ),
                at=at_line(*lines),
                detail="disagree",
            )


def _doubled(difficulty: Difficulty, same: Sequence[TimingPoint], *, red: bool) -> Issue:
    colour = "red" if red else "green"
    overruled = same[:-1]
    # The last one holds; an earlier red one may still count somewhere unless it is the same.
    certain = not red or all(_says_the_same(line, same[-1]) for line in overruled)
    return Issue(
        severity=Severity.PROBLEM,
        message=f"There are {len(same)} {colour} lines at one time.",
        at=at_line(same[0]),
        detail=colour,
        fix=tuple(e for line in overruled for e in difficulty.remove_line(line.line))
        if certain
        else (),
        fix_label="Keep only the last one" if certain else None,
    )


def _says_the_same(line: TimingPoint, other: TimingPoint) -> bool:
    return (
        line.beat_length == other.beat_length
        and line.meter == other.meter
        and line.effects == other.effects
        and samples_of(line) == samples_of(other)
    )


def samples_of(line: TimingPoint) -> tuple[int, int, int]:
    """Sample set, custom index and volume."""
    return line.sample_set, line.sample_index, line.volume


def _differing(line: TimingPoint, other: TimingPoint) -> list[str]:
    pairs = {
        "kiai": (line.kiai, other.kiai),
        "volume": (line.volume, other.volume),
        "sample set": (line.sample_set, other.sample_set),
        "custom index": (line.sample_index, other.sample_index),
    }
    return [name for name, (mine, theirs) in pairs.items() if mine != theirs]


def find_bad_first_line(difficulty: Difficulty) -> Iterator[Issue]:
    """No line at all, or a first one that cannot be the first."""
    points = difficulty.beatmap.timing_points
    if not points:
        yield Issue(
            severity=Severity.PROBLEM,
            message="The map has no timing: there is no red line.",
            at=WHOLE_MAP,
            detail="none",
        )
        return
    first_time = points[0].time_ms
    first = points[0]
    if not any(p.uninherited for p in points if p.time_ms == first_time):
        yield Issue(
            severity=Severity.PROBLEM,
            message="The first line is a green one, before there is any tempo.",
            at=at_line(first),
            detail="green",
        )
    elif first.kiai:
        yield Issue(
            severity=Severity.PROBLEM,
            message="Kiai is on from the very first line.",
            at=at_line(first),
            detail="kiai",
        )


def find_bad_volumes(difficulty: Difficulty) -> Iterator[Issue]:
    """Runs of lines whose volume the game does not allow."""
    points = difficulty.beatmap.timing_points
    for fine, group in groupby(
        points, key=lambda line: LOWEST_PERCENT <= line.volume <= HIGHEST_PERCENT
    ):
        if fine:
            continue
        run = list(group)
        volumes = sorted({line.volume for line in run})
        stated = f"{volumes[0]} %" if len(volumes) == 1 else f"{volumes[0]} to {volumes[-1]} %"
        who = "The line has" if len(run) == 1 else f"{len(run)} lines in a row have"
        yield Issue(
            severity=Severity.PROBLEM,
            message=f"{who} a volume of {stated}; the editor allows 5 to 100 %.",
            at=TimeRange(math.floor(run[0].time_ms), math.floor(run[-1].time_ms) + 1),
            detail=f"from {run[0].time_ms:.0f}",
        )


def find_unsnapped_kiai(difficulty: Difficulty) -> Iterator[Issue]:
    """Kiai that begins or ends off the beat."""
    beatmap = difficulty.beatmap
    # Of several lines at one time the last one holds.
    points = [list(group)[-1] for _, group in groupby(beatmap.timing.points, lambda p: p.time_ms)]
    switches = [(b, b.kiai) for a, b in pairwise(points) if a.kiai is not b.kiai]
    if not switches:
        return
    off = grid_distances_ms(np.array([p.time_ms for p, _ in switches]), beatmap.red_lines)
    limit = TAIKO_KIAI_WARNING_MS if beatmap.mode is Mode.TAIKO else KIAI_WARNING_MS
    for (line, begins), distance in zip(switches, np.abs(off).tolist(), strict=True):
        if distance < ON_BEAT_MS:
            continue
        yield Issue(
            severity=Severity.WARNING if begins and distance >= limit else Severity.MINOR,
            message=(
                f"Kiai {'begins' if begins else 'ends'} {distance:.1f} ms off the nearest tick "
                "of the beat grid."
            ),
            at=at_line(line),
            detail="start" if begins else "end",
        )


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="late_line",
        title="Lines just after an object",
        category="Timing",
        cause=(
            "A slider (in taiko any object) that is on the beat begins up to 5 ms before a line "
            "that changes the velocity."
        ),
        criterion="A change of velocity has to begin with the object that it is for, not after it.",
        answers=("MapsetVerifier:BeforeLine",),
        differs=(
            "Mapset Verifier also names taiko objects up to 5 ms after a line, but its code never "
            "gets there; such objects do have the line's velocity."
        ),
        severities=(Severity.WARNING,),
        modes=frozenset({Mode.OSU, Mode.TAIKO, Mode.CATCH}),
        find=find_late_lines,
    ),
    DifficultyCheck(
        code="concurrent_lines",
        title="Lines at one time",
        category="Timing",
        cause=(
            "Two red or two green lines are at one time (problem), or a red and a green one that "
            "disagree about kiai, volume or samples (minor)."
        ),
        criterion="There may be one red and one green line at a time, and no more.",
        answers=("MapsetVerifier:ConcurrentLines",),
        severities=(Severity.PROBLEM, Severity.MINOR),
        find=summarised(find_concurrent_lines, MOST_WITH_FIX),
    ),
    DifficultyCheck(
        code="bad_first_line",
        title="First line",
        category="Timing",
        cause="There is no line, or the first one is green or turns kiai on.",
        criterion="A map begins with a red line, and without kiai.",
        answers=("MapsetVerifier:FirstLine",),
        severities=(Severity.PROBLEM,),
        find=find_bad_first_line,
    ),
    DifficultyCheck(
        code="line_volume",
        title="Volume of lines",
        category="Timing",
        cause="A line has a volume below 5 % or above 100 %.",
        criterion="Volumes have to be what the editor allows, 5 to 100 %.",
        answers=("MapsetVerifier:InvalidVolume",),
        differs="Neighbouring lines are one finding.",
        severities=(Severity.PROBLEM,),
        find=find_bad_volumes,
    ),
    DifficultyCheck(
        code="unsnapped_kiai",
        title="Unsnapped kiai",
        category="Timing",
        cause=(
            "Kiai begins 10 ms (taiko: 5 ms) or more off the beat grid (warning), or begins or "
            "ends 1 ms or more off it (minor)."
        ),
        criterion="Kiai has to begin and end on a distinct sound, that is on a tick.",
        answers=("MapsetVerifier:KiaiUnsnap",),
        severities=(Severity.WARNING, Severity.MINOR),
        find=find_unsnapped_kiai,
    ),
)
