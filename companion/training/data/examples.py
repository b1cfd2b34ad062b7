"""What a model is trained on: a window's sound and its tokens, as the engine would give them.

Prompts come from the engine's own `PromptBuilder`, of contexts that the engine's own encoders
write; only what a generation would add afterwards (the end of the last context, the end of the
sequence) is put behind them here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Document
from companion.engine.conditioning import Conditioning
from companion.engine.events import ContextType, EventType, without
from companion.engine.model.backbone import WindowInput
from companion.engine.prompting import Prompting
from companion.engine.prompts import Context
from companion.engine.scanning import EventIndex
from companion.engine.vocabulary import EOS_ID, SOS_ID, UNKNOWN_YEAR
from companion.training.data.sources import source_at
from companion.training.data.variation import (
    AS_IT_IS,
    Variation,
    at_speed,
    lines_at_speed,
    mirrored,
    stars_at_speed,
    told_at_speed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from companion.beatmap import Beatmap
    from companion.engine.model.settings import ModelSettings
    from companion.engine.prompts import Prompt
    from companion.engine.templates import Template
    from companion.engine.vocabulary import Vocabulary
    from companion.training.data.records import MapRecord, SetRecord
    from companion.training.data.sounds import SoundCache

FIRST_YEAR = 2007
"""Earlier years have no token."""
_MARGIN_MS = 50
"""Times at another speed are rounded; so much more than a window is looked at before."""
_MAPS_KEPT = 64


@dataclass(frozen=True, slots=True)
class MapPlace:
    """Where a map is: a set, and one of its maps."""

    record: SetRecord
    one: MapRecord


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One window of one map."""

    window: WindowInput
    ids: NDArray[np.int64]
    """The whole sequence as it should be, its end included, shape = (n_tokens,)."""
    predicted: NDArray[np.bool_]
    """Which of the ids are asked for, shape = (n_tokens,)."""
    n_head: int
    """Ids up to and with the start of the sequence: what is said, and not produced."""


@dataclass(frozen=True, slots=True, eq=False)
class _Encoded:
    """A map's events, mirrored or not, at the song's own speed."""

    produced: tuple[Context, ...]
    indices: tuple[EventIndex, ...]


