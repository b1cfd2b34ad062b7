"""Generation by a network that hears where objects begin: it writes them there, and only there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from companion.beatmap import TimeRange
from companion.engine.cancellation import CancelToken
from companion.engine.events import ContextType, Event, EventType
from companion.engine.generation import GenerationOptions, Part, generate
from companion.engine.model.backbone import EncodedWindows, WindowInput
from companion.engine.sampling import Greedy
from companion.engine.side_by_side import write_apart
from companion.engine.windows import windows_of
from tests.engine.test_generation import N_STEPS, Metronome, every, times_of, whole_song

if TYPE_CHECKING:
    from collections.abc import Sequence

E = EventType
BEATS_MS = range(0, 3000, 200)


class Listener(Metronome):
    """Would write an object every 100 ms, and hears one every 200 ms."""

    def encode(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        return EncodedWindows({"start_ms": torch.tensor([float(w.start_ms) for w in windows])})

    def onset_log_odds(self, encoded: EncodedWindows) -> torch.Tensor:
        times_ms = encoded.parts["start_ms"][:, None] + 10 * torch.arange(N_STEPS)
        return torch.where(times_ms % 200 == 0, 3.0, -3.0)

    def ticks(self, encoded: EncodedWindows, *, quarters: bool = False) -> torch.Tensor:
        del quarters
        return torch.zeros(len(encoded), N_STEPS, dtype=torch.bool)


def objects(*times_ms: int) -> list[Event]:
    kinds = (E.CIRCLE, E.TIME_SHIFT)
    return [
        Event(kind, time if kind is E.TIME_SHIFT else 0, time)
        for time in times_ms
        for kind in kinds
    ]


def test_objects_begin_where_they_are_heard() -> None:
    windows = list(generate(whole_song(Listener(every(10))), CancelToken()))
    assert times_of(windows) == [time + 5 for time in BEATS_MS]


def test_the_original_knows_no_plan() -> None:
    quirks = GenerationOptions(temperature=0, original_quirks=True)
    windows = list(generate(whole_song(Listener(every(10)), options=quirks), CancelToken()))
    assert times_of(windows) == [100 * i + 5 for i in range(30)]


def test_windows_that_stand_alone_have_plans_as_well() -> None:
    generation = whole_song(Listener(every(10)))
    apart = replace(generation.window_settings, lookback=0.0, lookahead=0.0)
    windows = windows_of(len(generation.waveform.samples), apart)
    generation = replace(generation, windows=windows, overlap=apart)
    written = list(write_apart(generation, lambda some: Greedy(), 4, CancelToken()))
    events = [event for one in written for event in one.events[ContextType.MAP]]
    assert [event.value for event in events if event.kind is E.TIME_SHIFT] == [
        time + 5 for time in BEATS_MS
    ]


def test_of_a_map_what_stands_around_the_range_is_known() -> None:
    changes: dict[str, Any] = {
        "parts": [Part(ContextType.MAP, objects(200, 400))],
        "range": TimeRange(1000, 2000),
        "later_onsets_ms": [2200.0, 2600.0],
    }
    known = whole_song(Listener(every(10)), **changes).known_onsets
    assert known.times_ms.tolist() == [200, 400, 2200, 2600]
    (first, second), (third, fourth) = known.ranges_ms
    assert 180 < first < 200
    assert second == 1000
    assert 2180 < third < 2200
    assert 2600 < fourth < 2620


def test_of_a_new_map_nothing_is_known() -> None:
    known = whole_song(Listener(every(10))).known_onsets
    assert not len(known.times_ms)
    assert known.ranges_ms == ()
