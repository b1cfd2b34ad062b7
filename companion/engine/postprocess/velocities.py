"""How long a slider is and how fast, from its path, its time and what the model says."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.engine.encoding.groups import FINEST_SNAP

if TYPE_CHECKING:
    from companion.engine.postprocess.lines import DraftLine

LENIENCY = 0.15
NEW_COMBO_LENIENCY = 0.05
STEPS = 20
"""Velocities are multiples of 1/20, like those that mappers type."""
FINE_STEPS = 100
HALF_STEP = 0.5 / FINE_STEPS - 1e-6
"""Velocities that are less than this apart may be stated as the same one."""
SLOWEST = 1e-5
LEAST, MOST = 0.1, 10.0
"""What the game takes for slower or faster than this."""
HAIR = 1e-9
"""Adds less than a millisecond to sliders of up to a week, and more than rounding takes away."""
ROUNDING_MS = 1e-6
TIDY_DECIMALS = 6
LONGEST_EXTENSION = 1.5
"""A slider that is this much longer than its path gets a lower velocity."""


@dataclass(frozen=True, slots=True)
class Span:
    """One span of a slider, and the tempo it starts in."""

    duration_ms: float
    red: DraftLine
    slider_multiplier: float

    def length_px(self, velocity: float) -> float:
        """What is walked in the span's time."""
        return velocity * self.duration_ms * 100 / self.red.beat_length * self.slider_multiplier

    def velocity(self, length_px: float) -> float:
        """The velocity at which a length takes the span's time."""
        return length_px / 100 / self.duration_ms * self.red.beat_length / self.slider_multiplier

    def lasting(self, length_px: float, velocity: float, slides: int) -> float:
        """The length, or a hair more where all spans would be read as a millisecond too short.

        Times of slider ends are cut off to whole milliseconds when they are read.
        """
        total_ms = self._total_ms(slides)
        read_ms = self.read_ms(length_px, velocity, slides)
        return length_px * (1 + HAIR) if total_ms - 1 <= read_ms < total_ms else length_px

    def read_ms(self, length_px: float, velocity: float, slides: int) -> int:
        """How long all spans of a length will be said to last."""
        per_beat_px = self.slider_multiplier * 100 * velocity
        return int(length_px * slides / per_beat_px * self.red.beat_length)

    def tidy_lengths_px(self, velocity: float, read: float, slides: int) -> list[float]:
        """What is walked in the span's time, without noise in the last digits if that lasts.

        Args:
            velocity: The wanted one.
            read: What it will be read as.
            slides: Number of spans.
        """
        exact_px = self.length_px(velocity)
        tidy_px = round(exact_px, TIDY_DECIMALS)
        lengths = [self.lasting(exact_px, read, slides)]
        if self.read_ms(tidy_px, read, slides) == self._total_ms(slides):
            lengths.insert(0, tidy_px)
        return lengths

    def lengths_px(self, velocity: float, slides: int) -> tuple[float, float]:
        """The shortest and the longest length that will be said to last as long as the spans do."""
        total_ms = self._total_ms(slides)
        px_per_ms = self.length_px(velocity) / self.duration_ms / slides
        return total_ms * px_per_ms * (1 + HAIR), (total_ms + 1) * px_per_ms * (1 - HAIR)

    def _total_ms(self, slides: int) -> int:
        return int(self.duration_ms * slides + ROUNDING_MS)


def exact_duration(total_ms: float, slides: int, beat_ms: float) -> float:
    """A slider's duration within a millisecond that makes its spans a fraction of a beat.

    Times of slider ends are cut off to whole milliseconds; mappers' sliders last for 1/1 to 1/16 of
    a beat, or several. Of fractions that fit, the coarsest is taken; a duration that fits none
    stays.
    """
    if beat_ms <= 0:
        return total_ms
    for divisor in range(1, FINEST_SNAP + 1):
        unit_ms = beat_ms / divisor * slides
        # What is a whole millisecond but for rounding is one.
        exact_ms = math.ceil((total_ms - ROUNDING_MS) / unit_ms) * unit_ms
        if 0 < exact_ms < total_ms + 1 - ROUNDING_MS:
            return exact_ms
    return total_ms


def human_velocity(span: Span, length_px: float, current: float, *, new_combo: bool) -> float:
    """A velocity near the one that a length asks for; small changes are not worth a green line."""
    wanted = span.velocity(length_px)
    leniency = NEW_COMBO_LENIENCY if new_combo else LENIENCY
    if abs(wanted - current) / current <= leniency:
        return current
    rounded = round(wanted * STEPS) / STEPS
    if rounded < 0.1:
        rounded = round(wanted * FINE_STEPS) / FINE_STEPS
    return rounded if rounded > SLOWEST else wanted


def reachable(span: Span, velocity: float, path_px: float) -> tuple[float, float]:
    """A velocity and the length that goes with it; lower where the path is far too short."""
    length_px = span.length_px(velocity)
    if length_px > path_px * LONGEST_EXTENSION:
        velocity = round(span.velocity(path_px) * STEPS) / STEPS
        length_px = span.length_px(velocity)
    return velocity, length_px


def in_game(velocity: float) -> float:
    """The velocity that the game makes of what a green line states."""
    return min(max(velocity, LEAST), MOST)


def near_velocities(stated: float, current: float) -> tuple[float, ...]:
    """Velocities that are stated alike: the one in force, the stated one, one of whole per cents.

    Velocities are stated in hundredths, green lines as percentages: -75 is 1.33.
    """
    percent = -100 / round(-100 / stated) if round(-100 / stated) else stated
    near = (v for v in (current, stated, percent) if abs(v - stated) < HALF_STEP)
    return tuple(dict.fromkeys(near))
