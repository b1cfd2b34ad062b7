"""A whole map from a song: its timing where that is not known, kiai, objects and scroll speeds.

Contexts are written one after the other, each over the whole song. What comes out is brought to
pixels and merged, put onto the ticks that it names, and written as an ``.osu`` file.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cached_property, reduce
from typing import TYPE_CHECKING, cast

from companion.beatmap import Mode
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import encode_red_lines, retime
from companion.engine.encoding.positions import columns_as_positions, in_pixels
from companion.engine.events import BEAT_TYPES, ContextType, EventType, merge, only
from companion.engine.generation import Generation, Part, generate
from companion.engine.map_requests import MapBegun, MapOptions, MapProgress, WrittenMap
from companion.engine.postprocess import PostprocessOptions, resnap, write_map
from companion.engine.prompts import Context
from companion.engine.sampling import Greedy, Sampler
from companion.engine.super_timing import no_beat
from companion.engine.timing import generate_timing
from companion.engine.window_writer import GenerationOptions
from companion.engine.windows import windows_of
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

    import torch

    from companion.beatmap import TimingPoint
    from companion.engine.audio import Waveform
    from companion.engine.cancellation import CancelToken
    from companion.engine.checkpoint import DeviceName
    from companion.engine.events import Event
    from companion.engine.map_requests import MapAnswer, MapRequest
    from companion.engine.model.backbone import Backbone
    from companion.engine.model.settings import ModelSettings
    from companion.engine.prompts import PromptBuilder
    from companion.engine.sampling import TokenChooser
    from companion.engine.windows import Window

    RedLines = tuple[TimingPoint, ...]

WISHED = (ContextType.KIAI, ContextType.MAP, ContextType.SV)
"""What a map consists of beside its timing, as far as a family knows it."""
TELLING_ENCODERS = ("v30", "v31")
"""Families whose encoder is told star rating and mapper, whatever stands in their prompts."""


def chooser_of(options: MapOptions) -> TokenChooser:
    """How tokens are chosen."""
    return Sampler.seeded([options.seed]) if options.temperature > 0 else Greedy()


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
            NoBeatHeard: There is no beat in the song.
            OutOfMemory: The device is full.
            ModelMissing, CheckpointMismatch: There is no diffusion checkpoint as it should be.
        """
        wanted = [kind for kind in WISHED if kind in self._producible]
        known: list[ContextType] = [] if self._hears_apart else [ContextType.TIMING]
        # Whether it can be done is known before minutes of listening.
        self._prompts.plan([*known, ContextType.TIMING], wanted, self._mode)
        self._require_beat()
        refine = _Refining.of(self.request, self.backbone.device)
        yield MapBegun(ignored_wishes(self.backbone.settings, self.request), self._length_ms)
        red_lines = self.request.red_lines
        if red_lines is None and self._hears_apart:
            red_lines = yield from self.heard(token)
        contexts = yield from self._contexts(wanted, red_lines, token)
        events = reduce(merge, contexts)
        if red_lines is None:
            red_lines = self._drawn(events)
        if red_lines:
            events = resnap(events, red_lines, original_quirks=self._quirks)
        if refine is not None:
            yield MapProgress("positions", 0)
            events = refine.refined(events, red_lines, self._post, token)
            yield MapProgress("positions", round(self._length_ms))
        token.raise_if_cancelled()
        text = write_map(events, self.request.header, red_lines, self._post)
        yield WrittenMap(text, red_lines, self._length_ms, self.n_tokens)

    def heard(self, token: CancelToken) -> Generator[MapProgress, None, RedLines]:
        """Hear the song's timing alone; progress after each window.

        Raises:
            Cancelled: The token was cancelled.
            OptionRefused: The model cannot hear timing.
            NoBeatHeard: There is no beat in the song.
        """
        [events] = yield from self._contexts([ContextType.TIMING], None, token)
        return self._drawn(events)

    # Contexts

    def _contexts(
        self, wanted: Sequence[ContextType], red_lines: RedLines | None, token: CancelToken
    ) -> Generator[MapProgress, None, list[list[Event]]]:
        """The events of the wanted contexts in the order of the family's, positions in pixels."""
        known = () if red_lines is None else (ContextType.TIMING,)
        plan = self._prompts.plan(known, wanted, self._mode)
        beats = encode_red_lines(red_lines or (), self._prompts.encoding, self._length_ms)
        generation = Generation(
            self.backbone,
            self.waveform,
            windows_of(len(self.waveform.samples), self.backbone.settings.windows),
            self._prompts,
            plan.template,
            [Context(kind, beats if kind in known else ()) for kind in plan.template.given],
            [Part(k, beats, finished=True) if k in known else Part(k) for k in plan.produced],
            self._conditioning,
            self.chooser,
            self._options,
            red_lines=red_lines or (),
        )
        events: dict[ContextType, list[Event]] = {kind: [] for kind in plan.produced}
        for window in generate(generation, token):
            events[window.kind].extend(window.events)
            self.n_tokens += len(window.decoded.tokens)
            yield MapProgress(window.kind.value, self._reached_ms(window.window))
        return [self._finished(kind, list(events[kind])) for kind in events if kind in wanted]

    def _finished(self, kind: ContextType, events: list[Event]) -> list[Event]:
        encoding = self._prompts.encoding
        events = retime(events, self._length_ms, types_first=encoding.types_first)
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

    def _require_beat(self) -> None:
        encoding = self.backbone.settings.encoding
        if self.request.red_lines is None and not (self._hears_apart or encoding.add_timing):
            raise OptionRefused(
                "This model cannot hear timing: it needs a map with red lines, or a tempo."
            )

    @property
    def _producible(self) -> Collection[ContextType]:
        templates = self.backbone.settings.prompts.templates
        return {kind for template in templates for kind in template.produced}

    @property
    def _hears_apart(self) -> bool:
        """Whether timing is a context of its own."""
        return ContextType.TIMING in self._producible

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
    def _conditioning(self) -> Conditioning:
        return replace(self.request.conditioning, song_length_ms=self._length_ms)

    @property
    def _options(self) -> GenerationOptions:
        given = self.request.options
        shared = {entry.name for entry in fields(GenerationOptions)}
        values = {e.name: getattr(given, e.name) for e in fields(given) if e.name in shared}
        return GenerationOptions(**values)

    @property
    def _post(self) -> PostprocessOptions:
        return replace(
            PostprocessOptions.of(self._prompts.encoding),
            timing_leniency_ms=self.request.options.timing_leniency_ms,
            seed=self.request.options.seed,
            original_quirks=self._quirks,
        )


