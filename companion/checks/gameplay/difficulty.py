"""Difficulty settings as the player meets them: sizes, times and windows.

Sources: lazer ``IBeatmapDifficultyInfo.DifficultyRange``, ``LegacyRulesetExtensions``,
``OsuHitObject``, ``OsuHitWindows``, ``Spinner``, ``Catcher``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from companion.beatmap import Beatmap

OBJECT_RADIUS_PX = 64.0
"""Radius of a circle of scale 1."""
OSU_SCALE_ALLOWANCE = 1.00041
"""osu! circles are this much larger than the size says, since replays of 2013."""

PREEMPT_MS = (1800.0, 1200.0, 450.0)
GREAT_MS = (80.0, 50.0, 20.0)
OK_MS = (140.0, 100.0, 60.0)
MEH_MS = (200.0, 150.0, 100.0)
SPINNER_CLEAR_RPM = (90.0, 150.0, 225.0)
SPINNER_COMPLETE_RPM = (250.0, 380.0, 430.0)

CATCHER_PX = 106.75
"""Width of a catcher of scale 1, its margins included."""
CAUGHT_SHARE = 0.8
"""How much of that width catches fruit."""

HARD_ROCK_FACTOR = 1.4
HARD_ROCK_SIZE_FACTOR = 1.3


def difficulty_range(setting: float, values: tuple[float, float, float]) -> float:
    """The value for a setting, from those at 0, 5 and 10, linear in between and beyond."""
    low, middle, high = values
    if setting > 5:
        return middle + (high - middle) * (setting - 5) / 5
    return middle + (middle - low) * (setting - 5) / 5


def object_scale(cs: float) -> float:
    """Size of an object relative to its sprite, for a circle size."""
    return (1.0 - 0.7 * (cs - 5.0) / 5.0) / 2.0


def circle_radius_px(cs: float) -> float:
    """Radius of an osu! circle as drawn and judged."""
    return OBJECT_RADIUS_PX * object_scale(cs) * OSU_SCALE_ALLOWANCE


def preempt_ms(ar: float) -> float:
    """How long before its time an object appears; whole milliseconds, as the game has it."""
    # The game holds settings in single precision, which decides over 509 or 510 ms.
    return float(int(difficulty_range(float(np.float32(ar)), PREEMPT_MS)))


def fade_in_ms(ar: float) -> float:
    """How long an osu! object takes to become opaque."""
    return 400.0 * min(1.0, preempt_ms(ar) / PREEMPT_MS[2])


def hit_windows_ms(od: float) -> tuple[float, float, float]:
    """How far off an osu! hit may be to count as great, ok or meh."""
    great, ok, meh = (
        math.floor(difficulty_range(od, values)) - 0.5 for values in (GREAT_MS, OK_MS, MEH_MS)
    )
    return great, ok, meh


def spins_to_clear(od: float, duration_ms: float) -> int:
    """How many spins a spinner asks for; below them it is a miss or less than great."""
    rpm = difficulty_range(od, SPINNER_CLEAR_RPM)
    return int(rpm / 60 * duration_ms / 1000 + 0.0001)


def catcher_width_px(cs: float) -> float:
    """Full width of the catcher, which also decides over hyperdashes."""
    return CATCHER_PX * object_scale(cs) * 2.0


def catch_width_px(cs: float) -> float:
    """The part of the catcher that catches."""
    return catcher_width_px(cs) * CAUGHT_SHARE


def hard_rock(beatmap: Beatmap) -> tuple[float, float]:
    """Circle size and approach rate with Hard Rock."""
    return min(10.0, beatmap.cs * HARD_ROCK_SIZE_FACTOR), min(10.0, beatmap.ar * HARD_ROCK_FACTOR)
