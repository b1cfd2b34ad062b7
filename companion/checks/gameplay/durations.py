"""How long a difficulty lasts, with and without its breaks."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.checks.difficulty import Difficulty


def play_ms(difficulty: Difficulty) -> float:
    """From the first object to the end of the last; 0 without objects."""
    objects = difficulty.beatmap.hit_objects
    return difficulty.beatmap.last_ms - objects[0].start_ms if objects else 0.0


def break_ms(difficulty: Difficulty) -> float:
    """How long breaks keep the health from draining: from object to object around each."""
    objects = difficulty.beatmap.hit_objects
    starts = [item.start_ms for item in objects]
    ends = list(accumulate((item.end_ms for item in objects), max))
    total = 0.0
    done_ms = float("-inf")
    for pause in sorted(difficulty.beatmap.breaks, key=lambda one: one.start_ms):
        following = bisect_left(starts, (pause.start_ms + pause.end_ms) / 2)
        if 0 < following < len(starts) and starts[following] > done_ms:
            done_ms = starts[following]
            total += max(0.0, done_ms - ends[following - 1])
    return total


def drain_ms(difficulty: Difficulty) -> float:
    """How long the health drains: the play time without what breaks take."""
    return difficulty.fact(play_ms) - difficulty.fact(break_ms)
