"""What an osu!mania player presses at one time, and how fast notes scroll.

A map's main tempo is the one that lasts longest; a normalised map has green lines that make every
other tempo scroll as fast (the number in parentheses after the BPM in the song selection).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.beatmap import Beatmap, HitObject
    from companion.checks.difficulty import Difficulty

SHORTEST_HOLD_MS = 20.0
"""A long note shorter than this cannot be held."""


def chords(difficulty: Difficulty) -> tuple[tuple[HitObject, ...], ...]:
    """A fact: what is pressed at one time (to the millisecond), by time; also single notes."""
    groups: dict[int, list[HitObject]] = {}
    for item in difficulty.beatmap.hit_objects:
        groups.setdefault(round(item.start_ms), []).append(item)
    return tuple(tuple(group) for group in groups.values())


def notes_per_column(beatmap: Beatmap) -> tuple[int, ...]:
    """How many notes each column has, from the left."""
    keycount = beatmap.keycount
    counts = [0] * keycount
    places = {item.x: item for item in beatmap.hit_objects}
    for x, count in Counter(item.x for item in beatmap.hit_objects).items():
        counts[places[x].column(keycount)] += count
    return tuple(counts)


def main_bpm(difficulty: Difficulty) -> float:
    """A fact: the tempo that lasts longest until the last object ends; 0 without one."""
    beatmap = difficulty.beatmap
    lasting: dict[float, float] = {}
    reds = [red for red in beatmap.red_lines if red.bpm > 0]
    for red, following in zip(reds, (*reds[1:], None), strict=False):
        until = min(following.time_ms, beatmap.last_ms) if following else beatmap.last_ms
        bpm = round(red.bpm, 2)
        # The first red line also governs what lies before it.
        start = min(0.0, red.time_ms) if red is reds[0] else red.time_ms
        lasting[bpm] = lasting.get(bpm, 0.0) + max(0.0, until - start)
    return max(lasting, key=lambda bpm: lasting[bpm], default=0.0)
