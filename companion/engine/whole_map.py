"""A whole map from a song: its timing where that is not known, kiai, objects and scroll speeds.

Contexts are written one after the other, each over the whole song. What comes out is brought to
pixels and merged, put onto the ticks that it names, and written as an ``.osu`` file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cached_property, reduce
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.encoding import encode_red_lines, encode_timing, retime
from companion.engine.encoding.positions import columns_as_positions, in_pixels
from companion.engine.events import BEAT_TYPES, ContextType, Event, EventType, merge, only
from companion.engine.generation import EDGE_MS, Generation, Part, generate
from companion.engine.map_requests import MapBegun, MapProgress, WrittenMap
from companion.engine.postprocess import PostprocessOptions, resnap, write_map
from companion.engine.prompts import Context
from companion.engine.references import context_of, events_before
from companion.engine.refining_maps import Refining
from companion.engine.requests import HeardTiming, TimingOptions
from companion.engine.sampling import Greedy, Sampler
from companion.engine.seeds import seed_of_part
from companion.engine.side_by_side import write_apart
from companion.engine.super_timing import no_beat
from companion.engine.timing import generate_timing
from companion.engine.timing_hearing import TimingHearing
from companion.engine.understanding import (
    ignored_wishes,
    plan_contexts,
    unknown_values,
    writable_by,
)
from companion.engine.window_writer import GenerationOptions
from companion.engine.windows import windows_of
from companion.errors import OptionRefused, RangeRefused

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from companion.beatmap import TimingPoint
    from companion.engine.audio import Waveform
    from companion.engine.cancellation import CancelToken
    from companion.engine.conditioning import Conditioning
    from companion.engine.map_requests import MapAnswer, MapOptions, MapRequest, SuperTiming
    from companion.engine.model.backbone import Backbone
    from companion.engine.prompts import PromptBuilder
    from companion.engine.sampling import TokenChooser
    from companion.engine.windows import Window, WindowSettings

    RedLines = tuple[TimingPoint, ...]

_TAKEN_OVER = (ContextType.KIAI, ContextType.SV)


def chooser_of(options: MapOptions) -> TokenChooser:
    """How tokens are chosen."""
    draws = options.do_sample and options.temperature > 0
    return Sampler.seeded([options.seed]) if draws else Greedy()


@dataclass(eq=False)
class WholeMap:
    """One song, what is wished for, and the model that is to write it."""

    backbone: Backbone
    waveform: Waveform
    request: MapRequest
    chooser: TokenChooser
    n_tokens: int = field(default=0, init=False)

    def written(self, token: CancelToken) -> Iterator[MapAnswer]:
        """Write the map: progress after each window, then the map.

        Raises:
            Cancelled: The token was cancelled.
            OptionRefused: The model cannot do what is asked for.
            RangeRefused: The range is not within the song.
            NoBeatHeard: There is no beat in the song.
            OutOfMemory: The device is full.
            ModelMissing, CheckpointMismatch: There is no diffusion checkpoint as it should be.
        """
        wanted = plan_contexts(self.backbone.settings, self.request)
        self._require_song()
        refine = Refining.of(self.request, self.backbone.device)
        yield MapBegun(
            ignored_wishes(self.backbone.settings, self.request),
            self._length_ms,
            unknown_values(self.backbone, self.request),
        )
        red_lines = self.request.red_lines
        if red_lines is None and (self._hears_apart or self.request.super_timing):
            red_lines = yield from self.heard(token)
        contexts = yield from self._contexts(wanted, red_lines, token)
        events = reduce(merge, [*contexts, *self._kept()], list[Event]())
        if red_lines is None:
            red_lines = self._drawn(events)
        if red_lines and self.request.options.resnap:
            events = resnap(events, red_lines, original_quirks=self._quirks)
        if refine is not None and ContextType.MAP in wanted:
            yield MapProgress("positions", 0)
            events = refine.refined(events, red_lines, self._post, token)
            yield MapProgress("positions", round(self._length_ms))
        token.raise_if_cancelled()
        text = write_map(events, self.request.header, red_lines, self._post)
        written = (*wanted, ContextType.TIMING) if self.request.red_lines is None else wanted
        yield WrittenMap(text, red_lines, self._length_ms, self.n_tokens, tuple(written))

    def heard(self, token: CancelToken) -> Generator[MapProgress, None, RedLines]:
        """Hear the song's timing alone; progress after each window.

        Raises:
            Cancelled: The token was cancelled.
            OptionRefused: The model cannot hear timing.
            NoBeatHeard: There is no beat in the song.
        """
        if self.request.super_timing is not None:
            return (yield from self._heard_many_times(self.request.super_timing, token))
        [events] = yield from self._contexts([ContextType.TIMING], None, token)
        return self._drawn(events)

    def _heard_many_times(
        self, how: SuperTiming, token: CancelToken
    ) -> Generator[MapProgress, None, RedLines]:
        options = self.request.options
        hearing = TimingHearing(
            self.backbone,
            self.waveform,
            self._conditioning,
            TimingOptions(how.iterations, options.seed, options.timing_leniency_ms),
            how.tempo_majority,
            how.guidance,
            how.n_beams,
            options.max_batch_size,
        )
        red_lines: RedLines = ()
        for answer in hearing.heard(token):
            if isinstance(answer, HeardTiming):
                red_lines = answer.red_lines
            else:
                share = answer.done / answer.total
                yield MapProgress(ContextType.TIMING.value, round(self._length_ms * share))
        return red_lines

    # Contexts

    def _contexts(
        self, wanted: Sequence[ContextType], red_lines: RedLines | None, token: CancelToken
    ) -> Generator[MapProgress, None, list[list[Event]]]:
        """The events of the wanted contexts in the order of the family's, positions in pixels."""
        if not wanted:
            return []
        generation = self._generation(wanted, red_lines)
        events: dict[ContextType, list[Event]] = {part.kind: [] for part in generation.parts}
        writing = self._apart if self.request.options.parallel else self._in_order
        yield from writing(generation, events, token)
        return [self._finished(kind, list(events[kind])) for kind in events if kind in wanted]

    def _in_order(
        self,
        generation: Generation,
        events: dict[ContextType, list[Event]],
        token: CancelToken,
    ) -> Iterator[MapProgress]:
        for window in generate(generation, token):
            events[window.kind].extend(window.events)
            self.n_tokens += len(window.decoded.tokens)
            yield MapProgress(window.kind.value, self._reached_ms(window.window))

    def _apart(
        self,
        generation: Generation,
        events: dict[ContextType, list[Event]],
        token: CancelToken,
    ) -> Iterator[MapProgress]:
        rows = self.request.options.max_batch_size
        for lone in write_apart(generation, self._chooser_apart, rows, token):
            for kind, written in lone.events.items():
                events[kind].extend(written)
            self.n_tokens += lone.n_tokens
            yield MapProgress(generation.parts[-1].kind.value, self._reached_ms(lone.window))

    def _chooser_apart(self, windows: Sequence[Window]) -> TokenChooser:
        if isinstance(self.chooser, Greedy):
            return self.chooser
        seed = self.request.options.seed
        return Sampler.seeded([seed_of_part(seed, window.index) for window in windows])

    def _generation(self, wanted: Sequence[ContextType], red_lines: RedLines | None) -> Generation:
        request, encoding = self.request, self._prompts.encoding
        known = (*request.given, *(() if red_lines is None else (ContextType.TIMING,)))
        plan = self._prompts.plan(known, wanted, self._mode)
        beats = self._beats(red_lines or ())

        def context(kind: ContextType) -> Context:
            if kind is ContextType.TIMING:
                return Context(kind, beats)
            assert request.reference is not None, "verified"
            return context_of(
                kind, request.reference, encoding, self.backbone.vocabulary, self._length_ms
            )

        def part(kind: ContextType) -> Part:
            if kind in known:
                return Part(kind, context(kind).events, finished=True)
            return Part(kind, self._past(kind))

        span, overlap = request.range, self._overlap
        return Generation(
            self.backbone,
            self.waveform,
            windows_of(
                len(self.waveform.samples),
                overlap,
                None if span is None else span.start_ms,
                None if span is None else span.end_ms,
            ),
            self._prompts,
            plan.template,
            [context(kind) if kind in known else Context(kind) for kind in plan.template.given],
            [part(kind) for kind in plan.produced],
            self._conditioning,
            self.chooser,
            self._options,
            seeds=(request.options.seed,),
            red_lines=red_lines or (),
            range=None if self._quirks else span,
            overlap=overlap,
        )

    def _beats(self, red_lines: RedLines) -> Sequence[Event]:
        encoding, reference = self._prompts.encoding, self.request.reference
        if self._quirks and reference is not None and red_lines == self.request.red_lines:
            # The original gives the beats of a map no further than to its last object.
            return encode_timing(reference.beatmap, encoding, self._length_ms)
        return encode_red_lines(red_lines, encoding, self._length_ms)

    def _past(self, kind: ContextType) -> Sequence[Event]:
        """What the reference has of a context before the range, if that is to be continued."""
        request = self.request
        if not request.continues_reference or request.range is None or request.reference is None:
            return ()
        beatmap = request.reference.beatmap
        return events_before(kind, beatmap, self._prompts.encoding, request.range.start_ms)

    def _kept(self) -> list[list[Event]]:
        """What the new map takes over from the reference: its kiai and scroll speeds."""
        request, encoding = self.request, self._prompts.encoding
        if request.reference is None or self._quirks:  # the original leaves out what it is given
            return []
        kinds = [kind for kind in _TAKEN_OVER if kind in request.given]
        words = self.backbone.vocabulary
        return [
            list(context_of(kind, request.reference, encoding, words, self._length_ms).events)
            for kind in kinds
        ]

    def _finished(self, kind: ContextType, events: list[Event]) -> list[Event]:
        encoding, span = self._prompts.encoding, self.request.range
        events = retime(events, self._length_ms, types_first=encoding.types_first)
        if span is not None and kind is not ContextType.TIMING:
            first_ms, past_ms = span.start_ms - EDGE_MS, span.end_ms + EDGE_MS
            events = [event for event in events if first_ms <= event.time_ms < past_ms]
        if kind is not ContextType.MAP:
            return events
        events = in_pixels(events, encoding)
        if self._mode is Mode.MANIA:
            events = columns_as_positions(events, self.request.conditioning.keycount)
        return events

    def _drawn(self, events: Sequence[Event]) -> RedLines:
        red_lines = generate_timing(
            only(events, BEAT_TYPES | {EventType.TIME_SHIFT}) if self._hears_apart else events,
            types_first=self._prompts.encoding.types_first,
            leniency_ms=self.request.options.timing_leniency_ms,
        )
        if not red_lines and not self._quirks:
            raise no_beat()
        return red_lines

    def _reached_ms(self, window: Window) -> int:
        return min(window.keep.end_ms, round(self._length_ms))

    # What follows from the request and the model

    def _require_song(self) -> None:
        span = self.request.range
        if span is not None and (span.end_ms <= 0 or span.start_ms >= self._length_ms):
            raise RangeRefused("There is no song in this range. Choose one before the song ends.")

    @property
    def _hears_apart(self) -> bool:
        """Whether timing is a context of its own."""
        return ContextType.TIMING in writable_by(self.backbone.settings)

    @property
    def _quirks(self) -> bool:
        return self.request.options.original_quirks

    @property
    def _mode(self) -> Mode:
        return self.request.header.mode

    @property
    def _length_ms(self) -> float:
        return self.waveform.duration_ms

    @cached_property
    def _prompts(self) -> PromptBuilder:
        return self.backbone.settings.prompt_builder(
            self.backbone.vocabulary, original_quirks=self._quirks
        )

    @property
    def _overlap(self) -> WindowSettings:
        usual, options = self.backbone.settings.windows, self.request.options
        if options.parallel:
            return usual.without_overlap()
        overlap = usual.overlapping(options.lookback, options.lookahead)
        if overlap.lookback + overlap.lookahead >= 1:
            raise OptionRefused(
                f"This model's windows have a lookback of {usual.lookback:g} and a lookahead of "
                f"{usual.lookahead:g}; with the other one changed, nothing is left of them."
            )
        return overlap

    @property
    def _conditioning(self) -> Conditioning:
        return replace(self.request.conditioning, song_length_ms=self._length_ms)

    @property
    def _options(self) -> GenerationOptions:
        given = self.request.options
        shared = {entry.name for entry in fields(GenerationOptions)}
        values = {e.name: getattr(given, e.name) for e in fields(given) if e.name in shared}
        if not given.do_sample:
            values |= {"top_p": 1.0, "top_k": 0}
        return GenerationOptions(**values)

    @property
    def _post(self) -> PostprocessOptions:
        options = self.request.options
        usual = PostprocessOptions.of(self._prompts.encoding)
        near = options.snap_near_overlaps
        return replace(
            usual,
            snap_near_overlaps=usual.snap_near_overlaps if near is None else near,
            timing_leniency_ms=options.timing_leniency_ms,
            seed=options.seed,
            original_quirks=self._quirks,
        )
