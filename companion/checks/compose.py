"""Checks of what is placed where, and for how long."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Circle, HoldNote, Mode, Slider
from companion.checks.check import DifficultyCheck, Issue, extent_of, name_of
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import Beatmap, HitObject, TextEdit
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty

MIN_GAP_MS = 10.0
"""Between the end of one object and the start of the next."""
MIN_SLIDER_GAP_MS = 20.0
"""The same after a slider, in osu! only; a warning, as no other tool asks for it."""
MIN_COLUMN_GAP_MS = 30.0
"""The same within one mania column."""

# What a 4:3 screen shows around the playfield, in osu! pixels.
LEFT_PX, RIGHT_PX = -67.0, 579.0
TOP_PX, BOTTOM_PX = -60.0, 428.0

ZERO_LENGTH_MS = 0.5


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
                    f"The {name_of(item)} begins {gap_ms:.0f} ms after the slider before it; "
                    f"there should be {MIN_SLIDER_GAP_MS:.0f} ms."
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
    first, second = name_of(earlier), name_of(later)
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


def find_offscreen(difficulty: Difficulty) -> Iterator[Issue]:
    """Circles and slider bodies that reach beyond a 4:3 screen."""
    radius_px = radius_of(difficulty.beatmap)
    for item in difficulty.beatmap.hit_objects:
        if isinstance(item, Circle):
            if _overhang_px((item.x, item.y), (item.x, item.y), radius_px) > 0:
                yield Issue(
                    severity=Severity.PROBLEM,
                    message="The circle lies partly outside a 4:3 screen.",
                    objects=(item,),
                    detail=f"{item.x:.0f}:{item.y:.0f}",
                    fix=_moved_inside(difficulty, item, radius_px),
                    fix_label="Move it onto the screen",
                )
        elif isinstance(item, Slider):
            overhang_px = _slider_overhang_px(item, radius_px)
            if overhang_px > 0:
                yield Issue(
                    severity=Severity.PROBLEM if overhang_px >= 1 else Severity.WARNING,
                    message=f"The slider goes {math.ceil(overhang_px)} px beyond a 4:3 screen.",
                    objects=(item,),
                    detail=f"{item.x:.0f}:{item.y:.0f}",
                )


def radius_of(beatmap: Beatmap) -> float:
    """Radius of a circle in osu! pixels."""
    return 54.4 - 4.48 * beatmap.cs


def _overhang_px(low: tuple[float, float], high: tuple[float, float], radius_px: float) -> float:
    """How far a box of positions reaches beyond the screen with a circle around each."""
    return max(
        LEFT_PX - (low[0] - radius_px),
        TOP_PX - (low[1] - radius_px),
        high[0] + radius_px - RIGHT_PX,
        high[1] + radius_px - BOTTOM_PX,
    )


def _slider_overhang_px(item: Slider, radius_px: float) -> float:
    # Most sliders are seen to lie inside without computing their curve.
    if any(_overhang_px(low, high, radius_px) <= 0 for low, high in _boxes(item)):
        return 0.0
    points = item.path.polyline()
    low, high = np.min(points, axis=0), np.max(points, axis=0)
    return _overhang_px((float(low[0]), float(low[1])), (float(high[0]), float(high[1])), radius_px)


def _boxes(item: Slider) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Boxes that each hold the whole slider, the quickest first."""
    # Nothing of it is farther from its head than it is long.
    reach = item.length_px
    yield (item.x - reach, item.y - reach), (item.x + reach, item.y + reach)
    # Lines and Bezier curves stay within the box of their control points, but for the end of a
    # slider that is longer than its curve; and a curve is at least as long as its chords.
    if all(segment.kind in ("L", "B") for segment in item.segments):
        chords_px = sum(math.dist(s.points[0], s.points[-1]) for s in item.segments)
        beyond = max(0.0, item.length_px - chords_px)
        xs, ys = zip(*(point for s in item.segments for point in s.points), strict=True)
        yield (min(xs) - beyond, min(ys) - beyond), (max(xs) + beyond, max(ys) + beyond)


def _moved_inside(difficulty: Difficulty, item: Circle, radius_px: float) -> tuple[TextEdit, ...]:
    x = min(RIGHT_PX - radius_px, max(LEFT_PX + radius_px, item.x))
    y = min(BOTTOM_PX - radius_px, max(TOP_PX + radius_px, item.y))
    return difficulty.replace_fields(item.line, {0: str(int(x)), 1: str(int(y))})


def find_zero_length(difficulty: Difficulty) -> Iterator[Issue]:
    """Sliders, spinners and hold notes that end when they begin."""
    for item in difficulty.beatmap.hit_objects:
        if isinstance(item, Circle) or item.duration_ms >= ZERO_LENGTH_MS:
            continue
        is_hold = isinstance(item, HoldNote)
        yield Issue(
            severity=Severity.PROBLEM,
            message=f"The {name_of(item)} has no length.",
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
        negative = difficulty.field(item.line, 7).strip().startswith("-")
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
        find=find_concurrent,
    ),
    DifficultyCheck(
        code="offscreen_object",
        title="Off-screen objects",
        category="Compose",
        cause=(
            "A circle, or the body of a slider, reaches beyond what a 4:3 screen shows around the "
            "playfield (x -67 to 579, y -60 to 428)."
        ),
        criterion="Every part of every object has to be visible on a 4:3 screen.",
        answers=("MapsetVerifier:Offscreen", "lazer:OffscreenObjects"),
        differs=(
            "A slider that overhangs by less than a pixel is a warning, as both clients draw such "
            "curves a little differently."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.OSU}),
        find=find_offscreen,
    ),
    DifficultyCheck(
        code="zero_length_object",
        title="Objects without length",
        category="Compose",
        cause="A slider, spinner or hold note lasts less than half a millisecond.",
        criterion="Sliders, spinners and hold notes have to last for some time.",
        answers=("lazer:ZeroLengthObjects",),
        severities=(Severity.PROBLEM,),
        find=find_zero_length,
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
)
