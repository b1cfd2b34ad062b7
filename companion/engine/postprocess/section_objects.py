"""Assembled groups as typed objects that fit a map's timing and the playfield."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Circle, HitSample, HoldNote, Slider, Spinner, curve_segments
from companion.engine.events import EventType
from companion.engine.postprocess.assembly import CENTRE, Long, Single
from companion.engine.postprocess.flattening import FlatPath
from companion.engine.postprocess.slider_drafts import SliderParts
from companion.engine.postprocess.slider_fitting import clamped, fit_path, whole

if TYPE_CHECKING:
    from companion.beatmap import Beatmap, HitObject, TimeRange
    from companion.engine.postprocess.assembly import Assembled
    from companion.engine.postprocess.groups import EventGroup
    from companion.engine.postprocess.slider_drafts import Point

CIRCLE_BITS = 1
SLIDER_BITS = 2
NEW_COMBO_BIT = 4
SPINNER_BITS = 8 | NEW_COMBO_BIT
HOLD_BITS = 128
SHORTEST_MS = 10
"""Sliders and other long objects below this are noise."""
SLOWEST, FASTEST = 0.1, 10.0
"""Velocities that a green line can set."""
DEFAULT_BEAT_MS = 1000.0
END_LENIENCY_MS = 0.5
ADDITION_BITS = 2 | 4 | 8


@dataclass(frozen=True, slots=True)
class _Sound:
    """A hitsound relative to the timing point that speaks for it: 0 is "as there"."""

    bits: int = 0
    normal_set: int = 0
    addition_set: int = 0

    @property
    def sample(self) -> HitSample:
        return HitSample(self.normal_set, self.addition_set)


class ObjectMaker:
    """Makes the objects of one section."""

    def __init__(self, beatmap: Beatmap, wanted: TimeRange, *, change_velocity: bool) -> None:
        self.velocities: dict[int, float] = {}
        """What sliders were measured with, by the time of their heads."""
        self._beatmap = beatmap
        self._wanted = wanted
        self._change_velocity = change_velocity

    def make(self, item: Assembled) -> HitObject | None:
        """The object, or ``None`` where it has no place in the section."""
        head = item.group if isinstance(item, Single) else item.head
        if not self._wanted.contains(round(head.time_ms)):
            return None
        match item:
            case Single():
                return self._circle(head) if head.kind is EventType.CIRCLE else None
            case Long():
                return self._long(head, item.end)
            case SliderParts():
                return self._slider(item)

    def _circle(self, group: EventGroup) -> Circle:
        start_ms = round(group.time_ms)
        sound = self._sound(group, start_ms)
        x, y = self._place(group)
        return Circle(
            x=x,
            y=y,
            start_ms=start_ms,
            end_ms=start_ms,
            type_bits=CIRCLE_BITS | self._combo_bit(group),
            hitsound=sound.bits,
            sample=sound.sample,
        )

    def _long(self, head: EventGroup, end: EventGroup) -> HitObject | None:
        start_ms = round(head.time_ms)
        end_ms = min(round(end.time_ms), self._wanted.end_ms)
        if end_ms - start_ms < SHORTEST_MS:
            return None
        if head.kind is EventType.DRUMROLL:
            return self._drumroll(head, end_ms - start_ms)
        if head.kind is EventType.HOLD_NOTE:
            x, y = self._place(head)
            sound = self._sound(head, start_ms)
            return HoldNote(
                x=x,
                y=y,
                start_ms=start_ms,
                end_ms=end_ms,
                type_bits=HOLD_BITS,
                hitsound=sound.bits,
                sample=sound.sample,
            )
        # A spinner sounds at its end, a denden at its start.
        sound = self._sound(end, end_ms)
        if head.kind is EventType.DENDEN:
            sound = self._sound(head, start_ms)
        return Spinner(
            x=CENTRE[0],
            y=CENTRE[1],
            start_ms=start_ms,
            end_ms=end_ms,
            type_bits=SPINNER_BITS,
            hitsound=sound.bits,
            sample=sound.sample,
        )

    # Sliders

    def _slider(self, parts: SliderParts) -> Slider | None:
        start_ms = round(parts.head.time_ms)
        if not parts.has_duration:
            return None
        slides, span_ms = self._spans(parts, start_ms)
        if slides < 1 or span_ms < SHORTEST_MS:
            return None
        head = clamped(parts.head.place)
        velocity = self._velocity(parts, start_ms, span_ms)
        length_px = self._length_px(start_ms, velocity, span_ms)
        kind, anchors = fit_path(parts.kind, head, whole(parts.anchors), length_px)
        self.velocities[start_ms] = velocity
        body = self._sound(parts.last, start_ms)
        edges = self._edges(parts, start_ms, slides, span_ms)
        return Slider(
            x=head[0],
            y=head[1],
            start_ms=start_ms,
            end_ms=start_ms + span_ms * slides,
            type_bits=SLIDER_BITS | self._combo_bit(parts.head),
            hitsound=body.bits,
            sample=body.sample,
            curve_type=kind,
            segments=curve_segments(kind, (head, *anchors)),
            control_points=(head, *anchors),
            slides=slides,
            length_px=length_px,
            span_ms=span_ms,
            edge_sounds=tuple(edge.bits for edge in edges),
            edge_sets=tuple((edge.normal_set, edge.addition_set) for edge in edges),
        )

    def _spans(self, parts: SliderParts, start_ms: int) -> tuple[int, float]:
        """Number and duration of the spans, as many as the section has room for."""
        room_ms = self._wanted.end_ms + END_LENIENCY_MS - start_ms
        slides, span_ms = parts.slides, parts.span_ms
        return min(slides, int(room_ms / span_ms)), span_ms

    def _velocity(self, parts: SliderParts, start_ms: int, span_ms: float) -> float:
        """The velocity in force, or where it may change the one that the model wants."""
        current = self._beatmap.velocity_at(start_ms)
        if not self._change_velocity:
            return current
        wanted = parts.head.scroll_speed
        if not wanted:
            path_px = FlatPath(parts.kind, (parts.head.place, *parts.anchors)).length_px
            wanted = path_px / (self._px_per_ms(start_ms, 1.0) * span_ms)
        return round(min(max(wanted, SLOWEST), FASTEST), 2)

    def _drumroll(self, head: EventGroup, duration_ms: float) -> Slider:
        start_ms = round(head.time_ms)
        velocity = self._beatmap.velocity_at(start_ms)
        if self._change_velocity and head.scroll_speed:
            velocity = min(max(head.scroll_speed, SLOWEST), FASTEST)
        self.velocities[start_ms] = velocity
        length_px = self._length_px(start_ms, velocity, duration_ms)
        sound = self._sound(head, start_ms)
        kind, anchors = fit_path("L", CENTRE, [(CENTRE[0] + 64, CENTRE[1])], length_px)
        return Slider(
            x=CENTRE[0],
            y=CENTRE[1],
            start_ms=start_ms,
            end_ms=start_ms + duration_ms,
            type_bits=SLIDER_BITS,
            hitsound=sound.bits,
            sample=sound.sample,
            curve_type=kind,
            segments=curve_segments(kind, (CENTRE, *anchors)),
            control_points=(CENTRE, *anchors),
            slides=1,
            length_px=length_px,
            span_ms=duration_ms,
            edge_sounds=(sound.bits, sound.bits),
            edge_sets=((sound.normal_set, sound.addition_set),) * 2,
        )

    def _length_px(self, ms: float, velocity: float, duration_ms: float) -> float:
        # A green line of -111.111111111111 means 0.9; its rest would show in every length.
        return round(self._px_per_ms(ms, velocity) * duration_ms, 6)

    def _px_per_ms(self, ms: float, velocity: float) -> float:
        red = self._beatmap.timing_at(ms)
        beat_ms = red.beat_length if red is not None and red.beat_length > 0 else DEFAULT_BEAT_MS
        return 100.0 * self._beatmap.slider_multiplier * velocity / beat_ms

    # Places and sounds

    def _place(self, group: EventGroup) -> Point:
        return clamped(group.place)

    def _combo_bit(self, group: EventGroup) -> int:
        return NEW_COMBO_BIT if group.new_combo else 0

    def _edges(
        self, parts: SliderParts, start_ms: int, slides: int, span_ms: float
    ) -> list[_Sound]:
        """Sounds of head, repeats and end, one for each; no additions where some are missing."""
        sources = [(parts.head, 0), *((parts.last, i) for i in range(1, slides)), (parts.end, 0)]
        return [
            self._sound(group, start_ms + span_ms * edge, index)
            for edge, (group, index) in enumerate(sources)
        ]

    def _sound(self, group: EventGroup, ms: float, index: int = 0) -> _Sound:
        if index >= len(group.hitsounds):
            return _Sound()
        line = self._beatmap.sample_point_at(ms)
        line_set = line.sample_set if line is not None else 0
        normal, addition = group.normal_sets[index], group.addition_sets[index]
        bits = group.hitsounds[index] & ADDITION_BITS
        return _Sound(
            bits,
            0 if normal == line_set else normal,
            0 if addition == normal or not bits else addition,
        )
