"""What many hearings of one song say about its beats, millisecond by millisecond."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from companion.engine.events import BEAT_TYPES, TYPES, EventType
from companion.engine.peaks import smooth
from companion.engine.vocabulary import MS_PER_STEP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from companion.engine.events import Event

    Curve = NDArray[np.float64]

SIGMA_MS = 10
"""Each vote counts for the moments around it, too: times are only known to 10 ms."""
FULL_VOTE = 50
"""Scale of the curves, so that they do not depend on the number of hearings."""
SHORTEST_BEAT_STEPS, LONGEST_BEAT_STEPS = 21, 99
"""Gaps between two beats that count as a beat's length, in 10 ms steps."""


@dataclass(frozen=True, slots=True, eq=False)
class BeatVotes:
    """The votes of some hearings of a song of `length_ms`."""

    beats: Curve
    """How often a plain beat was heard around each millisecond, shape = (length_ms,)."""
    measures: Curve
    """The same for beats that begin a measure."""
    red_lines: Curve
    """The same for beats at which a red line begins."""
    gap_times_ms: NDArray[np.int64]
    """When each gap between two beats began, in order, shape = (n_gaps,)."""
    gap_steps: NDArray[np.int64]
    """How long it was in 10 ms steps, shape = (n_gaps,)."""
    meters: tuple[int, ...]
    """Beats of each measure that was heard to its end."""

    @property
    def length_ms(self) -> int:
        """Length of the song."""
        return len(self.beats)


class BeatBallot:
    """Collects the votes; one is cast per hearing."""

    def __init__(self, length_ms: int, *, types_first: bool) -> None:
        self._types_first = types_first
        self._counts = {kind: np.zeros(length_ms) for kind in BEAT_TYPES}
        self._length_ms = length_ms
        self._gaps: list[tuple[int, int]] = []
        self._meters: list[int] = []
        self._n_hearings = 0

    def cast(self, events: Iterable[Event], offset_ms: int = 0) -> None:
        """Count the beats of one hearing.

        Args:
            events: What was heard; anything but beats is left out.
            offset_ms: How much later than in the song everything was heard. What is then outside of
                the song was not meant.
        """
        self._n_hearings += 1
        heard = [
            (kind, time_ms - offset_ms)
            for kind, time_ms in _timed_kinds(events, types_first=self._types_first)
            if kind in BEAT_TYPES and 0 <= time_ms - offset_ms < self._length_ms
        ]
        for kind, time_ms in heard:
            self._counts[kind][time_ms] += 1
        self._count_gaps(heard)
        self._count_meters(heard)

    def _count_gaps(self, heard: list[tuple[EventType, int]]) -> None:
        for (before, from_ms), (kind, time_ms) in pairwise(heard):
            # A gap before a new red line is whatever is left over there.
            if kind is EventType.TIMING_POINT and before is not EventType.TIMING_POINT:
                continue
            steps = (time_ms - from_ms) // MS_PER_STEP
            if SHORTEST_BEAT_STEPS <= steps <= LONGEST_BEAT_STEPS:
                self._gaps.append((from_ms, steps))

    def _count_meters(self, heard: list[tuple[EventType, int]]) -> None:
        n_beats = 0
        for kind, _ in heard:
            if kind is EventType.MEASURE and n_beats:
                self._meters.append(n_beats)
            if kind is not EventType.BEAT:
                n_beats = 1
            elif n_beats:
                n_beats += 1

    def counted(self) -> BeatVotes:
        """All votes so far, smoothed."""
        gaps = sorted(self._gaps, key=lambda gap: gap[0])
        times, steps = np.array(gaps, np.int64).reshape(-1, 2).T
        return BeatVotes(
            self._curve(EventType.BEAT),
            self._curve(EventType.MEASURE),
            self._curve(EventType.TIMING_POINT),
            times,
            steps,
            tuple(self._meters),
        )

    def _curve(self, kind: EventType) -> Curve:
        return smooth(self._counts[kind], SIGMA_MS) / max(self._n_hearings, 1) * FULL_VOTE


def _timed_kinds(events: Iterable[Event], *, types_first: bool) -> Iterator[tuple[EventType, int]]:
    """Each group's kind with the time it states; groups that state none are left out."""
    kind: EventType | None = None
    time_ms: int | None = None
    for event in events:
        if event.kind is EventType.TIME_SHIFT:
            time_ms = event.value
        if event.kind not in TYPES:
            continue
        if not types_first:
            kind = event.kind
        if kind is not None and time_ms is not None:
            yield kind, time_ms
        kind = event.kind
        time_ms = None
    if types_first and kind is not None and time_ms is not None:
        yield kind, time_ms
