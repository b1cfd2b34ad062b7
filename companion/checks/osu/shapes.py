"""Sliders whose way cannot be read from their shape."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider
from companion.checks.check import DifficultyCheck, Issue
from companion.checks.gameplay.difficulty import circle_radius_px
from companion.checks.gameplay.folds import FOLD_PX, fold_scores
from companion.checks.gameplay.paths import slider_paths
from companion.checks.gameplay.sliders import tick_distances_px, tick_progress
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.paths import Point

MEETING_PX = 5.0
AWAY_PX = 60.0
"""How much of the way lies at least between two places that may be confused."""

FOLD_TURN = math.radians(150)
"""A curve that turns less than this in all does not come back to itself."""
CERTAIN_SCORE, LIKELY_SCORE = 5.0, 2.0


def find_ambiguous(difficulty: Difficulty) -> Iterator[Issue]:
    """Sliders whose head, tail or a red anchor lie on one another."""
    radius_px = circle_radius_px(difficulty.beatmap.cs)
    paths, ticks_px = difficulty.fact(slider_paths), difficulty.fact(tick_distances_px)
    for index, item in enumerate(difficulty.beatmap.hit_objects):
        if not isinstance(item, Slider):
            continue
        part = ""
        if math.dist(paths.far[index], (item.x, item.y)) <= MEETING_PX:
            ticks = tick_progress(item, ticks_px[index])
            part = _closed_part(item, [paths.place(index, tick) for tick in ticks], radius_px)
        part = part or _anchor_part(item, paths.far[index])
        if part:
            yield Issue(
                severity=Severity.WARNING,
                message=f"The slider's {part}; which way it goes cannot be told from its shape.",
                objects=(item,),
            )


def _closed_part(item: Slider, ticks: Sequence[Point], radius_px: float) -> str:
    head = item.x, item.y
    away = any(math.dist(tick, head) > 2 * radius_px for tick in ticks)
    return "head and tail lie on one another" if away else ""


def _anchor_part(item: Slider, far: Point) -> str:
    anchors = _anchors(item)
    if not anchors:
        return ""
    head = item.x, item.y
    done = 0.0
    for before, anchor in pairwise([head, *anchors]):
        done += math.dist(before, anchor)
        if done > item.length_px:
            break
        if done > AWAY_PX and math.dist(anchor, head) <= MEETING_PX:
            return "head lies on a red anchor"
        if item.length_px - done > AWAY_PX and math.dist(anchor, far) <= MEETING_PX:
            return "tail lies on a red anchor"
    return ""


def _anchors(item: Slider) -> list[Point]:
    """Corners between head and tail: points of a line, red anchors of other curves."""
    if item.curve_type != "L":
        is_bezier = item.curve_type.startswith("B")
        return [segment.points[0] for segment in item.segments[1:]] if is_bezier else []
    return [p for s in item.segments for p in s.points[1:]][:-1]


def find_folded(difficulty: Difficulty) -> Iterator[Issue]:
    """Curves that run along themselves."""
    # Shapes are copied often, and only the shape counts.
    shapes: dict[tuple[object, ...], Slider] = {}
    curves: list[tuple[Slider, tuple[object, ...]]] = []
    for item in difficulty.beatmap.hit_objects:
        if isinstance(item, Slider) and _may_fold(item):
            x, y = item.control_points[0]
            shape = tuple((px - x, py - y) for px, py in item.control_points)
            curves.append((item, (shape, item.curve_type, item.length_px)))
            shapes.setdefault(curves[-1][1], item)
    scores = fold_scores([item.path for item in shapes.values()])
    score_of = dict(zip(shapes, scores, strict=True))
    for item, shape in curves:
        score = score_of[shape]
        if score <= LIKELY_SCORE:
            continue
        yield Issue(
            severity=Severity.WARNING,
            message=(
                f"The slider {'runs' if score > CERTAIN_SCORE else 'seems to run'} back along "
                "itself; its way is hard to read."
            ),
            objects=(item,),
        )


def _may_fold(item: Slider) -> bool:
    """Whether a Bézier curve turns enough: it never turns more than its control polygon."""
    if not item.curve_type.startswith("B") or item.length_px < 2 * FOLD_PX:
        return False
    directions = [
        math.atan2(by - ay, bx - ax)
        for (ax, ay), (bx, by) in pairwise(item.control_points)
        if (ax, ay) != (bx, by)
    ]
    turned = 0.0
    for one, two in pairwise(directions):
        turned += abs(math.remainder(two - one, math.tau))
        if turned >= FOLD_TURN:
            return True
    return False


CHECKS = (
    DifficultyCheck(
        code="ambiguous_slider",
        title="Ambiguous sliders",
        category="Compose",
        cause=(
            "A slider's head and tail lie within 5 px of each other, with a tick farther than a "
            "diameter away; or its head or tail lies within 5 px of a red anchor, with more than "
            "60 px of the way between."
        ),
        criterion="Every slider needs a clear and visible path from start to end.",
        answers=("MapsetVerifier:Ambiguity",),
        severities=(Severity.WARNING,),
        modes=frozenset({Mode.OSU}),
        find=summarised(find_ambiguous),
    ),
    DifficultyCheck(
        code="folded_slider",
        title="Burai sliders",
        category="Compose",
        cause=(
            "Parts of a curve lie within 3 px of each other and run in nearly the same or the "
            "opposite direction, by a score of more than 2."
        ),
        criterion="Sliders must not overlap themselves in a way that makes them hard to read.",
        answers=("MapsetVerifier:Burai",),
        severities=(Severity.WARNING,),
        modes=frozenset({Mode.OSU}),
        find=summarised(find_folded),
    ),
)
