"""Sliders whose way cannot be read from their shape."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Mode, Slider
from companion.checks.check import DifficultyCheck, Issue
from companion.checks.gameplay.difficulty import circle_radius_px
from companion.checks.gameplay.paths import slider_paths
from companion.checks.gameplay.sliders import tick_progress
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.paths import Point

MEETING_PX = 5.0
AWAY_PX = 60.0
"""How much of the way lies at least between two places that may be confused."""

FOLD_PX = 3.0
COARSE_PX = 4.0
"""Step of a first look, which is enough for most curves."""
FOLD_TURN = math.radians(150)
"""A curve that turns less than this in all does not come back to itself."""
MAX_SAMPLES = 1024
NEAR_SAMPLES = 8
"""Samples of a curve this near to each other in order are its own neighbours."""
CERTAIN_SCORE, LIKELY_SCORE = 5.0, 2.0
WEIGHT_DECAY = 0.9


def find_ambiguous(difficulty: Difficulty) -> Iterator[Issue]:
    """Sliders whose head, tail or a red anchor lie on one another."""
    radius_px = circle_radius_px(difficulty.beatmap.cs)
    paths = difficulty.fact(slider_paths)
    for index, item in enumerate(difficulty.beatmap.hit_objects):
        if not isinstance(item, Slider):
            continue
        part = ""
        if _may_return(item) and math.dist(paths.far[index], (item.x, item.y)) <= MEETING_PX:
            ticks = tick_progress(item, difficulty.beatmap)
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
    head = item.x, item.y
    anchors = _anchors(item)
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


def _may_return(item: Slider) -> bool:
    """Whether the path's end can lie near its head; a bound that needs no curve."""
    chords = polygon = 0.0
    for segment in item.segments:
        if segment.kind not in ("L", "B"):
            return True
        chords += math.dist(segment.points[0], segment.points[-1])
        polygon += sum(math.dist(a, b) for a, b in pairwise(segment.points))
    off_px = max(polygon - item.length_px, item.length_px - chords, 0.0)
    return math.dist(item.control_points[0], item.control_points[-1]) - off_px <= MEETING_PX


def _anchors(item: Slider) -> list[Point]:
    """Corners between head and tail: points of a line, red anchors of other curves."""
    inner = [segment.points[0] for segment in item.segments[1:]]
    if item.curve_type != "L":
        return inner if item.curve_type.startswith("B") else []
    return [p for s in item.segments for p in s.points[1:]][:-1]


def find_folded(difficulty: Difficulty) -> Iterator[Issue]:
    """Curves that run along themselves."""
    known: dict[tuple[object, ...], float] = {}
    for item in difficulty.beatmap.hit_objects:
        if not isinstance(item, Slider) or not _may_fold(item):
            continue
        # Shapes are copied often, and only the shape counts.
        x, y = item.control_points[0]
        shape = tuple((px - x, py - y) for px, py in item.control_points)
        key = (shape, item.curve_type, item.length_px)
        if key not in known:
            known[key] = _fold_score(item)
        if known[key] > LIKELY_SCORE:
            certain = known[key] > CERTAIN_SCORE
            yield Issue(
                severity=Severity.WARNING,
                message=(
                    f"The slider {'runs' if certain else 'seems to run'} back along itself; its "
                    "way is hard to read."
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


def _fold_score(item: Slider) -> float:
    """How much of a curve lies along another part of it (Mapset Verifier's measure).

    Each pair of places less than 3 px apart counts the more the nearer they are and the smaller
    the angle between the directions there; the highest of these count most.
    """
    coarse = _sampled(item, COARSE_PX)
    if not len(_near_pairs(coarse, FOLD_PX + COARSE_PX, 3)[0]):
        return 0.0
    points = _sampled(item, 1.0)
    steps = np.diff(points, axis=0)
    angles = np.arctan2(steps[:, 1], steps[:, 0])
    first, second = _near_pairs(points[:-1], FOLD_PX, NEAR_SAMPLES)
    if not len(first):
        return 0.0
    distance = np.hypot(*(points[first] - points[second]).T)
    between = np.abs(angles[first] - angles[second]) % math.pi
    between = np.minimum(between, math.pi - between)
    nearness = 100 * math.sqrt(10) / 10 ** (2 * distance) / 125
    likeness = 1 / ((between / math.pi * 20) ** 3 + 0.01) / 250
    scores = np.sort(nearness * likeness)[::-1][:200]
    return float(scores @ WEIGHT_DECAY ** np.arange(len(scores)))


def _sampled(item: Slider, step_px: float) -> NDArray[np.float64]:
    count = min(MAX_SAMPLES, max(3, round(item.length_px / step_px)))
    return item.path.positions_at(np.linspace(0.0, 1.0, count))


def _near_pairs(
    points: NDArray[np.float64], near_px: float, apart: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of samples near to each other, but not neighbours along the curve."""
    near = np.abs(points[:, None, 0] - points[None, :, 0]) < near_px
    near &= np.abs(points[:, None, 1] - points[None, :, 1]) < near_px
    first, second = np.nonzero(np.triu(near, apart))
    return first, second


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
