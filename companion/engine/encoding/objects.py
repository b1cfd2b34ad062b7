"""Hit objects as groups of events, one function per kind of object."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from companion.beatmap import Circle, HoldNote, Mode, Slider, Spinner
from companion.engine.encoding.groups import CENTRE, Group, Sound
from companion.engine.encoding.moments import moment
from companion.engine.encoding.plain_curves import in_whole_pixels, of_one_curve
from companion.engine.encoding.slider_spans import (
    anchor_curve,
    slider_duration,
    slider_end,
    stated_length,
)
from companion.engine.events import EventType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import HitObject, HitSample
    from companion.engine.encoding.groups import Point
    from companion.engine.encoding.moments import GoverningLines
    from companion.engine.encoding.options import EncodingOptions

MAX_ANCHORS = 100
"""Sliders with this many control points or more are left out."""
BODY_SOUND_DELAY = timedelta(milliseconds=1)
"""The body of a slider sounds like the line that governs just after its head."""
SUSTAIN_MARGIN = timedelta(milliseconds=10)

Stated = TypeVar("Stated")

_ANCHOR_KINDS = {"C": EventType.CATMULL_ANCHOR, "P": EventType.PERFECT_ANCHOR}


class ObjectGroups:
    """Turns the hit objects of one map into groups."""

    def __init__(
        self,
        options: EncodingOptions,
        mode: Mode,
        lines: GoverningLines,
        slider_multiplier: float,
    ) -> None:
        self._options = options
        self._mode = mode
        self._lines = lines
        self._slider_multiplier = slider_multiplier

    def of(self, hit: HitObject) -> Iterator[Group]:
        """The groups of one hit object, in the order in which they are written down."""
        match hit:
            case Circle():
                yield self._circle(hit)
            case Slider() if self._mode is Mode.TAIKO:
                yield from self._drumroll(hit)
            case Slider():
                yield from self._slider(hit)
            case Spinner() if self._mode is Mode.TAIKO:
                yield from self._denden(hit)
            case Spinner():
                yield from self._spinner(hit)
            case HoldNote():
                yield from self._hold_note(hit)

    def _circle(self, hit: Circle) -> Group:
        start = moment(hit.start_ms)
        return Group(
            EventType.CIRCLE,
            start,
            position=(hit.x, hit.y),
            new_combo=hit.new_combo,
            scroll_speed=self._scroll_speed(start) if self._mode is Mode.TAIKO else None,
            sounds=(_object_sound(hit, start),),
        )

    def _slider(self, hit: Slider) -> Iterator[Group]:
        options = self._options
        # The original keeps decimals; paths of several curves it cannot read at all.
        hit = of_one_curve(hit if options.original_quirks else in_whole_pixels(hit))
        points = hit.control_points
        if len(points) >= MAX_ANCHORS:
            return
        start = moment(hit.start_ms)
        duration = self._duration(hit)
        span = duration / hit.slides
        end = start + duration
        times = [*(start + i * span for i in range(hit.slides)), end]
        edges = _stated_edges(hit, times) if options.original_quirks else _edges(hit, times)
        yield Group(
            EventType.SLIDER_HEAD,
            start,
            position=(hit.x, hit.y),
            new_combo=hit.new_combo,
            scroll_speed=self._scroll_speed(start) if options.add_sv else None,
            sounds=edges[:1],
        )
        for index, kind in anchors_of(hit):
            share = index / (len(points) - 1)
            yield Group(
                kind,
                start + share * span if options.slider_version == 1 else start,
                timed=False,
                position=points[index],
            )
        last: Point | None = points[-1]
        if options.slider_version == 2:
            yield Group(EventType.LAST_ANCHOR, start, timed=False, position=last)
            yield from self._sustain(Group(EventType.SLIDER_SUSTAIN, start), start + span)
            last = None
        yield Group(
            EventType.LAST_ANCHOR,
            start + span,
            position=last,
            sounds=(_object_sound(hit, start + BODY_SOUND_DELAY), *edges[1:-1]),
        )
        yield from self._sustain(Group(EventType.SLIDER_REPEAT_SUSTAIN, start + span), end)
        yield Group(
            EventType.SLIDER_END,
            end,
            position=slider_end(hit, self._length(hit)),
            sounds=edges[-1:],
        )

    def _drumroll(self, hit: Slider) -> Iterator[Group]:
        start = moment(hit.start_ms)
        end = start + self._duration(hit)
        yield self._long_head(EventType.DRUMROLL, hit, self._scroll_speed(start))
        yield from self._sustain(Group(EventType.DRUMROLL_SUSTAIN, start), end)
        yield Group(EventType.DRUMROLL_END, end)

    def _denden(self, hit: Spinner) -> Iterator[Group]:
        start, end = moment(hit.start_ms), moment(hit.end_ms)
        yield self._long_head(EventType.DENDEN, hit, self._scroll_speed(start))
        yield from self._sustain(Group(EventType.DENDEN_SUSTAIN, start), end)
        yield Group(EventType.DENDEN_END, end)

    def _spinner(self, hit: Spinner) -> Iterator[Group]:
        start, end = moment(hit.start_ms), moment(hit.end_ms)
        yield Group(EventType.SPINNER, start)
        yield from self._sustain(Group(EventType.SPINNER_SUSTAIN, start), end)
        yield Group(EventType.SPINNER_END, end, sounds=(_object_sound(hit, end),))

    def _hold_note(self, hit: HoldNote) -> Iterator[Group]:
        place = (hit.x, hit.y)
        start, end = moment(hit.start_ms), moment(hit.end_ms)
        yield replace(self._long_head(EventType.HOLD_NOTE, hit, None), position=place)
        yield from self._sustain(Group(EventType.HOLD_NOTE_SUSTAIN, start, position=place), end)
        yield Group(EventType.HOLD_NOTE_END, end, position=place)

    def _long_head(self, kind: EventType, hit: HitObject, scroll_speed: float | None) -> Group:
        start = moment(hit.start_ms)
        return Group(kind, start, scroll_speed=scroll_speed, sounds=(_object_sound(hit, start),))

    def _sustain(self, group: Group, end: timedelta) -> Iterator[Group]:
        """Repeat a group at regular intervals after its own time, up to shortly before `end`."""
        if not self._options.sustain_interval_ms:
            return
        interval = timedelta(milliseconds=self._options.sustain_interval_ms)
        time = group.time + interval
        while time < end - SUSTAIN_MARGIN:
            yield replace(group, time=time, snapped=False)
            time += interval

    def _length(self, hit: Slider) -> float:
        """A slider's length; quirk: a line without one is a slider without duration."""
        return stated_length(hit) if self._options.original_quirks else hit.length_px

    def _duration(self, hit: Slider) -> timedelta:
        return slider_duration(hit, self._length(hit), self._lines, self._slider_multiplier)

    def _scroll_speed(self, time: timedelta) -> float:
        return self._lines.at(time).scroll_speed if self._lines else 1.0