class ExampleBuilder:
    """Builds examples for one checkpoint.

    Args:
        settings: The checkpoint's.
        vocabulary: Its tokens.
        sounds: Decoded songs for it.
        most_tokens: Longer sequences lose their end.
    """

    def __init__(
        self,
        settings: ModelSettings,
        vocabulary: Vocabulary,
        sounds: SoundCache,
        most_tokens: int | None = None,
    ) -> None:
        self.settings = settings
        self.vocabulary = vocabulary
        self.sounds = sounds
        self.prompting = Prompting(settings.prompt_builder(vocabulary))
        self._most_tokens = min(most_tokens or settings.max_tokens, settings.max_tokens)
        self._document = lru_cache(_MAPS_KEPT)(_document)
        self._encoded = lru_cache(_MAPS_KEPT)(self._encode)
        self._given = lru_cache(_MAPS_KEPT)(self._encode_given)
        self._told = lru_cache(4 * _MAPS_KEPT)(self._tell)

    def beatmap(self, place: MapPlace) -> Beatmap:
        """A map as it is."""
        return self._document(place)[1].beatmap

    def conditioning(self, place: MapPlace, variation: Variation = AS_IT_IS) -> Conditioning:
        """What a map says about itself."""
        return self._told(place, variation.speed)

    def templates(self, place: MapPlace) -> tuple[Template, ...]:
        """The family's templates that can be filled for a map: others need a second difficulty."""
        alone = not _others(place)
        return tuple(
            template
            for template in self.prompting.builder.options.templates
            if not (alone and ContextType.GD in template.given)
            and self.prompting.builder.plan(template.given, (), self.beatmap(place).mode).template
            == template
        )

    def build(
        self,
        place: MapPlace,
        first_sample: int,
        variation: Variation = AS_IT_IS,
        *,
        about: Conditioning | None = None,
        template: Template | None = None,
        other: MapRecord | None = None,
        lookback: float = 0.0,
    ) -> Example:
        """The example of a window.

        Args:
            place: The map.
            first_sample: Where the window begins in the song as it is played.
            variation: How the map is changed.
            about: What is said about the map; what it says itself unless given.
            template: What is given and produced; the first that fits unless given.
            other: The difficulty that is given, where the template wants one.
            lookback: Part of the window whose events are not asked for.
        """
        template = template or self.templates(place)[0]
        about = about or self.conditioning(place, variation)
        frame_time_ms = first_sample * 1000 // self.settings.rate_hz
        produced = self._near(
            self._encoded(place, variation.mirror_x, variation.mirror_y), frame_time_ms, variation
        )
        kinds = self.prompting.builder.plan(template.given, (), self.beatmap(place).mode).produced
        produced = [context for context in produced if context.kind in kinds]
        given = [
            self._given_context(place, kind, other, frame_time_ms, variation)
            for kind in template.given
        ]
        prompt = self.prompting.builder.build(given, produced, about, frame_time_ms, template)
        asked_from_ms = frame_time_ms + lookback * self.settings.window_ms if lookback else None
        ids, predicted, n_head = self._finished(prompt, produced, asked_from_ms)
        n_samples = self.settings.window_samples
        window = WindowInput(
            self.sounds.cut(place.record, first_sample, n_samples, variation.speed),
            frame_time_ms,
            lines_at_speed(self.beatmap(place).red_lines, variation.speed),
            about,
        )
        return Example(window, ids, predicted, n_head)

    def _finished(
        self, prompt: Prompt, produced: Sequence[Context], asked_from_ms: float | None
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], int]:
        end = [EOS_ID]
        if self.prompting.builder.options.add_out_context_types:
            end = [self.vocabulary.context_eos[produced[-1].kind], EOS_ID]
        ids = np.concatenate([prompt.ids, np.array(end, dtype=np.int64)])
        # Given contexts hold no start of a sequence: the first one there is is the prompt's.
        n_head = int(np.flatnonzero(ids == SOS_ID)[0]) + 1
        predicted = np.ones(len(ids), dtype=np.bool_)
        predicted[:n_head] = False
        if self.prompting.builder.options.add_out_context_types:
            # The engine always gives the start of a context; the bundled model never learned it.
            predicted[[block.first_position - 1 for block in prompt.blocks]] = False
        if asked_from_ms is not None:
            for block, context in zip(prompt.blocks, produced, strict=True):
                events = context.events[block.first_event : block.first_event + block.n_events]
                past = EventIndex(events).past(asked_from_ms)
                predicted[block.first_position : block.first_position + past] = False
        # One more than a model takes in: the last id is only asked for.
        most = self._most_tokens + 1
        return ids[:most], predicted[:most], n_head

    def _given_context(
        self,
        place: MapPlace,
        kind: ContextType,
        other: MapRecord | None,
        frame_time_ms: int,
        variation: Variation,
    ) -> Context:
        if kind is ContextType.NONE:
            return Context(kind)
        source = place
        if kind is ContextType.GD:
            source = MapPlace(place.record, other or _others(place)[0])
        encoded = self._given(source, kind, variation.mirror_x, variation.mirror_y)
        context = self._near(encoded, frame_time_ms, variation)[0]
        if kind is not ContextType.GD:
            return context
        return replace(context, conditioning=self.conditioning(source, variation))

    def _near(self, encoded: _Encoded, frame_time_ms: int, variation: Variation) -> list[Context]:
        """Contexts with the events that decide a window's prompt, in the played song's time."""
        speed = variation.speed
        start_ms = float(frame_time_ms * speed) - _MARGIN_MS
        end_ms = float((frame_time_ms + self.settings.window_ms) * float(speed)) + _MARGIN_MS
        near: list[Context] = []
        for context, index in zip(encoded.produced, encoded.indices, strict=True):
            events = context.events[index.first_needed(start_ms) : index.past(end_ms)]
            near.append(replace(context, events=at_speed(events, speed)))
        return near

    def _encode(self, place: MapPlace, mirror_x: bool, mirror_y: bool) -> _Encoded:
        beatmap = mirrored(self.beatmap(place), Variation(mirror_x=mirror_x, mirror_y=mirror_y))
        length_ms = self.sounds.length_ms(place.record)
        contexts = self.prompting.contexts_of(beatmap, length_ms)
        return _Encoded(contexts, tuple(EventIndex(context.events) for context in contexts))

    def _encode_given(
        self, place: MapPlace, kind: ContextType, mirror_x: bool, mirror_y: bool
    ) -> _Encoded:
        beatmap = mirrored(self.beatmap(place), Variation(mirror_x=mirror_x, mirror_y=mirror_y))
        written_as = ContextType.MAP if kind in {ContextType.NO_HS, ContextType.GD} else kind
        length_ms = self.sounds.length_ms(place.record)
        events = self.prompting.context_of(written_as, beatmap, length_ms).events
        if kind is ContextType.NO_HS:
            events = without(events, {EventType.HITSOUND, EventType.VOLUME})
        return _Encoded((Context(kind, events),), (EventIndex(events),))

    def _tell(self, place: MapPlace, speed: Fraction) -> Conditioning:
        data, document = self._document(place)
        about = Conditioning.of(
            document.beatmap, self.sounds.length_ms(place.record), place.one.stars, self.vocabulary
        )
        facts = place.one
        year = facts.year if facts.year and FIRST_YEAR <= facts.year < UNKNOWN_YEAR else None
        about = replace(about, year=year, mapper_id=facts.mapper_id or about.mapper_id)
        if speed == 1:
            return about
        return told_at_speed(about, speed, stars_at_speed(data, speed))


def _document(place: MapPlace) -> tuple[bytes, Document]:
    data = source_at(place.record.path).read(place.one.file)
    return data, Document.parse(data)


def _others(place: MapPlace) -> list[MapRecord]:
    return [one for one in place.record.maps if one.file != place.one.file]
