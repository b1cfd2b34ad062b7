"""What falls in osu!catch: fruits and droplets, and how hard it is to get from one to the next.

Source: lazer ``CatchBeatmapProcessor`` and ``JuiceStream``. The random offsets of tiny droplets
and bananas are left out, as neither takes part in hyperdashes.
"""

from __future__ import annotations

from enum import Enum
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from companion.beatmap import Circle, Slider
from companion.checks.gameplay.difficulty import catcher_width_px
from companion.checks.gameplay.paths import slider_paths
from companion.checks.gameplay.sliders import Part, slider_events, tick_distances_px

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import HitObject
    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.sliders import SliderEvent

PLAYFIELD_PX = 512.0
GRACE_MS = 1000.0 / 60.0 / 4.0
"""A quarter of a frame less than the time between two objects is there to move."""
DASH_PX_PER_MS = 1.0
MAX_FALLING = 200_000
"""Streams that would make the map hold more than this many are reduced to head and tail."""


class FallingKind(Enum):
    """What falls."""

    FRUIT = "fruit"
    HEAD = "slider head"
    DROPLET = "droplet"
    REPEAT = "slider repeat"
    TAIL = "slider tail"


KINDS = {
    Part.HEAD: FallingKind.HEAD,
    Part.TICK: FallingKind.DROPLET,
    Part.REPEAT: FallingKind.REPEAT,
    Part.TAIL: FallingKind.TAIL,
}


_Part: TypeAlias = "tuple[FallingKind, float, float, HitObject]"
"""Kind, time, place and object of what falls."""


class Falling(NamedTuple):
    """One fruit or droplet that has to be caught."""

    kind: FallingKind
    time_ms: float
    x: float
    item: HitObject
    """The object it is a part of."""
    hyperdash: bool = False
    """Whether the next one can be reached by hyperdash only."""
    to_hyperdash_px: float = 0.0
    """How much farther away the next one would have to be to need a hyperdash."""

    @property
    def in_slider(self) -> bool:
        """Whether it is a part of a juice stream after its head."""
        return self.kind not in (FallingKind.FRUIT, FallingKind.HEAD)


def falling_objects(difficulty: Difficulty) -> tuple[Falling, ...]:
    """A fact: fruits and droplets by time, with hyperdashes; no tiny droplets, no bananas."""
    beatmap = difficulty.beatmap
    paths = difficulty.fact(slider_paths)
    ticks_px = difficulty.fact(tick_distances_px)
    found: list[_Part] = []
    for index, item in enumerate(beatmap.hit_objects):
        if isinstance(item, Circle):
            found.append((FallingKind.FRUIT, item.start_ms, _on_playfield(item.x), item))
        elif isinstance(item, Slider):
            moved = _on_playfield(item.x) - item.x
            for part, time_ms, progress in _events(item, ticks_px[index], len(found)):
                x = _on_playfield(moved + paths.place(index, progress)[0])
                found.append((KINDS[part], time_ms, x, item))
    found.sort(key=itemgetter(1))
    return _with_hyperdashes(found, catcher_width_px(beatmap.cs) / 2)


def _on_playfield(x: float) -> float:
    return min(PLAYFIELD_PX, max(0.0, x))


def _events(item: Slider, ticks_px: float, so_far: int) -> list[SliderEvent]:
    events = [e for e in slider_events(item, ticks_px) if e.part is not Part.LAST_TICK]
    if so_far + len(events) > MAX_FALLING:
        return [events[0], events[-1]]
    return events


def _with_hyperdashes(found: Sequence[_Part], half_catcher_px: float) -> tuple[Falling, ...]:
    result: list[Falling] = []
    last_direction, last_excess = 0, half_catcher_px
    for here, (_, next_ms, next_x, _) in pairwise(found):
        _, time_ms, x, _ = here
        direction = 1 if next_x > x else -1
        reach = last_excess if direction == last_direction else half_catcher_px
        time_to_dash_ms = int(next_ms) - int(time_ms) - GRACE_MS
        spare = time_to_dash_ms * DASH_PX_PER_MS - (abs(next_x - x) - reach)
        if spare < 0:
            result.append(Falling(*here, hyperdash=True))
            last_excess = half_catcher_px
        else:
            result.append(Falling(*here, to_hyperdash_px=spare))
            last_excess = min(half_catcher_px, spare)
        last_direction = direction
    return (*result, *(Falling(*last) for last in found[-1:]))
