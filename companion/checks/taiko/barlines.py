"""Bar lines: hidden by a note that is early, doubled, at the wrong speed, or here but not there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Circle, Mode, TimeRange
from companion.checks.check import DifficultyCheck, Issue, SetCheck
from companion.checks.gameplay.taiko import bar_lines, bar_ms
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import Beatmap, TextEdit, TimingPoint
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Mapset

TAIKO = frozenset({Mode.TAIKO})
ROUNDING_MS = 0.01
"""Bar lines are sums of fractions; what is nearer than this may be rounded either way."""
WRITTEN_MS = 2.0
"""Red lines stand at whole milliseconds, so a bar may be this much shorter than it is meant."""
UNAFFECTED_MS = 5.0
SAME_LINE_MS = 1.0


def _moment(ms: float) -> TimeRange:
    return TimeRange(int(ms), int(ms) + 1)


def find_hidden_last(difficulty: Difficulty) -> Iterator[Issue]:
    """A last object that ends a millisecond before its bar line, so that it is not drawn."""
    beatmap = difficulty.beatmap
    if not beatmap.hit_objects:
        return
    last = max(beatmap.hit_objects, key=lambda item: item.end_ms)
    line_ms = difficulty.fact(bar_lines).next_after(last.end_ms)
    if line_ms is None:
        return
    early_ms = line_ms - last.end_ms
    if 1.0 <= early_ms < 2.0:
        is_note = isinstance(last, Circle)
        yield Issue(
            severity=Severity.PROBLEM if is_note else Severity.MINOR,
            message=(
                f"The last {'note is' if is_note else 'object ends'} {early_ms:.1f} ms before a "
                "bar line, which therefore is not shown."
            ),
            objects=(last,),
        )
    elif 1.0 - ROUNDING_MS < early_ms < 1.0:
        yield Issue(
            severity=Severity.WARNING,
            message=(
                f"The last object ends {early_ms:.1f} ms before a bar line; by rounding it may not "
                "be shown."
            ),
            objects=(last,),
        )


def find_unaffected(difficulty: Difficulty) -> Iterator[Issue]:
    """Bar lines that come right before a change of scroll speed that was meant for them."""
    beatmap = difficulty.beatmap
    lines = difficulty.fact(bar_lines)
    speed: float | None = None
    for at_ms, changed in _speeds(beatmap):
        if speed is not None and changed != speed:
            line_ms = lines.last_before(at_ms)
            if line_ms is not None and 0 < at_ms - line_ms <= UNAFFECTED_MS:
                early_ms = at_ms - line_ms
                yield Issue(
                    severity=Severity.WARNING,
                    message=(
                        f"The bar line is {early_ms:.1f} ms before a line that changes the scroll "
                        f"speed, and {'may keep' if early_ms < ROUNDING_MS else 'keeps'} the old "
                        "one."
                    ),
                    at=_moment(line_ms),
                )
        speed = changed


def _speeds(beatmap: Beatmap) -> Iterator[tuple[float, float]]:
    """Times of lines, and the scroll speed from there; of lines at one time the last one."""
    points = sorted(beatmap.timing_points, key=lambda p: (p.time_ms, not p.uninherited))
    for point, following in zip(points, (*points[1:], None), strict=False):
        if following is None or following.time_ms != point.time_ms:
            yield point.time_ms, point.scroll_speed


def find_close(difficulty: Difficulty) -> Iterator[Issue]:
    """Red lines whose bar line comes too soon after the one before."""
    beatmap = difficulty.beatmap
    lines = difficulty.fact(bar_lines)
    for before, red in zip(beatmap.red_lines, beatmap.red_lines[1:], strict=False):
        length = bar_ms(before)
        line_ms = lines.last_before(red.time_ms)
        if length is None or line_ms is None or red.time_ms not in lines.shown:
            continue
        gap_ms = red.time_ms - line_ms
        if gap_ms >= length - WRITTEN_MS or line_ms < before.time_ms:
            continue
        if gap_ms < WRITTEN_MS:
            continue  # they are drawn as one
        close = gap_ms <= length / 2
        yield Issue(
            severity=Severity.PROBLEM if close else Severity.WARNING,
            message=(
                f"The red line's bar line comes {gap_ms / before.beat_length:.2g} beats after the "
                "one before it; it could be omitted."
            ),
            at=_moment(red.time_ms),
            fix=_omit(difficulty, red) if close else (),
            fix_label="Omit the bar line" if close else None,
        )


def _omit(difficulty: Difficulty, red: TimingPoint) -> tuple[TextEdit, ...]:
    return difficulty.replace_fields(red.line, {7: str(red.effects | 8)})


def find_inconsistent(mapset: Mapset) -> Iterator[Issue]:
    """Red lines whose bar line is omitted in one difficulty and not in another."""
    if len(mapset.difficulties) < 2:
        return
    reference, *others = mapset.difficulties
    known = {round(red.time_ms): red.omit_bar_line for red in reference.beatmap.red_lines}
    for difficulty in others:
        for red in difficulty.beatmap.red_lines:
            near = (known.get(round(red.time_ms) + off) for off in (0, -1, 1))
            omitted = next((one for one in near if one is not None), None)
            if omitted is None or omitted == red.omit_bar_line:
                continue
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"The bar line here is {'shown' if omitted else 'omitted'}, but it is "
                    f"{'omitted' if omitted else 'shown'} in “{reference.name}”."
                ),
                at=_moment(red.time_ms),
                difficulty=difficulty,
            )


CHECKS = (
    DifficultyCheck(
        code="taiko_hidden_bar_line",
        title="Last note hides its bar line",
        category="Compose",
        cause="The last object ends 1 to 2 ms before a bar line, so that it is not drawn.",
        criterion="The last note should be snapped so that its bar line is shown.",
        answers=("MapsetVerifier:LastNoteHidingBarline",),
        severities=(Severity.PROBLEM, Severity.WARNING, Severity.MINOR),
        modes=TAIKO,
        find=find_hidden_last,
    ),
    DifficultyCheck(
        code="taiko_unaffected_bar_line",
        title="Bar lines at another speed",
        category="Timing",
        cause="A bar line is at most 5 ms before a line that changes the scroll speed.",
        criterion="A change of scroll speed at a bar should hold for its bar line, too.",
        answers=("MapsetVerifier:BarlineUnaffectedBySv",),
        differs=(
            "Mapset Verifier takes the distance without its sign and then asks for a negative one, "
            "so that it never finds any."
        ),
        severities=(Severity.WARNING,),
        modes=TAIKO,
        find=find_unaffected,
    ),
    DifficultyCheck(
        code="taiko_close_bar_lines",
        title="Close bar lines",
        category="Timing",
        cause=(
            "A red line's bar line comes at most half a bar (problem) or less than a bar (warning) "
            "after the one before it."
        ),
        criterion=(
            "The first bar line of a red line must be omitted where it would be one too many."
        ),
        answers=("MapsetVerifier:CloseBarlines",),
        differs=(
            "Differences of less than 2 ms count as none: red lines stand at whole milliseconds."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=TAIKO,
        find=find_close,
    ),
    SetCheck(
        code="taiko_inconsistent_bar_lines",
        title="Inconsistent omitted bar lines",
        category="Timing",
        cause="A red line omits its first bar line in one difficulty and shows it in another.",
        criterion="All difficulties should show the same bar lines.",
        answers=("MapsetVerifier:InconsistentBarLines", "lazer:TaikoInconsistentSkipBarLine"),
        severities=(Severity.PROBLEM,),
        modes=TAIKO,
        find=find_inconsistent,
    ),
)
