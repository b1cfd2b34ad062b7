"""A whole map cut into windows to score, and what was said of them told event by event."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from enum import Enum, auto
from itertools import accumulate
from typing import TYPE_CHECKING

from companion.engine.events import EventType
from companion.engine.modding.record import JudgedEvent
from companion.engine.prompts import Context
from companion.engine.scoring import JudgedRun, WindowTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from companion.engine.conditioning import Conditioning
    from companion.engine.events import ContextType, Event
    from companion.engine.prompts import Block, PromptBuilder
    from companion.engine.scoring import ScoredWindow
    from companion.engine.templates import Template
    from companion.engine.vocabulary import Vocabulary
    from companion.engine.windows import Window

_TOLD_AT_THE_START = (EventType.KIAI, EventType.SCROLL_SPEED)
"""Kinds whose last event before a window is told in its prompt."""


class EventIndex:
    """Finds stretches of a stream of events by time, in the manner of `events.span_of`.

    That looks from the end for the last event before a moment; with the least time of all events
    from each index on, the same place is found by bisection.
    """

    def __init__(self, events: Sequence[Event]) -> None:
        self.events = events
        self._floor = _least_from_here(events)
        self._told: list[tuple[list[int], list[int]]] = []
        for kind in _TOLD_AT_THE_START:
            indices = [i for i, event in enumerate(events) if event.kind is kind]
            self._told.append((indices, _least_from_here([events[i] for i in indices])))

    def past(self, time_ms: float) -> int:
        """Index after the last event before a moment."""
        return bisect_left(self._floor, time_ms)

    def first_needed(self, time_ms: float) -> int:
        """Index from which on events decide what a prompt says of a window that starts here."""
        first = self.past(time_ms)
        for indices, floor in self._told:
            before = bisect_left(floor, time_ms)
            if before:
                first = min(first, indices[before - 1])
        return first


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One revision of a map, ready to be scored."""

    contexts: tuple[Context, ...]
    """What the model is asked to judge, in the prompts' order."""
    windows: tuple[Window, ...]
    tasks: tuple[WindowTask, ...]
    """The windows in which anything is judged, by time."""


@dataclass(frozen=True, slots=True, eq=False)
class ScanPlanner:
    """Cuts maps into windows for one checkpoint."""

    builder: PromptBuilder
    template: Template
    given: tuple[ContextType, ...]
    """Contexts that a prompt begins with."""

    def plan(
        self,
        contexts: Sequence[Context],
        conditioning: Conditioning,
        windows: Sequence[Window],
    ) -> Scan:
        """Build the prompts of all windows in which there is anything to judge.

        Raises:
            OptionRefused: The conditioning is out of the model's range.
        """
        indices = [EventIndex(context.events) for context in contexts]
        tasks: list[WindowTask] = []
        for window in windows:
            task = self._task(contexts, indices, conditioning, window)
            if task is not None:
                tasks.append(task)
        return Scan(tuple(contexts), tuple(windows), tuple(tasks))

    def _task(
        self,
        contexts: Sequence[Context],
        indices: Sequence[EventIndex],
        conditioning: Conditioning,
        window: Window,
    ) -> WindowTask | None:
        kept = [
            (index.past(window.keep.start_ms), index.past(window.keep.end_ms)) for index in indices
        ]
        if all(first >= past for first, past in kept):
            return None
        end_ms = window.frame_time_ms + self.builder.window_ms
        shown: list[Context] = []
        starts: list[int] = []
        for place, (context, index) in enumerate(zip(contexts, indices, strict=True)):
            start = index.first_needed(window.frame_time_ms)
            # What comes after the last judged event is not looked at, so it is not shown.
            is_last = place == len(contexts) - 1
            past = kept[place][1] if is_last else index.past(end_ms)
            shown.append(replace(context, events=context.events[start:past]))
            starts.append(start)
        prompt = self.builder.build(
            [Context(kind) for kind in self.given],
            shown,
            conditioning,
            window.frame_time_ms,
            self.template,
        )
        runs = [
            run
            for block in prompt.blocks
            if (run := _run(block, starts[block.context], *kept[block.context])) is not None
        ]
        if not runs:
            return None
        end = runs[-1].first_position + runs[-1].n_events
        return WindowTask(window, prompt.ids[:end], tuple(runs))


class Reading(Enum):
    """What an event is compared with."""

    ANY_KIND = auto()
    """The likeliest event of all."""
    SAME_KIND = auto()
    """The likeliest one of its kind."""


def judged_events(
    scan: Scan,
    scored: ScoredWindow,
    vocabulary: Vocabulary,
    chosen: NDArray[np.bool_] | None = None,
) -> list[list[JudgedEvent]]:
    """What was said of a window's events, one list per context of the scan.

    Args:
        scan: The scan that the window belongs to.
        scored: The window.
        vocabulary: What the ids mean.
        chosen: Which of the judged events are wanted, shape = (n_judged,); all unless given.
    """
    result: list[list[JudgedEvent]] = [[] for _ in scan.contexts]
    place = 0
    for run in scored.task.runs:
        context = scan.contexts[run.context]
        for index in range(run.first_event, run.first_event + run.n_events):
            if chosen is None or chosen[place]:
                judged = judged_event(context, index, scored, place, vocabulary)
                result[run.context].append(judged)
            place += 1
    return result


def judged_event(
    context: Context,
    index: int,
    scored: ScoredWindow,
    place: int,
    vocabulary: Vocabulary,
    reading: Reading = Reading.ANY_KIND,
) -> JudgedEvent:
    """What was said of one event.

    Args:
        context: What the event belongs to.
        index: Its place in there.
        scored: The window that judged it.
        place: Its place among the events that the window judged.
        vocabulary: What the ids mean.
        reading: What it is compared with; without scores by kind always with any.
    """
    score, window = scored.score, scored.task.window
    tokens, probabilities = score.expected, score.expected_probability
    if reading is Reading.SAME_KIND and score.kinds is not None:
        tokens, probabilities = score.kinds.likeliest, score.kinds.likeliest_probability
    event = context.events[index]
    expected = vocabulary.decode(int(tokens[place]))
    expected = vocabulary.to_song_time(expected, window.frame_time_ms)
    return JudgedEvent(
        context=context.kind.value,
        index=index,
        window=window.index,
        kind=event.kind,
        value=event.value,
        time_ms=event.time_ms,
        expected_kind=None if expected.kind is EventType.CONTROL else expected.kind,
        expected_value=expected.value,
        expected_probability=float(probabilities[place]),
        surprisal_bits=float(score.surprisal_bits[place]),
        entropy_bits=float(score.entropy_bits[place]),
    )


def _run(block: Block, start: int, first: int, past: int) -> JudgedRun | None:
    """The judged part of a block; `start` is where the shown events begin among the map's."""
    block_first = start + block.first_event
    first, past = max(first, block_first), min(past, block_first + block.n_events)
    if first >= past:
        return None
    position = block.first_position + first - block_first
    return JudgedRun(block.context, first, position, past - first)


def _least_from_here(events: Sequence[Event]) -> list[int]:
    backwards = accumulate((event.time_ms for event in reversed(events)), min)
    return list(backwards)[::-1]
