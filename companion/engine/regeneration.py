"""Generating a stretch of a map anew: passages as soon as their objects are final, and their rank.

Three ways lead to new objects. ``all`` writes the stretch from nothing after what stands before
it. ``positions`` and ``hitsounds`` give the model the objects that are there, token by token, and
let it choose only that aspect. (Rhythm alone cannot be chosen so: with another rhythm there are
other objects, and nothing says which position or sound belongs to which.)
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import torch

from companion.beatmap import TimeRange, objects_in, splice_objects
from companion.engine.aspects import Draw, ObjectEvents, aspect_of
from companion.engine.events import HEAD_TYPES, TYPES, ContextType, EventType
from companion.engine.generation import generate_range
from companion.engine.postprocess import PostprocessOptions, SectionOptions, write_section
from companion.engine.prompts import Context
from companion.engine.requests import Passage, VariantRank
from companion.engine.scanning import EventIndex
from companion.engine.tidying import Tidier
from companion.engine.window_writer import GenerationOptions
from companion.engine.windows import windows_of
from companion.errors import OptionRefused, RangeRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import TimingPoint
    from companion.engine.aspects import Aspect
    from companion.engine.cancellation import CancelToken
    from companion.engine.conditioning import Conditioning
    from companion.engine.events import Event
    from companion.engine.loaded_model import LoadedModel, Song
    from companion.engine.model.backbone import EncodedWindows, WindowInput
    from companion.engine.requests import RegenerateOptions, RegenerateRequest
    from companion.engine.windows import Window

RANKED_AFTER_MS = 4_000
"""So much of the map after a range judges the variants."""
_SEED_STRIDE = 0x9E3779B97F4A7C15
"""Seeds of variants lie far apart, so that neighbouring seeds of requests share none."""


@dataclass(frozen=True, slots=True, eq=False)
class Regeneration:
    """One request, with everything it needs."""

    model: LoadedModel
    request: RegenerateRequest
    song: Song
    conditioning: Conditioning

    @classmethod
    def of(cls, model: LoadedModel, request: RegenerateRequest) -> Regeneration:
        """Prepare a request.

        Raises:
            AudioError: The song cannot be listened to.
            RangeRefused: The map has no timing, or the range lies outside the song.
        """
        document = request.document
        document.require_readable()
        if document.beatmap.timing_at(request.range.start_ms) is None:
            raise RangeRefused("The map has no timing yet: set its BPM and offset first.")
        song = model.listen(request.audio_path)
        if request.range.end_ms <= 0 or request.range.start_ms >= song.length_ms:
            raise RangeRefused("There is no song in this range. Choose one before the song ends.")
        about = request.conditioning or model.conditioning_of(document, song)
        return cls(model, request, song, _wished(about, request.options))

    def passages(self, token: CancelToken) -> Iterator[Passage]:
        """Everything that is asked for, all variants side by side."""
        yield from self._whole(token) if self.options.replace == "all" else self._aspect(token)

    @property
    def options(self) -> RegenerateOptions:
        """How to generate."""
        return self.request.options

    # Everything

    def _whole(self, token: CancelToken) -> Iterator[Passage]:
        document, wanted = self.request.document, self.request.range
        types_first = self.model.prompting.encoding.types_first
        drafts = [_Draft(wanted.start_ms, self._tidier(), types_first) for _ in self.seeds]
        generated = generate_range(
            self.model.backbone,
            self.song.waveform,
            document.beatmap,
            self.conditioning,
            wanted,
            GenerationOptions(
                guidance=self.options.guidance,
                temperature=self.options.temperature,
                top_p=self.options.top_p,
            ),
            token,
            seeds=self.seeds,
            hear=self.hear,
        )
        for window in generated:
            draft = drafts[window.variant]
            draft.events.extend(window.events)
            is_last = window.settled.end_ms >= wanted.end_ms
            end_ms = wanted.end_ms if is_last else draft.final_until(window.settled.end_ms)
            if end_ms > draft.start_ms or is_last:
                lines, green_lines = self._lines(draft, end_ms)
                covered = TimeRange(draft.start_ms, end_ms)
                draft.start_ms = end_ms
                yield Passage(window.variant, covered, lines, window.mean_logprob, green_lines)

    def _lines(
        self, draft: _Draft, end_ms: int
    ) -> tuple[tuple[bytes, ...], tuple[TimingPoint, ...]]:
        """The lines of a draft that have become final, and the green lines that go with them."""
        encoding = self.model.prompting.encoding
        section = write_section(
            draft.events,
            self.request.document.beatmap,
            self.request.range,
            SectionOptions(
                encoding=encoding,
                postprocess=PostprocessOptions.of(encoding),
                change_green_lines=self.options.change_green_lines,
            ),
        )
        fresh = TimeRange(draft.start_ms, end_ms)
        lines = [
            line
            for line, item in zip(section.lines, section.objects, strict=True)
            if fresh.contains(item.start_ms)
        ]
        points = tuple(p for p in section.green_lines if fresh.contains(p.time_ms))
        return tuple(tidied.line for tidied in draft.tidier.let_through(lines)), points

    def _tidier(self) -> Tidier:
        beatmap, wanted = self.request.document.beatmap, self.request.range
        replaced = {item.line for item in objects_in(beatmap, wanted)}
        kept = [item for item in beatmap.hit_objects if item.line not in replaced]
        return Tidier(self.request.document, wanted, kept)

    # One aspect

    def _aspect(self, token: CancelToken) -> Iterator[Passage]:
        for variant, seed in enumerate(self.seeds):
            yield from self._one_aspect(variant, seed, token)

    def _one_aspect(self, variant: int, seed: int, token: CancelToken) -> Iterator[Passage]:
        document, wanted = self.request.document, self.request.range
        backbone = self.model.backbone
        source = ObjectEvents(document, self.model.prompting.encoding, wanted)
        aspect = aspect_of(self.options.replace, source, backbone.vocabulary)
        if aspect is None:
            mode = document.beatmap.mode.name.lower()
            raise OptionRefused(f"This model cannot choose {self.options.replace} in {mode} maps.")
        generator = torch.Generator().manual_seed(seed)
        draw = Draw(self.options.temperature, self.options.top_p, generator)
        # Oldest first, so that later windows see what was chosen in earlier ones.
        items = sorted(objects_in(document.beatmap, wanted), key=lambda item: item.start_ms)
        start_ms, logprobs = wanted.start_ms, list[float]()
        windows = windows_of(
            len(self.song.waveform.samples),
            backbone.settings.windows,
            wanted.start_ms,
            wanted.end_ms,
        )
        for window in windows:
            is_last = window is windows[-1]
            logprobs += self._choose(source, aspect, window, draw, token)
            end_ms = wanted.end_ms if is_last else window.keep.end_ms
            # An object whose end lies in a later window still has tokens to come.
            going_on = [i.start_ms for i in items if i.end_ms >= end_ms and i.start_ms < end_ms]
            if not is_last:
                end_ms = min([end_ms, *(int(start) for start in going_on)])
            if end_ms <= start_ms and not is_last:
                continue
            covered = TimeRange(start_ms, end_ms)
            lines = tuple(aspect.line(item) for item in items if covered.contains(item.start_ms))
            start_ms = end_ms
            yield Passage(variant, covered, lines, sum(logprobs) / max(len(logprobs), 1))

    def _choose(
        self,
        source: ObjectEvents,
        aspect: Aspect,
        window: Window,
        draw: Draw,
        token: CancelToken,
    ) -> list[float]:
        """Choose anew what is free in the part of the song that a window answers for."""
        index = EventIndex(source.events)
        first, past = index.past(window.keep.start_ms), index.past(window.keep.end_ms)
        free = [i for i in range(first, past) if aspect.is_free(i)]
        if not free:
            return []
        backbone = self.model.backbone
        prompt = self._prompt(source.events[: free[0]], window)
        given = self.input_of(window)
        ids = torch.as_tensor(prompt)[None].to(backbone.device)
        logits, state = backbone.start(ids, None, self.hear(window, given))
        logprobs: list[float] = []
        for at in range(free[0], free[-1] + 1):
            token.raise_if_cancelled()
            if aspect.is_free(at):
                chosen, logprob = draw.choose(logits, aspect.allowed(at))
                source.put(at, backbone.vocabulary.decode(chosen).value)
                aspect.settle(at)
                logprobs.append(logprob)
            [fed] = backbone.vocabulary.encode_window([source.events[at]], window.frame_time_ms)
            if at < free[-1]:
                logits, state = backbone.step(torch.tensor([fed], device=backbone.device), state)
        return logprobs

    def _prompt(self, events: Sequence[Event], window: Window) -> Sequence[int]:
        prompting, beatmap = self.model.prompting, self.request.document.beatmap
        contexts = [
            context if context.kind is not ContextType.MAP else Context(context.kind, events)
            for context in prompting.contexts_of(beatmap, self.song.length_ms)
        ]
        upto = next(i for i, c in enumerate(contexts) if c.kind is ContextType.MAP)
        prompt = prompting.builder.build(
            [Context(kind) for kind in prompting.given(beatmap.mode)],
            contexts[: upto + 1],
            self.conditioning,
            window.frame_time_ms,
            prompting.template(beatmap.mode),
        )
        return prompt.ids.tolist()

    # Shared

    @property
    def seeds(self) -> list[int]:
        """One per variant."""
        n = self.options.variants
        return [(self.options.seed + i * _SEED_STRIDE) % 2**63 for i in range(n)]

    def input_of(self, window: Window) -> WindowInput:
        """What the encoder gets for a window."""
        red_lines = self.request.document.beatmap.red_lines
        return self.song.input_of(window, red_lines, self.conditioning)

    def hear(self, window: Window, given: WindowInput) -> EncodedWindows:
        """A window's encoding, from memory if it was heard before."""
        scorer = self.model.scorer
        key = scorer.encoder_key(self.song.waveform.audio_id, window, given)
        return scorer.encoded([(key, given)])

    def rank(self, variants: Sequence[Sequence[bytes]], token: CancelToken) -> VariantRank:
        """Rank finished variants by how little they make what follows surprising."""
        bits = [self._bits_after(variant, token) for variant in variants]
        if any(b is None for b in bits):
            return VariantRank(tuple(range(len(variants))), ())
        known = [b for b in bits if b is not None]
        order = sorted(range(len(known)), key=lambda i: known[i])
        return VariantRank(tuple(order), tuple(known[i] for i in order))

    def _bits_after(self, lines: Sequence[bytes], token: CancelToken) -> float | None:
        wanted = self.request.range
        document = self.request.document
        document = document.apply(splice_objects(document, wanted, lines))
        end_ms = wanted.end_ms
        after = TimeRange(end_ms, end_ms + RANKED_AFTER_MS)
        scan = self.model.scan(document, self.song, self.conditioning, after)
        total, n = 0.0, 0
        scored = self.model.scored(scan, self.song, document, self.conditioning, token)
        for window in (window for batch in scored for window in batch):
            place = 0
            for run in window.task.runs:
                context = scan.contexts[run.context]
                for offset in range(run.n_events):
                    event = context.events[run.first_event + offset]
                    if context.kind is ContextType.MAP and after.contains(event.time_ms):
                        total += float(window.score.surprisal_bits[place])
                        n += 1
                    place += 1
        return total / n if n else None


