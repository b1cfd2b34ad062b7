"""The objects that are there, with other positions or hitsounds.

The model is given them token by token, as if it had written them, and chooses only what is wanted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from companion.beatmap import TimeRange, objects_in
from companion.engine.aspects import Draw, ObjectEvents, aspect_of
from companion.engine.events import ContextType
from companion.engine.modding import object_fields
from companion.engine.prompts import Context
from companion.engine.requests import ASPECTS, Passage
from companion.engine.scanning import EventIndex
from companion.engine.windows import windows_of
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import HitObject
    from companion.engine.aspects import Aspect
    from companion.engine.cancellation import CancelToken
    from companion.engine.events import Event
    from companion.engine.modding.object_fields import ObjectFields
    from companion.engine.regeneration import Regeneration
    from companion.engine.windows import Window


class KeptRhythm:
    """The passages of one request whose rhythm is kept."""

    def __init__(self, given: Regeneration) -> None:
        self._given = given

    def passages(self, token: CancelToken) -> Iterator[Passage]:
        """One variant after the other.

        Raises:
            Cancelled: The token was cancelled.
            OptionRefused: The model or the mode has nothing of what is to be chosen.
        """
        for variant, seed in enumerate(self._given.seeds):
            yield from self._variant(variant, seed, token)

    def _variant(self, variant: int, seed: int, token: CancelToken) -> Iterator[Passage]:
        document, wanted = self._given.request.document, self._given.request.range
        backbone = self._given.model.backbone
        source = ObjectEvents(document, self._given.model.prompting.encoding, wanted)
        wished = ASPECTS - self._given.options.kept
        aspect = aspect_of(wished, source, backbone.vocabulary)
        if aspect is None:
            mode, words = document.beatmap.mode.name.lower(), " and ".join(sorted(wished))
            raise OptionRefused(f"This model cannot choose {words} in {mode} maps.")
        generator = torch.Generator().manual_seed(seed)
        draw = Draw(self._given.options.temperature, self._given.options.top_p, generator)
        # Oldest first, so that later windows see what was chosen in earlier ones.
        items = sorted(objects_in(document.beatmap, wanted), key=lambda item: item.start_ms)
        start_ms, logprobs = wanted.start_ms, list[float]()
        windows = windows_of(
            len(self._given.song.waveform.samples),
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
            lines = tuple(
                aspect.settled(self._fields(item), item).joined()
                for item in items
                if covered.contains(item.start_ms)
            )
            start_ms = end_ms
            yield Passage(variant, covered, lines, sum(logprobs) / max(len(logprobs), 1))

    def _fields(self, item: HitObject) -> ObjectFields:
        return object_fields.split(self._given.request.document.lines[item.line].raw)

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
        backbone = self._given.model.backbone
        prompt = self._prompt(source.events[: free[0]], window)
        given = self._given.input_of(window)
        ids = torch.as_tensor(prompt)[None].to(backbone.device)
        logits, state = backbone.start(ids, None, self._given.hear(window, given))
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
        prompting, beatmap = self._given.model.prompting, self._given.request.document.beatmap
        contexts = [
            context if context.kind is not ContextType.MAP else Context(context.kind, events)
            for context in prompting.contexts_of(beatmap, self._given.song.length_ms)
        ]
        upto = next(i for i, c in enumerate(contexts) if c.kind is ContextType.MAP)
        prompt = prompting.builder.build(
            [Context(kind) for kind in prompting.given(beatmap.mode)],
            contexts[: upto + 1],
            self._given.conditioning,
            window.frame_time_ms,
            prompting.template(beatmap.mode),
        )
        return prompt.ids.tolist()
