"""Generating events, context after context and window after window.

Each window's prompt holds what is already there in its span; what the model adds up to its
lookahead is kept and never changed by a later window. Everything streams: whoever iterates gets
each window's events as soon as they are written, and stops by not going on or by cancelling the
token.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from companion.beatmap import TimeRange
from companion.engine.encoding import (
    encode_kiai,
    encode_scroll_speeds,
    encode_timing,
    retime,
)
from companion.engine.events import ContextType, EventType
from companion.engine.guided_hearing import hear_window
from companion.engine.memory import shortage_is_typed
from companion.engine.model.backbone import EncodedWindows, WindowInput
from companion.engine.prompts import Context
from companion.engine.references import objects_before
from companion.engine.rhythm import KnownOnsets, OnsetPlanner, onset_times
from companion.engine.sampling import Greedy, Sampler
from companion.engine.vocabulary import HALF_STEP_MS, MS_PER_STEP
from companion.engine.window_writer import GenerationOptions, WindowLimits, WindowWriter
from companion.engine.windows import windows_of
from companion.errors import RangeRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import Beatmap, TimingPoint
    from companion.engine.audio import Waveform
    from companion.engine.cancellation import CancelToken
    from companion.engine.conditioning import Conditioning
    from companion.engine.decoding import DecodedRow
    from companion.engine.encoding import EncodingOptions
    from companion.engine.events import Event
    from companion.engine.model.backbone import Backbone
    from companion.engine.prompts import PromptBuilder
    from companion.engine.rhythm import OnsetPlan
    from companion.engine.sampling import TokenChooser
    from companion.engine.templates import Template
    from companion.engine.windows import Window, WindowSettings

__all__ = [
    "GeneratedWindow",
    "Generation",
    "GenerationOptions",
    "Hear",
    "Part",
    "generate",
    "generate_range",
]

Hear = Callable[["Window", WindowInput], EncodedWindows]
"""Gives a window's encoding, perhaps from memory."""

EDGE_MS = 10
"""Times are only known to 10 ms before they are snapped: so far from a range's end nothing is
written, lest it lands on an object that stands there; and so far before its start something may."""


@dataclass(frozen=True, slots=True)
class Part:
    """One of the contexts that a generation produces."""

    kind: ContextType
    events: Sequence[Event] = ()
    """What is already there."""
    finished: bool = False
    """Whether it is complete and only shown to the model."""


@dataclass(frozen=True, eq=False)
class Generation:
    """Everything that a generation starts from."""

    backbone: Backbone
    waveform: Waveform
    windows: Sequence[Window]
    prompts: PromptBuilder
    template: Template
    given: Sequence[Context]
    parts: Sequence[Part]
    """In the order of the template."""
    conditioning: Conditioning
    chooser: TokenChooser
    options: GenerationOptions = field(default_factory=GenerationOptions)
    seeds: Sequence[int] = (0,)
    """One per variant; they are written side by side, and the chooser decides for all of them."""
    red_lines: tuple[TimingPoint, ...] = ()
    """For networks that hear the beat."""
    range: TimeRange | None = None
    """Where objects may be written; the whole song unless given."""
    later_onsets_ms: Sequence[float] = ()
    """When objects begin that stay after the range."""
    hear: Hear | None = None
    """The backbone itself unless given."""
    overlap: WindowSettings | None = None
    """How the windows were cut, if not as the checkpoint wants it."""

    @cached_property
    def planner(self) -> OnsetPlanner | None:
        """Plans where objects begin, where the network can."""
        if self.options.original_quirks or not OnsetPlanner.can_plan(self.backbone):
            return None
        return OnsetPlanner(
            self.backbone, self.conditioning, self.red_lines, self.options.temperature
        )

    @cached_property
    def known_onsets(self) -> KnownOnsets:
        """Where the map has objects already.

        What has just been written is none of its habits: one object too many would be a reason for
        the next.
        """
        before = [
            time_ms
            for part in self.parts
            if part.kind is ContextType.MAP
            for time_ms in onset_times(part.events, types_first=self.prompts.encoding.types_first)
        ]
        from_ms = 0.0 if self.range is None else self.range.start_ms
        return KnownOnsets.around(before, from_ms, self.later_onsets_ms)

    @property
    def window_settings(self) -> WindowSettings:
        """How the windows were cut."""
        return self.overlap or self.backbone.settings.windows


