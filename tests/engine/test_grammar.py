from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from companion.beatmap import Mode
from companion.engine.encoding import EncodingOptions
from companion.engine.events import ContextType, EventType
from companion.engine.logit_filters import ObjectGrammar, TokenHistory
from companion.engine.vocabulary import EventRange, Vocabulary

E = EventType
OPTIONS = EncodingOptions()
HEADS = {E.CIRCLE, E.SLIDER_HEAD, E.SPINNER}
MIDDLE = {E.BEZIER_ANCHOR, E.PERFECT_ANCHOR, E.CATMULL_ANCHOR, E.RED_ANCHOR, E.LAST_ANCHOR}
END = E.CONTROL
"""Stands for the end ids."""


def vocabulary() -> Vocabulary:
    kinds = [
        E.TIME_SHIFT, E.SNAPPING, E.DISTANCE, E.POS, E.MANIA_COLUMN, E.SCROLL_SPEED, E.NEW_COMBO,
        E.HITSOUND, E.VOLUME, E.CIRCLE, E.SPINNER, E.SPINNER_END, E.SLIDER_HEAD, E.BEZIER_ANCHOR,
        E.PERFECT_ANCHOR, E.CATMULL_ANCHOR, E.RED_ANCHOR, E.LAST_ANCHOR, E.SLIDER_END, E.KIAI,
        E.HOLD_NOTE, E.HOLD_NOTE_END, E.DRUMROLL, E.DRUMROLL_END, E.DENDEN, E.DENDEN_END,
        E.POS_X, E.POS_Y, E.POS_REFINE,
    ]  # fmt: skip
    ranges = tuple(EventRange(kind, 5 + 2 * i, 0, 1) for i, kind in enumerate(kinds))
    end = ranges[-1].end_id
    return Vocabulary(ranges, (), {ContextType.MAP: 3}, {ContextType.MAP: 4}, end, end)


V = vocabulary()


def allowed(said: list[EventType], mode: Mode = Mode.OSU, options=OPTIONS) -> set[EventType]:
    prompt = [V.context_sos[ContextType.MAP], *(V.token(kind) for kind in said)]
    grammar = ObjectGrammar(V, options, mode)
    logits = grammar.apply(torch.zeros(1, V.size_out), TokenHistory(V, [prompt]))
    kinds = {V.decode(int(i)).kind for i in (logits[0] == 0).nonzero()[:, 0]}
    ends = {V.eos_id, *V.context_eos.values()}
    if END in kinds:
        assert all(logits[0, i] == 0 for i in ends)
    assert logits[0, 0] == -torch.inf
    return kinds


CIRCLE = [E.CIRCLE, E.TIME_SHIFT, E.SNAPPING, E.DISTANCE, E.POS, E.HITSOUND, E.VOLUME]
SLIDER = [
    E.SLIDER_HEAD, E.TIME_SHIFT, E.SNAPPING, E.DISTANCE, E.POS, E.SCROLL_SPEED, E.HITSOUND,
    E.VOLUME, E.RED_ANCHOR, E.DISTANCE, E.POS,
]  # fmt: skip
LAST = [E.LAST_ANCHOR, E.TIME_SHIFT, E.SNAPPING, E.DISTANCE, E.POS, E.HITSOUND, E.VOLUME]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], HEADS | {END}),
        (CIRCLE[:1], {E.TIME_SHIFT}),
        (CIRCLE[:2], {E.SNAPPING}),
        (CIRCLE[:3], {E.DISTANCE}),
        (CIRCLE[:4], {E.POS}),
        (CIRCLE[:5], {E.NEW_COMBO, E.HITSOUND}),
        ([*CIRCLE[:5], E.NEW_COMBO], {E.HITSOUND}),
        (CIRCLE[:6], {E.VOLUME}),
        (CIRCLE, HEADS | {END}),
        (SLIDER[:5], {E.NEW_COMBO, E.SCROLL_SPEED}),
        (SLIDER[:8], MIDDLE),
        (SLIDER[:9], {E.DISTANCE}),
        (SLIDER, MIDDLE),
        ([*SLIDER, *LAST], {E.SLIDER_END, E.HITSOUND}),
        ([*SLIDER, *LAST, E.HITSOUND], {E.VOLUME}),
        ([*SLIDER, *LAST, E.SLIDER_END, *LAST[1:]], HEADS | {END}),
        ([E.SPINNER, E.TIME_SHIFT, E.SNAPPING], {E.SPINNER_END}),
    ],
)
def test_what_may_follow_in_osu(said, expected):
    assert allowed(said) == expected


