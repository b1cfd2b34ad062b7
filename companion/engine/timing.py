"""Red lines from beats: as few as fit, with tempos that a mapper would type.

A generated timing says for each beat when it is and whether a measure or a red line begins there.
Red lines are drawn through these markers one after the other: a line goes on for as long as every
beat so far is hit within the leniency, and where it cannot, it is cut at the measure that fits both
sides best.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.engine.encoding.moments import moment
from companion.engine.events import BEAT_TYPES, EventType
from companion.engine.postprocess.lines import (
    UNSET_BEAT_LENGTH_MS,
    Change,
    DraftLine,
    DraftLines,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import TimingPoint
    from companion.engine.events import Event

BPM_STEPS = (1, 2, 10, 100, 1000)
"""Tempos are tried in whole beats per minute, halves, tenths, hundredths, thousandths."""
SLOWEST_BPM = 1
LONGEST_BEAT_MS = 60_000
SHORT_BEATS = (1, 1 / 2, 1 / 4, 1 / 8, 1 / 16)
"""Lengths of the beat between two red lines with no other beat between them."""


@dataclass(slots=True)
class Marker:
    """One beat."""

    time_ms: int
    is_measure: bool
    is_red: bool
    beats: float
    """From the marker before; 0 where a red line says that it does not matter."""


def generate_timing(
    events: Sequence[Event], *, types_first: bool = True, leniency_ms: float = 3.0
) -> tuple[TimingPoint, ...]:
    """Draw red lines through the beats among `events`; none when there are no beats."""
    markers = sorted(_markers(events, types_first=types_first), key=lambda m: m.time_ms)
    if not markers:
        return ()
    drawing = _Drawing(markers, leniency_ms)
    drawing.place_marked_lines()
    drawing.settle_meters()
    drawing.settle_tempos()
    return drawing.lines.points()


def _markers(events: Sequence[Event], *, types_first: bool) -> Iterator[Marker]:
    step = 1 if types_first else -1
    for i, event in enumerate(events):
        # A type at the very start looks for its time at the end: index -1, as in the original.
        if event.kind not in BEAT_TYPES or i + step >= len(events):
            continue
        if events[i + step].kind is EventType.TIME_SHIFT:
            is_red = event.kind is EventType.TIMING_POINT
            yield Marker(
                int(events[i + step].value),
                event.kind is EventType.MEASURE,
                is_red,
                0 if is_red else 1,
            )


class _Drawing:
    """Red lines while they are fitted to markers."""

    def __init__(self, markers: list[Marker], leniency_ms: float) -> None:
        self.lines = DraftLines()
        self._markers = markers
        self._leniency_ms = leniency_ms

    def place_marked_lines(self) -> None:
        """Put a red line wherever a marker says so, and one on the first marker if none does."""
        for marker in self._markers:
            if marker.is_red:
                self.lines.add_red(moment(marker.time_ms), Change())
        if not len(self.lines):
            first = moment(self._markers[0].time_ms)
            self.lines = DraftLines([DraftLine(first, UNSET_BEAT_LENGTH_MS)])

    def settle_meters(self) -> None:
        """Make every measure begin on the first beat of its line's meter."""
        counter, measure_ms = 0, self._markers[0].time_ms
        for marker in self._markers:
            if marker.is_red:
                counter, measure_ms = 0, marker.time_ms
                continue
            red = self._red_before(marker.time_ms)
            if red.rounded_ms == marker.time_ms:
                continue
            counter += 1
            if not marker.is_measure:
                continue
            if red.meter != counter:
                if measure_ms <= red.rounded_ms:
                    red.meter = counter
                else:
                    self.lines.add_red(moment(measure_ms), Change(meter=counter))
            counter, measure_ms = 0, marker.time_ms

    def settle_tempos(self) -> None:
        """Make every beat lie on its line, with new lines where it has to be."""
        counter, last_beat_ms = 0, UNSET_BEAT_LENGTH_MS
        for marker in self._markers:
            red = self._red_before(marker.time_ms)
            if red.rounded_ms == marker.time_ms:
                counter = 0
                continue
            run = self._run(red, marker)
            if marker.beats == 0:
                if len(run) != 1:
                    counter = 0
                    continue
                # Two red lines in a row: the first one's tempo follows from the gap alone.
                marker.beats = _short_beats((marker.time_ms - red.rounded_ms) / last_beat_ms)
            last_beat_ms, restarted = self._fit(red, run)
            counter = (counter if restarted is None else restarted) + 1
            counter = self._check_measure(marker, counter)

    def _run(self, red: DraftLine, marker: Marker) -> list[Marker]:
        """The markers after a red line up to and with one of them."""
        after_ms = red.rounded_ms + 1
        return [m for m in self._markers if after_ms <= m.time_ms < marker.time_ms] + [marker]

    def _fit(self, red: DraftLine, run: Sequence[Marker]) -> tuple[float, int | None]:
        """Fit a line's tempo to its beats, or cut it.

        Returns:
            The beat length at the last marker; after a cut, the beats of the measure that it is in.
        """
        beat_ms = _beat_length(run, red.rounded_ms, 0)
        if self._hits(beat_ms, run, red):
            beat_ms = self._rounded(beat_ms, run, red)
            red.beat_length = beat_ms
            return beat_ms, None
        if len(run) == 1:
            return beat_ms, None
        cut = _best_cut(run, red.rounded_ms)
        if cut < len(run) - 1:
            left = run[:cut]
            beat_ms = self._rounded(_beat_length(left, red.rounded_ms, 0), left, red)
            red.beat_length = beat_ms
        cut_ms = run[cut - 1].time_ms
        beat_ms = _beat_length(run[cut:], cut_ms, self._leniency_ms)
        self.lines.add_red(moment(cut_ms), Change(beat_length=beat_ms))
        beats = 0
        for i in range(len(run) - 2, cut - 1, -1):
            if run[i].is_measure:
                break
            beats += 1
        return beat_ms, beats

    def _check_measure(self, marker: Marker, counter: int) -> int:
        """Begin a new line where a measure is not on the first beat; gives the new count."""
        red = self.lines.red_at(moment(marker.time_ms))
        if red.rounded_ms == marker.time_ms:
            counter = 0
        if not marker.is_measure:
            return counter
        if counter % red.meter != 0:
            # Before the first line there is nothing that a new one could take its meter from.
            meter = red.meter if red.rounded_ms > marker.time_ms else None
            change = Change(beat_length=red.beat_length, meter=meter)
            self.lines.add_red(moment(marker.time_ms), change)
        return 0

    def _red_before(self, time_ms: int) -> DraftLine:
        return self.lines.red_at(moment(time_ms - 1))

    # Tempos

    def _hits(self, beat_ms: float, run: Sequence[Marker], red: DraftLine) -> bool:
        beats = 0.0
        for marker in run:
            beats += marker.beats
            if abs(marker.time_ms - (red.rounded_ms + beat_ms * beats)) > self._leniency_ms:
                return False
        return True

    def _rounded(self, beat_ms: float, run: Sequence[Marker], red: DraftLine) -> float:
        """The roundest tempo that still hits every beat."""
        if beat_ms == 0 or beat_ms > LONGEST_BEAT_MS:
            return beat_ms
        for candidate in _round_beat_lengths(60_000 / beat_ms):
            if self._hits(candidate, run, red):
                return candidate
        return beat_ms


