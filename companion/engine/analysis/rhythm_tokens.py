"""A map's rhythm as the rhythm network reads it: gap, note, gap, note.

Every circle and slider head is a token after the gap that leads to it, and so are a slider's first
span and its end. All gaps after a slider's head, up to and with the one to the next object, are
counted from that head. Spinners are left out. Token 0 pads; then come the gaps, then the kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Circle, Slider
from companion.engine.analysis.map_as_trained import MapAsTrained
from companion.engine.encoding.moments import as_ms, moment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from companion.beatmap import Beatmap
    from companion.engine.analysis.configuration import RhythmData

FIRST_GAP_TOKEN = 1
N_KINDS = 6
_CIRCLE, _SLIDER_HEAD, _LAST_ANCHOR, _SLIDER_END = 0, 3, 4, 5
"""Places among the kinds; 1 and 2 are a spinner and its end, which no map has here."""

_LONG_AGO = moment(-100_000)
"""What the first object's gap is counted from: it is always the longest gap there is."""


@dataclass(frozen=True, slots=True)
class RhythmStep:
    """A gap and what it leads to."""

    gap_token: int
    kind_token: int
    time_ms: float
    """When it is over."""
    starts_object: bool
    """Whether it leads to a circle or a slider head, which the network is to foresee."""


@dataclass(frozen=True, slots=True)
class Foretelling:
    """A gap that is to be foreseen."""

    context: tuple[int, ...]
    """The tokens before it, of fixed number."""
    gap_token: int
    time_ms: float
    """When the object that ends it starts."""


class RhythmVocabulary:
    """Ids of gaps and kinds."""

    def __init__(self, data: RhythmData) -> None:
        self._data = data
        self.last_gap = int((data.max_time - data.min_time) * data.time_resolution)
        self.n_outputs = FIRST_GAP_TOKEN + self.last_gap + 1
        """The padding and all gaps."""
        self.n_inputs = self.n_outputs + N_KINDS

    def gap(self, time: timedelta, since: timedelta) -> int:
        """Token of the gap between two moments; gaps out of range are cut off."""
        data = self._data
        # each moment becomes ms by itself: that decides which way a half step is rounded
        steps = round((as_ms(time) - as_ms(since) - data.min_time) * data.time_resolution)
        return FIRST_GAP_TOKEN + min(max(steps, 0), self.last_gap)

    def kind(self, place: int) -> int:
        """Token of a kind."""
        return self.n_outputs + place


def rhythm_steps(beatmap: Beatmap, vocabulary: RhythmVocabulary) -> list[RhythmStep]:
    """All gaps of an osu! standard map, in order."""
    trained = MapAsTrained.of(beatmap)
    since, steps = _LONG_AGO, list[RhythmStep]()
    for hit in trained.beatmap.hit_objects:
        if not isinstance(hit, Circle | Slider):
            continue
        start = moment(hit.start_ms)
        head = _CIRCLE if isinstance(hit, Circle) else _SLIDER_HEAD
        steps.append(_step(vocabulary, start, since, head))
        since = start
        if isinstance(hit, Slider):
            duration = trained.duration_of(hit)
            span_end = start + duration / hit.slides
            steps.append(_step(vocabulary, span_end, since, _LAST_ANCHOR))
            steps.append(_step(vocabulary, start + duration, since, _SLIDER_END))
    return steps


def _step(
    vocabulary: RhythmVocabulary, time: timedelta, since: timedelta, place: int
) -> RhythmStep:
    return RhythmStep(
        vocabulary.gap(time, since),
        vocabulary.kind(place),
        as_ms(time),
        place in {_CIRCLE, _SLIDER_HEAD},
    )


def foretellings(steps: list[RhythmStep], context_tokens: int) -> Iterator[Foretelling]:
    """Every gap before an object that has enough tokens before it.

    Args:
        steps: A map's gaps.
        context_tokens: How many tokens the network reads.
    """
    tokens = [token for step in steps for token in (step.gap_token, step.kind_token)]
    for i, step in enumerate(steps):
        if step.starts_object and 2 * i >= context_tokens:
            context = tokens[2 * i - context_tokens : 2 * i]
            yield Foretelling(tuple(context), step.gap_token, step.time_ms)
