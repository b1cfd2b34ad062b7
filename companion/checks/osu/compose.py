"""What must not be hidden, or lie beyond the screen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.beatmap import Circle, Mode, Slider, Spinner
from companion.beatmap.curves import lay_out
from companion.checks.check import DifficultyCheck, Issue
from companion.checks.gameplay.osu import osu_view
from companion.checks.gameplay.paths import arc_through
from companion.checks.level import Level
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import TextEdit
    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.osu import OsuView
    from companion.checks.gameplay.paths import Point

# What a 4:3 screen shows around the playfield, in osu! pixels.
LEFT_PX, RIGHT_PX = -67.0, 579.0
TOP_PX, BOTTOM_PX = -60.0, 428.0

ARROW_BEATS = {Level.EASY: 4.0, Level.NORMAL: 3.0, Level.HARD: 2.0, Level.INSANE: 0.5}
"""How long before a slider is reversed its arrow must be seen, in beats."""
COVERED_RADII, HALF_COVERED_RADII = 1 / 3, 1 / 1.75
MAX_BEFORE = 32
"""How many objects before an arrow can cover it."""


def find_offscreen(difficulty: Difficulty) -> Iterator[Issue]:
    """Circles and slider bodies that reach beyond a 4:3 screen where they are seen."""
    view = difficulty.fact(osu_view)
    near = [index for index in range(len(view.objects)) if _may_leave(view, index)]
    lay_out(item.path for n in near if isinstance(item := view.objects[n], Slider))
    for index in near:
        item = view.objects[index]
        if isinstance(item, Circle):
            if _overhang_px(view.head(index), view.head(index), view.radius_px) > 0:
                stacked = view.heights[index] != 0
                fix = () if stacked else _moved_inside(difficulty, item, view.radius_px)
                yield Issue(
                    severity=Severity.PROBLEM,
                    message=(
                        "The circle lies partly outside a 4:3 screen"
                        f"{', as its stack moves it there' if stacked else ''}."
                    ),
                    objects=(item,),
                    detail=f"{item.x:.0f}:{item.y:.0f}",
                    fix=fix,
                    fix_label="Move it onto the screen" if fix else None,
                )
        elif isinstance(item, Slider):
            overhang_px = _slider_overhang_px(view, index, item)
            if overhang_px > 0:
                yield Issue(
                    severity=Severity.PROBLEM if overhang_px >= 1 else Severity.WARNING,
                    message=f"The slider goes {math.ceil(overhang_px)} px beyond a 4:3 screen.",
                    objects=(item,),
                    detail=f"{item.x:.0f}:{item.y:.0f}",
                )


def _may_leave(view: OsuView, index: int) -> bool:
    """Whether an object is near enough to the edge to look at it closely."""
    item = view.objects[index]
    is_slider = isinstance(item, Slider)
    reach = view.radius_px + abs(view.offset_px(index)) + (item.length_px if is_slider else 0.0)
    if (
        LEFT_PX + reach <= item.x <= RIGHT_PX - reach
        and TOP_PX + reach <= item.y <= BOTTOM_PX - reach
    ):
        return False
    if not is_slider:
        return True
    # Most sliders are seen to lie inside without computing their curve.
    offset_px = view.offset_px(index)
    (left, top), (right, bottom) = _box(item, view.paths.far[index])
    box = (left + offset_px, top + offset_px), (right + offset_px, bottom + offset_px)
    return _overhang_px(*box, view.radius_px) > 0


def _overhang_px(low: Point, high: Point, radius_px: float) -> float:
    """How far a box of positions reaches beyond the screen with a circle around each.

    The last digits of a radius are nobody's to see.
    """
    return round(
        max(
            LEFT_PX - (low[0] - radius_px),
            TOP_PX - (low[1] - radius_px),
            high[0] + radius_px - RIGHT_PX,
            high[1] + radius_px - BOTTOM_PX,
        ),
        1,
    )


def _slider_overhang_px(view: OsuView, index: int, item: Slider) -> float:
    xs, ys = (item.path.polyline() + view.offset_px(index)).T
    low, high = (float(xs.min()), float(ys.min())), (float(xs.max()), float(ys.max()))
    return _overhang_px(low, high, view.radius_px)


def _box(item: Slider, far: Point) -> tuple[Point, Point]:
    """A box that holds the whole slider, whose far end is given."""
    points = [point for segment in item.segments for point in segment.points]
    if all(segment.kind in ("L", "B") for segment in item.segments):
        # They stay within the box of their control points, but for the end of a slider that is
        # longer than its curve.
        corners = [*points, far]
    elif [segment.kind for segment in item.segments] == ["P"] and (
        arc := arc_through(points, item.length_px)
    ):
        # The flattened curve goes a little another way beyond the arc.
        (left, top), (right, bottom) = arc.box()
        corners = [
            (left - 1, top - 1),
            (right + 1, bottom + 1),
            (far[0] - 1, far[1] - 1),
            (far[0] + 1, far[1] + 1),
        ]
    else:
        # From any place of it the ways to both ends are together no longer than the slider, which
        # makes an ellipse.
        dx, dy = (far[0] - item.x) / 2, (far[1] - item.y) / 2
        wide2 = (item.length_px / 2 + 1) ** 2
        narrow2 = max(0.0, wide2 - dx * dx - dy * dy)
        half_x, half_y = math.sqrt(dx * dx + narrow2), math.sqrt(dy * dy + narrow2)
        x, y = item.x + dx, item.y + dy
        return (x - half_x, y - half_y), (x + half_x, y + half_y)
    xs, ys = zip(*corners, strict=True)
    return (min(xs), min(ys)), (max(xs), max(ys))


def _moved_inside(difficulty: Difficulty, item: Circle, radius_px: float) -> tuple[TextEdit, ...]:
    x = min(RIGHT_PX - radius_px, max(LEFT_PX + radius_px, item.x))
    y = min(BOTTOM_PX - radius_px, max(TOP_PX + radius_px, item.y))
    return difficulty.replace_fields(item.line, {0: str(int(x)), 1: str(int(y))})


def find_covered_arrows(difficulty: Difficulty) -> Iterator[Issue]:
    """Reverse arrows that an object covers until shortly before they are reached."""
    view = difficulty.fact(osu_view)
    beatmap = difficulty.beatmap
    for index, item in enumerate(view.objects):
        if not isinstance(item, Slider) or item.slides < 2:
            continue
        reversed_ms = item.start_ms + item.span_ms
        red = beatmap.timing_at(item.start_ms)
        beat_ms = red.beat_length if red and red.beat_length > 0 else 0.0
        seen_ms = min(view.preempt_ms, ARROW_BEATS[difficulty.level] * beat_ms)
        covering = _covering(view, index, reversed_ms, seen_ms)
        if covering is None:
            continue
        other, distance = covering
        fully = distance < view.radius_px * COVERED_RADII
        yield Issue(
            severity=Severity.WARNING,
            message=(
                f"The object before it {'covers' if fully else 'partly covers'} the slider's "
                f"reverse arrow until {reversed_ms - view.objects[other].end_ms:.0f} ms before it "
                "is reached."
            ),
            objects=(view.objects[other], item),
        )


def _covering(
    view: OsuView, index: int, reversed_ms: float, seen_ms: float
) -> tuple[int, float] | None:
    """The object that covers a slider's first reverse arrow, and how far off it ends."""
    slider = view.objects[index]
    assert isinstance(slider, Slider)
    arrow: tuple[float, float] | None = None
    for other in range(index - 1, max(-1, index - 1 - MAX_BEFORE), -1):
        item = view.objects[other]
        if item.end_ms <= reversed_ms - seen_ms:
            break
        if isinstance(item, Spinner) or item.end_ms >= reversed_ms:
            continue
        x, y = view.end(other)
        # What lies out of the slider's reach cannot cover its end.
        if math.dist((x, y), (slider.x, slider.y)) > slider.length_px + 2 * view.radius_px:
            continue
        arrow = arrow or view.path_end(index)
        distance = math.dist((x, y), arrow)
        if distance < view.radius_px * HALF_COVERED_RADII:
            return other, distance
    return None


