"""Generation with a network that follows a script, so that every window's tokens are known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from companion.beatmap import TimeRange
from companion.engine.audio import Waveform
from companion.engine.cancellation import CancelToken
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import EncodingOptions
from companion.engine.events import ContextType, Event, EventType
from companion.engine.generation import (
    GeneratedWindow,
    Generation,
    GenerationOptions,
    Part,
    generate,
    generate_range,
)
from companion.engine.logit_filters import TimeBias
from companion.engine.model.backbone import EncodedWindows, WindowInput
from companion.engine.model.settings import ModelSettings
from companion.engine.prompts import Context, PromptOptions
from companion.engine.sampling import Greedy
from companion.engine.templates import Template
from companion.engine.vocabulary import EventRange, Vocabulary
from companion.engine.window_writer import WindowLimits, WindowWriter
from companion.engine.windows import windows_of
from companion.errors import Cancelled, RangeRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from companion.beatmap import Beatmap

E = EventType
RATE_HZ = 1000
N_STEPS = 100
KINDS = [
    (E.TIME_SHIFT, N_STEPS - 1), (E.SNAPPING, 16), (E.DISTANCE, 640), (E.POS, 956),
    (E.NEW_COMBO, 0), (E.SCROLL_SPEED, 1000), (E.HITSOUND, 72), (E.VOLUME, 100), (E.CIRCLE, 0),
    (E.SPINNER, 0), (E.SPINNER_END, 0), (E.SLIDER_HEAD, 0), (E.RED_ANCHOR, 0), (E.LAST_ANCHOR, 0),
    (E.SLIDER_END, 0), (E.KIAI, 1), (E.BEAT, 0), (E.MEASURE, 0),
]  # fmt: skip
INPUTS = [
    (E.GAMEMODE, 0, 3), (E.DIFFICULTY, 0, 24), (E.SONG_POSITION, -1, 101), (E.GLOBAL_SV, 40, 360),
]  # fmt: skip


def make_vocabulary() -> Vocabulary:
    def ranges(kinds: Sequence[tuple[E, int, int]], first_id: int) -> tuple[EventRange, ...]:
        made: list[EventRange] = []
        for kind, low, high in kinds:
            made.append(EventRange(kind, first_id, low, high))
            first_id = made[-1].end_id
        return tuple(made)

    outputs = ranges([(kind, 0, high) for kind, high in KINDS], 9)
    size_out = outputs[-1].end_id
    inputs = ranges(INPUTS, size_out)
    contexts = (ContextType.NONE, ContextType.MAP, ContextType.KIAI)
    return Vocabulary(
        outputs,
        inputs,
        {kind: 3 + 2 * i for i, kind in enumerate(contexts)},
        {kind: 4 + 2 * i for i, kind in enumerate(contexts)},
        size_out,
        inputs[-1].end_id,
        n_difficulty_classes=24,
        max_difficulty=12,
    )


V = make_vocabulary()
T0 = V.token(E.TIME_SHIFT)
MAP_END = V.context_eos[ContextType.MAP]
ATTRIBUTES = [
    V.token(E.SNAPPING, 1), V.token(E.DISTANCE, 5), V.token(E.POS, 7), V.token(E.HITSOUND),
    V.token(E.VOLUME, 60),
]  # fmt: skip
TEMPLATE = Template((ContextType.NONE,), (ContextType.MAP,))
SETTINGS = ModelSettings(
    family="scripted",
    rate_hz=RATE_HZ,
    hop_samples=10,
    window_frames=101,
    max_tokens=300,
    lookahead=0.25,
    prompts=PromptOptions(
        templates=(TEMPLATE,), add_mapper_token=False, add_year_token=False,
        add_hitsounded_token=False, add_song_length_token=False, add_cs_token=False,
        add_descriptors=False,
    ),
)  # fmt: skip


def circle(step: int) -> list[int]:
    return [V.token(E.CIRCLE), T0 + step, *ATTRIBUTES]


@dataclass
class State:
    n_tokens: int


@dataclass
class Metronome:
    """Writes a circle every 100 ms of song time, and ends a window when told to.

    It reads the last time from its prompt, as a network would; windows begin at whole multiples of
    250 ms, so that steps can be compared.
    """

    script: Callable[[list[int]], int]
    vocabulary: Vocabulary = V
    settings: ModelSettings = SETTINGS
    device: str = "cpu"
    n_parameters: int = 0
    rows: list[list[int]] = field(default_factory=list)
    prompts: list[list[list[int]]] = field(default_factory=list)
    heard: list[WindowInput] = field(default_factory=list)
    key: Callable[[WindowInput], bytes] = lambda _: b""

    def encode(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        self.heard.extend(windows)
        return EncodedWindows({"x": torch.zeros(len(windows), 1)})

    def encoding_key(self, window: WindowInput) -> bytes:
        return self.key(window)

    def _predict(self) -> torch.Tensor:
        logits = torch.zeros(len(self.rows), V.size_out)
        for i, row in enumerate(self.rows):
            logits[i, self.script(row)] = 50.0
        return logits

    def start(self, tokens: Any, mask: Any, encoded: EncodedWindows) -> Any:
        assert len(encoded) == len(tokens)
        self.rows = [[i for i in row if i != 0] for row in tokens.tolist()]
        self.prompts.append([list(row) for row in self.rows])
        return self._predict(), State(tokens.shape[1])

    def step(self, tokens: Any, state: State) -> Any:
        for row, token in zip(self.rows, tokens.tolist(), strict=True):
            row.append(token)
        return self._predict(), State(state.n_tokens + 1)

    def logits(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError


class Doubtful(Metronome):
    """Is not so sure of its script."""

    def _predict(self) -> torch.Tensor:
        return super()._predict() / 12


def every(steps: int) -> Callable[[list[int]], int]:
    """Circles so many steps apart; the first one at the window's start when nothing is there."""

    def script(row: list[int]) -> int:
        last = row[-1]
        times = [token - T0 for token in row if T0 <= token < T0 + N_STEPS]
        if last == V.token(E.CIRCLE):
            step = times[-1] + steps if times else 0
            return T0 + step if step < N_STEPS else MAP_END
        if T0 <= last < T0 + N_STEPS:
            return ATTRIBUTES[0]
        if last in ATTRIBUTES[:-1]:
            return ATTRIBUTES[ATTRIBUTES.index(last) + 1]
        if times and times[-1] + steps >= N_STEPS:
            return MAP_END
        return V.token(E.CIRCLE)

    return script


