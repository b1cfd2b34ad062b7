"""What an osu!taiko player hits and sees: notes and their neighbours, and bar lines.

Sources: lazer ``BarLineGenerator`` and ``TaikoBeatmapConverter`` for what there is; Mapset Verifier
for what counts as a pattern: a run of notes, parted where the gap on one side is the larger one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from companion.beatmap import Circle
from companion.checks.gameplay.beats import usual_beat_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import Beatmap, HitObject, TimingPoint
    from companion.checks.difficulty import Difficulty

WHISTLE_BIT, FINISH_BIT, CLAP_BIT = 2, 4, 8
MAX_BAR_LINES = 50_000
"""More of them come of tempos that nobody plays."""


def is_kat(item: HitObject) -> bool:
    """Whether a note is played on the rim."""
    return bool(item.hitsound & (WHISTLE_BIT | CLAP_BIT))


def is_finisher(item: HitObject) -> bool:
    """Whether a note is a big one."""
    return bool(item.hitsound & FINISH_BIT)


@dataclass(frozen=True, slots=True)
class Note:
    """A note among the objects around it."""

    item: Circle
    before: HitObject | None
    after: HitObject | None
    beat_ms: float | None
    """Length of a beat at a usual tempo; None without one."""

    @property
    def gap_before_ms(self) -> float:
        """Time since the note before it; infinite after anything else."""
        if self.before is None or not isinstance(self.before, Circle):
            return math.inf
        return self.item.start_ms - self.before.start_ms

    @property
    def gap_after_ms(self) -> float:
        """Time to the note after it; infinite before anything else."""
        if self.after is None or not isinstance(self.after, Circle):
            return math.inf
        return self.after.start_ms - self.item.start_ms

    @property
    def in_pattern(self) -> bool:
        """Whether there is a note on either side of it."""
        return min(self.gap_before_ms, self.gap_after_ms) < math.inf

    @property
    def begins_pattern(self) -> bool:
        """Whether the notes after it are nearer than those before it."""
        return self.gap_before_ms == math.inf or self.gap_after_ms < self.gap_before_ms

    @property
    def ends_pattern(self) -> bool:
        """Whether the notes before it are nearer than those after it."""
        return self.gap_after_ms == math.inf or self.gap_before_ms < self.gap_after_ms

    @property
    def changes_colour(self) -> bool:
        """Whether it differs in colour from what comes before it."""
        return self.before is None or is_kat(self.before) != is_kat(self.item)


def taiko_notes(difficulty: Difficulty) -> tuple[Note, ...]:
    """A fact: the notes by time, without drumrolls and dendens."""
    objects = difficulty.beatmap.hit_objects
    return tuple(
        Note(
            item,
            objects[n - 1] if n else None,
            objects[n + 1] if n + 1 < len(objects) else None,
            usual_beat_at(difficulty.beatmap, item.start_ms),
        )
        for n, item in enumerate(objects)
        if isinstance(item, Circle)
    )


@dataclass(frozen=True)
class BarLines:
    """The bar lines of a map, by time."""

    times_ms: tuple[float, ...]

    def next_after(self, ms: float) -> float | None:
        """The first bar line after a moment."""
        index = bisect_right(self.times_ms, ms)
        return self.times_ms[index] if index < len(self.times_ms) else None

    def last_before(self, ms: float) -> float | None:
        """The last bar line before a moment."""
        index = bisect_right(self.times_ms, math.nextafter(ms, -math.inf))
        return self.times_ms[index - 1] if index else None

    @cached_property
    def shown(self) -> frozenset[float]:
        """The times as a set."""
        return frozenset(self.times_ms)


def bar_ms(red: TimingPoint) -> float | None:
    """Length of a bar; None without a tempo."""
    length = red.beat_length * red.meter
    return length if 0.0 < length < math.inf else None


def bar_lines(difficulty: Difficulty) -> BarLines:
    """A fact: the bar lines that are shown, from the song's start to one bar past the last object.

    Where a red line asks to omit its first bar line, that one is missing.
    """
    beatmap = difficulty.beatmap
    if not beatmap.hit_objects:
        return BarLines(())
    reds = beatmap.red_lines
    times: list[float] = []
    for red, following in zip(reds, (*reds[1:], None), strict=False):
        length = bar_ms(red)
        if length is None:
            continue
        until = following.time_ms if following else beatmap.last_ms + 1 + length
        times += _of_section(red, length, _song_start(beatmap), until, MAX_BAR_LINES - len(times))
    return BarLines(tuple(times))


def _song_start(beatmap: Beatmap) -> float:
    return min(0.0, beatmap.hit_objects[0].start_ms)


def _of_section(
    red: TimingPoint, length: float, song_start: float, until: float, most: int
) -> Iterator[float]:
    number = max(0, math.ceil((song_start - red.time_ms) / length))
    if red.omit_bar_line:
        number = max(number, 1)
    for count in range(most):
        at = red.time_ms + (number + count) * length
        # Sums of fractions stray from the whole millisecond that is meant.
        at = round(at) if abs(at - round(at)) < 1e-6 else at
        if at >= until:
            return
        yield at
