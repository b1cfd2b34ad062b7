"""Checks for timing points that change nothing, or nothing that anybody meets."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, TimeRange
from companion.beatmap.timing import SAMPLE_LENIENCY_MS
from companion.checks.check import DifficultyCheck, Issue
from companion.checks.lines import at_line, samples_of
from companion.checks.summaries import MOST_WITH_FIX, summarised
from companion.checks.timing import bar_offset_ms, bars_continue
from companion.checks.wording import counted, listed
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import TimingPoint
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty

NIGHTCORE_BARS = 4
"""The Nightcore mod plays its cymbal every so many bars, counted from a red line."""
EXACT_MS = 0.001


@dataclass(frozen=True, slots=True)
class Span:
    """A line, the one that held before it, and the stretch in which it holds."""

    line: TimingPoint
    before: TimingPoint
    until_ms: float
    """Not after its start where another line at the same time overrules it."""

    @property
    def changes_velocity(self) -> bool:
        """Whether its slider velocity is another, or sliders get or lose their ticks."""
        # A green line whose value is no number is the way to have sliders without ticks.
        ticks = math.isnan(self.line.beat_length) is not math.isnan(self.before.beat_length)
        return ticks or abs(self.line.velocity - self.before.velocity) > 1e-9

    @property
    def changes_scroll(self) -> bool:
        """Whether its scroll speed is another."""
        return abs(self.line.scroll_speed - self.before.scroll_speed) > 1e-9

    @property
    def changes_samples(self) -> bool:
        """Whether sample set, index or volume are others."""
        return samples_of(self.line) != samples_of(self.before)


@dataclass(frozen=True, slots=True)
class Stage:
    """What of a difficulty lines can have an effect on."""

    heads_ms: Sequence[float]
    """Of sliders, ascending."""
    starts_ms: Sequence[float]
    """Of all objects, ascending."""
    ends_ms: Sequence[float]
    """For each object the latest end among it and those before."""
    scrolls: bool
    """Whether velocity is scroll speed, which everything shows."""

    def uses(self, span: Span) -> bool:
        """Whether the line changes something that is met while it holds."""
        if span.line.kiai is not span.before.kiai:
            return True
        if self.scrolls:
            if span.changes_scroll:
                return True
        elif span.changes_velocity and self._begins(span.line.time_ms, span.until_ms):
            return True
        return span.changes_samples and self._sounds(span.line.time_ms, span.until_ms)

    def _begins(self, start_ms: float, end_ms: float) -> bool:
        return bisect_left(self.heads_ms, start_ms) < bisect_left(self.heads_ms, end_ms)

    def _sounds(self, start_ms: float, end_ms: float) -> bool:
        """Whether an object begins or goes on in a stretch (begun a little early, as sounds do)."""
        if end_ms <= start_ms:
            return False
        begun = bisect_left(self.starts_ms, end_ms)
        return begun > 0 and self.ends_ms[begun - 1] >= start_ms - SAMPLE_LENIENCY_MS


def stage_of(difficulty: Difficulty) -> Stage:
    """What of a difficulty lines can have an effect on."""
    objects = difficulty.beatmap.hit_objects
    return Stage(
        [item.start_ms for item in objects if isinstance(item, Slider)],
        [item.start_ms for item in objects],
        list(accumulate((item.end_ms for item in objects), max)),
        difficulty.mode in (Mode.TAIKO, Mode.MANIA),
    )


def find_unused_green_lines(difficulty: Difficulty) -> Iterator[Issue]:
    """Runs of green lines without any effect."""
    points = difficulty.beatmap.timing.points
    stage = difficulty.fact(stage_of)
    # A line is judged against the last one that has an effect: so all that have none can go.
    kept: TimingPoint | None = None
    run: list[TimingPoint] = []
    for n, line in enumerate(points):
        if line.uninherited or kept is None or stage.uses(Span(line, kept, _until_ms(points, n))):
            if kept is not None and run:
                yield _unused(difficulty, run, kept)
            kept, run = line, []
        else:
            run.append(line)
    if kept is not None and run:
        yield _unused(difficulty, run, kept)


def _until_ms(points: Sequence[TimingPoint], n: int) -> float:
    return points[n + 1].time_ms if n + 1 < len(points) else math.inf


def _unused(difficulty: Difficulty, run: Sequence[TimingPoint], before: TimingPoint) -> Issue:
    spans = [Span(line, before, 0.0) for line in run]
    changed = [
        name
        for name, changes in (
            ("velocity", any(span.changes_velocity for span in spans)),
            ("samples", any(span.changes_samples for span in spans)),
        )
        if changes
    ]
    who = "The green line" if len(run) == 1 else f"{len(run)} green lines in a row"
    verb, does = ("changes", "does") if len(run) == 1 else ("change", "do")
    message = (
        f"{who} {verb} {listed(changed)}, but no object meets that."
        if changed
        else f"{who} {does} nothing that was not so before."
    )
    return Issue(
        severity=Severity.MINOR,
        message=message,
        at=TimeRange(math.floor(run[0].time_ms), math.floor(run[-1].time_ms) + 1),
        detail=f"green {run[0].time_ms:.0f}",
        fix=tuple(edit for line in run for edit in difficulty.remove_line(line.line)),
        fix_label="Remove the line" if len(run) == 1 else f"Remove {counted(len(run), 'line')}",
    )


def find_unused_red_lines(difficulty: Difficulty) -> Iterator[Issue]:
    """Red lines that go on with the tempo and the bars of the one before."""
    beatmap = difficulty.beatmap
    points = beatmap.timing.points
    times = [point.time_ms for point in points]
    reds = beatmap.red_lines
    stage = difficulty.fact(stage_of)
    for n in range(1, len(reds)):
        line, previous = reds[n], reds[n - 1]
        if line.time_ms == previous.time_ms or not bars_continue(previous, line):
            continue
        held = bisect_left(times, line.time_ms) - 1
        following = bisect_right(times, line.time_ms)
        overruled = following - held > 2  # by a green line at the same time
        until_ms = times[following] if following < len(points) else math.inf
        span = Span(line, points[held], line.time_ms if overruled else until_ms)
        issue = _redundant(difficulty, span, previous, used=stage.uses(span))
        if issue is not None:
            yield issue


def _redundant(
    difficulty: Difficulty, span: Span, previous: TimingPoint, *, used: bool
) -> Issue | None:
    line = span.line
    shows_bars = difficulty.mode is not Mode.CATCH
    reasons: list[str] = []
    if shows_bars and line.omit_bar_line:
        reasons.append("hides its bar line")
    if shows_bars and previous.omit_bar_line and bar_offset_ms(previous, line) > EXACT_MS:
        reasons.append("moves a bar line")
    if reasons and difficulty.mode is not Mode.OSU:
        return None
    if not bars_continue(previous, line, NIGHTCORE_BARS):
        reasons.append("begins the Nightcore mod's four bars anew")
    what = (
        "The red line changes only what a green line could"
        if used
        else "The red line goes on with the tempo and bars of the one before"
    )
    but = f", but {listed(reasons)}" if reasons else ""
    return Issue(
        severity=Severity.WARNING if reasons else Severity.PROBLEM,
        message=f"{what}{but}.",
        at=at_line(line),
        detail="red",
    )


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="unused_green_line",
        title="Unused green lines",
        category="Timing",
        cause=(
            "A green line says the same as the one before, or changes velocity or samples where "
            "there is no object that shows it."
        ),
        criterion="Lines without an effect should not be there; they hide the ones that have one.",
        answers=("MapsetVerifier:UnusedLines",),
        differs=(
            "Each line is judged against the last one that has an effect, so that all can be "
            "removed together; lines that follow each other are one finding."
        ),
        severities=(Severity.MINOR,),
        find=summarised(find_unused_green_lines, MOST_WITH_FIX),
    ),
    DifficultyCheck(
        code="unused_red_line",
        title="Unused red lines",
        category="Timing",
        cause=(
            "A red line on a bar line of the one before has the same tempo and meter (problem); "
            "a warning where it hides bar lines or begins the Nightcore mod's four bars anew."
        ),
        criterion=(
            "Red lines are there to set the tempo or the bars; for anything else there are green "
            "ones."
        ),
        answers=("MapsetVerifier:UnusedLines",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_unused_red_lines,
    ),
)