def silence(duration_ms: int) -> Waveform:
    return Waveform(np.zeros(duration_ms * RATE_HZ // 1000, np.float32), RATE_HZ, "silence")


def whole_song(backbone: Any, duration_ms: int = 3000, **changes: Any) -> Generation:
    waveform = silence(duration_ms)
    generation = Generation(
        backbone,
        waveform,
        windows_of(len(waveform.samples), backbone.settings.windows),
        backbone.settings.prompt_builder(V),
        TEMPLATE,
        [Context(ContextType.NONE)],
        [Part(ContextType.MAP)],
        Conditioning(song_length_ms=waveform.duration_ms),
        Greedy(),
        GenerationOptions(temperature=0),
    )
    return replace(generation, **changes)


def times_of(windows: Sequence[GeneratedWindow], variant: int = 0) -> list[int]:
    events = [event for w in windows if w.variant == variant for event in w.events]
    return [event.value for event in events if event.kind is E.TIME_SHIFT]


def test_windows_go_on_where_the_last_one_stopped():
    windows = list(generate(whole_song(Metronome(every(10))), CancelToken()))
    assert times_of(windows) == [100 * i + 5 for i in range(30)]
    assert [w.window.frame_time_ms for w in windows] == list(range(0, 2001, 250))
    assert all(w.kind is ContextType.MAP for w in windows)
    assert windows[0].settled.start_ms == 0
    assert all(a.settled.end_ms == b.settled.start_ms for a, b in pairwise(windows))


def test_events_are_streamed_window_by_window():
    stream = generate(whole_song(Metronome(every(10))), CancelToken())
    first = next(stream)
    times_ms = [5, 105, 205, 305, 405, 505, 605, 705]
    assert [e.value for e in first.events if e.kind is E.TIME_SHIFT] == times_ms
    assert {e.time_ms for e in first.events} == set(times_ms)
    assert next(stream).events[0].time_ms == 805


def test_the_prompt_of_a_later_window_holds_what_was_written_before():
    backbone = Metronome(every(10))
    stream = generate(whole_song(backbone), CancelToken())
    next(stream)
    next(stream)
    second = backbone.prompts[1][0]
    assert [token - T0 for token in second if T0 <= token < T0 + N_STEPS] == [5, 15, 25, 35, 45]


def test_a_finished_part_is_shown_and_not_written():
    template = Template((ContextType.NONE,), (ContextType.KIAI, ContextType.MAP))
    kiai = [Event(E.KIAI, 1, 205), Event(E.TIME_SHIFT, 205, 205)]
    backbone = Metronome(every(10))
    parts = [Part(ContextType.KIAI, kiai, finished=True), Part(ContextType.MAP)]
    generation = whole_song(backbone, template=template, parts=parts)
    windows = list(generate(generation, CancelToken()))
    assert {w.kind for w in windows} == {ContextType.MAP}
    assert V.token(E.KIAI, 1) in backbone.prompts[0][0]


def test_parts_are_written_in_order_over_the_whole_song():
    template = Template((ContextType.NONE,), (ContextType.KIAI, ContextType.MAP))

    def script(row: list[int]) -> int:
        kinds = V.context_sos[ContextType.KIAI], V.context_sos[ContextType.MAP]
        last_start = next(token for token in reversed(row) if token in kinds)
        return V.context_eos[ContextType.KIAI] if last_start == kinds[0] else every(10)(row)

    parts = [Part(ContextType.KIAI), Part(ContextType.MAP)]
    generation = whole_song(Metronome(script), template=template, parts=parts)
    windows = list(generate(generation, CancelToken()))
    assert [w.kind for w in windows] == [ContextType.KIAI] * 9 + [ContextType.MAP] * 9
    assert not any(w.events for w in windows if w.kind is ContextType.KIAI)


def test_variants_are_written_side_by_side():
    windows = list(generate(whole_song(Metronome(every(10)), seeds=(1, 2, 3)), CancelToken()))
    assert [w.variant for w in windows[:6]] == [0, 1, 2, 0, 1, 2]
    assert times_of(windows, 2) == times_of(windows, 0)


def test_the_mean_logprob_is_over_all_tokens_so_far():
    windows = list(generate(whole_song(Doubtful(every(10)), 1500), CancelToken()))
    for i, window in enumerate(windows):
        rows = [w.decoded for w in windows[: i + 1]]
        mean = sum(r.logprob for r in rows) / sum(len(r.tokens) for r in rows)
        assert window.mean_logprob == pytest.approx(mean)
    assert windows[-1].mean_logprob < 0


def test_cancelling_ends_the_stream():
    token = CancelToken()
    stream = generate(whole_song(Metronome(every(10))), token)
    next(stream)
    token.cancel()
    with pytest.raises(Cancelled):
        next(stream)


def test_encodings_may_come_from_memory():
    asked: list[int] = []

    def hear(window: Any, given: WindowInput) -> EncodedWindows:
        asked.append(window.frame_time_ms)
        assert len(given.samples) == SETTINGS.window_samples
        return EncodedWindows({"x": torch.zeros(1, 1)})

    backbone = Metronome(every(10))
    list(generate(whole_song(backbone, 1500, hear=hear), CancelToken()))
    assert asked == [0, 250, 500]
    assert backbone.heard == []


def test_guidance_hears_a_window_twice_only_if_it_would_sound_different():
    options = GenerationOptions(temperature=0, guidance=2.0)
    backbone = Metronome(every(10))
    conditioning = Conditioning(difficulty=5.0, song_length_ms=1000)
    generation = whole_song(backbone, 1000, options=options, conditioning=conditioning)
    list(generate(generation, CancelToken()))
    assert len(backbone.heard) == 1
    assert len(backbone.prompts[0]) == 2
    listener = Metronome(every(10), key=lambda given: str(given.conditioning.difficulty).encode())
    list(generate(replace(generation, backbone=listener), CancelToken()))
    assert [given.conditioning.difficulty for given in listener.heard] == [5.0, None]


def test_the_originals_guidance_does_not_concern_the_encoder():
    options = GenerationOptions(temperature=0, guidance=2.0, original_quirks=True)
    listener = Metronome(every(10), key=lambda given: str(given.conditioning.difficulty).encode())
    conditioning = Conditioning(difficulty=5.0, song_length_ms=1000)
    generation = whole_song(listener, 1000, options=options, conditioning=conditioning)
    list(generate(generation, CancelToken()))
    assert [given.conditioning.difficulty for given in listener.heard] == [5.0]
    assert len(listener.prompts[0]) == 2


# Ranges


def in_range(
    backbone: Any, beatmap: Beatmap, wanted: TimeRange, duration_ms: int = 3000, **more: Any
) -> list[GeneratedWindow]:
    options = more.pop("options", GenerationOptions(temperature=0))
    return list(
        generate_range(
            backbone, silence(duration_ms), beatmap, Conditioning(), wanted, options,
            CancelToken(), **more,
        )
    )  # fmt: skip


def test_a_range_is_filled_and_nothing_is_written_outside(beatmap_of):
    wanted = TimeRange(1000, 2000)
    windows = in_range(Metronome(every(10)), beatmap_of(["256,192,900,1,0"]), wanted)
    assert times_of(windows) == [100 * i + 5 for i in range(10, 20)]
    assert windows[0].settled.start_ms == 1000
    assert windows[-1].settled.end_ms == 2000
    assert all(a.settled.end_ms == b.settled.start_ms for a, b in pairwise(windows))


def test_objects_before_the_range_are_the_prompts_past_and_others_are_not(beatmap_of):
    objects = [f"256,192,{time_ms},1,0" for time_ms in (300, 900, 1500, 2500)]
    backbone = Metronome(every(10))
    in_range(backbone, beatmap_of(objects), TimeRange(1000, 2000))
    frame_time_ms = backbone.heard[0].start_ms
    times = [token - T0 for token in backbone.prompts[0][0] if T0 <= token < T0 + N_STEPS]
    before = [t for t in (300, 900) if t >= frame_time_ms]
    assert [frame_time_ms + 10 * step for step in times] == before


def test_the_map_is_heard_through_its_red_lines(beatmap_of):
    backbone = Metronome(every(10))
    in_range(backbone, beatmap_of(), TimeRange(0, 1000))
    assert [line.time_ms for line in backbone.heard[0].red_lines] == [0]
    assert backbone.heard[0].conditioning.song_length_ms == 3000


def test_a_range_at_the_songs_start_and_end_is_filled(beatmap_of):
    windows = in_range(Metronome(every(10)), beatmap_of(), TimeRange(-500, 9000))
    assert times_of(windows) == [100 * i + 5 for i in range(30)]
    assert (windows[0].settled.start_ms, windows[-1].settled.end_ms) == (-500, 9000)


@pytest.mark.parametrize("wanted", [TimeRange(-900, -100), TimeRange(3000, 4000)])
def test_a_range_beside_the_song_is_refused(beatmap_of, wanted: TimeRange):
    with pytest.raises(RangeRefused, match="no song"):
        in_range(Metronome(every(10)), beatmap_of(), wanted)


def test_an_object_that_begins_in_the_range_ends_in_it(beatmap_of):
    spinner, end = V.token(E.SPINNER), V.token(E.SPINNER_END)

    def script(row: list[int]) -> int:
        last = row[-1]
        if last == spinner:
            return T0 + 60
        if last == end:
            return T0 + 90
        if T0 <= last < T0 + N_STEPS:
            return V.token(E.SNAPPING, 1)
        return end if spinner in row and last == V.token(E.SNAPPING, 1) else spinner

    windows = in_range(Metronome(script), beatmap_of(), TimeRange(0, 800), 1000)
    times = times_of(windows)
    assert times[0] == 605
    assert len(times) >= 2
    assert 605 <= times[1] < 800


def test_a_seed_decides_and_variants_do_not_depend_on_each_other(beatmap_of):
    options = GenerationOptions(temperature=1.0, top_p=1.0)
    wanted = TimeRange(0, 900)

    def tokens(seeds: Sequence[int], variant: int) -> list[tuple[int, ...]]:
        windows = in_range(
            Doubtful(every(10)), beatmap_of(), wanted, 1500, options=options, seeds=seeds
        )
        return [w.decoded.tokens for w in windows if w.variant == variant]

    assert tokens([1, 2], 1) == tokens([2], 0)
    assert tokens([1, 2], 0) != tokens([1, 2], 1)


# Families that name the time first


def every_last(steps: int) -> Callable[[list[int]], int]:
    """As `every`, with the type at the end of its group."""

    def script(row: list[int]) -> int:
        last = row[-1]
        if T0 <= last < T0 + N_STEPS:
            return ATTRIBUTES[0]
        if last in ATTRIBUTES[:-1]:
            return ATTRIBUTES[ATTRIBUTES.index(last) + 1]
        if last == ATTRIBUTES[-1]:
            return V.token(E.CIRCLE)
        times = [token - T0 for token in row if T0 <= token < T0 + N_STEPS]
        step = times[-1] + steps if times else 0
        return T0 + step if step < N_STEPS else V.eos_id

    return script


def types_last(script: Callable[[list[int]], int], **prompts: bool) -> Metronome:
    settings = replace(
        SETTINGS,
        encoding=EncodingOptions(types_first=False, add_sv=False),
        prompts=replace(SETTINGS.prompts, **prompts),
    )
    return Metronome(script, settings=settings)


@pytest.mark.parametrize("named", [True, False])
def test_windows_go_on_where_types_come_last_with_and_without_named_contexts(named: bool):
    backbone = types_last(every_last(10), add_out_context_types=named)
    windows = list(generate(whole_song(backbone), CancelToken()))
    assert times_of(windows) == [100 * i + 5 for i in range(30)]
    # The time that ends a window is dropped alone; the group before it is whole.
    kinds = [event.kind for event in windows[0].events]
    assert kinds[-1] is E.CIRCLE
    assert windows[-1].decoded.tokens[-1] == V.eos_id
    starts = [row.count(V.context_sos[ContextType.MAP]) for [row] in backbone.prompts]
    assert starts == [int(named)] * len(backbone.prompts)


def test_a_time_in_the_lookback_is_not_offered_where_types_come_last():
    script = every_last(10)

    def eager(row: list[int]) -> int:
        # It would rather say what is settled already.
        token = script(row)
        return T0 if T0 < token < T0 + N_STEPS else token

    windows = list(generate(whole_song(types_last(eager), 1500), CancelToken()))
    for window in windows[1:]:
        assert T0 not in window.decoded.tokens


def test_a_range_is_filled_where_types_come_last(beatmap_of):
    wanted = TimeRange(1000, 2000)
    backbone = types_last(every_last(10))
    windows = in_range(backbone, beatmap_of(["256,192,900,1,0"]), wanted)
    assert times_of(windows) == [100 * i + 5 for i in range(10, 20)]


def test_an_open_object_ends_in_the_range_where_types_come_last(beatmap_of):
    spinner, end = V.token(E.SPINNER), V.token(E.SPINNER_END)
    snap = V.token(E.SNAPPING, 1)

    def script(row: list[int]) -> int:
        last = row[-1]
        if T0 <= last < T0 + N_STEPS:
            return snap
        if last == snap:
            return end if spinner in row else spinner
        return T0 + (90 if spinner in row else 60)

    class Persuadable(Metronome):
        def _predict(self) -> torch.Tensor:
            logits = super()._predict()
            logits[:, T0 + 70] += 25
            return logits

    backbone = Persuadable(script, settings=types_last(script).settings)
    windows = in_range(backbone, beatmap_of(), TimeRange(0, 800), 1000)
    times = times_of(windows)
    assert times[:2] == [605, 705]
    long = {E.SPINNER, E.SPINNER_END}
    kinds = [event.kind for w in windows for event in w.events if event.kind in long]
    assert kinds[:2] == [E.SPINNER, E.SPINNER_END]


def test_beats_among_the_objects_are_known_up_to_the_ranges_start(beatmap_of):
    backbone = types_last(every_last(10), add_out_context_types=False)
    encoding = replace(backbone.settings.encoding, add_timing=True, add_timing_points=False)
    backbone.settings = replace(backbone.settings, encoding=encoding)
    for objects in (["256,192,850,1,0", "256,192,2500,1,0"], []):
        backbone.prompts.clear()
        backbone.heard.clear()
        beatmap = beatmap_of(objects, timing=["0,100,4,2,1,60,1,0"])
        in_range(backbone, beatmap, TimeRange(1000, 1500))
        row = backbone.prompts[0][0]
        beats = [V.token(E.BEAT), V.token(E.MEASURE)]
        steps = [row[i - 1] - T0 for i, token in enumerate(row) if token in beats]
        assert backbone.heard[0].start_ms + 10 * steps[-1] == 900
        assert row.count(V.token(E.CIRCLE)) == len(objects[:1])


# Limits of a window


def test_the_released_limits_of_v29():
    settings = ModelSettings("v29", 16000, 128, 1024, 2048).windows
    middle = WindowLimits.of(settings, 819, is_first=False, is_last=False)
    assert middle == WindowLimits(409, 491, 492)
    assert WindowLimits.of(settings, 819, is_first=True, is_last=True) == WindowLimits(
        0, None, None
    )


def test_only_what_counts_of_a_window_is_kept():
    backbone: Any = Metronome(every(10))
    writer = WindowWriter(backbone, GenerationOptions(), Conditioning(), Greedy())
    limits = WindowLimits(20, 60, 60)

    def kept(tokens: list[int]) -> list[int]:
        return writer.kept(tokens, ContextType.MAP, limits)

    whole = circle(30)
    assert kept([*whole, MAP_END]) == whole
    assert kept([*whole, V.eos_id]) == whole
    assert kept([*whole, *circle(61)[:2]]) == whole
    assert kept([*whole, *circle(3)[:2]]) == whole
    assert kept(whole[:2]) == whole[:2]
    assert kept([]) == []


def test_times_alone_are_dropped_where_types_come_last():
    settings = replace(SETTINGS, encoding=EncodingOptions(types_first=False))
    backbone: Any = Metronome(every(10), settings=settings)
    writer = WindowWriter(backbone, GenerationOptions(), Conditioning(), Greedy())
    tokens = [V.token(E.VOLUME, 60), V.token(E.CIRCLE), T0 + 70]
    assert writer.kept(tokens, ContextType.MAP, WindowLimits(20, 60, 60)) == tokens[:-1]


def test_times_are_made_likelier_only_where_they_come_first():
    def biased(*, types_first: bool, quirks: bool = False) -> bool:
        settings = replace(SETTINGS, encoding=EncodingOptions(types_first=types_first))
        backbone: Any = Metronome(every(10), settings=settings)
        options = GenerationOptions(time_bias=2, original_quirks=quirks)
        writer = WindowWriter(backbone, options, Conditioning(), Greedy())
        filters = writer._filters(ContextType.MAP, WindowLimits(0, None, None), 1)
        return any(isinstance(one, TimeBias) for one in filters)

    assert biased(types_first=False)
    assert biased(types_first=True, quirks=True)
    assert not biased(types_first=True)
