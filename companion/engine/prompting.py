"""What a checkpoint is asked to judge of a map: contexts as the family would have written them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.engine.encoding import (
    encode_kiai,
    encode_map,
    encode_scroll_speeds,
    encode_timing,
)
from companion.engine.events import ContextType
from companion.engine.prompts import Context

if TYPE_CHECKING:
    from collections.abc import Callable

    from companion.beatmap import Beatmap, Mode
    from companion.engine.encoding import EncodingOptions
    from companion.engine.events import Event
    from companion.engine.prompts import PromptBuilder
    from companion.engine.templates import Template


@dataclass(frozen=True, slots=True, eq=False)
class Prompting:
    """The contexts that stand in a checkpoint's prompts when everything of a map is there."""

    builder: PromptBuilder

    @property
    def encoding(self) -> EncodingOptions:
        """How maps are written down as events."""
        return self.builder.encoding

    def template(self, mode: Mode) -> Template:
        """What prompts are about."""
        return self.builder.plan((), (), mode).template

    def given(self, mode: Mode) -> tuple[ContextType, ...]:
        """Contexts that every prompt begins with."""
        return self.template(mode).given

    def contexts_of(self, beatmap: Beatmap, song_length_ms: float) -> tuple[Context, ...]:
        """Everything the model could have written of a map, as if it had."""
        kinds = self.builder.plan((), (), beatmap.mode).produced
        return tuple(self.context_of(kind, beatmap, song_length_ms) for kind in kinds)

    def context_of(self, kind: ContextType, beatmap: Beatmap, song_length_ms: float) -> Context:
        """One of the contexts that are produced, complete."""
        return Context(kind, _ENCODERS[kind](beatmap, self.encoding, song_length_ms))


def _kiai(beatmap: Beatmap, options: EncodingOptions, song_length_ms: float) -> list[Event]:
    del song_length_ms
    return encode_kiai(beatmap, options)


def _speeds(beatmap: Beatmap, options: EncodingOptions, song_length_ms: float) -> list[Event]:
    del song_length_ms
    return encode_scroll_speeds(beatmap, options)


_ENCODERS: dict[ContextType, Callable[[Beatmap, EncodingOptions, float], list[Event]]] = {
    ContextType.TIMING: encode_timing,
    ContextType.KIAI: _kiai,
    ContextType.SV: _speeds,
    ContextType.MAP: encode_map,
}
