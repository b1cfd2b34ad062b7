from __future__ import annotations

import random
from dataclasses import replace

from companion.engine.events import EventType
from companion.engine.modding import Candidate, JudgedEvent, Selection
from companion.engine.modding.rarity import Rarity

RARITIES = {
    EventType.TIME_SHIFT: Rarity(4.0, 1.0, 1.0),
    EventType.HITSOUND: Rarity(4.0, 1.0, 0.5),
}


def candidate(
    index: int,
    excess_bits: float,
    kind: EventType = EventType.TIME_SHIFT,
    *,
    is_detected: bool = False,
) -> Candidate:
    judged = JudgedEvent(
        context="map",
        index=index,
        window=index // 10,
        kind=kind,
        value=index,
        time_ms=index * 100,
        expected_kind=kind,
        expected_value=0,
        expected_probability=0.5,
        surprisal_bits=excess_bits + 1.0,
        entropy_bits=1.0,
    )
    return Candidate(judged, 0, kind.value, excess_bits, RARITIES[kind], is_detected)


def shown(selection: Selection) -> dict[int, float]:
    return {
        item.candidate.judged.index: round(item.weight, 3)
        for window in selection.chosen().values()
        for item in window
    }


def test_few_surprises_weigh_what_they_weigh_alone() -> None:
    selection = Selection(minutes=16.0)
    selection.put(0, [candidate(1, 4.0), candidate(2, 5.5)])
    assert shown(selection) == {1: 1.0, 2: 2.5}


def test_of_many_surprises_twice_as_many_as_usual_are_shown_the_greatest_first() -> None:
    selection = Selection(minutes=2.0)
    selection.put(0, [candidate(i, 10.0 + i) for i in range(20)])
    # Two a map are usual: the first has weight 1 + log2(2 / 1), the fourth 1 + log2(2 / 4).
    assert shown(selection) == {19: 2.0, 18: 1.0, 17: 0.415, 16: 0.0}


def test_the_greatest_surprise_of_a_rare_kind_is_always_shown() -> None:
    selection = Selection(minutes=0.1)
    selection.put(0, [candidate(1, 9.0, EventType.HITSOUND), candidate(2, 8.0)])
    assert shown(selection) == {1: 1.0, 2: 1.0}


def test_kinds_do_not_take_each_others_place() -> None:
    selection = Selection(minutes=2.0)
    selection.put(0, [candidate(i, 20.0 + i, EventType.HITSOUND) for i in range(50)])
    selection.put(1, [candidate(99, 6.0)])
    assert shown(selection)[99] == 2.0
    assert len(shown(selection)) == 3


def test_the_order_in_which_windows_become_known_does_not_matter() -> None:
    dice = random.Random(4)
    windows = {w: [candidate(10 * w + i, dice.uniform(4, 12)) for i in range(3)] for w in range(9)}
    forward, backward = Selection(3.0), Selection(3.0)
    for window in windows:
        forward.put(window, windows[window])
    for window in reversed(windows):
        backward.put(window, [])
        backward.put(window, windows[window])
    assert shown(forward) == shown(backward)


def test_what_a_detector_is_sure_of_weighs_as_much_however_much_there_is() -> None:
    selection = Selection(minutes=2.0)
    selection.put(0, [candidate(i, 10.0 + i, is_detected=True) for i in range(20)])
    # Of four times as many as usual, each has the weight that it has alone.
    assert shown(selection) == {i: 7.0 + i for i in range(12, 20)}


def test_what_has_no_rarity_is_always_shown() -> None:
    selection = Selection(minutes=1.0)
    selection.put(0, [replace(candidate(i, 30.0), rarity=None) for i in range(50)])
    assert shown(selection) == dict.fromkeys(range(50), 3.1)
