from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from companion.beatmap import Mode
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import EncodingOptions
from companion.engine.events import ContextType, Event, EventType
from companion.engine.prompts import (
    Context,
    PromptBuilder,
    PromptOptions,
    negative_of,
    pad_left,
)
from companion.engine.vocabulary import Vocabulary
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = Conditioning(difficulty=5.0, mapper_id=1002, song_length_ms=60_000.0)


@pytest.fixture(scope="module")
def vocabulary(goldens: Path) -> Vocabulary:
    return Vocabulary.from_file(goldens / "v29" / "model" / "tokenizer.json")


@pytest.fixture
def builder(vocabulary: Vocabulary) -> PromptBuilder:
    return PromptBuilder(vocabulary, 8184.0)


def circles(*times: int) -> list[Event]:
    return [
        event
        for ms in times
        for event in (Event(EventType.CIRCLE, 0, ms), Event(EventType.TIME_SHIFT, ms, ms))
    ]


def test_a_prompt_ends_in_the_context_that_is_written_on(builder: PromptBuilder):
    context = Context(ContextType.MAP, circles(100, 9000))
    prompt = builder.build([Context(ContextType.NONE)], [context], ABOUT, 0)
    ids = prompt.ids.tolist()
    sos, eos = (
        builder.vocabulary.context_sos[ContextType.MAP],
        builder.vocabulary.context_eos[ContextType.MAP],
    )
    assert ids[:2] == [
        builder.vocabulary.context_sos[ContextType.NONE],
        builder.vocabulary.context_eos[ContextType.NONE],
    ]
    assert eos not in ids
    assert ids[ids.index(sos) - 1] == builder.vocabulary.sos_id
    (block,) = prompt.blocks
    assert (block.first_event, block.n_events) == (0, 2)
    shown = ids[block.first_position : block.first_position + block.n_events]
    assert shown == builder.vocabulary.encode_window(context.events[:2], 0)


def test_blocks_say_which_events_stand_where(builder: PromptBuilder):
    contexts = [
        Context(ContextType.TIMING, circles(0, 100, 200)),
        Context(ContextType.MAP, circles(50, 150)),
    ]
    prompt = builder.build([], contexts, ABOUT, 100)
    for block, context in zip(prompt.blocks, contexts, strict=True):
        events = context.events[block.first_event : block.first_event + block.n_events]
        past = block.first_position + block.n_events
        ids = prompt.ids[block.first_position : past].tolist()
        assert ids == builder.vocabulary.encode_window(events, 100)
        assert all(event.time_ms >= 100 for event in events)


def test_of_too_many_events_the_last_are_shown(vocabulary: Vocabulary):
    builder = PromptBuilder(vocabulary, 8184.0, PromptOptions(tgt_seq_len=64))
    context = Context(ContextType.MAP, circles(*range(0, 8000, 100)))
    prompt = builder.build([], [context], ABOUT, 0)
    assert len(prompt.ids) < 64
    (block,) = prompt.blocks
    assert block.first_event + block.n_events == len(context.events)
    assert prompt.ids[-1] == vocabulary.token(EventType.TIME_SHIFT, 790)


def test_a_prompt_that_cannot_get_shorter_is_refused(vocabulary: Vocabulary):
    builder = PromptBuilder(vocabulary, 8184.0, PromptOptions(tgt_seq_len=8))
    with pytest.raises(OptionRefused, match="too much"):
        builder.build([], [Context(ContextType.MAP)], ABOUT, 0)


def test_the_negative_prompt_drops_the_mapper_unless_descriptors_are_steered():
    assert negative_of(ABOUT).mapper_id is None
    steered = negative_of(replace(ABOUT, negative_descriptors=("aim",)))
    assert steered.mapper_id == 1002
    assert steered.descriptors == ("aim",)


def test_only_the_modes_that_have_them_tell_circle_size_and_keys(builder: PromptBuilder):
    def kinds(mode: Mode) -> set[EventType]:
        tokens = builder.class_tokens(replace(ABOUT, mode=mode))
        return {builder.vocabulary.decode(token).kind for token in tokens}

    assert EventType.CS in kinds(Mode.OSU)
    assert EventType.GLOBAL_SV in kinds(Mode.CATCH)
    assert EventType.CS not in kinds(Mode.TAIKO)
    assert EventType.SCROLL_SPEED_RATIO in kinds(Mode.TAIKO)
    assert {EventType.MANIA_KEYCOUNT, EventType.HOLD_NOTE_RATIO} <= kinds(Mode.MANIA)


def test_the_last_scroll_speed_before_the_window_is_told(builder: PromptBuilder):
    events = [Event(EventType.SCROLL_SPEED, 130, 10), Event(EventType.SCROLL_SPEED, 70, 500)]
    prompt = builder.build([], [Context(ContextType.MAP, events)], ABOUT, 400)
    assert builder.vocabulary.token(EventType.SCROLL_SPEED, 130) in prompt.ids.tolist()


def test_scroll_speeds_are_a_context_of_mania_only(builder: PromptBuilder):
    assert ContextType.SV in builder.plan((), (), Mode.MANIA).produced
    assert ContextType.SV not in builder.plan((), (), Mode.OSU).produced
    with pytest.raises(OptionRefused, match="osu maps"):
        builder.plan((), (ContextType.SV,), Mode.OSU)


def test_quirk_everything_includes_scroll_speeds_in_all_modes(vocabulary: Vocabulary):
    builder = PromptBuilder(vocabulary, 8184.0, None, EncodingOptions(original_quirks=True))
    assert ContextType.SV in builder.plan((), (), Mode.OSU).produced


def test_the_template_makes_the_most_of_what_is_given(builder: PromptBuilder):
    plan = builder.plan((ContextType.GD,), (ContextType.MAP,), Mode.OSU)
    assert plan.template.given == (ContextType.GD,)
    assert plan.produced == (ContextType.TIMING, ContextType.KIAI, ContextType.MAP)


def test_what_was_never_trained_is_refused(builder: PromptBuilder):
    with pytest.raises(OptionRefused, match="cannot produce"):
        builder.plan((), (ContextType.NO_HS,), Mode.OSU)


def test_maps_of_a_mode_that_the_model_never_saw_are_refused(vocabulary: Vocabulary):
    options = PromptOptions(modes=(Mode.OSU,))
    builder = PromptBuilder(vocabulary, 8184.0, options)
    assert builder.plan((), (), Mode.OSU).produced
    with pytest.raises(OptionRefused, match="knows osu maps only, and this is a taiko map"):
        builder.plan((), (), Mode.TAIKO)
    quirks = PromptBuilder(vocabulary, 8184.0, options, EncodingOptions(original_quirks=True))
    assert quirks.plan((), (), Mode.TAIKO).produced


def test_padding_goes_in_front():
    padded = pad_left([np.array([1, 2, 3]), np.array([4])])
    assert padded.tolist() == [[1, 2, 3], [0, 0, 4]]
    assert pad_left([]).shape == (0, 0)
