"""Sliders that are being put together from their head, anchors and end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.engine.events import EventType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from companion.engine.postprocess.groups import EventGroup

Point = tuple[float, float]

ROUNDING_MS = 1.0
NEAR_PX = 2.0
"""Velocities in hundredths and times in milliseconds tell an end no better than this."""

ANCHOR_LETTERS = {
    EventType.BEZIER_ANCHOR: "B",
    EventType.PERFECT_ANCHOR: "P",
    EventType.CATMULL_ANCHOR: "C",
    EventType.RED_ANCHOR: "B",
    EventType.LAST_ANCHOR: "B",
}


@dataclass(frozen=True, slots=True)
class SliderParts:
    """A slider whose length is not settled yet."""

    head: EventGroup
    last: EventGroup
    """The last anchor as far as time and sounds go."""
    end: EventGroup
    kind: str
    """Curve type letter, that of the first anchor."""
    anchors: tuple[Point, ...]
    """After the head; a red anchor is there twice."""
    counts_sounds: bool = True
    """Whether the last anchor's sounds may say how many spans there are."""

    @property
    def slides(self) -> int:
        """Number of spans: one for each sound of the last anchor, if its time agrees.

        Times are whole milliseconds, which leaves the number open where spans are short and many.
        """
        first_ms, total_ms = self.last.time_ms - self.head.time_ms, self._total_ms
        sounds = len(self.last.hitsounds)
        if self.counts_sounds and sounds and abs(total_ms / sounds - first_ms) <= ROUNDING_MS:
            return sounds
        return max(round(total_ms / first_ms), 1)

    @property
    def span_ms(self) -> float:
        """Duration of one span."""
        return self._total_ms / self.slides

    @property
    def _total_ms(self) -> float:
        return self.end.time_ms - self.head.time_ms

    @property
    def has_duration(self) -> bool:
        """Whether span and slider end after they start."""
        return self._total_ms > 0 and self.last.time_ms > self.head.time_ms


class SliderDraft:
    """A slider whose end has not come yet."""

    def __init__(self, head: EventGroup | None = None) -> None:
        self._head = head
        self._last: EventGroup | None = None
        self._kind = ""
        self._newest: EventType | None = None
        self._anchors: list[Point] = []

    def add(self, kind: EventType, group: EventGroup, *, original_quirks: bool) -> None:
        """Take an anchor."""
        # Of two last anchors the first has the position, the second time and sounds.
        if kind is not EventType.LAST_ANCHOR or self._last is None:
            self._kind = self._kind or ANCHOR_LETTERS[kind]
            again = self._ends_at(group.place) and not original_quirks
            # A red anchor in the last anchor's place is there twice already.
            if kind is not EventType.LAST_ANCHOR or not again:
                self._anchors.append(group.place)
            # Where more than two points are the same, each but the last one is a red anchor.
            if kind is EventType.RED_ANCHOR and not again:
                self._anchors.append(group.place)
            self._newest = kind
        if kind is EventType.LAST_ANCHOR:
            self._last = group

    def _ends_at(self, place: Point) -> bool:
        """Whether there is a red anchor already; points of other curves may be the same, too."""
        return self._newest is EventType.RED_ANCHOR and self._anchors[-2:] == [place, place]

    def finish(self, end: EventGroup) -> SliderParts | None:
        """The slider, if it has a head and a last anchor."""
        if self._head is None or self._last is None:
            return None
        return SliderParts(self._head, self._last, end, self._kind, tuple(self._anchors))


class OneSlider:
    """One slider at a time; a head that another one follows is dropped."""

    def __init__(self, *, original_quirks: bool) -> None:
        self._original_quirks = original_quirks
        self._draft = SliderDraft()

    def begin(self, head: EventGroup) -> None:
        """Take a head."""
        self._draft = SliderDraft(head)

    def add(self, kind: EventType, group: EventGroup) -> None:
        """Take an anchor."""
        self._draft.add(kind, group, original_quirks=self._original_quirks)

    def finish(self, end: EventGroup) -> SliderParts | None:
        """The slider that an end belongs to, if there is one."""
        parts = self._draft.finish(end)
        if parts is not None:
            self._draft = SliderDraft()
        return parts


Anchor = tuple["EventType", "EventGroup"]

_TOGETHER = (
    (EventType.BEZIER_ANCHOR, EventType.RED_ANCHOR),
    (EventType.CATMULL_ANCHOR,),
    (EventType.PERFECT_ANCHOR,),
)
"""Kinds of anchors that one path may have."""