@dataclass(slots=True, eq=False)
class _Draft:
    """One variant on its way."""

    start_ms: int
    """From here on nothing has been handed out."""
    tidier: Tidier
    types_first: bool = True
    events: list[Event] = field(default_factory=list["Event"])

    def final_until(self, settled_ms: int) -> int:
        """Up to when all objects are complete: the start of the first one that is still open."""
        open_since: dict[tuple[EventType, int], int] = {}
        for place, event in enumerate(self.events):
            if event.kind in HEAD_TYPES and event.kind is not EventType.CIRCLE:
                open_since[event.kind, self._column(place)] = event.time_ms
            elif event.kind in _HEAD_OF:
                open_since.pop((_HEAD_OF[event.kind], self._column(place)), None)
        return max(self.start_ms, min([settled_ms, *open_since.values()]))

    def _column(self, place: int) -> int:
        """The mania column of the group that a type event belongs to; 0 where there are none."""
        following = self.events[place + 1 : place + 1 + _GROUP_EVENTS]
        before = self.events[max(place - _GROUP_EVENTS, 0) : place]
        for event in following if self.types_first else reversed(before):
            if event.kind is EventType.MANIA_COLUMN:
                return event.value
            if event.kind in TYPES:
                break
        return 0


_GROUP_EVENTS = 4
"""A column is this near to the type that it belongs to."""
_HEAD_OF = {
    EventType.SLIDER_END: EventType.SLIDER_HEAD,
    EventType.SPINNER_END: EventType.SPINNER,
    EventType.HOLD_NOTE_END: EventType.HOLD_NOTE,
    EventType.DRUMROLL_END: EventType.DRUMROLL,
    EventType.DENDEN_END: EventType.DENDEN,
}


def _wished(about: Conditioning, options: RegenerateOptions) -> Conditioning:
    """The map's own facts with the star rating that is asked for."""
    stars = options.difficulty
    if stars is None or about.difficulty == stars:
        return about
    # The old difficulty's density would contradict the new star rating.
    return replace(about, difficulty=stars, note_density=None)
