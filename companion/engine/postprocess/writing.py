"""Assembled objects written down as ``.osu`` lines, with the timing points that they need."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.encoding.moments import moment
from companion.engine.encoding.scroll_speeds import main_beat_length
from companion.engine.events import HEAD_TYPES, TYPES, EventType
from companion.engine.postprocess.assembly import Long, Single, assemble, settle_positions
from companion.engine.postprocess.groups import EventGroup, groups_of
from companion.engine.postprocess.lines import NEAR_S, SAME_S
from companion.engine.postprocess.overlaps import snap_near_overlaps
from companion.engine.postprocess.slider_drafts import SliderParts
from companion.engine.postprocess.slider_shapes import SliderShaper
from companion.engine.postprocess.velocities import Span, exact_duration, in_game

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import timedelta

    from companion.engine.events import Event
    from companion.engine.postprocess.assembly import Assembled
    from companion.engine.postprocess.lines import DraftLine, DraftLines
    from companion.engine.postprocess.options import PostprocessOptions
    from companion.engine.postprocess.slider_shapes import SliderShape

DRUMROLL_WIDTH = 512
BODY_VOLUME_DELAY_MS = 6
"""The body's volume is set this long after an edge, just past the leniency of hitsounds."""

SPINNER_TYPE = 12
HOLD_TYPE = 128