def test_taiko_has_speeds_and_no_places():
    assert allowed([E.CIRCLE, E.TIME_SHIFT, E.SNAPPING], Mode.TAIKO) == {E.SCROLL_SPEED}
    without_sv = replace(OPTIONS, add_sv=False)
    said = [E.CIRCLE, E.TIME_SHIFT, E.SNAPPING]
    assert allowed(said, Mode.TAIKO, without_sv) == {E.SCROLL_SPEED}
    roll = [E.DRUMROLL, E.TIME_SHIFT, E.SNAPPING, E.SCROLL_SPEED, E.HITSOUND, E.VOLUME]
    assert allowed(roll, Mode.TAIKO) == {E.DRUMROLL_END}
    assert allowed([], Mode.TAIKO) == {E.CIRCLE, E.DRUMROLL, E.DENDEN, END}


def test_hold_notes_may_overlap():
    head = [E.HOLD_NOTE, E.TIME_SHIFT, E.SNAPPING, E.MANIA_COLUMN, E.HITSOUND, E.VOLUME]
    anything = {E.CIRCLE, E.HOLD_NOTE, E.HOLD_NOTE_END, END}
    assert allowed(head, Mode.MANIA) == anything
    assert allowed([*head, E.HOLD_NOTE_END, *head[1:4]], Mode.MANIA) == anything


def test_what_a_family_leaves_out_is_not_waited_for():
    options = replace(
        OPTIONS, add_snapping=False, add_distances=False, add_positions=False, add_hitsounds=False
    )
    assert allowed([E.CIRCLE, E.TIME_SHIFT], options=options) == HEADS | {E.NEW_COMBO, END}


def test_nothing_is_said_about_groups_that_are_not_part_of_the_grammar():
    prompt = [3, V.token(E.KIAI), V.token(E.TIME_SHIFT)]
    logits = torch.zeros(1, V.size_out)
    filtered = ObjectGrammar(V, OPTIONS, Mode.OSU).apply(logits, TokenHistory(V, [prompt]))
    assert filtered is logits


def test_rows_are_judged_by_themselves_and_the_input_stays():
    logits = torch.zeros(2, V.size_out)
    history = TokenHistory(V, [[3], [3, V.token(E.CIRCLE)]])
    filtered = ObjectGrammar(V, OPTIONS, Mode.OSU).apply(logits, history)
    assert not logits.any()
    assert filtered[0, V.token(E.CIRCLE)] == 0
    assert filtered[1, V.token(E.CIRCLE)] == -torch.inf
    assert filtered[1, V.token(E.TIME_SHIFT)] == 0
    history.append([V.token(E.CIRCLE), V.token(E.TIME_SHIFT)])
    later = ObjectGrammar(V, OPTIONS, Mode.OSU).apply(logits, history)
    assert later[0, V.token(E.TIME_SHIFT)] == 0
    assert later[1, V.token(E.SNAPPING)] == 0


def test_families_that_write_otherwise_are_left_alone():
    assert ObjectGrammar.knows(OPTIONS)
    for change in [
        {"types_first": False}, {"slider_version": 2}, {"sustain_interval_ms": 8000},
        {"add_timing": True}, {"add_kiai": True},
    ]:  # fmt: skip
        assert not ObjectGrammar.knows(replace(OPTIONS, **change))


def test_axes_and_refinements_of_a_place_are_waited_for():
    kinds = [E.CIRCLE, E.TIME_SHIFT, E.SNAPPING, E.DISTANCE]
    split = replace(OPTIONS, position_split_axes=True)
    assert allowed(kinds, options=split) == {E.POS_X}
    assert allowed([*kinds, E.POS_X], options=split) == {E.POS_Y}
    assert allowed([*kinds, E.POS_X, E.POS_Y], options=split) == {E.NEW_COMBO, E.HITSOUND}
    fine = replace(OPTIONS, position_refinement_px=2)
    assert allowed([*kinds, E.POS], options=fine) == {E.POS_REFINE}
    assert allowed([*kinds, E.POS, E.POS_REFINE], options=fine) == {E.NEW_COMBO, E.HITSOUND}
