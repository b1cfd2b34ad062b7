"""Where osu! objects are seen: stacks, and the ends of sliders.

Source: lazer ``OsuBeatmapProcessor``. Objects that follow one another in one place are shown
shifted by a tenth of a radius for each that comes after them; what follows on a slider's end is
shifted the other way. Formats before 6 use an older rule.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Circle, Slider, Spinner
from companion.checks.gameplay.difficulty import circle_radius_px, hard_rock, preempt_ms
from companion.checks.gameplay.paths import slider_paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import Beatmap, HitObject
    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.paths import Paths, Point

STACK_DISTANCE_PX = 3.0
STACK_OFFSET_RADII = 0.1
PLAYFIELD_HEIGHT_PX = 384.0
FIRST_STACKING_VERSION = 6


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
        for i in range(len(stack.objects) - 1, 0, -1):
            if stack.heights[i] == 0:
                _stack_onto(stack, i, threshold)
    else:
        _stack_old(stack, threshold)
    return tuple(stack.heights)


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
        self._upside_down = upside_down
        self._offsets_px = [-STACK_OFFSET_RADII * h * self.radius_px for h in self.heights]

    def offset_px(self, index: int) -> float:
        """How far the stack moves an object along both axes."""
        return self._offsets_px[index]

    def head(self, index: int) -> Point:
        """Where an object is seen."""
        item = self.objects[index]
        return self._seen(item.x, item.y, index)

    def end(self, index: int) -> Point:
        """Where an object ends, its stack's offset included."""
        return self._seen(*self.paths.last[index], index)

    def path_end(self, index: int) -> Point:
        """Where the far end of a slider's path is seen."""
        return self._seen(*self.paths.far[index], index)

    def _seen(self, x: float, y: float, index: int) -> Point:
        offset = self._offsets_px[index]
        return x + offset, (PLAYFIELD_HEIGHT_PX - y if self._upside_down else y) + offset

    def gap_px(self, index: int) -> float:
        """Distance from an object's end to the head of the next one."""
        (ax, ay), (bx, by) = self.end(index), self.head(index + 1)
        return math.hypot(bx - ax, by - ay)

    def gap_ms(self, index: int) -> float:
        """Time from an object's end to the head of the next one."""
        return self.objects[index + 1].start_ms - self.objects[index].end_ms

    def neighbours(self) -> Iterator[int]:
        """Numbers of the objects that another one follows, neither of them a spinner."""
        for index in range(len(self.objects) - 1):
            if not isinstance(self.objects[index], Spinner) and not isinstance(
                self.objects[index + 1], Spinner
            ):
                yield index


def osu_view(difficulty: Difficulty) -> OsuView:
    """A fact: the map as it is seen without mods."""
    return OsuView(difficulty.beatmap, difficulty.fact(slider_paths))


def hard_rock_view(difficulty: Difficulty) -> OsuView:
    """A fact: the map as it is seen with Hard Rock, which also turns it upside down."""
    cs, ar = hard_rock(difficulty.beatmap)
    return OsuView(
        difficulty.beatmap, difficulty.fact(slider_paths), cs=cs, ar=ar, upside_down=True
    )
