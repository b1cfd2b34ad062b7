"""The greatest score and combo of osu!(stable)'s first scoring system.

Facts (osu! wiki, "Score/ScoreV1"): a hit of value ``v`` at combo ``c`` gives ``v * (1 + max(0, c -
1) * difficulty * mods / 25)``; of a slider only the whole counts with its combo, and head, repeats,
ticks and end give 30, 30, 10 and 30. ``difficulty`` is a whole number made of HP, CS, OD and
density.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from companion.beatmap import Circle, HoldNote, Mode, Slider, Spinner

if TYPE_CHECKING:
    from companion.beatmap import Beatmap
    from companion.checks.difficulty import Difficulty

HIT, SLIDER_EDGE, SLIDER_TICK = 300, 30, 10
MODS = {Mode.OSU: 1.06 * 1.06 * 1.12 * 1.12, Mode.CATCH: 1.06 * 1.12 * 1.12 * 1.12}
"""Hidden, Hard Rock, Double Time and Flashlight together."""
TICKS_BEFORE_END_MS = 10.0
"""Nearer to a slider's end there is no tick."""
HOLD_TICK_MS = 100.0
"""A held note of osu!mania counts up this often, about."""


def n_ticks(item: Slider, beatmap: Beatmap) -> int:
    """How many ticks a slider has in all its spans."""
    velocity = beatmap.velocity_at(item.start_ms) if beatmap.format_version >= 8 else 1.0
    point = beatmap.timing.point_at(item.start_ms)
    if point is not None and math.isnan(point.beat_length):
        return 0
    distance_px = 100.0 * beatmap.slider_multiplier * velocity / beatmap.slider_tick_rate
    if item.span_ms <= 0 or distance_px <= 0:
        return 0
    pace_px = item.length_px / item.span_ms
    last_px = item.length_px - pace_px * TICKS_BEFORE_END_MS
    return max(0, math.ceil(last_px / distance_px) - 1) * item.slides


def max_combo(difficulty: Difficulty) -> int:
    """The combo of a perfect play."""
    beatmap = difficulty.beatmap
    match beatmap.mode:
        case Mode.TAIKO:
            return sum(isinstance(item, Circle) for item in beatmap.hit_objects)
        case Mode.MANIA:
            return sum(
                1 + math.floor(item.duration_ms / HOLD_TICK_MS) if isinstance(item, HoldNote) else 1
                for item in beatmap.hit_objects
            )
        case Mode.OSU | Mode.CATCH:
            spinner = 1 if beatmap.mode is Mode.OSU else 0
            return sum(
                item.slides + 1 + n_ticks(item, beatmap)
                if isinstance(item, Slider)
                else (spinner if isinstance(item, Spinner) else 1)
                for item in beatmap.hit_objects
            )


def greatest_score(difficulty: Difficulty) -> int:
    """The score of a perfect play with all mods that raise it, spinners' bonus left out.

    0 for taiko and mania.
    """
    beatmap = difficulty.beatmap
    if beatmap.mode not in MODS:
        return 0
    factor = _difficulty_factor(beatmap) * MODS[beatmap.mode] / 25.0
    combo, score = 0, 0.0
    for item in beatmap.hit_objects:
        if isinstance(item, Slider):
            ticks, edges = n_ticks(item, beatmap), item.slides + 1
            if beatmap.mode is Mode.CATCH:
                # Every edge is a fruit of its own.
                score += HIT * edges + HIT * factor * (
                    edges * max(0, combo - 1) + edges * (edges - 1) / 2
                )
                combo += edges + ticks
                continue
            score += SLIDER_EDGE * edges + SLIDER_TICK * ticks
            combo += edges + ticks
            score += HIT + HIT * max(0, combo - 1) * factor
        elif isinstance(item, Spinner) and beatmap.mode is Mode.CATCH:
            continue
        else:
            score += HIT + HIT * max(0, combo - 1) * factor
            combo += 1
    return round(score)


def _difficulty_factor(beatmap: Beatmap) -> int:
    hits = beatmap.hit_objects
    if not hits:
        return 0
    drain_s = (beatmap.last_ms - hits[0].start_ms) / 1000.0
    drain_s -= sum(pause.end_ms - pause.start_ms for pause in beatmap.breaks) / 1000.0
    density = min(16.0, max(0.0, len(hits) / drain_s * 8.0)) if drain_s > 0 else 16.0
    return round((beatmap.hp + beatmap.cs + beatmap.od + density) / 38.0 * 5.0)
