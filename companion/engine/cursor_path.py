"""Where the cursor of a map is at every moment, for objects of another rhythm to lie on.

A new rhythm has other objects, so positions cannot be kept object by object. What can be kept is
the way that a player goes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING

from companion.beatmap import Circle, Slider, curve_segments
from companion.engine.postprocess.slider_fitting import clamped, fit_path, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import Beatmap, HitObject

Point = tuple[float, float]

SAME_MS = 5.0
"""Edges of old and new objects this near to each other are at one moment: slider ends are computed,
and tempos make whole milliseconds of ticks."""
BEND_PX = 2.0
"""An arc that bends less than this is a line."""


class CursorPath:
    """On objects while they last, and straight between them. The map has an object at least."""

    def __init__(self, beatmap: Beatmap) -> None:
        self._items = sorted(beatmap.hit_objects, key=lambda item: item.start_ms)
        self._starts = [item.start_ms for item in self._items]

    def followed(self, item: HitObject) -> HitObject:
        """A new object on the cursor's way; spinners are where they are."""
        match item:
            case Circle():
                x, y = clamped(self.at(item.start_ms))
                return replace(item, x=x, y=y)
            case Slider():
                return self._slider(item)
            case _:
                return item

    def at(self, ms: float) -> Point:
        """Where the cursor is."""
        index = bisect_right(self._starts, ms) - 1
        if index < 0:
            return _begin(self._items[0])
        item, following = self._items[index], self._items[min(index + 1, len(self._items) - 1)]
        if following.start_ms - SAME_MS <= ms < following.start_ms:
            return _begin(following)
        if ms <= item.end_ms + SAME_MS or following is item:
            return _on(item, ms)
        (x, y), (to_x, to_y) = _on(item, item.end_ms), _begin(following)
        share = (ms - item.end_ms) / (following.start_ms - item.end_ms)
        return x + share * (to_x - x), y + share * (to_y - y)

    def _slider(self, item: Slider) -> Slider:
        """The first span goes where the cursor went; the length stays what the velocity makes."""
        span_end_ms = item.start_ms + item.span_ms
        old = self._slider_under(item.start_ms + item.span_ms / 2)
        if old is not None and _is_same_span(old, item):
            return replace(
                item,
                x=old.x,
                y=old.y,
                curve_type=old.curve_type,
                segments=old.segments,
                control_points=old.control_points,
                curve_changes=old.curve_changes,
                length_px=old.length_px,
            )
        head, tail = clamped(self.at(item.start_ms)), self.at(span_end_ms)
        kind, inner = "L", list(self._between(item.start_ms, span_end_ms))
        if not inner and old is not None:
            middle = self.at(item.start_ms + item.span_ms / 2)
            if _bend_px(head, middle, tail) > BEND_PX:
                kind, inner = "P", [middle]
        kind, anchors = fit_path(kind, head, whole([*inner, tail]), item.length_px)
        points = (head, *anchors)
        return replace(
            item,
            x=head[0],
            y=head[1],
            curve_type=kind,
            segments=curve_segments(kind, points),
            control_points=points,
        )

    def _slider_under(self, ms: float) -> Slider | None:
        index = bisect_right(self._starts, ms) - 1
        item = self._items[index] if index >= 0 else None
        return item if isinstance(item, Slider) and ms <= item.end_ms else None

    def _between(self, start_ms: float, end_ms: float) -> Iterator[Point]:
        """Where the cursor turns from one object to the next, or on a slider, in between."""
        first = max(bisect_left(self._starts, start_ms) - 1, 0)
        for item in self._items[first : bisect_right(self._starts, end_ms)]:
            times_ms = item.node_times_ms if isinstance(item, Slider) else (item.start_ms,)
            for ms in times_ms:
                if start_ms + SAME_MS < ms < end_ms - SAME_MS:
                    yield _on(item, ms)


def _is_same_span(old: Slider, new: Slider) -> bool:
    return abs(old.start_ms - new.start_ms) <= SAME_MS and abs(old.span_ms - new.span_ms) <= SAME_MS


def _begin(item: HitObject) -> Point:
    return _on(item, item.start_ms)


def _on(item: HitObject, ms: float) -> Point:
    """Where the cursor is on an object."""
    if not isinstance(item, Slider) or item.span_ms <= 0:
        return item.x, item.y
    spans = min(max((ms - item.start_ms) / item.span_ms, 0.0), float(item.slides))
    back_and_forth = spans % 2
    return item.path.position_at(min(back_and_forth, 2 - back_and_forth))


def _bend_px(head: Point, middle: Point, tail: Point) -> float:
    """How far the middle lies from the line between the ends."""
    dx, dy = tail[0] - head[0], tail[1] - head[1]
    across = dx * (middle[1] - head[1]) - dy * (middle[0] - head[0])
    return abs(across) / max((dx * dx + dy * dy) ** 0.5, 1.0)
