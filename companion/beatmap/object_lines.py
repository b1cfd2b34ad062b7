"""Reading the lines of ``[HitObjects]``.

Follows lazer's ``ConvertHitObjectParser`` where it and stable agree: kinds are tried in the order
circle, slider, spinner, hold; formats before 128 cut the decimals of positions off; a number that
cannot be read makes the line invalid, except in the edge fields, where it counts as 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap.curves import Point, SliderPath, curve_segments
from companion.beatmap.numbers import MAX_COORDINATE, parse_number, parse_whole, whole_or
from companion.beatmap.objects import (
    CIRCLE_BIT,
    HOLD_BIT,
    NO_SAMPLE,
    PLAYFIELD_CENTRE_PX,
    SLIDER_BIT,
    SPINNER_BIT,
    Circle,
    HitSample,
    HoldNote,
    Slider,
    Spinner,
)

if TYPE_CHECKING:
    from companion.beatmap.objects import HitObject
    from companion.beatmap.timing import TimingTable

MAX_SLIDES = 9000
DEFAULT_BEAT_LENGTH_MS = 1000.0
"""Without any red line the game assumes 60 beats per minute."""


@dataclass(frozen=True, slots=True)
class ObjectReader:
    """Reads the object lines of one map."""

    timing: TimingTable
    slider_multiplier: float
    offset_ms: int
    """What formats before 5 add to all times."""
    fractional_positions: bool
    """Whether decimals of positions count (format 128)."""

    def read(self, text: str, line: int) -> HitObject:
        """Read one line; ``ValueError`` says what is wrong with it."""
        fields = text.split(",")
        if len(fields) < 4:
            raise ValueError("a hit object needs at least a position, a time and a type")
        x, y = self._coordinate(fields[0]), self._coordinate(fields[1])
        start_ms = parse_number(fields[2]) + self.offset_ms
        bits = parse_whole(fields[3])
        hitsound = parse_whole(fields[4]) if len(fields) > 4 else 0
        if bits & CIRCLE_BIT:
            return Circle(
                x=x,
                y=y,
                start_ms=start_ms,
                end_ms=start_ms,
                type_bits=bits,
                hitsound=hitsound,
                sample=parse_sample(fields[5]) if len(fields) > 5 else NO_SAMPLE,
                line=line,
            )
        if bits & SLIDER_BIT:
            return self._slider(fields, (x, y), start_ms, bits, hitsound, line)
        if bits & SPINNER_BIT:
            if len(fields) < 6:
                raise ValueError("a spinner needs an end time")
            end_ms = parse_number(fields[5]) + self.offset_ms
            centre_x, centre_y = PLAYFIELD_CENTRE_PX
            return Spinner(
                x=centre_x,
                y=centre_y,
                start_ms=start_ms,
                end_ms=max(start_ms, end_ms),
                type_bits=bits,
                hitsound=hitsound,
                sample=parse_sample(fields[6]) if len(fields) > 6 else NO_SAMPLE,
                line=line,
            )
        if bits & HOLD_BIT:
            end_text, _, sample = fields[5].partition(":") if len(fields) > 5 else ("", "", "")
            end_ms = parse_number(end_text) + self.offset_ms if end_text.strip() else start_ms
            return HoldNote(
                x=x,
                y=y,
                start_ms=start_ms,
                end_ms=max(start_ms, end_ms),
                type_bits=bits,
                hitsound=hitsound,
                sample=parse_sample(sample),
                line=line,
            )
        raise ValueError(f"the type {bits} names no kind of hit object")

    def _coordinate(self, text: str) -> float:
        value = parse_number(text, MAX_COORDINATE)
        return value if self.fractional_positions else float(int(value))

    def _slider(
        self, fields: list[str], head: Point, start_ms: float, bits: int, hitsound: int, line: int
    ) -> Slider:
        if len(fields) < 6:
            raise ValueError("a slider needs a curve")
        slides = max(1, parse_whole(fields[6])) if len(fields) > 6 else 1
        if slides > MAX_SLIDES:
            raise ValueError(f"{slides} slides are too many")
        types, points = self._curve(fields[5], head)
        curve_type, changes = (types[0][1], types[1:]) if types else ("", ())
        segments = curve_segments(curve_type, points, changes)
        length_px = max(0.0, parse_number(fields[7], MAX_COORDINATE)) if len(fields) > 7 else 0.0
        path = None
        if length_px == 0:
            path = SliderPath(segments, None)
            length_px = path.natural_length_px
        span_ms = self.span_ms(length_px, start_ms)
        sample = parse_sample(fields[10]) if len(fields) > 10 else NO_SAMPLE
        nodes = slides + 1
        stated_sounds = tuple(whole_or(s, 0) for s in _edge_parts(fields, 8))
        stated_sets = tuple(_edge_set(s) for s in _edge_parts(fields, 9))
        sounds = stated_sounds[:nodes] + (hitsound,) * (nodes - len(stated_sounds))
        own_sets = (sample.normal_set, sample.addition_set)
        sets = stated_sets[:nodes] + (own_sets,) * (nodes - len(stated_sets))
        return Slider(
            x=head[0],
            y=head[1],
            start_ms=start_ms,
            end_ms=start_ms + span_ms * slides,
            type_bits=bits,
            hitsound=hitsound,
            sample=sample,
            line=line,
            curve_type=curve_type,
            segments=segments,
            control_points=tuple(points),
            curve_changes=changes,
            slides=slides,
            length_px=length_px,
            span_ms=span_ms,
            edge_sounds=sounds,
            edge_sets=sets,
            stated_sounds=None if len(stated_sounds) == nodes else stated_sounds,
            stated_sets=None if len(stated_sets) == nodes else stated_sets,
            known_path=path,
        )

    def span_ms(self, length_px: float, start_ms: float) -> float:
        """How long a slider ball that starts at a moment takes for a length."""
        red = self.timing.red_at(start_ms)
        beat_length = red.beat_length if red and red.beat_length > 0 else DEFAULT_BEAT_LENGTH_MS
        velocity = self.slider_multiplier * self.timing.velocity_at(start_ms)
        return length_px * beat_length / (100.0 * velocity)

    def _curve(self, text: str, head: Point) -> tuple[tuple[tuple[int, str], ...], list[Point]]:
        """Curve types with the index of the point each is written before, and all points."""
        types: list[tuple[int, str]] = []
        points = [head]
        for part in text.split("|"):
            token = part.strip()
            if token[:1].isalpha():
                types.append((len(points), token))
            elif token:
                x, _, y = token.partition(":")
                points.append((self._coordinate(x), self._coordinate(y)))
        return tuple(types), points


def _edge_parts(fields: list[str], index: int) -> list[str]:
    text = fields[index] if len(fields) > index else ""
    return text.split("|") if text.strip() else []


def _edge_set(text: str) -> tuple[int, int]:
    normal, _, addition = text.partition(":")
    return whole_or(normal, 0), whole_or(addition, 0)


def parse_sample(text: str) -> HitSample:
    """Read ``normal:addition:index:volume:filename``, of which any tail may be missing."""
    if text in ("0:0:0:0:", ""):
        return NO_SAMPLE
    parts = text.strip().split(":", 4)
    return HitSample(
        normal_set=_known_set(parts[0]),
        addition_set=_known_set(parts[1]) if len(parts) > 1 else 0,
        index=parse_whole(parts[2]) if len(parts) > 2 and parts[2].strip() else 0,
        volume=max(0, parse_whole(parts[3])) if len(parts) > 3 and parts[3].strip() else 0,
        filename=parts[4].strip() if len(parts) > 4 else "",
    )


def _known_set(text: str) -> int:
    value = parse_whole(text) if text.strip() else 0
    return value if 0 <= value <= 3 else 1
