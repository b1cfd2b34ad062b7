"""Checks of what is placed where, and for how long."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.beatmap import Circle, HoldNote, Mode, Slider
from companion.checks.check import WHOLE_MAP, DifficultyCheck, Issue, extent_of, name_of
from companion.checks.gameplay.durations import drain_ms
from companion.checks.summaries import MOST_WITH_FIX, summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import HitObject, TextEdit
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty

MIN_GAP_MS = 10.0
"""Between the end of one object and the start of the next."""
MIN_SLIDER_GAP_MS = 20.0
"""The same after a slider, in osu! only; a warning, as no other tool asks for it."""
MIN_COLUMN_GAP_MS = 30.0
"""The same within one mania column."""

ZERO_LENGTH_MS = 0.5
MOST_ANCHORS_PER_ROOT_PX = 10.0
SHORTEST_DRAIN_MS = 30_000.0


def find_concurrent(difficulty: Difficulty) -> Iterator[Issue]:
    """Objects that begin before another one has ended, or right after it."""
    beatmap = difficulty.beatmap
    if beatmap.mode != Mode.MANIA:
        yield from _concurrent(difficulty, beatmap.hit_objects, MIN_GAP_MS)
        return
    columns: dict[int, list[HitObject]] = {}
    for item in beatmap.hit_objects:
        columns.setdefault(item.column(beatmap.keycount), []).append(item)
    for objects in columns.values():
        yield from _concurrent(difficulty, objects, MIN_COLUMN_GAP_MS)


def _concurrent(
    difficulty: Difficulty, objects: Sequence[HitObject], min_gap_ms: float
) -> Iterator[Issue]:
    """One issue for each object that is too near to the longest-lasting one before it."""
    if not objects:
        return
    lasting = objects[0]
    for item in objects[1:]:
        gap_ms = round(item.start_ms - lasting.end_ms, 3)
        if gap_ms < min_gap_ms:
            yield _too_near(difficulty, lasting, item, gap_ms)
        elif gap_ms < MIN_SLIDER_GAP_MS and _asks_for_more(difficulty, lasting):
            yield Issue(
                severity=Severity.WARNING,
                message=(
                    f"The {name_of(item, difficulty.mode)} begins {gap_ms:.0f} ms after the "
                    f"slider before it; there should be {MIN_SLIDER_GAP_MS:.0f} ms."
                ),
                objects=(lasting, item),
                at=extent_of((item,)),
                detail="after slider",
            )
        if item.end_ms >= lasting.end_ms:
            lasting = item


def _asks_for_more(difficulty: Difficulty, earlier: HitObject) -> bool:
    return difficulty.beatmap.mode == Mode.OSU and isinstance(earlier, Slider)


def _too_near(difficulty: Difficulty, earlier: HitObject, later: HitObject, gap_ms: float) -> Issue:
    fix: tuple[TextEdit, ...] = ()
    first, second = (name_of(item, difficulty.mode) for item in (earlier, later))
    if gap_ms > 0:
        message = f"The {second} begins only {gap_ms:.0f} ms after the {first} before it has ended."
    elif earlier.start_ms == later.start_ms:
        message = f"A {first} and a {second} begin at the same time."
        lines = difficulty.document.lines
        if lines[earlier.line].raw == lines[later.line].raw:
            message = f"The {second} is there twice."
            fix = difficulty.remove_line(later.line)
    else:
        message = f"The {second} begins before the {first} before it has ended."
    return Issue(
        severity=Severity.PROBLEM,
        message=message,
        objects=(earlier, later),
        at=extent_of((later,)),
        fix=fix,
        fix_label="Remove the duplicate" if fix else None,
    )


def find_zero_length(difficulty: Difficulty) -> Iterator[Issue]:
    """Sliders, spinners and hold notes that end when they begin."""
    for item in difficulty.beatmap.hit_objects:
        if isinstance(item, Circle) or item.duration_ms >= ZERO_LENGTH_MS:
            continue
        is_hold = isinstance(item, HoldNote)
        yield Issue(
            severity=Severity.PROBLEM,
            message=f"The {name_of(item, difficulty.mode)} has no length.",
            objects=(item,),
            fix=_as_note(difficulty, item) if is_hold else (),
            fix_label="Make it a single note" if is_hold else None,
        )


def _as_note(difficulty: Difficulty, item: HitObject) -> tuple[TextEdit, ...]:
    _, _, sample = difficulty.field(item.line, 5).partition(":")
    fields = {3: str(item.type_bits & ~128 | 1)}
    if len(difficulty.document.lines[item.line].raw.split(b",")) > 5:
        fields[5] = sample
    return difficulty.replace_fields(item.line, fields)


def find_invisible(difficulty: Difficulty) -> Iterator[Issue]:
    """Sliders whose curve has no extent, so that the player sees no body."""
    for item in difficulty.beatmap.hit_objects:
        if not isinstance(item, Slider):
            continue
        head = item.control_points[0]
        # A length of 0 or less is none, and the path then has its own.
        unstated = item.known_path is not None
        negative = unstated and difficulty.field(item.line, 7).strip().startswith("-")
        if negative or all(point == head for point in item.control_points):
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    "The slider has a negative length."
                    if negative
                    else "The slider has no body: all its points lie in one place."
                ),
                objects=(item,),
            )


def find_crowded_anchors(difficulty: Difficulty) -> Iterator[Issue]:
    """Sliders with more anchors than their length has use for."""
    for item in difficulty.beatmap.hit_objects:
        if not isinstance(item, Slider):
            continue
        count = len(item.control_points)
        if count > MOST_ANCHORS_PER_ROOT_PX * math.sqrt(item.length_px):
            yield Issue(
                severity=Severity.WARNING,
                message=f"The slider has {count} anchors for {item.length_px:.0f} px.",
                objects=(item,),
                detail="anchors",
            )


def find_too_short_map(difficulty: Difficulty) -> Iterator[Issue]:
    """Maps in which the health drains for less than half a minute."""
    length_ms = difficulty.fact(drain_ms)
    if difficulty.beatmap.hit_objects and length_ms < SHORTEST_DRAIN_MS:
        yield Issue(
            severity=Severity.PROBLEM,
            message=f"The drain time is {length_ms / 1000:.0f} s; it has to be 30 s.",
            at=WHOLE_MAP,
        )


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="concurrent_objects",
        title="Concurrent objects",
        category="Compose",
        cause=(
            "An object begins before another has ended, or less than 10 ms after it (30 ms in a "
            "mania column); or, as a warning, less than 20 ms after a slider in osu!."
        ),
        criterion=(
            "No two objects may be active at one time, and the next one needs 10 ms after the "
            "end of the one before: 20 ms after a slider in osu!, 30 ms in a column in mania."
        ),
        answers=(
            "MapsetVerifier:Concurrent",
            "lazer:ConcurrentObjects",
            "lazer:ManiaConcurrentObjects",
        ),
        differs=(
            "The 20 ms after a slider stand in the ranking criteria; neither Mapset Verifier nor "
            "lazer asks for them."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=summarised(find_concurrent),
    ),
    DifficultyCheck(
        code="zero_length_object",
        title="Objects without length",
        category="Compose",
        cause="A slider, spinner or hold note lasts less than half a millisecond.",
        criterion="Sliders, spinners and hold notes have to last for some time.",
        answers=("lazer:ZeroLengthObjects",),
        severities=(Severity.PROBLEM,),
        find=summarised(find_zero_length, MOST_WITH_FIX),
    ),
    DifficultyCheck(
        code="invisible_slider",
        title="Invisible sliders",
        category="Compose",
        cause="A slider has no points but its head, or a negative length.",
        criterion="The way of a slider has to be visible.",
        answers=("MapsetVerifier:InvisibleSlider",),
        severities=(Severity.PROBLEM,),
        modes=frozenset({Mode.OSU, Mode.CATCH}),
        find=find_invisible,
    ),
    DifficultyCheck(
        code="crowded_anchors",
        title="Crowded anchors",
        category="Compose",
        cause="A slider has more anchors than ten times the square root of its length in pixels.",
        criterion="Curves have to be readable, and to load in reasonable time.",
        answers=("MapsetVerifier:AbnormalNodes",),
        severities=(Severity.WARNING,),
        find=find_crowded_anchors,
    ),
    DifficultyCheck(
        code="drain_time",
        title="Drain time",
        category="Compose",
        cause="From the first object to the end of the last, without breaks, it is under 30 s.",
        criterion="A map has to drain the health for half a minute at least.",
        answers=("MapsetVerifier:DrainTime", "lazer:DrainLength"),
        differs="A map without any object is only begun, and nothing is said about it.",
        severities=(Severity.PROBLEM,),
        find=find_too_short_map,
    ),
)