def _beat_length(run: Sequence[Marker], from_ms: float, leniency_ms: float) -> float:
    """The roundest tempo that puts the last marker of a run where it is."""
    beats = sum(marker.beats for marker in run)
    span_ms = run[-1].time_ms - from_ms
    if beats == 0 or span_ms == 0:
        return UNSET_BEAT_LENGTH_MS
    beat_ms = span_ms / beats
    bpm = 60_000 / beat_ms
    if bpm < SLOWEST_BPM:
        return UNSET_BEAT_LENGTH_MS
    for candidate in _round_beat_lengths(bpm):
        if abs(span_ms - candidate * beats) <= leniency_ms:
            return candidate
    return beat_ms


def _round_beat_lengths(bpm: float) -> Iterator[float]:
    for step in BPM_STEPS:
        rounded = round(bpm * step) / step
        if rounded > 0:
            yield 60_000 / rounded


def _short_beats(beats: float) -> float:
    return min((round(beats), *SHORT_BEATS), key=lambda candidate: abs(candidate - beats))


def _best_cut(run: Sequence[Marker], from_ms: float) -> int:
    """After how many markers to cut a run in two: at a measure, or before the last marker."""
    best, best_loss = len(run) - 1, float("inf")
    for cut in range(1, len(run)):
        if not run[cut - 1].is_measure and cut != len(run) - 1:
            continue
        loss = _squared_error(run[:cut], from_ms) + _squared_error(run[cut:], run[cut - 1].time_ms)
        if loss < best_loss:
            best, best_loss = cut, loss
    return best


def _squared_error(run: Sequence[Marker], from_ms: float) -> float:
    beat_ms = _beat_length(run, from_ms, 0)
    loss, beats = 0.0, 0.0
    for marker in run:
        beats += marker.beats
        loss += (marker.time_ms - (from_ms + beats * beat_ms)) ** 2
    return loss / len(run)