@dataclass(frozen=True, slots=True)
class GeneratedWindow:
    """What one variant got from one window."""

    variant: int
    kind: ContextType
    window: Window
    settled: TimeRange
    """The stretch of the song that is now decided; those of a context tile the range."""
    events: tuple[Event, ...]
    """What was added, in song time. A slider may end in the events of a later window."""
    decoded: DecodedRow
    """The tokens behind it, also those that are not kept."""
    mean_logprob: float
    """Natural logarithm, per token of this context and variant so far."""


def generate(generation: Generation, token: CancelToken) -> Iterator[GeneratedWindow]:
    """Write all unfinished parts in order, each over all windows.

    Raises:
        Cancelled: The token was cancelled.
        OptionRefused: A prompt cannot be built.
        OutOfMemory: The device is full.
    """
    takes = [_Take(generation.parts) for _ in generation.seeds]
    writer = WindowWriter(
        generation.backbone, generation.options, generation.conditioning, generation.chooser
    )
    for index, part in enumerate(generation.parts):
        if part.finished:
            continue
        for take in takes:
            take.begin_part()
        for place in range(len(generation.windows)):
            yield from _write_window(generation, writer, takes, index, place, token)


def generate_range(
    backbone: Backbone,
    waveform: Waveform,
    beatmap: Beatmap,
    conditioning: Conditioning,
    range: TimeRange,
    options: GenerationOptions,
    token: CancelToken,
    *,
    seeds: Sequence[int] = (0,),
    hear: Hear | None = None,
    overlap: WindowSettings | None = None,
) -> Iterator[GeneratedWindow]:
    """Write new objects into a stretch of a map: only events of the map context come out.

    Objects that begin before the range are shown to the model as its past; the map's timing and
    kiai are given to models that want them, its red lines to those that hear the beat. Nothing is
    written outside of the range, and what begins in it ends in it.

    Args:
        backbone: The network.
        waveform: The map's song, at the network's rate.
        beatmap: The map; its objects in the range are not looked at.
        conditioning: What is said about the map; the song's length is put in here.
        range: Where to write.
        options: How tokens are chosen.
        token: Stops the work between two tokens.
        seeds: One per variant; a variant does not depend on the others.
        hear: Gives encodings from memory, in place of the backbone.
        overlap: How the song is cut; as the checkpoint wants it unless given.

    Raises:
        RangeRefused: The range is not within the song.
        Cancelled: The token was cancelled.
        OptionRefused: The model cannot do what the conditioning asks for.
        OutOfMemory: The device is full.
    """
    if range.end_ms <= 0 or range.start_ms >= waveform.duration_ms:
        raise RangeRefused("There is no song in this range. Choose a range before the song ends.")
    prompts = backbone.settings.prompt_builder(
        backbone.vocabulary, original_quirks=options.original_quirks
    )
    conditioning = replace(conditioning, song_length_ms=waveform.duration_ms)
    known = {ContextType.TIMING, ContextType.KIAI}
    plan = prompts.plan(known, {ContextType.MAP}, conditioning.mode)
    parts = _parts_around(beatmap, prompts.encoding, plan.produced, range, waveform.duration_ms)
    settings = overlap or backbone.settings.windows
    windows = windows_of(len(waveform.samples), settings, range.start_ms, range.end_ms)
    generation = Generation(
        backbone,
        waveform,
        windows,
        prompts,
        plan.template,
        [Context(kind) for kind in plan.template.given],
        parts,
        conditioning,
        Sampler.seeded(seeds) if options.temperature > 0 else Greedy(),
        options,
        seeds=seeds,
        red_lines=beatmap.red_lines,
        range=range,
        later_onsets_ms=[
            item.start_ms for item in beatmap.hit_objects if item.start_ms >= range.end_ms
        ],
        hear=hear,
        overlap=settings,
    )
    yield from generate(generation, token)


def _parts_around(
    beatmap: Beatmap,
    encoding: EncodingOptions,
    kinds: Sequence[ContextType],
    range: TimeRange,
    song_length_ms: float,
) -> list[Part]:
    """The contexts of a map whose objects in and after a range are to be written."""

    def events_of(kind: ContextType) -> Sequence[Event]:
        if kind is ContextType.TIMING:
            return encode_timing(beatmap, encoding, song_length_ms)
        if kind is ContextType.KIAI:
            return encode_kiai(beatmap, encoding)
        if kind is ContextType.SV:
            return encode_scroll_speeds(beatmap, encoding)
        return objects_before(beatmap, encoding, range.start_ms)

    return [Part(kind, events_of(kind), kind is not ContextType.MAP) for kind in kinds]


