"""Assembled objects written down as ``.osu`` lines, with the timing points that they need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, curve_segments
from companion.beatmap.objects import SLIDER_BIT
from companion.engine.encoding.moments import moment
from companion.engine.encoding.scroll_speeds import main_beat_length
from companion.engine.encoding.slider_spans import slider_end
from companion.engine.events import EventType
from companion.engine.postprocess.assembly import (
    Long,
    Single,
    SliderParts,
    assemble,
    settle_positions,
)
from companion.engine.postprocess.flattening import FlatPath
from companion.engine.postprocess.groups import EventGroup, groups_of
from companion.engine.postprocess.lines import NEAR_S, SAME_S
from companion.engine.postprocess.overlaps import snap_near_overlaps
from companion.engine.postprocess.velocities import Span, exact_duration, human_velocity, reachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.engine.events import Event
    from companion.engine.postprocess.assembly import Point
    from companion.engine.postprocess.lines import DraftLine, DraftLines
    from companion.engine.postprocess.options import PostprocessOptions

DRUMROLL_WIDTH = 512
SHORTEST_LENGTH_PX = 1e-4
BODY_VOLUME_DELAY_MS = 6
"""The body's volume is set this long after an edge, just past the leniency of hitsounds."""

WHOLE_PX = 1.5
"""An end that is known in whole pixels may lie this far from where it is said to be."""

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
        self._main_beat_ms = 0.0
        self._sample_index = -1 if options.original_quirks else 0
        self._reach_s = NEAR_S if options.original_quirks else SAME_S

    def write(self, events: Sequence[Event]) -> list[str]:
        """The lines of ``[HitObjects]``, in the order in which their groups end."""
        options = self._options
        groups = groups_of(events, types_first=options.types_first)
        if options.snap_near_overlaps:
            snap_near_overlaps(groups, original_quirks=options.original_quirks)
        last_ms = max((group.time_ms for group in groups), default=0)
        self._main_beat_ms = main_beat_length(
            self.lines.points(), last_ms, quirks=options.original_quirks
        )
        settle_positions(groups, self._mode, options.seed)
        written: list[str] = []
        for item in assemble(groups, original_quirks=options.original_quirks):
            match item:
                case Single():
                    written += self._single(item.group)
                case Long():
                    written += self._long(item.head, item.end)
                case SliderParts():
                    written += self._slider(item)
        self.lines.drop_before_first_red()
        return written

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
            time, is_on = moment(group.time_ms), bool(group.value)
            self.lines.set_kiai(time, on=is_on, reach_s=self._reach_s)
        elif group.kind is EventType.SCROLL_SPEED_CHANGE and group.scroll_speed is not None:
            self._set_scroll_speed(group.time_ms, group.scroll_speed)

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
            length_px = span.lasting(span.length_px(line.velocity), line.velocity, 1)
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
        head = parts.head
        start_ms = round(head.time_ms)
        path = FlatPath(parts.kind, (head.place, *parts.anchors))
        line = self.lines.at(moment(start_ms))
        current = line.velocity
        span = Span(self._span_ms(parts, line), line.governing_red, self._slider_multiplier)
        velocity = self._velocity(parts, path, span, current)
        if velocity is None:
            return
        velocity, length_px = reachable(span, velocity, path.length_px)
        anchors = parts.anchors
        if length_px > path.length_px + SHORTEST_LENGTH_PX:
            anchors = self._long_enough(parts, length_px, path.length_px)
        if velocity != current:
            self.lines.set_velocity(moment(start_ms), velocity)
        if not self._options.original_quirks:
            stated = self.lines.at(moment(start_ms)).velocity
            length_px = span.lasting(length_px, stated, parts.slides)
        yield self._slider_text(parts, anchors, length_px)
        self._set_slider_volumes(parts)

    def _span_ms(self, parts: SliderParts, line: DraftLine) -> float:
        """How long a span lasts, to a fraction of a beat where its times leave that open."""
        if self._options.original_quirks:
            return parts.span_ms
        total_ms, beat_ms = parts.span_ms * parts.slides, line.governing_red.beat_length
        return exact_duration(total_ms, parts.slides, beat_ms) / parts.slides

    def _long_enough(
        self, parts: SliderParts, length_px: float, natural_px: float
    ) -> tuple[Point, ...]:
        """The anchors of a path that is too short for its length.

        Paths of real maps are shorter than they should be now and then. Where the path as it is
        ends nearer to what is known of the slider's end than a larger one, it stays.
        """
        head, options = parts.head.place, self._options
        larger = scaled(parts.anchors, head, length_px / natural_px)
        if options.original_quirks or not options.has_fine_positions:
            return larger
        end = parts.end.place
        misses_px = _misses(parts.kind, (head, *parts.anchors), length_px, end)
        if misses_px < WHOLE_PX or misses_px < _misses(parts.kind, (head, *larger), length_px, end):
            return parts.anchors
        return larger

    def _velocity(
        self, parts: SliderParts, path: FlatPath, span: Span, current: float
    ) -> float | None:
        """What the model says, or what the slider's end asks for; ``None`` without any length."""
        head, options = parts.head, self._options
        if options.has_velocities and head.scroll_speed is not None:
            return head.scroll_speed
        end, last = parts.end.place, parts.last.place
        if options.has_positions:
            length_px = path.length_px * path.progress_near(end)
        else:
            length_px = path.length_px - distance(end, last)
        if length_px < SHORTEST_LENGTH_PX:
            return None
        return human_velocity(span, length_px, current, new_combo=head.new_combo)

    def _slider_text(self, parts: SliderParts, anchors: Sequence[Point], length_px: float) -> str:
        head, last, end = parts.head, parts.last, parts.end
        curve = "|".join([parts.kind, *(f"{round(x)}:{round(y)}" for x, y in anchors)])
        x, y = head.place
        sounds = edge_values(head.hitsounds, last.hitsounds, end.hitsounds)
        sets = zip(
            edge_values(head.normal_sets, last.normal_sets, end.normal_sets),
            edge_values(head.addition_sets, last.addition_sets, end.addition_sets),
            strict=True,
        )
        fields = [
            f"{round(x)},{round(y)},{round(head.time_ms)}",
            str(6 if head.new_combo else 2),
            str(_first(last.hitsounds)),
            curve,
            str(parts.slides),
            str(length_px),
            "|".join(map(str, sounds)),
            "|".join(f"{normal}:{addition}" for normal, addition in sets),
            self._sample(last),
        ]
        return ",".join(fields)

    def _set_slider_volumes(self, parts: SliderParts) -> None:
        """Set the volume of each edge, and the body's just after it where it differs."""
        volumes = edge_values(parts.head.volumes, parts.last.volumes, parts.end.volumes)
        body = parts.last.volumes[0] if parts.last.volumes else None
        slides, span_ms = parts.slides, parts.span_ms
        for i, volume in enumerate(volumes[: slides + 1]):
            time_ms = round(parts.head.time_ms + span_ms * i)
            self.lines.set_volume(moment(time_ms), volume)
            if body is None or body == volume:
                continue
            if i < slides and span_ms > BODY_VOLUME_DELAY_MS:
                self.lines.set_volume(moment(time_ms + BODY_VOLUME_DELAY_MS), body)

    # Timing points

    def _set_volume(self, group: EventGroup, time_ms: float) -> None:
        if group.volumes:
            self.lines.set_volume(moment(round(time_ms)), group.volumes[0])

    def _set_taiko_speed(self, group: EventGroup) -> None:
        if self._mode is Mode.TAIKO and group.scroll_speed is not None:
            self.lines.set_velocity(moment(round(group.time_ms)), group.scroll_speed)

    def _set_scroll_speed(self, time_ms: float, speed: float) -> None:
        time, reach_s = moment(time_ms), self._reach_s
        if not self._options.normalized_scroll_speed or not self._main_beat_ms:
            self.lines.set_velocity(time, speed, reach_s=reach_s)
            return
        red = self.lines.red_at(time)
        self.lines.set_velocity(time, speed * red.beat_length / self._main_beat_ms, reach_s=reach_s)
        # Later red lines would change the speed back, so each gets its own green line.
        for later in [line for line in self.lines if line.is_red and line.time > time]:
            velocity = speed * later.beat_length / self._main_beat_ms
            self.lines.set_velocity(later.time, velocity, reach_s=reach_s)

    # Samples

    def _own_volume(self, group: EventGroup) -> int:
        """In mania every note has its own volume; elsewhere the timing points set it."""
        return _first(group.volumes) if self._mode is Mode.MANIA else 0

    def _sample(self, group: EventGroup, *, volume: int = 0) -> str:
        sets = f"{_first(group.normal_sets)}:{_first(group.addition_sets)}"
        return f"{sets}:{self._sample_index}:{volume}:"


def edge_values(head: Sequence[int], last: Sequence[int], end: Sequence[int]) -> list[int]:
    """Values of head, repeats and end; the first one of the last anchor is the body's."""
    return [*head, *last[1:], *end]


def scaled(points: Sequence[Point], head: Point, scale: float) -> tuple[Point, ...]:
    """Control points moved away from the head."""
    return tuple(
        ((x - head[0]) * scale + head[0], (y - head[1]) * scale + head[1]) for x, y in points
    )


def _misses(kind: str, points: Sequence[Point], length_px: float, end: Point) -> float:
    """How far from a place the end of a path is read."""
    slider = Slider(
        x=points[0][0],
        y=points[0][1],
        start_ms=0,
        end_ms=0,
        type_bits=SLIDER_BIT,
        curve_type=kind,
        segments=curve_segments(kind, points),
        control_points=tuple(points),
        slides=1,
        length_px=length_px,
        span_ms=0,
    )
    return distance(slider_end(slider, length_px), end)


def distance(a: Point, b: Point) -> float:
    """Distance between two points."""
    return ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5


def _first(values: Sequence[int]) -> int:
    return values[0] if values else 0
