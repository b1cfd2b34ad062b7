"""Hit objects of all four modes, as typed and derived values.

Times are in ms of song time, positions in osu! pixels (0 to 512 by 0 to 384). What a line leaves
out is filled in the way the game would: missing sounds, slider lengths, end times.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from companion.beatmap.curves import CurveSegment, Point, SliderPath

CIRCLE_BIT = 1
SLIDER_BIT = 2
NEW_COMBO_BIT = 4
SPINNER_BIT = 8
COMBO_SKIP_SHIFT = 4
COMBO_SKIP_MASK = 0b111
HOLD_BIT = 128

PLAYFIELD_WIDTH_PX = 512
PLAYFIELD_CENTRE_PX = (256.0, 192.0)


@dataclass(frozen=True, slots=True)
class HitSample:
    """The last field of a hit object; 0 means "as the timing point says" everywhere."""

    normal_set: int = 0
    addition_set: int = 0
    index: int = 0
    volume: int = 0
    filename: str = ""


NO_SAMPLE = HitSample()


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectBase:
    """What every hit object has."""

    x: float
    y: float
    start_ms: float
    end_ms: float
    """Equal to ``start_ms`` for circles; computed from tempo and velocity for sliders."""
    type_bits: int
    hitsound: int = 0
    sample: HitSample = NO_SAMPLE
    line: int = -1
    """Index in ``document.lines``; -1 for an object that is in no document."""

    @property
    def new_combo(self) -> bool:
        """Whether the line asks for a new combo (some objects begin one without asking)."""
        return bool(self.type_bits & NEW_COMBO_BIT)

    @property
    def combo_skip(self) -> int:
        """How many combo colours are skipped."""
        return (self.type_bits >> COMBO_SKIP_SHIFT) & COMBO_SKIP_MASK

    @property
    def duration_ms(self) -> float:
        """Time from head to end."""
        return self.end_ms - self.start_ms

    def column(self, keycount: int) -> int:
        """The mania column, 0 to ``keycount`` - 1."""
        return min(keycount - 1, max(0, int(self.x * keycount // PLAYFIELD_WIDTH_PX)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle(ObjectBase):
    """A circle, a taiko note, a fruit or a single mania note."""


@dataclass(frozen=True, kw_only=True)
class Slider(ObjectBase):
    """A slider, a drumroll or a juice stream."""

    curve_type: str
    """The first curve type letter, with the degree for a B-spline; empty where there is none."""
    segments: tuple[CurveSegment, ...]
    control_points: tuple[Point, ...]
    """All points as written, head first; a red anchor is there twice."""
    slides: int
    """Number of spans: 1 without a repeat."""
    length_px: float
    """Length of one span; the curve's own where the line gives none."""
    span_ms: float
    """Duration of one span."""
    edge_sounds: tuple[int, ...] = ()
    """Hit sounds of head, repeats and tail: ``slides`` + 1 of them."""
    edge_sets: tuple[tuple[int, int], ...] = ()
    """Normal and addition sets of head, repeats and tail: ``slides`` + 1 pairs."""
    curve_changes: tuple[tuple[int, str], ...] = ()
    """Further curve types (lazer only): index of the control point each is written before."""
    stated_sounds: tuple[int, ...] | None = None
    """The edge sounds as the line states them, where that is not one for each edge."""
    stated_sets: tuple[tuple[int, int], ...] | None = None
    """The edge sets as the line states them, where that is not one for each edge."""
    known_path: SliderPath | None = field(default=None, repr=False, compare=False)

    @cached_property
    def path(self) -> SliderPath:
        """The slider's curve; computed when first asked for."""
        return self.known_path or SliderPath(self.segments, self.length_px)

    @property
    def node_times_ms(self) -> tuple[float, ...]:
        """Times of head, repeats and tail."""
        inner = (self.start_ms + self.span_ms * n for n in range(self.slides))
        return (*inner, self.end_ms)

    @property
    def end_position(self) -> Point:
        """Where the ball is at the end: the head's own place after an even number of spans."""
        return self.path.position_at(float(self.slides % 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Spinner(ObjectBase):
    """A spinner, a denden or a banana shower; always at the centre."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldNote(ObjectBase):
    """A mania hold note."""


HitObject: TypeAlias = Circle | Slider | Spinner | HoldNote