class OverlappingSliders:
    """Several sliders at a time, told apart by their times and ends.

    The anchors of a slider are spread evenly over its first span, and its end is where path, time
    and velocity lead. Of sliders for which that holds the first one is taken.
    """

    def __init__(self, misses_px: Callable[[SliderParts], float]) -> None:
        self._misses_px = misses_px
        self._heads: list[EventGroup] = []
        self._own: dict[int, list[Anchor]] = {}
        """By the identity of a head, the anchors that stand right behind it, at its time."""
        self._anchors: list[Anchor] = []
        """All others whose slider has not ended."""

    def begin(self, head: EventGroup) -> None:
        """Take a head."""
        self._heads.append(head)
        self._own[id(head)] = []

    def add(self, kind: EventType, group: EventGroup) -> None:
        """Take an anchor."""
        if not self._heads:
            return
        head = self._heads[-1]
        at_head = group.at_ms == head.at_ms and group.time_ms == 0
        (self._own[id(head)] if at_head else self._anchors).append((kind, group))

    def finish(self, end: EventGroup) -> SliderParts | None:
        """The slider that an end belongs to, if there is one."""
        found = [item for head in self._heads for item in self._sliders(head, end)]
        if not found:
            return None
        parts, anchors = found[0] if len(found) == 1 else min(found, key=self._rank)
        self._heads = [head for head in self._heads if head is not parts.head]
        del self._own[id(parts.head)]
        taken = {id(group) for _, group in anchors}
        self._anchors = [item for item in self._anchors if id(item[1]) not in taken]
        if not self._heads:
            self._anchors = []
        return parts

    def _rank(self, item: tuple[SliderParts, list[Anchor]]) -> tuple[float, int]:
        """How little a slider is likely: by how far its end is off, then by its anchors."""
        parts, anchors = item
        misses_px = self._misses_px(parts) if parts.has_duration else math.inf
        return max(misses_px, NEAR_PX), -len(anchors)

    def _sliders(
        self, head: EventGroup, end: EventGroup
    ) -> Iterator[tuple[SliderParts, list[Anchor]]]:
        """What a slider with a head and an end may be, with the anchors it takes."""
        own = self._own[id(head)]
        alone = len(self._heads) == 1
        for last in [item for item in self._anchors if item[0] is EventType.LAST_ANCHOR]:
            if not head.time_ms < last[1].time_ms <= end.time_ms and not alone:
                continue
            for anchors in self._choices(head, last, is_alone=alone):
                draft = SliderDraft(head)
                for kind, group in (*own, *anchors):
                    draft.add(kind, group, original_quirks=False)
                parts = draft.finish(end)
                if parts is not None and (alone or _fits(parts)):
                    yield parts, anchors

    def _choices(self, head: EventGroup, last: Anchor, *, is_alone: bool) -> Iterator[list[Anchor]]:
        if is_alone:
            yield list(self._anchors)
            return
        if self._own[id(head)]:
            yield [last]
            return
        before = self._anchors[: self._anchors.index(last)]
        yield [last]
        for kinds in _TOGETHER:
            inner = [item for item in before if item[0] in kinds and item[1].at_ms > head.at_ms]
            for doubled in (2, 1):
                for count in range(2, 2 * len(inner) + 2):
                    spread = _spread(inner, head.time_ms, last[1].time_ms, count, doubled)
                    if spread is not None:
                        yield [*spread, last]


def _fits(parts: SliderParts) -> bool:
    first_ms = parts.last.time_ms - parts.head.time_ms
    return parts.has_duration and abs(parts.span_ms - first_ms) <= ROUNDING_MS


def _spread(
    inner: Sequence[Anchor], start_ms: float, end_ms: float, count: int, doubled: int
) -> list[Anchor] | None:
    """The anchors that lie on `count` even steps; ``None`` unless there is one for each step.

    A red anchor takes `doubled` steps, as many as it has control points.
    """
    chosen: list[Anchor] = []
    step = 1
    for kind, group in inner:
        wanted_ms = start_ms + (end_ms - start_ms) * step / count
        if group.at_ms > wanted_ms + ROUNDING_MS:
            break
        if step < count and abs(group.at_ms - wanted_ms) <= ROUNDING_MS:
            chosen.append((kind, group))
            step += doubled if kind is EventType.RED_ANCHOR else 1
    return chosen if step == count else None
