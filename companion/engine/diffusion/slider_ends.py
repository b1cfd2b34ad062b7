"""Where a slider ends: it follows from the path, the velocity and the time, so it is not drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.beatmap import TimingTable
from companion.engine.events import EventType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from companion.beatmap import TimingPoint
    from companion.beatmap.curves import CurveKind, Point
    from companion.engine.diffusion.paths import PathOf
    from companion.engine.postprocess.groups import EventGroup

CURVES: dict[EventType, CurveKind] = {
    EventType.BEZIER_ANCHOR: "B",
    EventType.PERFECT_ANCHOR: "P",
    EventType.CATMULL_ANCHOR: "C",
    EventType.RED_ANCHOR: "B",
    EventType.LAST_ANCHOR: "B",
}


@dataclass(frozen=True, slots=True)
class SliderEnd:
    """A slider's points by their numbers, and how far its ball goes."""

    curve: CurveKind
    """The first anchor decides it for the whole path."""
    controls: tuple[int, ...]
    """Control points, head first; red anchors twice."""
    end: int
    length_px: float

    def within(self, start: int, stop: int) -> bool:
        """Whether all of its points have numbers in a range."""
        points = (*self.controls, self.end)
        return start <= min(points) and max(points) < stop

    def shifted(self, start: int) -> SliderEnd:
        """The same with numbers that count from `start`."""
        controls = tuple(point - start for point in self.controls)
        return replace(self, controls=controls, end=self.end - start)

    def position(self, controls: Sequence[Point], path_of: PathOf) -> Point | None:
        """Where it ends when its control points lie there, in pixels; None without a path.

        A path that is too short is not extended: its last control point is the end.
        """
        path = path_of(self.curve, controls)
        natural_px = path.natural_length_px
        return path.position_at(self.length_px / natural_px) if natural_px > 0 else None


def slider_ends(
    points: Iterable[tuple[EventGroup, int]],
    timing: Sequence[TimingPoint],
    slider_multiplier: float,
) -> tuple[SliderEnd, ...]:
    """The sliders among groups that are points, each with its number.

    Left out are sliders without a velocity, and all of them when there is no red line.
    """
    table = TimingTable(timing)
    sliders: list[SliderEnd] = []
    draft: _Draft | None = None
    for group, number in points:
        if group.kind is EventType.SLIDER_HEAD:
            draft = _Draft(group, number)
        elif draft is None or group.kind is None:
            continue
        elif group.kind in CURVES:
            draft.add(group, number)
        elif group.kind is EventType.SLIDER_END and draft.last is not None:
            slider = draft.finished(number, table, slider_multiplier)
            sliders += [slider] if slider is not None else []
            draft = None
    return tuple(sliders)


class _Draft:
    """A slider whose end has not come yet."""

    def __init__(self, head: EventGroup, number: int) -> None:
        self.head = head
        self.last: EventGroup | None = None
        self._controls = [number]
        self._curve: CurveKind | None = None

    def add(self, anchor: EventGroup, number: int) -> None:
        assert anchor.kind is not None, "only groups with a type are anchors"
        self._curve = self._curve or CURVES[anchor.kind]
        self._controls += [number, number] if anchor.kind is EventType.RED_ANCHOR else [number]
        if anchor.kind is EventType.LAST_ANCHOR:
            self.last = anchor

    def finished(self, end: int, table: TimingTable, slider_multiplier: float) -> SliderEnd | None:
        red = table.red_at(self.head.at_ms)
        velocity = self.head.scroll_speed
        if red is None or velocity is None or self._curve is None or self.last is None:
            return None
        if red.beat_length <= 0:  # maps may have such red lines, but no length follows from them
            return None
        span_ms = self.last.at_ms - self.head.at_ms
        length_px = velocity * span_ms * 100 / red.beat_length * slider_multiplier
        return SliderEnd(self._curve, tuple(self._controls), end, length_px)
