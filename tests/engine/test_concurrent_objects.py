"""No object on another: what is forbidden, and that nothing of a real map is."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import torch

from companion.beatmap import Document, HoldNote, Mode
from companion.engine.encoding import EncodingOptions, encode_map
from companion.engine.events import ContextType, EventType
from companion.engine.logit_filters import NoConcurrentObjects, TokenHistory
from companion.engine.vocabulary import EventRange, Vocabulary
from tests.engine.test_grammar_of_real_maps import CASES, FAMILIES, is_usual, vocabulary_of
from tests.engine.test_round_trip import maps_of

if TYPE_CHECKING:
    from pathlib import Path

    from companion.beatmap import Beatmap

E = EventType
WINDOW_MS = 8_000
N_STEPS = 20
N_COLUMNS = 18
TYPES_FIRST, TYPES_LAST = EncodingOptions(), EncodingOptions(types_first=False)


def vocabulary() -> Vocabulary:
    sizes = {E.TIME_SHIFT: N_STEPS, E.MANIA_COLUMN: N_COLUMNS}
    kinds = [
        E.TIME_SHIFT, E.SNAPPING, E.MANIA_COLUMN, E.HITSOUND, E.VOLUME, E.CIRCLE, E.SPINNER,
        E.SPINNER_END, E.SLIDER_HEAD, E.LAST_ANCHOR, E.SLIDER_END, E.HOLD_NOTE, E.HOLD_NOTE_END,
        E.KIAI, E.BEAT,
    ]  # fmt: skip
    ranges: list[EventRange] = []
    first = 5
    for kind in kinds:
        ranges.append(EventRange(kind, first, 0, sizes.get(kind, 1) - 1))
        first = ranges[-1].end_id
    return Vocabulary(tuple(ranges), (), {ContextType.MAP: 3}, {ContextType.MAP: 4}, first, first)


V = vocabulary()
Said = list[tuple[EventType, int]]


def token(kind: EventType, value: int = 0) -> int:
    return V.token(kind, value)


def forbidden(
    said: Said, mode: Mode, options: EncodingOptions = TYPES_FIRST, keycount: int = 4
) -> dict[EventType, set[int]]:
    """Values that may not come next, by kind; the same whether said before or while decoding."""
    ids = [token(*event) for event in said]
    rule = NoConcurrentObjects(V, options, mode, keycount)
    whole = TokenHistory(V, [[3, *ids]], types_first=options.types_first)
    grown = TokenHistory(V, [[3]], types_first=options.types_first)
    for one in ids:
        grown.append([one])
    logits = rule.apply(torch.zeros(1, V.size_out), whole)
    assert torch.equal(logits, rule.apply(torch.zeros(1, V.size_out), grown))
    found: dict[EventType, set[int]] = {}
    for index in (logits[0] != 0).nonzero()[:, 0].tolist():
        event = V.decode(index)
        found.setdefault(event.kind, set()).add(event.value)
    return found


def note(kind: EventType, step: int, column: int) -> Said:
    return [(kind, 0), (E.TIME_SHIFT, step), (E.SNAPPING, 0), (E.MANIA_COLUMN, column)]


def columns_but(*columns: int) -> set[int]:
    return set(range(N_COLUMNS)) - {*columns}


@pytest.mark.parametrize("mode", [Mode.OSU, Mode.TAIKO, Mode.CATCH])
def test_the_next_object_begins_later(mode: Mode) -> None:
    circle = [(E.CIRCLE, 0), (E.TIME_SHIFT, 7), (E.HITSOUND, 0)]
    for kind in (E.CIRCLE, E.SLIDER_HEAD, E.SPINNER):
        assert forbidden([*circle, (kind, 0)], mode) == {E.TIME_SHIFT: {7}}
        assert forbidden([(kind, 0)], mode) == {}
    assert forbidden([*circle, (E.KIAI, 0)], mode) == {}


def test_what_goes_on_takes_time_but_one_span_is_a_whole_slider() -> None:
    head = [(E.SLIDER_HEAD, 0), (E.TIME_SHIFT, 3)]
    assert forbidden([*head, (E.LAST_ANCHOR, 0)], Mode.OSU) == {E.TIME_SHIFT: {3}}
    span = [*head, (E.LAST_ANCHOR, 0), (E.TIME_SHIFT, 9)]
    assert forbidden([*span, (E.SLIDER_END, 0)], Mode.OSU) == {}
    spinner = [(E.SPINNER, 0), (E.TIME_SHIFT, 3), (E.SPINNER_END, 0)]
    assert forbidden(spinner, Mode.OSU) == {E.TIME_SHIFT: {3}}


def test_a_new_context_has_no_past() -> None:
    rule = NoConcurrentObjects(V, TYPES_FIRST, Mode.OSU, 4)
    history = TokenHistory(V, [[3, token(E.CIRCLE), token(E.TIME_SHIFT, 7)]])
    history.append([V.context_sos[ContextType.MAP]])
    history.append([token(E.CIRCLE)])
    assert not rule.apply(torch.zeros(1, V.size_out), history).any()


def test_a_chord_has_a_note_per_column() -> None:
    first = note(E.CIRCLE, 5, 2)
    second = [(E.CIRCLE, 0), (E.TIME_SHIFT, 5)]
    assert forbidden([*first, *second], Mode.MANIA)[E.MANIA_COLUMN] == columns_but(0, 1, 3)
    later = [(E.CIRCLE, 0), (E.TIME_SHIFT, 6), (E.SNAPPING, 0)]
    assert forbidden([*first, *later], Mode.MANIA)[E.MANIA_COLUMN] == columns_but(0, 1, 2, 3)


def test_a_full_chord_is_over() -> None:
    chord = [event for column in range(4) for event in note(E.CIRCLE, 5, column)]
    assert forbidden([*chord[:-4], (E.CIRCLE, 0)], Mode.MANIA) == {}
    assert forbidden([*chord, (E.CIRCLE, 0)], Mode.MANIA) == {E.TIME_SHIFT: {5}}
    assert forbidden([*chord, (E.CIRCLE, 0)], Mode.MANIA, keycount=5) == {}


def test_a_held_column_is_taken_until_it_ends() -> None:
    hold = note(E.HOLD_NOTE, 5, 1)
    circle = [(E.CIRCLE, 0), (E.TIME_SHIFT, 6)]
    end = [(E.HOLD_NOTE_END, 0), (E.TIME_SHIFT, 6)]
    assert forbidden([*hold, *circle], Mode.MANIA)[E.MANIA_COLUMN] == columns_but(0, 2, 3)
    assert forbidden([*hold, *end], Mode.MANIA)[E.MANIA_COLUMN] == columns_but(0, 1, 2, 3)
    ended = [*hold, *note(E.HOLD_NOTE_END, 8, 1)]
    again = [(E.HOLD_NOTE, 0), (E.TIME_SHIFT, 8)]
    assert forbidden([*ended, *again], Mode.MANIA)[E.MANIA_COLUMN] == columns_but(0, 2, 3)
    again = [(E.HOLD_NOTE, 0), (E.TIME_SHIFT, 9)]
    assert forbidden([*ended, *again], Mode.MANIA)[E.MANIA_COLUMN] == columns_but(0, 1, 2, 3)


def test_only_what_is_held_ends() -> None:
    """A column of which nothing is known may be held since before the window."""
    end = [(E.HOLD_NOTE_END, 0), (E.TIME_SHIFT, 9)]
    circle = note(E.CIRCLE, 5, 1)
    assert forbidden([*circle, *end], Mode.MANIA)[E.MANIA_COLUMN] == columns_but(0, 2, 3)
    circles = [event for column in range(4) for event in note(E.CIRCLE, 5, column)]
    assert forbidden([*circles, (E.HITSOUND, 0)], Mode.MANIA) == {E.HOLD_NOTE_END: {0}}
    holds = [event for column in range(4) for event in note(E.HOLD_NOTE, 5, column)]
    heads = forbidden([*holds, (E.HITSOUND, 0)], Mode.MANIA)
    assert heads.keys() == {E.CIRCLE, E.HOLD_NOTE, E.SLIDER_HEAD, E.SPINNER}
    assert forbidden([*holds, (E.HOLD_NOTE_END, 0)], Mode.MANIA) == {E.TIME_SHIFT: {5}}


def test_types_last_the_column_decides_what_it_can_be() -> None:
    def group(kind: EventType, step: int, column: int) -> Said:
        return [(E.TIME_SHIFT, step), (E.MANIA_COLUMN, column), (E.HITSOUND, 0), (kind, 0)]

    hold = group(E.HOLD_NOTE, 5, 1)
    late = forbidden([*hold, *group(E.CIRCLE, 6, 1)[:-1]], Mode.MANIA, TYPES_LAST)
    assert late.keys() == {E.CIRCLE, E.HOLD_NOTE, E.SLIDER_HEAD, E.SPINNER}
    circle = group(E.CIRCLE, 5, 1)
    known = forbidden([*circle, *group(E.CIRCLE, 7, 1)[:-1]], Mode.MANIA, TYPES_LAST)
    assert known == {E.HOLD_NOTE_END: {0}}
    chord = [*circle, (E.TIME_SHIFT, 5)]
    assert forbidden(chord, Mode.MANIA, TYPES_LAST)[E.MANIA_COLUMN] == columns_but(0, 2, 3)
    full = [event for column in range(4) for event in group(E.CIRCLE, 5, column)]
    assert forbidden(full, Mode.MANIA, TYPES_LAST) == {E.TIME_SHIFT: {5}}


def test_types_last_a_time_begins_something_unless_an_object_goes_on() -> None:
    circle = [(E.TIME_SHIFT, 5), (E.HITSOUND, 0), (E.CIRCLE, 0)]
    assert forbidden(circle, Mode.OSU, TYPES_LAST) == {E.TIME_SHIFT: {5}}
    span = [(E.TIME_SHIFT, 5), (E.SLIDER_HEAD, 0), (E.TIME_SHIFT, 9), (E.LAST_ANCHOR, 0)]
    assert forbidden(span, Mode.OSU, TYPES_LAST) == {}
    with_beats = replace(TYPES_LAST, add_timing=True)
    assert forbidden(circle, Mode.OSU, with_beats) == {}


def is_playable(beatmap: Beatmap) -> bool:
    """Whether nothing begins within three time steps of the end of what was before it."""
    keys = beatmap.keycount if beatmap.mode is Mode.MANIA else 1
    columns: dict[int, list[tuple[float, float]]] = {}
    for item in beatmap.hit_objects:
        if isinstance(item, HoldNote) and item.end_ms - item.start_ms < 30:
            return False
        column = item.column(keys) if beatmap.mode is Mode.MANIA else 0
        columns.setdefault(column, []).append((item.start_ms, item.end_ms))
    return is_usual(beatmap) and all(
        after[0] - before[1] >= 30
        for items in columns.values()
        for before, after in pairwise(sorted(items))
    )


@pytest.mark.parametrize(("family", "mode"), CASES)
def test_nothing_of_a_playable_map_is_forbidden(
    goldens: Path, shared_data: Path, family: str, mode: Mode
) -> None:
    encoding, words = FAMILIES[family], vocabulary_of(goldens, family)
    beatmaps = [Document.parse(f.read_bytes()).beatmap for f in maps_of(shared_data, mode)]
    playable = [beatmap for beatmap in beatmaps if is_playable(beatmap)]
    assert playable
    anything = torch.zeros(1, words.size_out)
    for beatmap in playable:
        rule = NoConcurrentObjects(words, encoding, mode, beatmap.keycount)
        start_ms = beatmap.hit_objects[0].start_ms + 1000
        events = encode_map(beatmap, encoding)
        events = [e for e in events if start_ms <= e.time_ms < start_ms + WINDOW_MS]
        # A window begins with a beginning.
        history = TokenHistory(words, [[words.sos_id]], types_first=encoding.types_first)
        for place, one in enumerate(words.encode_window(events, start_ms)):
            logits = rule.apply(anything, history)
            assert logits[0, one] == 0, (family, events[max(place - 12, 0) : place + 1])
            history.append([one])