class _Refining:
    """Positions drawn anew by diffusion, for those who have a checkpoint."""

    def __init__(self, request: MapRequest, model: object) -> None:
        self._request = request
        self._model = model

    @classmethod
    def of(cls, request: MapRequest, device: torch.device) -> _Refining | None:
        """Load the checkpoint, if there is to be one."""
        if request.diffusion_folder is None:
            return None
        from companion.engine.diffusion import load

        return cls(request, load(request.diffusion_folder, cast("DeviceName", device.type)))

    def refined(
        self,
        events: Sequence[Event],
        red_lines: RedLines,
        post: PostprocessOptions,
        token: CancelToken,
    ) -> list[Event]:
        from companion.engine.diffusion import (
            DiffusionModel,
            DiffusionOptions,
            refine_positions,
            traits_of,
        )

        assert isinstance(self._model, DiffusionModel)
        return refine_positions(
            self._model,
            events,
            red_lines,
            traits_of(self._request.conditioning),
            DiffusionOptions(
                seed=self._request.options.seed,
                types_first=post.types_first,
                has_velocities=post.has_velocities,
                original_quirks=post.original_quirks,
            ),
            slider_multiplier=self._request.header.slider_multiplier,
            cancel=token,
        )


def ignored_wishes(settings: ModelSettings, request: MapRequest) -> tuple[str, ...]:
    """Names of wishes in a request that a model with these settings knows nothing of."""
    told = _told(settings)
    plain, about = Conditioning(), request.conditioning
    ignored = [
        name for name, is_told in told.items() if not is_told and _differs(name, about, plain)
    ]
    usual, options = MapOptions(), request.options
    if not settings.encoding.types_first:
        # Times come before their types there, so that no temperature can wait for a type.
        names = ("timing_temperature", "mania_column_temperature", "taiko_hit_temperature")
        ignored += [name for name in names if getattr(options, name) != getattr(usual, name)]
    return tuple(ignored)


def _differs(name: str, about: Conditioning, plain: Conditioning) -> bool:
    return bool(getattr(about, name) != getattr(plain, name))


def _told(settings: ModelSettings) -> dict[str, bool]:
    has, by_encoder = settings.prompts, settings.family in TELLING_ENCODERS
    return {
        "difficulty": has.add_diff_token or by_encoder,
        "mapper_id": has.add_mapper_token or by_encoder,
        "year": has.add_year_token,
        "hitsounded": has.add_hitsounded_token,
        "cs": has.add_cs_token,
        "keycount": has.add_keycount_token,
        "hold_note_ratio": has.add_hold_note_ratio_token,
        "scroll_speed_ratio": has.add_scroll_speed_ratio_token,
        "slider_multiplier": has.add_global_sv_token and settings.encoding.add_sv,
        "descriptors": has.add_descriptors,
        "negative_descriptors": has.add_descriptors,
    }
