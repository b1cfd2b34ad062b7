"""The stretches of a song that its red lines govern, and the tempo of most of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap.timing import TimingPoint


@dataclass(frozen=True, slots=True)
class TempoSection:
    """What one red line governs."""

    red_line: TimingPoint
    end_ms: float
    """Where the next one begins, or the song ends."""


def tempo_sections(red_lines: Sequence[TimingPoint], end_ms: float) -> tuple[TempoSection, ...]:
    """The sections of a song of this length, one for each red line, in their order."""
    ends_ms = [following.time_ms for _, following in pairwise(red_lines)]
    pairs = zip(red_lines, [*ends_ms, end_ms], strict=False)
    return tuple(TempoSection(red_line, until_ms) for red_line, until_ms in pairs)


def main_bpm(sections: Sequence[TempoSection]) -> float:
    """The tempo that governs most of the song, to three decimals; there is at least one section."""
    lengths_ms: dict[float, float] = {}
    for section in sections:
        bpm = round(section.red_line.bpm, 3)
        length_ms = section.end_ms - section.red_line.time_ms
        lengths_ms[bpm] = lengths_ms.get(bpm, 0) + length_ms
    return max(lengths_ms, key=lambda bpm: lengths_ms[bpm])
