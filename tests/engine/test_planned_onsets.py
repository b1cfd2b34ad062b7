"""Beginnings at planned times: what may come next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from companion.beatmap import Mode
from companion.engine.events import ContextType, EventType
from companion.engine.logit_filters import PlannedOnsets, TokenHistory
from companion.engine.vocabulary import EventRange, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable

E = EventType
N_STEPS = 20
MAP_START, MAP_END = 3, 4


def vocabulary() -> Vocabulary:
    kinds = [
        E.TIME_SHIFT, E.HITSOUND, E.VOLUME, E.CIRCLE, E.SLIDER_HEAD, E.LAST_ANCHOR, E.SLIDER_END,
        E.HOLD_NOTE, E.HOLD_NOTE_END,
    ]  # fmt: skip
    ranges: list[EventRange] = []
    first = 5
    for kind in kinds:
        last = N_STEPS - 1 if kind is E.TIME_SHIFT else 0
        ranges.append(EventRange(kind, first, 0, last))
        first = ranges[-1].end_id
    starts, ends = {ContextType.MAP: MAP_START}, {ContextType.MAP: MAP_END}
    return Vocabulary(tuple(ranges), (), starts, ends, first, first)


V = vocabulary()


def time(step: int) -> int:
    return V.token(E.TIME_SHIFT, step)


def steps(*chosen: int) -> torch.Tensor:
    return torch.isin(torch.arange(N_STEPS), torch.tensor(chosen, dtype=torch.long))


def allowed(
    said: Iterable[E | int],
    planned: Iterable[int] = (4, 8, 9),
    mode: Mode = Mode.OSU,
    quarters: Iterable[int] = range(N_STEPS),
) -> set[int]:
    """What may come next; the same whether said before or while decoding."""
    rule = PlannedOnsets(V, steps(*planned)[None], steps(*quarters)[None], mode, {MAP_END})
    row = [MAP_START, *(time(one) if isinstance(one, int) else V.token(one) for one in said)]
    logits = torch.zeros(1, V.size_out)
    before = rule.apply(logits, TokenHistory(V, [row]))
    history = TokenHistory(V, [[MAP_START]])
    for token in row[1:]:
        history.append([token])
    assert torch.equal(before, rule.apply(logits, history))
    assert not logits.any()
    return set(torch.isfinite(before[0]).nonzero()[:, 0].tolist())


def times_of(tokens: set[int]) -> list[int]:
    return [step for step in range(N_STEPS) if time(step) in tokens]


@pytest.mark.parametrize(
    ("said", "expected"),
    [([], 4), ([E.CIRCLE, 4], 8), ([E.CIRCLE, 4, E.CIRCLE, 8], 9)],
)
def test_the_next_beginning_is_the_next_planned(said: list[E | int], expected: int) -> None:
    assert times_of(allowed([*said, E.CIRCLE])) == [expected]


def test_something_may_begin_where_the_window_does() -> None:
    assert times_of(allowed([E.CIRCLE], planned=(0, 4))) == [0]
    assert times_of(allowed([E.CIRCLE, 0, E.CIRCLE], planned=(0, 4))) == [4]
    assert MAP_END not in allowed([], planned=(0,))


def test_a_slider_ends_before_the_next_beginning() -> None:
    said = [E.SLIDER_HEAD, 4, E.LAST_ANCHOR]
    assert times_of(allowed(said)) == list(range(8))
    assert times_of(allowed([*said, 6, E.HITSOUND, E.VOLUME, E.SLIDER_END])) == list(range(8))


def test_after_the_last_beginning_ends_are_free() -> None:
    assert times_of(allowed([E.SLIDER_HEAD, 9, E.LAST_ANCHOR])) == list(range(N_STEPS))


def test_a_window_ends_only_when_everything_planned_has_begun() -> None:
    heads = {V.token(kind) for kind in (E.CIRCLE, E.SLIDER_HEAD, E.HOLD_NOTE)}
    before, after = (allowed([E.CIRCLE, step, E.VOLUME], planned=(4, 8)) for step in (4, 8))
    assert MAP_END not in before
    assert heads <= before
    assert MAP_END in after
    assert not heads & after


def test_something_long_needs_a_tick_before_the_next_beginning() -> None:
    slider = V.token(E.SLIDER_HEAD)
    assert slider in allowed([], quarters=(0, 4, 6, 8))
    assert slider not in allowed([], quarters=(0, 4, 8))
    assert slider not in allowed([E.CIRCLE, 4, E.VOLUME])  # 8 and 9 are next to each other
    assert V.token(E.CIRCLE) in allowed([E.CIRCLE, 4, E.VOLUME])
    assert slider in allowed([E.CIRCLE, 8, E.VOLUME])


def test_a_slider_goes_back_as_often_as_there_is_time() -> None:
    said: list[E | int] = [E.SLIDER_HEAD, 4, E.LAST_ANCHOR, 5]
    again = V.token(E.HITSOUND)
    for _ in range(2):
        said += [E.HITSOUND, E.VOLUME]
        assert again in allowed(said)
    # Three spans end at 7; four would end where the next object begins.
    assert again not in allowed([*said, E.HITSOUND, E.VOLUME])
    assert V.token(E.SLIDER_END) in allowed([*said, E.HITSOUND, E.VOLUME])


def test_a_slider_without_length_goes_back_for_a_window_at_most() -> None:
    said: list[E | int] = [E.SLIDER_HEAD, 9, E.LAST_ANCHOR, 9, *[E.HITSOUND] * N_STEPS]
    assert V.token(E.HITSOUND) not in allowed(said)


def test_mania_has_chords_and_holds_over_beginnings() -> None:
    mania = Mode.MANIA
    assert times_of(allowed([E.CIRCLE, 4, E.VOLUME, E.CIRCLE], mode=mania)) == [4, 8]
    assert times_of(allowed([E.CIRCLE, 9, E.VOLUME, E.CIRCLE], mode=mania)) == [9]
    # A note may end with the next one's beginning, which stays possible.
    said = [E.HOLD_NOTE, 4, E.VOLUME, E.HOLD_NOTE_END]
    assert times_of(allowed(said, mode=mania)) == list(range(9))
    assert times_of(allowed([*said, 8, E.CIRCLE], mode=mania)) == [8, 9]
    assert V.token(E.CIRCLE) in allowed([E.CIRCLE, 9, E.VOLUME], mode=mania)
    assert V.token(E.HOLD_NOTE) in allowed([E.CIRCLE, 8, E.VOLUME], mode=mania)


def test_where_nothing_is_planned_nothing_begins() -> None:
    tokens = allowed([], planned=())
    assert MAP_END in tokens
    assert V.token(E.CIRCLE) not in tokens


def test_each_window_serves_as_many_rows() -> None:
    planned = torch.stack([steps(2), steps(5)])
    rule = PlannedOnsets(V, planned, planned, Mode.OSU, {MAP_END})
    rows = [[MAP_START, V.token(E.CIRCLE)]] * 4
    result = rule.apply(torch.zeros(4, V.size_out), TokenHistory(V, rows))
    chosen = [set(torch.isfinite(row).nonzero()[:, 0].tolist()) for row in result]
    assert [times_of(one) for one in chosen] == [[2], [2], [5], [5]]
