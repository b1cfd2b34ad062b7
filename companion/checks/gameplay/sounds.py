"""What each edge of each object plays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from companion.beatmap import Circle, HoldNote, Slider
from companion.beatmap.timing import SAMPLE_LENIENCY_MS
from companion.checks.check import edge_numbers

if TYPE_CHECKING:
    from companion.beatmap import HitObject
    from companion.checks.difficulty import Difficulty

WHISTLE, FINISH, CLAP = 2, 4, 8
ADDITIONS = WHISTLE | FINISH | CLAP


class Sound(NamedTuple):
    """What one edge of an object plays."""

    item: HitObject
    node: int
    """0 for a head; a spinner has its end alone, as 1."""
    time_ms: float
    hitsound: int
    """Whistle, finish and clap bits."""
    normal_set: int
    """1 normal, 2 soft, 3 drum; the timing point's where the object names none."""
    addition_set: int
    custom_index: int
    """Custom index: 0 the player's own skin, 1 files without a number, 2 and more with it."""
    volume: int
    """Percent."""

    @property
    def custom(self) -> bool:
        """Whether the object names a sample file of its own."""
        return bool(self.item.sample.filename)

    @property
    def active(self) -> bool:
        """Whether the player has to press something for it."""
        return self.node == 0

    @property
    def additions(self) -> int:
        """The additions among its bits."""
        return self.hitsound & ADDITIONS


def sounds(difficulty: Difficulty) -> tuple[Sound, ...]:
    """The sounds of all edges, object by object, head to end; a spinner sounds at its end only."""
    beatmap = difficulty.beatmap
    edges: list[tuple[HitObject, int, float, int, int, int]] = []
    for item in beatmap.hit_objects:
        if isinstance(item, Slider):
            edges += _edges_of(item)
        else:
            active, sample = isinstance(item, Circle | HoldNote), item.sample
            ms = item.start_ms if active else item.end_ms
            sets = sample.normal_set, sample.addition_set
            edges.append((item, int(not active), ms, item.hitsound, *sets))
    points = beatmap.timing.points
    at = np.array([edge[2] for edge in edges], dtype=np.float64) + SAMPLE_LENIENCY_MS
    starts = np.array([point.time_ms for point in points])
    governing: list[int] = np.maximum(0, np.searchsorted(starts, at, side="right") - 1).tolist()
    lines = [(point.sample_set, point.sample_index, point.volume) for point in points]
    lines = lines or [(beatmap.default_sample_set, 0, 100)]
    found: list[Sound] = []
    for (item, node, ms, hitsound, normal, addition), index in zip(edges, governing, strict=True):
        line_set, line_index, line_volume = lines[index]
        played_set = normal or line_set
        sample = item.sample
        found.append(
            Sound(
                item,
                node,
                ms,
                hitsound,
                played_set,
                addition or played_set,
                sample.index or line_index,
                sample.volume or line_volume,
            )
        )
    return tuple(found)


def _edges_of(item: Slider) -> list[tuple[HitObject, int, float, int, int, int]]:
    """Object, node, time, bits, normal and addition set of a slider's edges."""
    return [
        (
            item,
            node,
            item.end_ms if node == item.slides else item.start_ms + node * item.span_ms,
            item.edge_sounds[node],
            *item.edge_sets[node],
        )
        for node in edge_numbers(item)
    ]
