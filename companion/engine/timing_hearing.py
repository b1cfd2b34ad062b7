"""Timing a song by ear: one careful hearing, or many that are added up.

Plain timing writes the timing context window after window, each knowing what was heard before.
Super timing hears the song many times, each time shifted by another random offset and cut into
windows that stand alone, always taking the most likely token; `settle_beats` finds what the
hearings agree on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from companion.engine.beat_votes import BeatBallot
from companion.engine.events import BEAT_TYPES, ContextType, EventType, only
from companion.engine.generation import Generation, GenerationOptions, Part, generate
from companion.engine.hearing_ability import timing_context
from companion.engine.prompts import Context
from companion.engine.requests import HeardTiming, TimingProgress
from companion.engine.sampling import Greedy, Sampler
from companion.engine.side_by_side import write_apart
from companion.engine.super_timing import (
    TEMPO_MAJORITY,
    SuperTimingOptions,
    no_beat,
    settle_beats,
)
from companion.engine.timing import generate_timing
from companion.engine.windows import windows_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from companion.engine.audio import Waveform
    from companion.engine.cancellation import CancelToken
    from companion.engine.conditioning import Conditioning
    from companion.engine.events import Event
    from companion.engine.model.backbone import Backbone
    from companion.engine.requests import TimingOptions
    from companion.engine.windows import Window

BATCH_ROWS = 16
"""So many rows are heard side by side; see `write_apart`."""
PLAIN = GenerationOptions()
GREEDY = GenerationOptions(temperature=0, top_p=1)


def shifted(waveform: Waveform, offset_ms: int) -> Waveform:
    """The song with so much silence before it, or without so much of its start."""
    n = abs(offset_ms) * waveform.rate_hz // 1000
    if offset_ms >= 0:
        return replace(waveform, samples=np.pad(waveform.samples, (n, 0)))
    return replace(waveform, samples=waveform.samples[n:])


@dataclass(frozen=True, slots=True, eq=False)
class TimingHearing:
    """One song and the model that is to time it."""

    backbone: Backbone
    waveform: Waveform
    conditioning: Conditioning
    options: TimingOptions
    tempo_majority: float = TEMPO_MAJORITY
    """See `SuperTimingOptions`."""
    guidance: float = 1.0
    """Of super timing."""
    n_beams: int = 1
    """Of super timing."""
    batch_rows: int = BATCH_ROWS

    def heard(self, token: CancelToken) -> Iterator[TimingProgress | HeardTiming]:
        """See `Engine.hear_timing`."""
        if self.options.iterations is None:
            beats = yield from self._plain(token)
        else:
            beats = yield from self._super(self.options.iterations, token)
        red_lines = generate_timing(
            beats, types_first=self._types_first, leniency_ms=self.options.leniency_ms
        )
        if not red_lines:
            raise no_beat()
        n_beats = sum(event.kind in BEAT_TYPES for event in beats)
        yield HeardTiming(red_lines, n_beats, self.waveform.duration_ms)

    @property
    def _types_first(self) -> bool:
        return self.backbone.settings.encoding.types_first

    @property
    def _kind(self) -> ContextType:
        settings = self.backbone.settings
        return timing_context(settings.prompts.templates, beats_in_map=settings.encoding.add_timing)

    def _generation(self, waveform: Waveform, windows: Sequence[Window]) -> Generation:
        """What both ways start from: nothing is known but the song."""
        prompts = self.backbone.settings.prompt_builder(self.backbone.vocabulary)
        # Silence put before the song does not make it longer to the model.
        length_ms = min(waveform.duration_ms, self.waveform.duration_ms)
        about = replace(self.conditioning, song_length_ms=length_ms)
        plan = prompts.plan((), {self._kind}, about.mode)
        return Generation(
            self.backbone,
            waveform,
            windows,
            prompts,
            plan.template,
            [Context(kind) for kind in plan.template.given],
            [Part(kind) for kind in plan.produced],
            about,
            Greedy(),
            replace(GREEDY, guidance=self.guidance, n_beams=self.n_beams),
        )

    # Plain

    def _plain(self, token: CancelToken) -> Generator[TimingProgress, None, list[Event]]:
        windows = windows_of(len(self.waveform.samples), self.backbone.settings.windows)
        generation = self._generation(self.waveform, windows)
        chooser = Sampler.seeded([self.options.seed])
        generation = replace(generation, chooser=chooser, options=PLAIN)
        kind, events = self._kind, list["Event"]()
        total = len(windows) * len(generation.parts)
        for done, window in enumerate(generate(generation, token), start=1):
            if window.kind is kind:
                events.extend(window.events)
            yield TimingProgress(done, total)
        return only(events, BEAT_TYPES | {EventType.TIME_SHIFT})

    # Super

    def _super(
        self, iterations: int, token: CancelToken
    ) -> Generator[TimingProgress, None, list[Event]]:
        settings = self.backbone.settings
        half_ms = int(settings.window_ms // 2)
        dice = np.random.default_rng(self.options.seed)
        length_ms = len(self.waveform.samples) * 1000 // self.waveform.rate_hz
        ballot = BeatBallot(length_ms, types_first=self._types_first)
        alone = replace(settings.windows, lookback=0, lookahead=0)
        done = 0
        for iteration in range(iterations):
            offset_ms = int(dice.integers(-half_ms, half_ms))
            song = shifted(self.waveform, offset_ms)
            windows = windows_of(len(song.samples), alone)
            generation = self._generation(song, windows)
            events: list[Event] = []
            heard = write_apart(generation, lambda _: Greedy(), self.batch_rows, token)
            for place, window in enumerate(heard, start=1):
                events += window.events[generation.parts[-1].kind]
                done += 1
                rest = (iterations - iteration) * len(windows) - place
                yield TimingProgress(done, done + rest)
            ballot.cast(events, offset_ms)
        options = SuperTimingOptions(self.tempo_majority, types_first=self._types_first)
        return settle_beats(ballot.counted(), options)
