"""How long a slider is and how fast, from its path, its time and what the model says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.engine.postprocess.lines import DraftLine

LENIENCY = 0.15
NEW_COMBO_LENIENCY = 0.05
STEPS = 20
"""Velocities are multiples of 1/20, like those that mappers type."""
FINE_STEPS = 100
SLOWEST = 1e-5
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
