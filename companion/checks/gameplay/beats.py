"""Beats of the ranking criteria: rhythms are judged as if every song had a usual tempo.

The criteria speak of about 180 BPM and ask for other tempos to be scaled ("Scaling BPM on the
ranking criteria"). The two formulas here are those of Mapset Verifier.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.beatmap import Beatmap, TimingPoint

SLOWEST_MS, MIDDLE_MS, FASTEST_MS = 60_000 / 110, 60_000 / 130, 60_000 / 270
LENIENCY_MS = 2.0
"""Times are whole milliseconds, so a gap may look this much longer or shorter than it is meant."""


def usual_beat_ms(red: TimingPoint) -> float | None:
    """A beat as a taiko player would count it, at 130 to 270 BPM; None without a tempo."""
    beat = red.beat_length
    if not 0.0 < beat < float("inf"):
        return None
    while beat <= FASTEST_MS:
        beat *= 2
    while beat >= SLOWEST_MS:
        beat /= 2
    if beat >= MIDDLE_MS:
        beat /= 1.5
    return beat


def usual_beat_at(beatmap: Beatmap, ms: float) -> float | None:
    """The usual beat at a moment; None without a tempo."""
    red = beatmap.timing_at(ms)
    return None if red is None else usual_beat_ms(red)


def tempo_factor(red: TimingPoint) -> float:
    """How much the criteria stretch for a tempo: 1 at 180 BPM, 2 at 240, never below 0.43."""
    bpm = red.bpm
    return bpm * bpm / 14_400 - bpm / 80 + 1
