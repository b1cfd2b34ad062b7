"""Checks of the timing of a set's difficulties against each other."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from typing import TYPE_CHECKING

from companion.beatmap import TimeRange
from companion.checks.check import Issue, SetCheck
from companion.checks.wording import plain
from companion.findings import Severity, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import TimingPoint
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Mapset

SAME_LINE_MS = 1.0
"""Red lines of two difficulties less than this apart are one line, written in two ways."""
SAME_OFFSET_MS = 0.001
SAME_BEAT_MS = 0.001
MANY = 10
"""Difficulties that disagree about more red lines than this have another timing altogether."""

Timing = tuple[tuple[float, float, int], ...]


def _timing(difficulty: Difficulty) -> Timing:
    """Times, beat lengths and meters of the red lines."""
    return tuple((red.time_ms, red.beat_length, red.meter) for red in difficulty.beatmap.red_lines)


def find_inconsistent_red_lines(mapset: Mapset) -> Iterator[Issue]:
    """Red lines that are not those of the set's other difficulties."""
    timings = [one.fact(_timing) for one in mapset.difficulties]
    usual, _ = Counter(timings).most_common(1)[0]
    model = mapset.difficulties[timings.index(usual)]
    for one, timing in zip(mapset.difficulties, timings, strict=True):
        if timing == usual:
            continue
        issues = list(_differences(one, model))
        if len(issues) <= MANY:
            yield from issues
        else:
            yield Issue(
                severity=max(
                    (issue.severity for issue in issues), key=lambda s: s is Severity.PROBLEM
                ),
                message=(
                    f"The red lines differ from those of [{model.name}] in {len(issues)} places."
                ),
                at=issues[0].at,
                detail="many",
                difficulty=one,
            )


def _differences(difficulty: Difficulty, model: Difficulty) -> Iterator[Issue]:
    mine, theirs = difficulty.beatmap.red_lines, model.beatmap.red_lines
    for line in theirs:
        twin = _twin(line, mine)
        if twin is None:
            yield _issue(
                difficulty,
                line,
                Severity.PROBLEM,
                f"There is no red line here; [{model.name}] has one with {plain(line.bpm, 3)} BPM "
                f"and {line.meter}/4.",
                "missing",
            )
            continue
        if line.meter != twin.meter:
            yield _issue(
                difficulty,
                twin,
                Severity.PROBLEM,
                f"The meter is {twin.meter}/4, but {line.meter}/4 in [{model.name}].",
                "meter",
            )
        if abs(line.beat_length - twin.beat_length) > SAME_BEAT_MS:
            yield _issue(
                difficulty,
                twin,
                Severity.PROBLEM,
                f"The tempo is {plain(twin.bpm, 3)} BPM, but {plain(line.bpm, 3)} in "
                f"[{model.name}].",
                "tempo",
            )
        if abs(line.time_ms - twin.time_ms) > SAME_OFFSET_MS:
            yield _issue(
                difficulty,
                twin,
                Severity.MINOR,
                f"The red line is at {plain(twin.time_ms, 3)} ms, but at {plain(line.time_ms, 3)} "
                f"in [{model.name}].",
                "offset",
            )
    for line in mine:
        if _twin(line, theirs) is None:
            yield _issue(
                difficulty,
                line,
                Severity.PROBLEM,
                f"[{model.name}] has no red line here.",
                "extra",
            )


def _twin(line: TimingPoint, lines: Sequence[TimingPoint]) -> TimingPoint | None:
    """The line that stands for this one among others, which are by time: the nearest."""
    first = bisect_right(lines, line.time_ms - SAME_LINE_MS, key=lambda other: other.time_ms)
    near = lines[first : first + 3]
    nearest = min(near, key=lambda other: abs(other.time_ms - line.time_ms), default=None)
    if nearest is None or abs(nearest.time_ms - line.time_ms) >= SAME_LINE_MS:
        return None
    return nearest


def _issue(
    difficulty: Difficulty, line: TimingPoint, severity: Severity, message: str, detail: str
) -> Issue:
    at_ms = math.floor(line.time_ms)
    return Issue(
        severity=severity,
        message=message,
        at=TimeRange(at_ms, at_ms + 1),
        detail=detail,
        difficulty=difficulty,
    )


def find_bad_preview(mapset: Mapset) -> Iterator[Issue]:
    """A preview point that is not set, or not where the other difficulties have it."""
    times = [one.beatmap.preview_time_ms for one in mapset.difficulties]
    stated = [ms for ms in times if ms != -1]
    usual = Counter(stated).most_common(1)[0][0] if stated else -1
    for one, ms in zip(mapset.difficulties, times, strict=True):
        if ms == usual and ms != -1:
            continue
        others = f"the others have it at {timestamp(usual)}"
        if ms == -1:
            message = "The preview point is not set" + (f"; {others}." if stated else ".")
        else:
            message = f"The preview point is at {timestamp(ms)}; {others}."
        text = str(usual - one.beatmap.time_offset_ms)
        yield Issue(
            severity=Severity.PROBLEM,
            message=message,
            difficulty=one,
            fix=one.set_key("General", "PreviewTime", text) if stated else (),
            fix_label=f"Set it to {timestamp(usual)}",
        )


CHECKS: tuple[Check, ...] = (
    SetCheck(
        code="inconsistent_red_lines",
        title="Inconsistent red lines",
        category="Timing",
        cause=(
            "A difficulty lacks a red line that the set's usual timing has, has another one, or "
            "another tempo or meter there (problem), or a time less than 1 ms off (minor)."
        ),
        criterion="All difficulties of a set have the same timing.",
        answers=(
            "MapsetVerifier:InconsistentLines",
            "lazer:InconsistentTimingControlPoints",
        ),
        differs=(
            "The timing that most difficulties have is the measure, not the first one's or the "
            "one's at hand; more than ten differences are one finding."
        ),
        severities=(Severity.PROBLEM, Severity.MINOR),
        find=find_inconsistent_red_lines,
    ),
    SetCheck(
        code="preview_time",
        title="Preview point",
        category="Timing",
        cause="The preview point is not set, or is not where most difficulties have it.",
        criterion="All difficulties of a set have the same preview point.",
        answers=("MapsetVerifier:Preview", "lazer:PreviewTime"),
        severities=(Severity.PROBLEM,),
        find=find_bad_preview,
    ),
)
