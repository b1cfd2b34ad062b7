"""The path, length and velocity of a slider, from its anchors, times and end."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.encoding.slider_spans import slider_end
from companion.engine.postprocess.flattening import FlatPath
from companion.engine.postprocess.known_ends import KnownEnd, slider_of
from companion.engine.postprocess.lines import written_velocity
from companion.engine.postprocess.velocities import (
    HAIR,
    HALF_STEP,
    Span,
    exact_duration,
    human_velocity,
    in_game,
    near_velocities,
    reachable,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.engine.postprocess.lines import DraftLine
    from companion.engine.postprocess.options import PostprocessOptions
    from companion.engine.postprocess.slider_drafts import Point, SliderParts

SHORTEST_LENGTH_PX = 1e-4
WHOLE_PX = 1.5
"""An end that is known in whole pixels may lie this far from where it is said to be."""


@dataclass(frozen=True, slots=True)
class SliderShape:
    """What is drawn and how fast."""

    kind: str
    """Curve type letter."""
    anchors: tuple[Point, ...]
    """Control points after the head."""
    length_px: float
    velocity: float
    """What the green line at the head has to set."""
    is_exact: bool = False
    """Whether the length leads to the known end and may not change any more."""


class SliderShaper:
    """Settles the shapes of one map's sliders."""

    def __init__(self, options: PostprocessOptions, mode: Mode, slider_multiplier: float) -> None:
        self._options = options
        self._mode = mode
        self._slider_multiplier = slider_multiplier

    def shape(self, parts: SliderParts, line: DraftLine) -> SliderShape | None:
        """The shape of a slider; ``None`` without any length.

        Args:
            parts: The slider.
            line: The timing point in force at its head.
        """
        span = self._span(parts, line)
        if self._mode is Mode.MANIA and not self._options.original_quirks:
            # A green line would change how fast all notes come.
            length_px = span.length_px(in_game(line.velocity))
            return SliderShape(parts.kind, parts.anchors, length_px, line.velocity)
        if self._knows_length(parts):
            return self._as_known(parts, span, line.velocity)
        path = FlatPath(parts.kind, (parts.head.place, *parts.anchors))
        velocity = self._velocity(parts, path, span, line.velocity)
        if velocity is None:
            return None
        played = velocity if self._options.original_quirks else in_game(velocity)
        reached, length_px = reachable(span, played, path.length_px)
        velocity = velocity if reached == played else reached
        anchors = parts.anchors
        if length_px > path.length_px + SHORTEST_LENGTH_PX:
            anchors = self._long_enough(parts, length_px, path.length_px)
        return SliderShape(parts.kind, anchors, length_px, velocity)

    def lasting(self, parts: SliderParts, shape: SliderShape, line: DraftLine) -> SliderShape:
        """The shape, its length such that the duration is read back with the line as it is now."""
        if shape.is_exact:
            return shape
        span = self._span(parts, line)
        length_px = span.lasting(shape.length_px, in_game(line.velocity), parts.slides)
        return replace(shape, length_px=length_px)

    def misses_px(self, parts: SliderParts, line: DraftLine) -> float:
        """How far from its known end a slider ends that keeps to its path, time and velocity."""
        span = self._span(parts, line)
        velocity = in_game(parts.head.scroll_speed or line.velocity)
        points = (parts.head.place, *parts.anchors)
        return _misses(parts.kind, points, span.length_px(velocity), parts.end.place)

    def _span(self, parts: SliderParts, line: DraftLine) -> Span:
        """One span; to a fraction of a beat where its times leave that open."""
        red, span_ms = line.governing_red, parts.span_ms
        if not self._options.original_quirks:
            total_ms = exact_duration(span_ms * parts.slides, parts.slides, red.beat_length)
            span_ms = total_ms / parts.slides
        return Span(span_ms, red, self._slider_multiplier)

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

    # Where the end is known to the pixel

    def _knows_length(self, parts: SliderParts) -> bool:
        options = self._options
        return (
            options.has_exact_positions
            and not options.original_quirks
            and options.has_velocities
            and bool(parts.head.scroll_speed)
        )

    def _as_known(self, parts: SliderParts, span: Span, current: float) -> SliderShape:
        """The shape whose end is read as the known one.

        The path stays as it is. As little as possible is changed: first the length by less than
        what it takes in a millisecond, then the velocity by less than half a hundredth. Where
        nothing leads to the end (anchors may have been cut off), time and velocity decide.
        """
        assert parts.head.scroll_speed is not None, "asked for before"
        end = KnownEnd(parts.end.place, self._options.position_range)
        slides, stated = parts.slides, parts.head.scroll_speed
        kinds = (parts.kind, "C") if len(parts.anchors) == 1 else (parts.kind,)
        sliders = [slider_of(kind, (parts.head.place, *parts.anchors)) for kind in kinds]
        for velocity in near_velocities(stated, current):
            read = velocity if velocity == current else written_velocity(velocity)
            wanted_px = span.tidy_lengths_px(in_game(velocity), in_game(read), slides)
            low_px, high_px = span.lengths_px(in_game(read), slides)
            for slider in sliders:
                length_px = end.length_px(slider, wanted_px, low_px, high_px)
                if not math.isnan(length_px):
                    return SliderShape(
                        slider.curve_type, parts.anchors, length_px, velocity, is_exact=True
                    )
        slider = sliders[0]
        slowest, fastest = stated - HALF_STEP, stated + HALF_STEP
        low_px, _ = span.lengths_px(in_game(slowest), slides)
        _, high_px = span.lengths_px(in_game(fastest), slides)
        length_px = end.length_px(slider, [span.length_px(in_game(stated))], low_px, high_px)
        if math.isnan(length_px):
            velocity = near_velocities(stated, current)[0]
            length_px = span.length_px(in_game(velocity))
            return SliderShape(parts.kind, parts.anchors, length_px, velocity)
        velocity = min(max(span.velocity(length_px) * (1 - HAIR), slowest), fastest)
        return SliderShape(slider.curve_type, parts.anchors, length_px, velocity, is_exact=True)


def scaled(points: Sequence[Point], head: Point, scale: float) -> tuple[Point, ...]:
    """Control points moved away from the head."""
    return tuple(
        ((x - head[0]) * scale + head[0], (y - head[1]) * scale + head[1]) for x, y in points
    )


def _misses(kind: str, points: tuple[Point, ...], length_px: float, end: Point) -> float:
    """How far from a place the end of a path is read."""
    return distance(slider_end(slider_of(kind, points), length_px), end)


def distance(a: Point, b: Point) -> float:
    """Distance between two points."""
    return ((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5
