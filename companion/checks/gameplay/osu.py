"""Where osu! objects are seen: stacks, and the ends of sliders.

Source: lazer ``OsuBeatmapProcessor``. Objects that follow one another in one place are shown
shifted by a tenth of a radius for each that comes after them; what follows on a slider's end is
shifted the other way. Formats before 6 use an older rule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from companion.beatmap import Circle, Slider, Spinner
from companion.checks.gameplay.difficulty import circle_radius_px, hard_rock, preempt_ms
from companion.checks.gameplay.paths import slider_paths

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import Beatmap, HitObject
    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.paths import Paths, Point

STACK_DISTANCE_PX = 3.0
STACK_OFFSET_RADII = 0.1
PLAYFIELD_HEIGHT_PX = 384.0
FIRST_STACKING_VERSION = 6
MOST_AT_ONCE = 16
"""Of more objects than this within the time of a stack each is looked at alone."""


@dataclass(slots=True)
class _Stack:
    """The objects being stacked, and what is known of them so far."""

    objects: Sequence[HitObject]
    heights: list[int]
    paths: Paths

    def heads_meet(self, n: int, i: int) -> bool:
        one, two = self.objects[n], self.objects[i]
        return math.hypot(one.x - two.x, one.y - two.y) < STACK_DISTANCE_PX

    def end_meets(self, n: int, i: int, *, far: bool = False) -> bool:
        """Whether one object's end (or the far end of its path) lies at another's head."""
        one, two = self.objects[n], self.objects[i]
        if not isinstance(one, Slider):
            return self.heads_meet(n, i)
        # A curve that cannot reach is not worth computing.
        if math.hypot(one.x - two.x, one.y - two.y) >= one.length_px + STACK_DISTANCE_PX:
            return False
        x, y = self.paths.far[n] if far else self.paths.last[n]
        return math.hypot(x - two.x, y - two.y) < STACK_DISTANCE_PX


def stack_heights(beatmap: Beatmap, paths: Paths, *, ar: float | None = None) -> tuple[int, ...]:
    """How many stack offsets each object is moved up and left; one number for each object.

    ``ar`` stands in for the map's own approach rate.
    """
    threshold = preempt_ms(beatmap.ar if ar is None else ar) * beatmap.stack_leniency
    stack = _Stack(beatmap.hit_objects, [0] * len(beatmap.hit_objects), paths)
    if beatmap.format_version >= FIRST_STACKING_VERSION:
        for i in reversed(_meeting(stack, threshold)):
            if stack.heights[i] == 0:
                _stack_onto(stack, i, threshold)
    else:
        _stack_old(stack, threshold)
    return tuple(stack.heights)


def _meeting(stack: _Stack, threshold: float) -> list[int]:
    """Objects that may lie where one of those shortly before them begins or ends."""
    if not stack.objects:
        return []
    heads = np.array([(item.x, item.y) for item in stack.objects])
    ends = np.array(stack.paths.last)
    starts = np.array([item.start_ms for item in stack.objects])
    # Times count as whole milliseconds there, and a slider under a slider from its head.
    until = np.maximum.accumulate([item.end_ms for item in stack.objects]) + threshold + 1
    found = np.zeros(len(heads), dtype=np.bool_)
    for back in range(1, len(heads)):
        soon = starts[back:] <= until[:-back]
        if back > MOST_AT_ONCE:
            found[back:] |= soon
            break
        if not soon.any():
            break
        for places in (heads, ends):
            apart = np.abs(heads[back:] - places[:-back]).max(axis=1)
            found[back:] |= soon & (apart < STACK_DISTANCE_PX)
    return np.flatnonzero(found).tolist()


def _stack_onto(stack: _Stack, i: int, threshold: float) -> None:
    """Raise what lies under object ``i``, going back in time."""
    base = stack.objects[i]
    if isinstance(base, Circle):
        _stack_under_circle(stack, i, threshold)
    elif isinstance(base, Slider):
        _stack_under_slider(stack, i, threshold)


def _stack_under_circle(stack: _Stack, i: int, threshold: float) -> None:
    first = i
    for n in range(first - 1, -1, -1):
        item = stack.objects[n]
        if isinstance(item, Spinner):
            continue
        if int(stack.objects[i].start_ms) - int(item.end_ms) > threshold:
            return
        if isinstance(item, Slider) and stack.end_meets(n, i):
            lowered = stack.heights[i] - stack.heights[n] + 1
            for j in range(n + 1, first + 1):
                if stack.end_meets(n, j):
                    stack.heights[j] -= lowered
            return
        if stack.heads_meet(n, i):
            stack.heights[n] = stack.heights[i] + 1
            i = n


def _stack_under_slider(stack: _Stack, i: int, threshold: float) -> None:
    for n in range(i - 1, -1, -1):
        item = stack.objects[n]
        if isinstance(item, Spinner):
            continue
        if stack.objects[i].start_ms - item.start_ms > threshold:
            return
        if stack.end_meets(n, i):
            stack.heights[n] = stack.heights[i] + 1
            i = n


def _stack_old(stack: _Stack, threshold: float) -> None:
    objects, heights = stack.objects, stack.heights
    for i, item in enumerate(objects):
        if heights[i] != 0 and not isinstance(item, Slider):
            continue
        start_ms, lowered = item.end_ms, 0
        for j in range(i + 1, len(objects)):
            if objects[j].start_ms - threshold > start_ms:
                break
            if stack.heads_meet(i, j):
                heights[i] += 1
                start_ms = objects[j].start_ms
            elif stack.end_meets(i, j, far=True):
                lowered += 1
                heights[j] -= lowered
                start_ms = objects[j].start_ms


class Gap(NamedTuple):
    """What lies between an object and the next one."""

    number: int
    """Of the first of them."""
    ms: float
    """Time from its end to the head of the next one."""
    px: float
    """Distance between the two as they are seen."""


class OsuView:
    """What a player sees of an osu! map; ``cs`` and ``ar`` stand in for the map's own."""

    def __init__(
        self,
        beatmap: Beatmap,
        paths: Paths,
        *,
        cs: float | None = None,
        ar: float | None = None,
        upside_down: bool = False,
    ) -> None:
        self.objects = beatmap.hit_objects
        self.radius_px = circle_radius_px(beatmap.cs if cs is None else cs)
        self.preempt_ms = preempt_ms(beatmap.ar if ar is None else ar)
        self.heights = stack_heights(beatmap, paths, ar=ar)
        self.paths = paths
        self._offsets_px = [-STACK_OFFSET_RADII * h * self.radius_px for h in self.heights]
        heads = [(item.x, item.y) for item in self.objects]
        self._heads, self._ends, self._path_ends = (
            _shown(places, self._offsets_px, upside_down=upside_down)
            for places in (heads, paths.last, paths.far)
        )

    def offset_px(self, index: int) -> float:
        """How far the stack moves an object along both axes."""
        return self._offsets_px[index]

    def head(self, index: int) -> Point:
        """Where an object is seen."""
        return self._heads[index]

    def end(self, index: int) -> Point:
        """Where an object ends, its stack's offset included."""
        return self._ends[index]

    def path_end(self, index: int) -> Point:
        """Where the far end of a slider's path is seen."""
        return self._path_ends[index]

    @cached_property
    def gaps(self) -> list[Gap]:
        """What lies between neighbours, where neither of them is a spinner."""
        spinners = [isinstance(item, Spinner) for item in self.objects]
        starts = [item.start_ms for item in self.objects[1:]]
        return [
            Gap(number, start_ms - item.end_ms, math.dist(head, end))
            for number, (item, end, start_ms, head) in enumerate(
                zip(self.objects, self._ends, starts, self._heads[1:], strict=False)
            )
            if not (spinners[number] or spinners[number + 1])
        ]


def _shown(
    places: Sequence[Point], offsets_px: Sequence[float], *, upside_down: bool
) -> list[Point]:
    if not places:
        return []
    xs, ys = np.array(places).T
    ys = PLAYFIELD_HEIGHT_PX - ys if upside_down else ys
    return list(zip((xs + offsets_px).tolist(), (ys + offsets_px).tolist(), strict=True))


def osu_view(difficulty: Difficulty) -> OsuView:
    """A fact: the map as it is seen without mods."""
    return OsuView(difficulty.beatmap, difficulty.fact(slider_paths))


def hard_rock_view(difficulty: Difficulty) -> OsuView:
    """A fact: the map as it is seen with Hard Rock, which also turns it upside down."""
    cs, ar = hard_rock(difficulty.beatmap)
    return OsuView(
        difficulty.beatmap, difficulty.fact(slider_paths), cs=cs, ar=ar, upside_down=True
    )
