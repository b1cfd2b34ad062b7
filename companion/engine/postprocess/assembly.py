"""Groups put together: heads, anchors and ends become objects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Mode
from companion.engine.events import EventType
from companion.engine.postprocess.slider_drafts import (
    ANCHOR_LETTERS,
    OneSlider,
    OverlappingSliders,
    Point,
    SliderParts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from companion.engine.postprocess.groups import EventGroup

CENTRE: Point = (256, 192)
PLAYFIELD: Point = (512, 384)
_CIRCLE_SAMPLES = 500

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


def assemble(
    groups: Sequence[EventGroup],
    *,
    original_quirks: bool = False,
    misses_px: Callable[[SliderParts], float] | None = None,
) -> Iterator[Assembled]:
    """Put objects together; each comes out where its last group stands.

    An end belongs to the last head of its kind that has none; heads without an end are dropped, and
    so are ends and anchors without a head. Hold notes are told apart by their columns; with
    `original_quirks` they are not, and of two at a time one is lost. Of sliders that overlap only
    the last one is kept, unless `misses_px` says how far off the end of one would be.
    """
    heads: dict[tuple[EventType, float], list[EventGroup]] = {}
    if misses_px is None:
        sliders = OneSlider(original_quirks=original_quirks)
    else:
        sliders = OverlappingSliders(misses_px)
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
            sliders.begin(group)
        elif kind in ANCHOR_LETTERS:
            sliders.add(kind, group)
        elif kind is not EventType.SLIDER_END:
            before = [] if original_quirks else heads.get((kind, column), [])
            heads[kind, column] = [*before, group]
        elif (parts := sliders.finish(group)) is not None:
            yield replace(parts, counts_sounds=not original_quirks)
