"""Groups put together: heads, anchors and ends become objects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Mode
from companion.engine.events import EventType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.engine.postprocess.groups import EventGroup

Point = tuple[float, float]

CENTRE: Point = (256, 192)
PLAYFIELD: Point = (512, 384)
ROUNDING_MS = 1.0
_CIRCLE_SAMPLES = 500

ANCHOR_LETTERS = {
    EventType.BEZIER_ANCHOR: "B",
    EventType.PERFECT_ANCHOR: "P",
    EventType.CATMULL_ANCHOR: "C",
    EventType.RED_ANCHOR: "B",
    EventType.LAST_ANCHOR: "B",
}

_MOVING = ANCHOR_LETTERS.keys() | {
    EventType.CIRCLE,
    EventType.SLIDER_HEAD,
    EventType.SLIDER_END,
}
"""Types whose position the next one's distance is measured from."""

SINGLE_TYPES = frozenset(
    {EventType.CIRCLE, EventType.KIAI, EventType.SCROLL_SPEED_CHANGE}
    | {EventType.BEAT, EventType.MEASURE, EventType.TIMING_POINT}
)
_HOLD_TYPES = frozenset({EventType.HOLD_NOTE, EventType.HOLD_NOTE_END})
_LONG_ENDS = {
    EventType.SPINNER_END: EventType.SPINNER,
    EventType.HOLD_NOTE_END: EventType.HOLD_NOTE,
    EventType.DRUMROLL_END: EventType.DRUMROLL,
    EventType.DENDEN_END: EventType.DENDEN,
}


@dataclass(frozen=True, slots=True)
class Single:
    """A circle, or a change of kiai or scroll speed."""

    group: EventGroup


@dataclass(frozen=True, slots=True)
class Long:
    """An object with a head and an end: spinner, hold note, drumroll or denden."""

    head: EventGroup
    end: EventGroup


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


Assembled = Single | Long | SliderParts


def settle_positions(groups: Sequence[EventGroup], mode: Mode, seed: int) -> None:
    """Give every group a position, in place.

    A group that only has a distance is put somewhere on the circle around the last position, as far
    as that lies on the playfield; a group with neither stays where the last one was.
    """
    random = np.random.RandomState(seed)
    last = CENTRE
    in_spinner = False
    for group in groups:
        if group.distance is not None and group.x is None and group.y is None:
            choices = _circle(last, group.distance)
            group.x, group.y = choices[random.randint(len(choices))]
        if group.x is None or group.y is None:
            group.x, group.y = last
        if group.kind in _MOVING:
            last = group.place
        if mode is Mode.TAIKO:
            group.x, group.y = CENTRE
        elif mode is Mode.MANIA:
            group.y = CENTRE[1]
        if group.kind is EventType.SPINNER:
            in_spinner = True
        elif group.kind is EventType.SPINNER_END and in_spinner:
            in_spinner, last = False, CENTRE


def _circle(centre: Point, radius: float) -> list[Point]:
    angles = np.linspace(0, 2 * np.pi, _CIRCLE_SAMPLES)
    around = np.stack(
        [centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)], axis=1
    )
    inside = np.all((around >= 0) & (around <= PLAYFIELD), axis=1)
    if inside.any():
        return [(float(x), float(y)) for x, y in around[inside]]
    far = centre[0] + centre[1] > (PLAYFIELD[0] + PLAYFIELD[1]) / 2
    return [PLAYFIELD if far else (0, 0)]


def assemble(groups: Sequence[EventGroup], *, original_quirks: bool = False) -> Iterator[Assembled]:
    """Put objects together; each comes out where its last group stands.

    An end belongs to the last head of its kind that has none; heads without an end are dropped, and
    so are ends and anchors without a head. Hold notes are told apart by their columns; with
    `original_quirks` they are not, and of two at a time one is lost.
    """
    heads: dict[tuple[EventType, float], list[EventGroup]] = {}
    slider = _SliderDraft()
    for group in groups:
        kind = group.kind
        assert kind is not None, "a group without a type is not collected"
        column = group.place[0] if kind in _HOLD_TYPES and not original_quirks else 0.0
        if kind in SINGLE_TYPES:
            yield Single(group)
        elif kind in _LONG_ENDS:
            open_heads = heads.get((_LONG_ENDS[kind], column))
            if open_heads:
                yield Long(open_heads.pop(), group)
        elif kind is EventType.SLIDER_HEAD:
            slider = _SliderDraft(group)
        elif kind in ANCHOR_LETTERS:
            slider.add(kind, group, original_quirks=original_quirks)
        elif kind is not EventType.SLIDER_END:
            before = [] if original_quirks else heads.get((kind, column), [])
            heads[kind, column] = [*before, group]
        elif (parts := slider.finish(group)) is not None:
            slider = _SliderDraft()
            yield replace(parts, counts_sounds=not original_quirks)


class _SliderDraft:
    """A slider whose end has not come yet."""

    def __init__(self, head: EventGroup | None = None) -> None:
        self._head = head
        self._last: EventGroup | None = None
        self._kind = ""
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
        if kind is EventType.LAST_ANCHOR:
            self._last = group

    def _ends_at(self, place: Point) -> bool:
        return self._anchors[-2:] == [place, place]

    def finish(self, end: EventGroup) -> SliderParts | None:
        """The slider, if it has a head and a last anchor."""
        if self._head is None or self._last is None:
            return None
        return SliderParts(self._head, self._last, end, self._kind, tuple(self._anchors))
