"""How fast the easiest difficulties scroll."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TimeRange
from companion.checks.check import DifficultyCheck, Issue
from companion.checks.gameplay.taiko import bar_lines
from companion.checks.level import Level, level_name
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import TimingPoint
    from companion.checks.difficulty import Difficulty

SAME_SPEED_BPM = 1.0


@dataclass(frozen=True, slots=True)
class Section:
    """The time from one line to the next."""

    point: TimingPoint
    bpm: float
    end_ms: float

    @property
    def speed(self) -> float:
        """Scroll speed, as the tempo that scrolls like that at the multiplier 1."""
        return self.point.scroll_speed * self.bpm


def find_changes(difficulty: Difficulty) -> Iterator[Issue]:
    """Green lines that scroll faster or slower than most of the map."""
    sections = _sections(difficulty)
    lasting: dict[float, float] = {}
    for section in sections:
        speed = round(section.speed, 2)
        lasting[speed] = lasting.get(speed, 0.0) + section.end_ms - section.point.time_ms
    usual = max(lasting, key=lambda speed: lasting[speed], default=0.0)
    for section in sections:
        if section.point.uninherited or abs(section.speed - usual) <= SAME_SPEED_BPM:
            continue
        yield Issue(
            severity=Severity.WARNING,
            message=(
                f"The scroll speed changes to {section.point.scroll_speed:.2f}×; most of the map "
                f"scrolls like {usual / section.bpm:.2f}× here, which suits "
                f"{level_name(difficulty.level, Mode.TAIKO)} better."
            ),
            at=TimeRange(int(section.point.time_ms), math.ceil(section.end_ms)),
            detail=f"{section.point.scroll_speed:.2f}",
        )


def _sections(difficulty: Difficulty) -> list[Section]:
    """The sections in which there is something to see."""
    beatmap = difficulty.beatmap
    points = sorted(beatmap.timing_points, key=lambda p: (p.time_ms, not p.uninherited))
    lines = difficulty.fact(bar_lines)
    starts = sorted(item.start_ms for item in beatmap.hit_objects)
    found: list[Section] = []
    number = 0
    for point, following in zip(points, (*points[1:], None), strict=False):
        end_ms = min(following.time_ms, beatmap.last_ms) if following else beatmap.last_ms
        red = beatmap.timing_at(point.time_ms)
        if end_ms <= point.time_ms or red is None or red.bpm <= 0:
            continue
        while number < len(starts) and starts[number] < point.time_ms:
            number += 1
        line_ms = lines.next_after(math.nextafter(point.time_ms, -math.inf))
        has_object = number < len(starts) and starts[number] < end_ms
        if has_object or (line_ms is not None and line_ms < end_ms):
            found.append(Section(point, red.bpm, end_ms))
    return found


CHECKS = (
    DifficultyCheck(
        code="taiko_low_level_scroll",
        title="Changes of scroll speed in easy difficulties",
        category="Timing",
        cause=(
            "In Kantan or Futsuu a green line makes objects or bar lines scroll more than 1 BPM "
            "faster or slower than most of the map."
        ),
        criterion="Scroll speed should hardly change in the easiest difficulties.",
        answers=("MapsetVerifier:LowDiffScrollSpeed",),
        severities=(Severity.WARNING,),
        modes=frozenset({Mode.TAIKO}),
        levels=frozenset({Level.EASY, Level.NORMAL}),
        find=find_changes,
    ),
)
