"""Beats that most of many hearings agree on.

Every hearing of a song times its beats to 10 ms; where windows begin changes from one to the next,
and so do the errors. Added up (`BeatBallot`) the beats stand out as peaks, from which the tempo of
each stretch and then the beats themselves are read: from the clearest peak on, to both sides, one
beat length at a time. The numbers are those of the published tool.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from companion.engine.events import Event, EventType
from companion.engine.peaks import find_peaks
from companion.engine.vocabulary import MS_PER_STEP
from companion.errors import NoBeatHeard

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from companion.engine.beat_votes import BeatVotes
    from companion.engine.peaks import Peaks

    Curve = NDArray[np.float64]

RED_LINE_WEIGHT = 2
PEAK_DISTANCE_MS = 50
PEAK_PROMINENCE = 0.1
PEAK_WIDTH_MS = 2
PEAK_REACH_MS = 50
TEMPO_REACH_MS = 200
"""Gaps that begin this close to a peak have a say in its tempo."""
TEMPO_STEPS = range(20, 100)
"""Edges of the bins in which gaps are counted, in 10 ms steps; the last bin has both its edges."""
TEMPO_SPREAD = 1.5
"""Tempos further than this factor from the median are multiples or fractions of what is meant."""
SNAP_LOSS, OTHER_TEMPO_LOSS = 60, 300
"""Distance from the expected moment in ms over prominence: below the first a peak is the next beat,
below the second it belongs to a stretch of another tempo."""
SEAM_MS = 200
"""Two walks keep this far from each other, so that no beats crowd where they meet."""
JUDGED_MS = 10
"""Votes so close to a beat say what kind it is."""
LEAST_EVIDENCE = 1
PHASE_MEASURES = 3
"""Measures to each side that are looked at for where measures begin."""
USUAL_METER = 4
TEMPO_MAJORITY = 0.1


@dataclass(frozen=True, slots=True)
class SuperTimingOptions:
    """How votes become beats."""

    tempo_majority: float = TEMPO_MAJORITY
    """Share of the gaps around a peak that have to agree on its tempo."""
    types_first: bool = True
    """Order of the events that come out."""
    original_quirks: bool = False
    """Whether to repeat what Mapperatorinator gets wrong: a song without beats is an `IndexError`,
    votes for beats in the first 10 ms are not seen, beats may be walked back to, and red lines that
    end a measure's count are looked for at the song's start."""


def settle_beats(votes: BeatVotes, options: SuperTimingOptions | None = None) -> list[Event]:
    """The beats that the votes agree on, each as a kind and a time, in song time.

    Raises:
        NoBeatHeard: There is nothing to agree on.
    """
    options = options or SuperTimingOptions()
    if not len(votes.gap_steps):
        if options.original_quirks:
            raise IndexError("no gap between two beats was counted")
        raise no_beat()
    curve = votes.beats + votes.measures + votes.red_lines * RED_LINE_WEIGHT
    peaks = find_peaks(
        curve,
        distance=PEAK_DISTANCE_MS,
        prominence=PEAK_PROMINENCE,
        width=PEAK_WIDTH_MS,
        reach=PEAK_REACH_MS,
    )
    if not len(peaks) and not options.original_quirks:
        raise no_beat()
    bpms, is_certain = _tempos(votes, peaks, options.tempo_majority)
    walker = _Walker(peaks, bpms, is_certain, votes.length_ms, quirks=options.original_quirks)
    times_ms = sorted(walker.beats())
    kinds = _BeatKinds(votes, times_ms, quirks=options.original_quirks).settled()
    events: list[Event] = []
    for kind, ms in zip(kinds, times_ms, strict=True):
        pair = (Event(kind, 0, ms), Event(EventType.TIME_SHIFT, ms, ms))
        events.extend(pair if options.types_first else reversed(pair))
    return events


def no_beat() -> NoBeatHeard:
    """The error of a song in which nothing was heard."""
    return NoBeatHeard(
        "No beat was found in this song. It may be too short, too quiet or without a steady beat; "
        "set its timing by hand."
    )


# Tempos


def _tempos(votes: BeatVotes, peaks: Peaks, majority: float) -> tuple[Curve, NDArray[np.bool_]]:
    """The tempo around each peak in BPM, and whether it was heard there or taken from elsewhere."""
    bpms = np.array([_tempo_at(votes, place, majority) for place in peaks.places.tolist()])
    is_certain = ~np.isnan(bpms)
    median = 60_000 / (float(np.median(votes.gap_steps)) * MS_PER_STEP)
    bpms = bpms / np.ceil(bpms / (median * TEMPO_SPREAD))
    bpms = bpms * np.ceil((median / TEMPO_SPREAD) / bpms)
    return _gaps_filled(bpms, median), is_certain


def _tempo_at(votes: BeatVotes, place: int, majority: float) -> float:
    """The tempo that most gaps around a moment have; nan when too few agree."""
    first = np.searchsorted(votes.gap_times_ms, place - TEMPO_REACH_MS, side="right")
    past = np.searchsorted(votes.gap_times_ms, place + TEMPO_REACH_MS, side="left")
    counts, steps = np.histogram(votes.gap_steps[first:past], bins=list(TEMPO_STEPS))
    if not counts.max() > majority * counts.sum():
        return math.nan
    return 60_000 / (int(steps[np.argmax(counts)]) * MS_PER_STEP)


def _gaps_filled(bpms: Curve, otherwise: float) -> Curve:
    """Take each missing tempo from the nearest peak, the earlier one when both are as near.

    What has been filled in counts for the peaks after it, so a gap is filled from its left.
    """
    filled = bpms.copy()
    known = np.flatnonzero(~np.isnan(bpms))
    for i in np.flatnonzero(np.isnan(bpms)).tolist():
        if i > 0:
            filled[i] = filled[i - 1]
        else:
            filled[i] = bpms[known[0]] if len(known) else otherwise
    return filled


# Beats


class _Walker:
    """Walks from peak to peak, the clearest first."""

    def __init__(
        self,
        peaks: Peaks,
        bpms: Curve,
        is_certain: NDArray[np.bool_],
        length_ms: int,
        *,
        quirks: bool,
    ) -> None:
        self._quirks = quirks
        self._places = peaks.places
        self._prominences = peaks.prominences
        self._periods_ms = 60_000 / bpms
        self._is_certain = is_certain
        self._length_ms = length_ms
        self._todo = np.ones(len(peaks), bool)
        self._walked: list[tuple[float, float]] = []
        self._beats: list[int] = []

    def beats(self) -> list[int]:
        """All beats in ms, in the order they were found."""
        for start in np.argsort(-self._prominences, kind="stable").tolist():
            if not self._todo[start]:
                continue
            self._todo[start] = False
            self._beats.append(int(self._places[start]))
            self._walk(start, 1)
            self._walk(start, -1)
        return self._beats

    def _walk(self, start: int, direction: int) -> None:
        start_ms = float(self._places[start])
        end_ms = self._last_step(start, direction)
        low_ms, high_ms = (start_ms, end_ms) if direction > 0 else (end_ms, start_ms)
        self._walked.append((low_ms - SEAM_MS, high_ms + SEAM_MS))
        self._done_between(low_ms - SEAM_MS, high_ms + SEAM_MS)

    def _last_step(self, start: int, direction: int) -> float:
        """Take beats one period apart for as long as it goes; gives where that was."""
        time_ms, period_ms = float(self._places[start]), float(self._periods_ms[start])
        visited = {start}
        while True:
            before_ms = time_ms
            time_ms += direction * period_ms
            if not 0 <= time_ms < self._length_ms:
                self._done_between(min(before_ms, time_ms), max(before_ms, time_ms))
                return time_ms
            losses = np.abs(self._places - time_ms) / self._prominences
            nearest = int(np.argmin(losses))
            is_snapped = losses[nearest] < SNAP_LOSS
            if is_snapped:
                time_ms, period_ms = float(self._places[nearest]), float(self._periods_ms[nearest])
            elif losses[nearest] < OTHER_TEMPO_LOSS and self._is_certain[nearest]:
                return time_ms - direction * period_ms
            # Otherwise nothing was heard near here, and the beat goes on in silence.
            # So many votes may lie in one place that they outweigh the way back to it, for ever.
            if direction * (time_ms - before_ms) <= 0 and not self._quirks:
                return before_ms
            if any(low <= time_ms <= high for low, high in self._walked):
                return time_ms
            if is_snapped and nearest in visited:
                return before_ms
            if is_snapped:
                visited.add(nearest)
            self._beats.append(int(time_ms))

    def _done_between(self, low_ms: float, high_ms: float) -> None:
        self._todo &= ~((low_ms <= self._places) & (self._places <= high_ms))


# Kinds


class _BeatKinds:
    """Which of the beats begin red lines and measures."""

    def __init__(self, votes: BeatVotes, times_ms: Sequence[int], *, quirks: bool) -> None:
        self._quirks = quirks
        n = len(times_ms)
        beats = self._heard(votes.beats, times_ms)
        measures = self._heard(votes.measures, times_ms)
        red_lines = self._heard(votes.red_lines, times_ms)
        self._evidence = [measures[i] + red_lines[i] for i in range(n)]
        self._kinds = [
            EventType.TIMING_POINT
            if red_lines[i] > beats[i]
            and red_lines[i] > measures[i]
            and beats[i] + measures[i] + red_lines[i] > LEAST_EVIDENCE
            else EventType.BEAT
            for i in range(n)
        ]
        self._meter = self._usual_meter(votes.meters)

    def settled(self) -> list[EventType]:
        """The kinds, with measures of the usual length where nothing speaks against it."""
        skipped, until_measure = 0, 0
        for i, kind in enumerate(self._kinds):
            if skipped:
                skipped -= 1
            elif until_measure:
                until_measure -= 1
                if until_measure == 0 and kind is not EventType.TIMING_POINT:
                    self._kinds[i] = EventType.MEASURE
                    skipped = self._meter - 1
            elif kind is not EventType.TIMING_POINT:
                until_measure = int(np.argmax([self._score(i, k) for k in range(self._meter)]))
                self._kinds[i] = EventType.BEAT if until_measure else EventType.MEASURE
                skipped = 0 if until_measure else self._meter - 1
        return self._kinds

    def _score(self, i: int, phase: int) -> float:
        """How much was heard where measures would begin, if one began `phase` beats after `i`."""
        score, n = 0.0, 0
        for measure in range(-PHASE_MEASURES, PHASE_MEASURES + 1):
            place = i + measure * self._meter + phase
            if 0 <= place < len(self._kinds) and not self._is_cut(i, measure, place):
                score += self._evidence[place]
                n += 1
        return score / n if n else 0

    def _is_cut(self, i: int, measure: int, place: int) -> bool:
        """Whether a red line between two beats begins its own count of measures."""
        if self._quirks:
            sign = 1 if measure > 0 else -1
            between = [self._kinds[k * sign] for k in range(1, abs(measure))]
        else:
            between = self._kinds[min(i, place) + 1 : max(i, place)]
        return EventType.TIMING_POINT in between

    def _heard(self, curve: Curve, times_ms: Sequence[int]) -> list[float]:
        """Votes around each beat."""
        starts = [ms - JUDGED_MS if self._quirks else max(ms - JUDGED_MS, 0) for ms in times_ms]
        return [
            curve[start : ms + JUDGED_MS].sum() for start, ms in zip(starts, times_ms, strict=True)
        ]

    @staticmethod
    def _usual_meter(meters: Sequence[int]) -> int:
        return int(np.median(meters)) if meters else USUAL_METER