class _Take:
    """One variant on its way: all parts' events, and how likely the current part is."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.events = [list(part.events) for part in parts]
        self.contexts = [
            Context(part.kind, events) for part, events in zip(parts, self.events, strict=True)
        ]
        self._logprob = 0.0
        self._n_tokens = 0

    def begin_part(self) -> None:
        self._logprob, self._n_tokens = 0.0, 0

    def count(self, row: DecodedRow) -> float:
        """Mean log-probability with one more row."""
        self._logprob += row.logprob
        self._n_tokens += len(row.tokens)
        return self._logprob / max(self._n_tokens, 1)


def _write_window(
    generation: Generation,
    writer: WindowWriter,
    takes: Sequence[_Take],
    index: int,
    place: int,
    token: CancelToken,
) -> Iterator[GeneratedWindow]:
    window = generation.windows[place]
    kind = generation.parts[index].kind
    limits = _limits(generation, kind, place)
    prompts = [
        generation.prompts.build(
            generation.given,
            take.contexts[: index + 1],
            generation.conditioning,
            window.frame_time_ms,
            generation.template,
        )
        for take in takes
    ]
    token.raise_if_cancelled()
    with shortage_is_typed():
        encoded = hear_window(generation, window)
        plan = _plan(generation, takes, index, place, encoded)
        rows = writer.write(prompts, encoded, kind, limits, token, plan)
    for variant, (take, row) in enumerate(zip(takes, rows, strict=True)):
        tokens = writer.kept(row.tokens, kind, limits)
        events = _added(generation, take.events[index], tokens, place)
        take.events[index].extend(events)
        yield GeneratedWindow(
            variant, kind, window, _settled(generation, place), events, row, take.count(row)
        )


def _plan(
    generation: Generation,
    takes: Sequence[_Take],
    index: int,
    place: int,
    encoded: EncodedWindows,
) -> OnsetPlan | None:
    """Where objects are to begin in a window, if the network can plan that."""
    planner = generation.planner
    if planner is None or generation.parts[index].kind is not ContextType.MAP:
        return None
    start_ms = generation.windows[place].frame_time_ms
    known, n = generation.known_onsets, len(takes)
    return planner.plan(encoded[:1], [start_ms] * n, [known] * n, generation.seeds)


def _added(
    generation: Generation, before: Sequence[Event], tokens: Sequence[int], place: int
) -> tuple[Event, ...]:
    """The events of a window's tokens, timed after what was before, without the lookahead."""
    window, settings = generation.windows[place], generation.backbone.settings
    decoded = generation.backbone.vocabulary.decode_window(tokens, window.frame_time_ms)
    # Only where anchors end matters of what was before, and that is in the last group.
    timed = retime(
        [*before, *decoded],
        window.frame_time_ms + settings.window_ms,
        types_first=generation.prompts.encoding.types_first,
        start=len(before),
    )
    events = timed[len(before) :]
    if place < len(generation.windows) - 1:
        limit_ms = window.frame_time_ms + generation.window_settings.lookahead_start_ms
        while events and events[-1].time_ms > limit_ms:
            events.pop()
    return tuple(events)


def _limits(generation: Generation, kind: ContextType, place: int) -> WindowLimits:
    settings = generation.window_settings
    n_steps = generation.backbone.vocabulary.ranges[EventType.TIME_SHIFT].max_value + 1
    limits = WindowLimits.of(
        settings, n_steps, is_first=place == 0, is_last=place == len(generation.windows) - 1
    )
    if generation.range is None or kind is not ContextType.MAP:
        return limits
    start_ms = generation.windows[place].frame_time_ms + HALF_STEP_MS
    first = math.ceil((generation.range.start_ms - EDGE_MS - start_ms) / MS_PER_STEP)
    last = math.ceil((generation.range.end_ms - EDGE_MS - start_ms) / MS_PER_STEP) - 1
    return replace(limits, fence=(max(first, 0), min(max(last, 0), n_steps - 1)))


def _settled(generation: Generation, place: int) -> TimeRange:
    keep, whole = generation.windows[place].keep, generation.range
    if whole is None:
        return keep
    is_last = place == len(generation.windows) - 1
    start_ms = whole.start_ms if place == 0 else max(whole.start_ms, keep.start_ms)
    end_ms = whole.end_ms if is_last else min(whole.end_ms, keep.end_ms)
    return TimeRange(start_ms, max(start_ms, end_ms))