def position_after(hit: HitObject, mode: Mode) -> Point | None:
    """Where the cursor is taken to be after an object; ``None`` when its groups say it."""
    return CENTRE if isinstance(hit, Spinner) and mode is not Mode.TAIKO else None


def anchors_of(hit: Slider) -> Iterator[tuple[int, EventType]]:
    """Indices and kinds of the control points between a slider's head and its last one.

    Two equal points are one red anchor, at the first of the two.
    """
    points = hit.control_points
    inner = range(1, len(points) - 1)
    curve = anchor_curve(hit)
    if curve == "L":
        yield from ((i, EventType.RED_ANCHOR) for i in inner)
    elif curve in _ANCHOR_KINDS:
        yield from ((i, _ANCHOR_KINDS[curve]) for i in inner)
    else:
        for i in inner:
            if points[i] == points[i + 1]:
                yield i, EventType.RED_ANCHOR
            elif points[i] != points[i - 1]:
                yield i, EventType.BEZIER_ANCHOR


def _object_sound(hit: HitObject, time: timedelta) -> Sound:
    return _sound(hit.hitsound, hit.sample, time)


def _sound(bits: int, sample: HitSample, time: timedelta) -> Sound:
    return Sound(time, bits, sample.normal_set, sample.addition_set, sample.volume)


def _edges(hit: Slider, times: Sequence[timedelta]) -> tuple[Sound, ...]:
    """Sounds of head, repeats and end, as the game plays them."""
    return tuple(
        Sound(time, bits, *sets)
        for time, bits, sets in zip(times, hit.edge_sounds, hit.edge_sets, strict=True)
    )


def _stated_edges(hit: Slider, times: Sequence[timedelta]) -> tuple[Sound, ...]:
    """Sounds of head, repeats and end, as far as the line states them; otherwise no additions."""
    bits = hit.edge_sounds if hit.stated_sounds is None else hit.stated_sounds
    sets = hit.edge_sets if hit.stated_sets is None else hit.stated_sets
    # Whatever the number of edges is, the last that is stated is taken for the end.
    order = [*range(len(times) - 1), -1]
    return tuple(
        Sound(time, _stated(bits, i, 0), *_stated(sets, i, (0, 0)))
        for time, i in zip(times, order, strict=True)
    )


def _stated(items: Sequence[Stated], index: int, otherwise: Stated) -> Stated:
    return items[index] if items and index < len(items) else otherwise