class MapWriter:
    """Writes the objects of one map, changing its timing points on the way."""

    def __init__(
        self,
        options: PostprocessOptions,
        mode: Mode,
        slider_multiplier: float,
        lines: DraftLines,
    ) -> None:
        self.lines = lines
        self._options = options
        self._mode = mode
        self._slider_multiplier = slider_multiplier
        self._shaper = SliderShaper(options, mode, slider_multiplier)
        self._main_beat_ms = 0.0
        self._speed: float | None = None
        """The scroll speed in force, relative to the main tempo."""
        self._first_line: DraftLine | None = None
        """The first line, if objects before it sound as it says."""
        self._reds = deque(line for line in lines if line.is_red)
        """Red lines that writing has not come past."""
        self._sample_index = -1 if options.original_quirks else 0
        self._reach_s = NEAR_S if options.original_quirks else SAME_S

    def write(self, events: Sequence[Event]) -> list[str]:
        """The lines of ``[HitObjects]``, in the order of their heads."""
        options = self._options
        groups = groups_of(events, types_first=options.types_first)
        if options.snap_near_overlaps:
            snap_near_overlaps(groups, original_quirks=options.original_quirks)
        measured = TYPES if options.original_quirks else HEAD_TYPES | {EventType.HOLD_NOTE_END}
        last_ms = max((group.time_ms for group in groups if group.kind in measured), default=0)
        self._main_beat_ms = main_beat_length(
            self.lines.points(), last_ms, quirks=options.original_quirks
        )
        settle_positions(groups, self._mode, options.seed)
        places = {id(group): place for place, group in enumerate(groups)}
        written: list[tuple[int, str]] = []
        misses_px = self._misses_px if options.has_exact_positions else None
        for item in assemble(groups, original_quirks=options.original_quirks, misses_px=misses_px):
            head = item.group if isinstance(item, Single) else item.head
            written += ((places[id(head)], line) for line in self._item(item))
        if not options.original_quirks:
            self._carry_speed(None)
            written.sort()
        self.lines.drop_before_first_red()
        return [line for _, line in written]

    def _misses_px(self, parts: SliderParts) -> float:
        return self._shaper.misses_px(parts, self.lines.at(moment(round(parts.head.time_ms))))

    def _item(self, item: Assembled) -> Iterator[str]:
        match item:
            case Single():
                return self._single(item.group)
            case Long():
                return self._long(item.head, item.end)
            case SliderParts():
                return self._slider(item)

    def _single(self, group: EventGroup) -> Iterator[str]:
        if group.kind is EventType.CIRCLE:
            x, y = group.place
            bits = 5 if group.new_combo else 1
            sample = self._sample(group, volume=self._own_volume(group))
            time_ms = round(group.time_ms)
            yield f"{round(x)},{round(y)},{time_ms},{bits},{_first(group.hitsounds)},{sample}"
            if self._mode is not Mode.MANIA:
                self._set_volume(group, group.time_ms)
            self._set_taiko_speed(group)
        elif group.kind is EventType.KIAI:
            time, is_on = self._line_time(group.time_ms), bool(group.value)
            self.lines.set_kiai(time, on=is_on, reach_s=self._reach_s)
        elif group.kind is EventType.SCROLL_SPEED_CHANGE and group.scroll_speed is not None:
            self._set_scroll_speed(self._line_time(group.time_ms), group.scroll_speed)

    def _long(self, head: EventGroup, end: EventGroup) -> Iterator[str]:
        match head.kind:
            case EventType.HOLD_NOTE:
                yield self._hold_note(head, end)
            case EventType.DRUMROLL:
                yield from self._drumroll(head, end)
            case EventType.DENDEN:
                yield self._spinning(head, end, head)
                self._set_volume(head, head.time_ms)
                self._set_taiko_speed(head)
            case _:
                yield self._spinning(head, end, end)
                self._set_volume(end, end.time_ms)

    def _hold_note(self, head: EventGroup, end: EventGroup) -> str:
        sample = self._sample(head, volume=self._own_volume(head))
        if self._mode is not Mode.MANIA:
            self._set_volume(head, head.time_ms)
        return (
            f"{round(head.place[0])},192,{round(head.time_ms)},{HOLD_TYPE},"
            f"{_first(head.hitsounds)},{round(end.time_ms)}:{sample}"
        )

    def _spinning(self, head: EventGroup, end: EventGroup, sounding: EventGroup) -> str:
        return (
            f"256,192,{round(head.time_ms)},{SPINNER_TYPE},{_first(sounding.hitsounds)},"
            f"{round(end.time_ms)},{self._sample(sounding)}"
        )

    def _drumroll(self, head: EventGroup, end: EventGroup) -> Iterator[str]:
        start_ms = round(head.time_ms)
        duration_ms = round(end.time_ms) - start_ms
        if duration_ms < 1:
            return
        self._set_volume(head, head.time_ms)
        self._set_taiko_speed(head)
        line = self.lines.at(moment(start_ms))
        red = line.governing_red
        if self._options.original_quirks:
            length_px = Span(duration_ms, red, self._slider_multiplier).length_px(line.velocity)
        else:
            exact_ms = exact_duration(duration_ms, 1, red.beat_length)
            span = Span(exact_ms, red, self._slider_multiplier)
            velocity = in_game(line.velocity)
            length_px = span.lasting(span.length_px(velocity), velocity, 1)
        # Only the length matters: the drumroll runs to and fro over the width of the playfield.
        turns = -int(-length_px // DRUMROLL_WIDTH)
        anchors = "|".join(f"{DRUMROLL_WIDTH if i % 2 == 0 else 0}:192" for i in range(turns))
        yield (
            f"0,192,{start_ms},2,{_first(head.hitsounds)},L|{anchors},1,{length_px},"
            f"0|0,0:0|0:0,{self._sample(head)}"
        )

    # Sliders

    def _slider(self, parts: SliderParts) -> Iterator[str]:
        if not parts.has_duration:
            return
        start = moment(round(parts.head.time_ms))
        line = self.lines.at(start)
        shape = self._shaper.shape(parts, line)
        if shape is None:
            return
        if shape.velocity != line.velocity:
            self.lines.set_velocity(start, shape.velocity, reach_s=self._reach_s)
        if not self._options.original_quirks:
            shape = self._shaper.lasting(parts, shape, self.lines.at(start))
        yield self._slider_text(parts, shape)
        self._set_slider_volumes(parts)

    def _slider_text(self, parts: SliderParts, shape: SliderShape) -> str:
        head, last = parts.head, parts.last
        curve = "|".join([shape.kind, *(f"{round(x)}:{round(y)}" for x, y in shape.anchors)])
        x, y = head.place
        sounds = self._at_edges(parts, lambda group: group.hitsounds)
        sets = zip(
            self._at_edges(parts, lambda group: group.normal_sets),
            self._at_edges(parts, lambda group: group.addition_sets),
            strict=True,
        )
        fields = [
            f"{round(x)},{round(y)},{round(head.time_ms)}",
            str(6 if head.new_combo else 2),
            str(_first(last.hitsounds)),
            curve,
            str(parts.slides),
            str(shape.length_px),
            "|".join(map(str, sounds)),
            "|".join(f"{normal}:{addition}" for normal, addition in sets),
            self._sample(last),
        ]
        return ",".join(fields)

    def _set_slider_volumes(self, parts: SliderParts) -> None:
        """Set the volume of each edge, and the body's just after it where it differs."""
        volumes = self._at_edges(parts, lambda group: group.volumes)
        body = parts.last.volumes[0] if parts.last.volumes else None
        slides, span_ms = parts.slides, parts.span_ms
        for i, volume in enumerate(volumes[: slides + 1]):
            time_ms = round(parts.head.time_ms + span_ms * i)
            self._set_volume_at(time_ms, volume)
            if body is None or body == volume:
                continue
            if i < slides and span_ms > BODY_VOLUME_DELAY_MS:
                self._set_volume_at(time_ms + BODY_VOLUME_DELAY_MS, body)

    def _at_edges(
        self, parts: SliderParts, values_of: Callable[[EventGroup], Sequence[int]]
    ) -> list[int]:
        """Values of a slider's head, repeats and end.

        With `original_quirks` as many as there are, so that the end's may go to a repeat.
        """
        head, last, end = (values_of(group) for group in (parts.head, parts.last, parts.end))
        if self._options.original_quirks:
            return [*head, *last[1:], *end]
        return edge_values(head, last, end, parts.slides)

    # Timing points

    def _set_volume(self, group: EventGroup, time_ms: float) -> None:
        if group.volumes:
            self._set_volume_at(round(time_ms), group.volumes[0])

    def _set_volume_at(self, time_ms: int, volume: int) -> None:
        time = moment(time_ms)
        if self._is_said_by_first_line(time) and self.lines.at(time).volume == volume:
            self._first_line = self.lines.at(time)
        else:
            self.lines.set_volume(time, volume, spared=self._first_line)

    def _is_said_by_first_line(self, time: timedelta) -> bool:
        """Whether only what differs from the first line needs a line of its own."""
        return not self._options.original_quirks and self.lines.precedes_all(time)

    def _set_velocity(self, time: timedelta, velocity: float) -> None:
        if not self._is_said_by_first_line(time) or self.lines.at(time).velocity != velocity:
            self.lines.set_velocity(time, velocity, reach_s=self._reach_s)

    def _set_taiko_speed(self, group: EventGroup) -> None:
        if self._mode is Mode.TAIKO and group.scroll_speed is not None:
            self._set_velocity(moment(round(group.time_ms)), group.scroll_speed)

    def _line_time(self, time_ms: float) -> timedelta:
        """Where a change goes that was read from a timing point."""
        if self._options.original_quirks:
            return moment(time_ms)
        time = self.lines.stated_at(time_ms)
        self._carry_speed(time)
        return time

    def _set_scroll_speed(self, time: timedelta, speed: float) -> None:
        if not self._options.normalized_scroll_speed or not self._main_beat_ms:
            self._set_velocity(time, speed)
            return
        self._set_relative_speed(time, speed, self.lines.red_at(time))
        if self._options.original_quirks:
            for later in [line for line in self.lines if line.is_red and line.time > time]:
                self._set_relative_speed(later.time, speed, later)
            return
        self._speed = speed

    def _carry_speed(self, until: timedelta | None) -> None:
        """Keep red lines before a moment (or all) from changing the scroll speed."""
        while self._reds and (until is None or self._reds[0].time < until):
            red = self._reds.popleft()
            if self._speed is not None:
                self._set_relative_speed(red.time, self._speed, red)

    def _set_relative_speed(self, time: timedelta, speed: float, red: DraftLine) -> None:
        self._set_velocity(time, speed * red.beat_length / self._main_beat_ms)

    # Samples

    def _own_volume(self, group: EventGroup) -> int:
        """In mania every note has its own volume; elsewhere the timing points set it."""
        return _first(group.volumes) if self._mode is Mode.MANIA else 0

    def _sample(self, group: EventGroup, *, volume: int = 0) -> str:
        sets = f"{_first(group.normal_sets)}:{_first(group.addition_sets)}"
        return f"{sets}:{self._sample_index}:{volume}:"


def edge_values(
    head: Sequence[int], last: Sequence[int], end: Sequence[int], slides: int
) -> list[int]:
    """One value for each edge of a slider, if there is any at all.

    What is too many is left out, and what is missing is the body's.

    Args:
        head: The head's.
        last: The last anchor's: first the body's, then those of the repeats.
        end: The end's.
        slides: Number of spans.
    """
    stated = [*last[:1], *head, *end]
    if not stated:
        return []
    body, repeats = stated[0], last[1:slides]
    missing = [body] * (slides - 1 - len(repeats))
    return [*(head or stated)[:1], *repeats, *missing, *(end or stated)[:1]]


def _first(values: Sequence[int]) -> int:
    return values[0] if values else 0
