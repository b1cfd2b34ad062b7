from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.beatmap import Document
from companion.engine.conditioning import Conditioning
from companion.engine.events import ContextType, Event, EventType, span_of
from companion.engine.prompting import Prompting
from companion.engine.prompts import Context, PromptBuilder, last_before
from companion.engine.scanning import EventIndex, ScanPlanner, judged_events
from companion.engine.scoring import ScoredWindow, WindowScore
from companion.engine.vocabulary import Vocabulary
from companion.engine.windows import WindowSettings, windows_of

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = WindowSettings.of(1024, 128, 16_000)
SONG_SAMPLES = 38 * 16_000
MAP = "common/maps_cut/std_1341554_cut38000.osu"

streams = st.lists(st.integers(-50, 300), max_size=30).map(
    lambda times: [
        Event(EventType.SCROLL_SPEED if t % 7 == 0 else EventType.CIRCLE, t % 5, t) for t in times
    ]
)


@given(streams, st.integers(-60, 310), st.integers(0, 100))
def test_stretches_are_those_that_a_search_from_the_end_finds(events, start, length) -> None:
    index = EventIndex(events)
    assert (index.past(start), index.past(start + length)) == span_of(events, start, start + length)


@given(streams, st.integers(-60, 310))
def test_a_prompt_of_the_needed_events_says_the_same_about_the_start(events, start) -> None:
    default = Event(EventType.SCROLL_SPEED, 100)
    needed = EventIndex(events).first_needed(start)
    assert needed <= EventIndex(events).past(start)
    assert last_before(events[needed:], default, start) == last_before(events, default, start)


@pytest.fixture(scope="module")
def vocabulary(goldens: Path) -> Vocabulary:
    return Vocabulary.from_file(goldens / "v29" / "model" / "tokenizer.json")


@pytest.fixture(scope="module")
def prompting(vocabulary: Vocabulary) -> Prompting:
    return Prompting(PromptBuilder(vocabulary, SETTINGS.window_ms))


@pytest.fixture(scope="module")
def document(goldens: Path) -> Document:
    return Document.parse((goldens / MAP).read_bytes())


def plan(prompting: Prompting, document: Document):
    beatmap = document.beatmap
    planner = ScanPlanner(
        prompting.builder, prompting.template(beatmap.mode), prompting.given(beatmap.mode)
    )
    conditioning = Conditioning(difficulty=4.0, song_length_ms=38_000)
    contexts = prompting.contexts_of(beatmap, 38_000)
    windows = windows_of(SONG_SAMPLES, SETTINGS)
    return planner.plan(contexts, conditioning, windows), conditioning


def test_every_event_of_the_song_is_judged_exactly_once(prompting, document) -> None:
    scan, _ = plan(prompting, document)
    assert [c.kind for c in scan.contexts] == [
        ContextType.TIMING,
        ContextType.KIAI,
        ContextType.MAP,
    ]
    for number, context in enumerate(scan.contexts):
        judged = [
            index
            for task in scan.tasks
            for run in task.runs
            if run.context == number
            for index in range(run.first_event, run.first_event + run.n_events)
        ]
        # The cut map still has timing points after the end of the song.
        inside = [i for i, event in enumerate(context.events) if event.time_ms < 38_000]
        assert judged == inside


def test_a_windows_tokens_are_the_beginning_of_its_whole_prompt(prompting, document) -> None:
    scan, conditioning = plan(prompting, document)
    mode = document.beatmap.mode
    for task in scan.tasks[::7]:
        whole = prompting.builder.build(
            [Context(kind) for kind in prompting.given(mode)],
            scan.contexts,
            conditioning,
            task.window.frame_time_ms,
            prompting.template(mode),
        )
        np.testing.assert_array_equal(task.tokens, whole.ids[: len(task.tokens)])


def test_judged_tokens_are_those_of_the_judged_events(prompting, document, vocabulary) -> None:
    scan, _ = plan(prompting, document)
    for task in scan.tasks[::7]:
        events = [
            event
            for run in task.runs
            for event in scan.contexts[run.context].events[
                run.first_event : run.first_event + run.n_events
            ]
        ]
        expected = vocabulary.encode_window(events, task.window.frame_time_ms)
        assert task.tokens[task.positions].tolist() == expected


def test_an_edit_changes_only_the_windows_that_reach_it(prompting, document) -> None:
    before, _ = plan(prompting, document)
    middle = document.beatmap.hit_objects[len(document.beatmap.hit_objects) // 2]
    data = document.to_bytes().splitlines(keepends=True)
    line = document.lines[middle.line].raw
    fields = line.split(b",")
    fields[4] = b"4"
    data[middle.line] = b",".join(fields) + b"\r\n"
    after, _ = plan(prompting, Document.parse(b"".join(data)))
    changed = [
        new.window
        for old, new in zip(before.tasks, after.tasks, strict=True)
        if not np.array_equal(old.tokens, new.tokens)
    ]
    assert changed
    assert all(
        window.frame_time_ms <= middle.end_ms and window.keep.end_ms >= middle.start_ms
        for window in changed
    )


def test_what_was_said_is_told_event_by_event_with_times_in_the_song(
    prompting, document, vocabulary
) -> None:
    scan, _ = plan(prompting, document)
    task = scan.tasks[3]
    n = task.n_judged
    time = vocabulary.token(EventType.TIME_SHIFT, 20)
    score = WindowScore(
        np.arange(n, dtype=np.float32),
        np.ones(n, dtype=np.float32),
        np.full(n, time, dtype=np.int32),
        np.full(n, 0.5, dtype=np.float32),
    )
    chosen = np.arange(n) == n - 1
    [judged] = [
        item
        for context in judged_events(
            scan, ScoredWindow(task, score, is_known=False), vocabulary, chosen
        )
        for item in context
    ]
    run = task.runs[-1]
    event = scan.contexts[run.context].events[judged.index]
    assert (judged.kind, judged.value, judged.time_ms) == (event.kind, event.value, event.time_ms)
    assert judged.expected_kind is EventType.TIME_SHIFT
    assert judged.expected_value == task.window.frame_time_ms + 205
    assert judged.surprisal_bits == n - 1


def test_the_end_of_a_context_is_no_event(prompting, document, vocabulary) -> None:
    scan, _ = plan(prompting, document)
    task = scan.tasks[3]
    n = task.n_judged
    end = vocabulary.context_eos[ContextType.MAP]
    score = WindowScore(
        np.ones(n, dtype=np.float32),
        np.ones(n, dtype=np.float32),
        np.full(n, end, dtype=np.int32),
        np.ones(n, dtype=np.float32),
    )
    said = judged_events(scan, ScoredWindow(task, score, is_known=False), vocabulary)
    assert {j.expected_kind for context in said for j in context} == {None}
