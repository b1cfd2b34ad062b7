"""Checks of break periods."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from companion.beatmap import TimeRange
from companion.beatmap.numbers import format_number
from companion.checks.check import DifficultyCheck, Issue
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import Break, HitObject, TextEdit
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty

LEAD_OUT_MS = 200.0
"""Between the end of an object and the break after it."""
SHORTEST_MS = 650.0
"""A shorter break does nothing."""
LENIENCY_MS = 1.0


def find_bad_breaks(difficulty: Difficulty) -> Iterator[Issue]:
    """Breaks that the editor would not have made: over objects, too near to them, too short."""
    objects = difficulty.beatmap.hit_objects
    preempt_ms = difficulty.beatmap.preempt_ms
    starts = [item.start_ms for item in objects]
    ends = list(accumulate((item.end_ms for item in objects), max))
    for pause in difficulty.beatmap.breaks:
        n_before = bisect_right(starts, (pause.start_ms + pause.end_ms) / 2)
        before_ms = ends[n_before - 1] if n_before else -math.inf
        after = objects[n_before] if n_before < len(objects) else None
        after_ms = after.start_ms if after else math.inf
        earliest_ms, latest_ms = before_ms + LEAD_OUT_MS, after_ms - preempt_ms
        at = TimeRange(math.floor(pause.start_ms), math.floor(pause.end_ms) + 1)
        neighbours: tuple[HitObject, ...] = (after,) if after else ()
        problem = _what_is_wrong(pause, before_ms, after_ms, preempt_ms)
        if problem is not None:
            fix, label = _fitted(difficulty, pause, earliest_ms, latest_ms)
            yield Issue(
                severity=Severity.PROBLEM,
                message=problem,
                at=at,
                objects=neighbours,
                fix=fix,
                fix_label=label,
            )
        elif pause.end_ms - pause.start_ms < SHORTEST_MS:
            yield Issue(
                severity=Severity.WARNING,
                message=f"The break is shorter than {SHORTEST_MS:.0f} ms and does nothing.",
                at=at,
                detail="short",
                fix=difficulty.remove_line(pause.line),
                fix_label="Remove the break",
            )


def _what_is_wrong(
    pause: Break, before_ms: float, after_ms: float, preempt_ms: float
) -> str | None:
    if before_ms > pause.start_ms or after_ms < pause.end_ms:
        return "There are objects in the break."
    if pause.start_ms < before_ms + LEAD_OUT_MS - LENIENCY_MS:
        return f"The break begins less than {LEAD_OUT_MS:.0f} ms after an object."
    if pause.end_ms > after_ms - preempt_ms + LENIENCY_MS:
        return "The break is not over when the next object appears."
    return None


def _fitted(
    difficulty: Difficulty, pause: Break, earliest_ms: float, latest_ms: float
) -> tuple[tuple[TextEdit, ...], str]:
    start_ms = max(pause.start_ms, math.ceil(earliest_ms) if math.isfinite(earliest_ms) else 0)
    end_ms = min(pause.end_ms, latest_ms)
    if end_ms - start_ms < SHORTEST_MS:
        return difficulty.remove_line(pause.line), "Remove the break"
    offset_ms = difficulty.beatmap.time_offset_ms
    fields = {
        1: format_number(start_ms - offset_ms),
        2: format_number(math.floor(end_ms) - offset_ms),
    }
    return difficulty.replace_fields(pause.line, fields), "Fit the break between the objects"


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="bad_break",
        title="Breaks",
        category="Events",
        cause=(
            "A break begins less than 200 ms after an object or ends after the next one has "
            "appeared (problem), or is shorter than 650 ms (warning)."
        ),
        criterion=(
            "Breaks have to be what the editor makes: not over objects, begun some time after "
            "one, and over when the next one appears."
        ),
        answers=("MapsetVerifier:Breaks", "lazer:Breaks"),
        differs=(
            "Like Mapset Verifier it lets a break last until the next object appears, where lazer "
            "wants a fixed 450 ms."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_bad_breaks,
    ),
)
