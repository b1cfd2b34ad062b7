from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch

from companion.beatmap import Mode
from companion.engine.events import ContextType, EventType
from companion.engine.logit_filters import TokenHistory, TypesLastGrammar
from companion.engine.model.rope_whisper import V30_ENCODING
from companion.engine.model.var_whisper import ENCODING as V32_ENCODING
from companion.engine.vocabulary import EventRange, Vocabulary

if TYPE_CHECKING:
    from companion.engine.encoding import EncodingOptions

E = EventType
END = E.CONTROL
"""Stands for the end ids."""
PLAIN = replace(V30_ENCODING, add_timing=False)
ANCHORS = {E.BEZIER_ANCHOR, E.PERFECT_ANCHOR, E.CATMULL_ANCHOR, E.RED_ANCHOR}


def vocabulary() -> Vocabulary:
    kinds = [kind for kind in EventType if kind is not E.CONTROL]
    ranges = tuple(EventRange(kind, 5 + 2 * i, 0, 1) for i, kind in enumerate(kinds))
    end = ranges[-1].end_id
    return Vocabulary(ranges, (), {ContextType.MAP: 3}, {ContextType.MAP: 4}, end, end)


V = vocabulary()


def allowed(
    said: list[EventType], options: EncodingOptions = PLAIN, mode: Mode = Mode.OSU
) -> set[EventType]:
    """What may come next; that it does not matter where the prompt ends is checked along."""
    tokens = [V.context_sos[ContextType.MAP], *(V.token(kind) for kind in said)]
    found: list[torch.Tensor] = []
    for split in (1, (len(tokens) + 1) // 2, len(tokens)):
        history = TokenHistory(V, [tokens[:split]])
        for token in tokens[split:]:
            history.append([token])
        found.append(TypesLastGrammar(V, options, mode).apply(torch.zeros(1, V.size_out), history))
    assert all(bool((one == found[0]).all()) for one in found)
    kinds = {V.decode(int(i)).kind for i in (found[0][0] == 0).nonzero()[:, 0]}
    assert (END in kinds) == all(found[0][0, i] == 0 for i in (V.eos_id, 4))
    return kinds


PLACE = [E.DISTANCE, E.POS_X, E.POS_Y]
WHEN = [E.TIME_SHIFT, E.SNAPPING]
SOUND = [E.HITSOUND, E.VOLUME]
CIRCLE = [*WHEN, *PLACE, *SOUND, E.CIRCLE]
HEAD = [*WHEN, *PLACE, *SOUND, E.SLIDER_HEAD]
ANCHOR = [*PLACE, E.RED_ANCHOR]
LAST = [*WHEN, *PLACE, *SOUND, E.LAST_ANCHOR]
TAIL = [*WHEN, *PLACE, *SOUND, E.SLIDER_END]
SPINNER = [*WHEN, E.SPINNER]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], {E.TIME_SHIFT, END}),
        (CIRCLE[:1], {E.SNAPPING}),
        (CIRCLE[:2], {E.DISTANCE, E.SPINNER}),
        (CIRCLE[:3], {E.POS_X}),
        (CIRCLE[:5], {E.NEW_COMBO, E.HITSOUND}),
        ([*CIRCLE[:5], E.NEW_COMBO], {E.HITSOUND}),
        (CIRCLE[:6], {E.VOLUME}),
        (CIRCLE[:7], {E.CIRCLE, E.SLIDER_HEAD}),
        (CIRCLE, {E.TIME_SHIFT, END}),
        (HEAD, {E.TIME_SHIFT, E.DISTANCE}),
        ([*HEAD, *PLACE], ANCHORS),
        ([*HEAD, *ANCHOR], {E.TIME_SHIFT, E.DISTANCE}),
        ([*HEAD, *WHEN, *PLACE], {E.HITSOUND}),
        ([*HEAD, *WHEN, *PLACE, *SOUND], {E.HITSOUND, E.LAST_ANCHOR}),
        ([*HEAD, *WHEN, *PLACE, *SOUND, E.HITSOUND], {E.VOLUME}),
        ([*HEAD, *LAST], {E.TIME_SHIFT}),
        ([*HEAD, *LAST, *TAIL[:-1]], {E.SLIDER_END}),
        ([*HEAD, *LAST, *TAIL], {E.TIME_SHIFT, END}),
        (SPINNER, {E.TIME_SHIFT}),
        ([*SPINNER, *WHEN], {E.HITSOUND}),
        ([*SPINNER, *WHEN, *SOUND], {E.SPINNER_END}),
    ],
)
def test_what_may_follow_in_osu(said, expected):
    assert allowed(said) == expected


def test_beats_may_stand_between_all_groups_and_close_nothing():
    beats = {E.BEAT, E.MEASURE, E.TIMING_POINT}
    beat = [E.TIME_SHIFT, E.BEAT]
    assert allowed([E.TIME_SHIFT], V30_ENCODING) == {E.SNAPPING, *beats}
    assert allowed([*HEAD, *beat], V30_ENCODING) == {E.TIME_SHIFT, E.DISTANCE}
    assert allowed([*HEAD, *beat, *LAST, *beat], V30_ENCODING) == {E.TIME_SHIFT}
    assert allowed([*CIRCLE, *beat], V30_ENCODING) == {E.TIME_SHIFT, END}


