"""The typed view of a document: settings, breaks, timing points and hit objects.

A view is derived and may be lossy; nothing is ever written from it. A line that cannot be read is
left out and named in ``diagnostics``.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import TYPE_CHECKING

from companion.beatmap.numbers import number_or, whole_or
from companion.beatmap.object_lines import ObjectReader
from companion.beatmap.objects import Spinner
from companion.beatmap.ranges import TimeRange
from companion.beatmap.timing import TimingPoint, TimingTable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from companion.beatmap.objects import HitObject

FIRST_LAZER_VERSION = 128
EARLY_VERSION_OFFSET_MS = 24
"""Formats before 5 have all times this much too early."""

SAMPLE_SETS = {"none": 0, "normal": 1, "soft": 2, "drum": 3}


class Mode(IntEnum):
    """The four rulesets, numbered as in ``Mode:``."""

    OSU = 0
    TAIKO = 1
    CATCH = 2
    MANIA = 3


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A line that could not be understood, or the whole file (line -1)."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Break:
    """A break period."""

    start_ms: float
    end_ms: float
    line: int


@dataclass(frozen=True)
class Beatmap:
    """One difficulty, as the game would understand it."""

    format_version: int
    general: Mapping[str, str]
    editor: Mapping[str, str]
    metadata: Mapping[str, str]
    difficulty: Mapping[str, str]
    breaks: tuple[Break, ...]
    timing_points: tuple[TimingPoint, ...]
    """By time; file order is kept for equal times."""
    hit_objects: tuple[HitObject, ...]
    """By time; file order is kept for equal times."""
    diagnostics: tuple[Diagnostic, ...]

    # General

    @property
    def mode(self) -> Mode:
        """The ruleset the map is made for; osu! where the file does not say."""
        value = whole_or(self.general.get("Mode", ""), 0)
        return Mode(value) if 0 <= value <= 3 else Mode.OSU

    @property
    def audio_filename(self) -> str:
        """Name of the song in the map's folder, with forward slashes."""
        return self.general.get("AudioFilename", "").replace("\\", "/")

    @property
    def stack_leniency(self) -> float:
        """How readily objects in one place are stacked, 0 to 1."""
        return number_or(self.general.get("StackLeniency", ""), 0.7)

    @property
    def preview_time_ms(self) -> int:
        """Where the song preview starts; -1 when unset."""
        value = whole_or(self.general.get("PreviewTime", ""), -1)
        return value if value == -1 else value + self.time_offset_ms

    @property
    def default_sample_set(self) -> int:
        """Sample set of timing points that name none: 1 normal, 2 soft, 3 drum."""
        return default_sample_set(self.general)

    @property
    def time_offset_ms(self) -> int:
        """What was added to every time in the file to get the times of this view."""
        return EARLY_VERSION_OFFSET_MS if self.format_version < 5 else 0

    # Metadata

    @property
    def title(self) -> str:
        """Romanised title."""
        return self.metadata.get("Title", "")

    @property
    def title_unicode(self) -> str:
        """Original title; the romanised one where there is none."""
        return self.metadata.get("TitleUnicode", "") or self.title

    @property
    def artist(self) -> str:
        """Romanised artist."""
        return self.metadata.get("Artist", "")

    @property
    def artist_unicode(self) -> str:
        """Original artist; the romanised one where there is none."""
        return self.metadata.get("ArtistUnicode", "") or self.artist

    @property
    def creator(self) -> str:
        """Name of the mapper."""
        return self.metadata.get("Creator", "")

    @property
    def version(self) -> str:
        """Name of the difficulty."""
        return self.metadata.get("Version", "")

    @property
    def source(self) -> str:
        """Where the song comes from."""
        return self.metadata.get("Source", "")

    @property
    def tags(self) -> tuple[str, ...]:
        """Search words."""
        return tuple(self.metadata.get("Tags", "").split())

    @property
    def beatmap_id(self) -> int:
        """Online id of the difficulty; 0 or -1 before upload."""
        return whole_or(self.metadata.get("BeatmapID", ""), 0)

    @property
    def beatmap_set_id(self) -> int:
        """Online id of the set; -1 before upload."""
        return whole_or(self.metadata.get("BeatmapSetID", ""), -1)

    # Difficulty

    @property
    def hp(self) -> float:
        """HP drain rate, 0 to 10."""
        return self._difficulty("HPDrainRate", 5.0, 0.0, 10.0)

    @property
    def cs(self) -> float:
        """Circle size, 0 to 10; the number of keys (1 to 18) in mania."""
        return self._difficulty("CircleSize", 5.0, 0.0, 18.0 if self.mode == Mode.MANIA else 10.0)

    @property
    def od(self) -> float:
        """Overall difficulty, 0 to 10."""
        return self._difficulty("OverallDifficulty", 5.0, 0.0, 10.0)

    @property
    def ar(self) -> float:
        """Approach rate, 0 to 10; equal to ``od`` in old files that have none."""
        return self._difficulty("ApproachRate", self.od, 0.0, 10.0)

    @property
    def slider_multiplier(self) -> float:
        """Base slider velocity in hundreds of osu! pixels per beat, 0.4 to 3.6."""
        return slider_multiplier(self.difficulty)

    @property
    def slider_tick_rate(self) -> float:
        """Slider ticks per beat, 0.5 to 8."""
        return self._tick_rate

    @cached_property
    def _tick_rate(self) -> float:
        # Asked for with every slider.
        return self._difficulty("SliderTickRate", 1.0, 0.5, 8.0)

    @property
    def keycount(self) -> int:
        """Number of mania columns, 1 to 18 (whatever the mode, from the circle size)."""
        return max(1, round(self.cs))

    @property
    def preempt_ms(self) -> float:
        """How long before its time an object appears."""
        if self.ar > 5:
            return 1200.0 - 150.0 * (self.ar - 5.0)
        return 1200.0 + 120.0 * (5.0 - self.ar)

    def _difficulty(self, key: str, default: float, low: float, high: float) -> float:
        return min(high, max(low, number_or(self.difficulty.get(key, ""), default)))

    # Editor

    @property
    def bookmarks(self) -> tuple[int, ...]:
        """Bookmarked times in ms, as written."""
        parts = self.editor.get("Bookmarks", "").split(",")
        return tuple(value for part in parts if (value := whole_or(part, -1)) >= 0)

    @property
    def beat_divisor(self) -> int:
        """The snap divisor the editor was left at."""
        return max(1, whole_or(self.editor.get("BeatDivisor", ""), 4))

    # Timing

    @cached_property
    def timing(self) -> TimingTable:
        """Look-up of the governing timing points."""
        return TimingTable(self.timing_points)

    @property
    def red_lines(self) -> tuple[TimingPoint, ...]:
        """The uninherited timing points, by time."""
        return self.timing.red_lines

    def timing_at(self, ms: float) -> TimingPoint | None:
        """The red line that governs a moment; the first also governs what lies before it."""
        return self.timing.red_at(ms)

    def velocity_at(self, ms: float) -> float:
        """Slider velocity multiplier at a moment, 0.1 to 10."""
        return self.timing.velocity_at(ms)

    def kiai_at(self, ms: float) -> bool:
        """Whether a moment lies in kiai time."""
        return self.timing.kiai_at(ms)

    def sample_point_at(self, ms: float) -> TimingPoint | None:
        """The timing point that an object at a moment takes its sounds from (5 ms leniency)."""
        return self.timing.sample_point_at(ms)

    @cached_property
    def kiai_ranges(self) -> tuple[TimeRange, ...]:
        """Stretches of kiai time."""
        return self.timing.kiai_ranges(self.last_ms)

    @cached_property
    def last_ms(self) -> float:
        """End of the last object; 0 in an empty map."""
        return max((o.end_ms for o in self.hit_objects), default=0.0)

    @cached_property
    def mapped_range(self) -> TimeRange | None:
        """From the first object to the end of the last one, which it contains; None without any."""
        if not self.hit_objects:
            return None
        first_ms = min(item.start_ms for item in self.hit_objects)
        return TimeRange(math.floor(first_ms), math.floor(self.last_ms) + 1)

    @cached_property
    def object_reader(self) -> ObjectReader:
        """Reads further object lines as if they stood in this map."""
        return object_reader_of(self.timing, self.difficulty, self.format_version)

    # Combos

    @cached_property
    def combo_numbers(self) -> tuple[int, ...]:
        """The number each of ``hit_objects`` shows, 1 for the first of a combo.

        The first object, and the first after a spinner or a break, begin a combo in any case.
        """
        numbers: list[int] = []
        break_ends = sorted(b.end_ms for b in self.breaks)
        number, forced, breaks_seen = 0, True, 0
        for item in self.hit_objects:
            breaks_before = bisect_left(break_ends, item.start_ms)
            fresh = forced or item.new_combo or breaks_before > breaks_seen
            number = 1 if fresh else number + 1
            numbers.append(number)
            forced, breaks_seen = isinstance(item, Spinner), breaks_before
        return tuple(numbers)

    @cached_property
    def combo_number_by_line(self) -> Mapping[int, int]:
        """Combo numbers by the objects' lines."""
        return {
            item.line: number
            for item, number in zip(self.hit_objects, self.combo_numbers, strict=True)
        }


def default_sample_set(general: Mapping[str, str]) -> int:
    """Sample set named in ``[General]``; normal where there is none."""
    text = general.get("SampleSet", "").lower()
    value = SAMPLE_SETS.get(text, whole_or(text, 1))
    return value if 1 <= value <= 3 else 1


def slider_multiplier(difficulty: Mapping[str, str]) -> float:
    """Base slider velocity, held in the range the game allows."""
    return min(3.6, max(0.4, number_or(difficulty.get("SliderMultiplier", ""), 1.4)))


def object_reader_of(
    timing: TimingTable, difficulty: Mapping[str, str], version: int
) -> ObjectReader:
    """A reader for the object lines of a map with these settings."""
    return ObjectReader(
        timing,
        slider_multiplier(difficulty),
        EARLY_VERSION_OFFSET_MS if version < 5 else 0,
        fractional_positions=version >= FIRST_LAZER_VERSION,
    )