CHECKS = (
    DifficultyCheck(
        code="offscreen_object",
        title="Off-screen objects",
        category="Compose",
        cause=(
            "A circle, or the body of a slider, reaches beyond what a 4:3 screen shows around the "
            "playfield (x -67 to 579, y -60 to 428), where its stack puts it."
        ),
        criterion="Every part of every object has to be visible on a 4:3 screen.",
        answers=("MapsetVerifier:Offscreen", "lazer:OffscreenObjects"),
        differs=(
            "A slider that overhangs by less than a pixel is a warning, as both clients draw such "
            "curves a little differently."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.OSU}),
        find=summarised(find_offscreen),
    ),
    DifficultyCheck(
        code="covered_reverse_arrow",
        title="Covered reverse arrows",
        category="Compose",
        cause=(
            "An object ends within a third (or about half) of a radius of a reverse arrow, less "
            "than 4, 3, 2 or 1/2 beats before it is reached in Easy, Normal, Hard or Insane."
        ),
        criterion=(
            "Reverse arrows should not be covered shortly before they are reached: 4 beats in "
            "Easy, 3 in Normal, 2 in Hard, half a beat in Insane."
        ),
        answers=("MapsetVerifier:ObscuredReverse",),
        differs=(
            "The time is the criteria's for each level, not the whole time for which the arrow is "
            "visible."
        ),
        severities=(Severity.WARNING,),
        modes=frozenset({Mode.OSU}),
        levels=frozenset(ARROW_BEATS),
        find=find_covered_arrows,
    ),
)