FINE = [E.POS, E.POS_REFINE]
V32_HEAD = [*WHEN, *FINE, E.SCROLL_SPEED, *SOUND, E.SLIDER_HEAD]
PLACED = [*FINE, E.LAST_ANCHOR]
TIMED = [*WHEN, *SOUND, E.LAST_ANCHOR]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (V32_HEAD[:2], {E.POS, E.SPINNER}),
        (V32_HEAD[:3], {E.POS_REFINE}),
        (V32_HEAD[:4], {E.NEW_COMBO, E.HITSOUND, E.SCROLL_SPEED}),
        (V32_HEAD[:5], {E.HITSOUND}),
        (V32_HEAD[:7], {E.SLIDER_HEAD}),
        (V32_HEAD, {E.POS}),
        ([*V32_HEAD, *FINE], ANCHORS | {E.LAST_ANCHOR}),
        ([*V32_HEAD, *FINE, E.BEZIER_ANCHOR], {E.POS}),
        ([*V32_HEAD, *PLACED], {E.TIME_SHIFT}),
        ([*V32_HEAD, *PLACED, E.TIME_SHIFT], {E.SNAPPING, E.SLIDER_SUSTAIN}),
        ([*V32_HEAD, *PLACED, E.TIME_SHIFT, E.SLIDER_SUSTAIN], {E.TIME_SHIFT}),
        ([*V32_HEAD, *PLACED, *TIMED[:-1]], {E.HITSOUND, E.LAST_ANCHOR}),
        ([*V32_HEAD, *PLACED, *TIMED], {E.TIME_SHIFT}),
        ([*V32_HEAD, *PLACED, *TIMED, E.TIME_SHIFT], {E.SNAPPING, E.SLIDER_REPEAT_SUSTAIN}),
        ([*V32_HEAD, *PLACED, *TIMED, *WHEN, *FINE, *SOUND, E.SLIDER_END], {E.TIME_SHIFT, END}),
    ],
)
def test_a_last_anchor_has_its_place_first_and_its_time_later(said, expected):
    assert allowed(said, V32_ENCODING) == expected


def test_hold_notes_may_overlap_and_go_on():
    head = [*WHEN, E.MANIA_COLUMN, *SOUND]
    assert allowed(head, V32_ENCODING, Mode.MANIA) == {E.CIRCLE, E.HOLD_NOTE}
    assert allowed([*head, E.HOLD_NOTE], V32_ENCODING, Mode.MANIA) == {E.TIME_SHIFT, END}
    assert allowed(head[:3], V32_ENCODING, Mode.MANIA) == {E.HITSOUND, E.HOLD_NOTE_END}
    sustain = [E.TIME_SHIFT, E.MANIA_COLUMN]
    assert allowed(sustain, V32_ENCODING, Mode.MANIA) == {E.HOLD_NOTE_SUSTAIN}


def test_drumrolls_and_dendens_end():
    head = [*WHEN, E.SCROLL_SPEED, *SOUND]
    assert allowed(head, V32_ENCODING, Mode.TAIKO) == {E.CIRCLE, E.DRUMROLL, E.DENDEN}
    for begin, end, sustain in (
        (E.DRUMROLL, E.DRUMROLL_END, E.DRUMROLL_SUSTAIN),
        (E.DENDEN, E.DENDEN_END, E.DENDEN_SUSTAIN),
    ):
        said = [*head, begin]
        assert allowed([*said, *WHEN], V32_ENCODING, Mode.TAIKO) == {end}
        assert allowed([*said, E.TIME_SHIFT], V32_ENCODING, Mode.TAIKO) == {E.SNAPPING, sustain}
        assert allowed([*said, *WHEN, end], V32_ENCODING, Mode.TAIKO) == {E.TIME_SHIFT, END}


def test_nothing_is_said_where_the_rules_are_broken_already():
    logits = torch.zeros(1, V.size_out)
    history = TokenHistory(V, [[3, V.token(E.VOLUME), V.token(E.POS_X)]])
    assert TypesLastGrammar(V, PLAIN, Mode.OSU).apply(logits, history) is logits


def test_rows_are_judged_by_themselves_and_the_input_stays():
    logits = torch.zeros(2, V.size_out)
    history = TokenHistory(V, [[3], [3, V.token(E.TIME_SHIFT)]])
    filtered = TypesLastGrammar(V, PLAIN, Mode.OSU).apply(logits, history)
    assert not logits.any()
    assert filtered[0, V.token(E.TIME_SHIFT)] == 0
    assert filtered[1, V.token(E.TIME_SHIFT)] == -torch.inf
    assert filtered[1, V.token(E.SNAPPING)] == 0


def test_families_that_write_otherwise_are_left_alone():
    assert TypesLastGrammar.knows(V30_ENCODING)
    assert TypesLastGrammar.knows(V32_ENCODING)
    for change in [{"types_first": True}, {"add_kiai": True}, {"add_mania_sv": True}]:
        assert not TypesLastGrammar.knows(replace(PLAIN, **change))
