"""What a model is shown before it writes: the contexts, the facts about the map, what came before.

A prompt is ``[given contexts] [class tokens] [special tokens] SOS [produced contexts so far]``.
Each block of events is wrapped in its context's start and end id; the last produced one has no end,
because the model goes on there. Class tokens say what kind of map it is (`Conditioning`), special
tokens how things stand at the window's start: the last kiai switch, the last scroll speed, the
place in the song.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from companion.beatmap import Mode
from companion.engine.encoding import EncodingOptions
from companion.engine.events import ContextType, Event, EventType, span_of
from companion.engine.templates import Template, plan
from companion.engine.vocabulary import PAD_ID, SOS_ID
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from companion.engine.conditioning import Conditioning
    from companion.engine.templates import Plan
    from companion.engine.vocabulary import Vocabulary

    Ids = NDArray[np.int64]

MAX_HALVINGS = 10
"""How often the number of events per context is halved before a prompt counts as too long."""

DEFAULT_KIAI = Event(EventType.KIAI, 0)
DEFAULT_SCROLL_SPEED = Event(EventType.SCROLL_SPEED, 100)

_BOTH = (Mode.OSU, Mode.CATCH)
V29_TEMPLATES = tuple(
    Template((given,), (ContextType.TIMING, ContextType.KIAI, ContextType.MAP, ContextType.SV))
    for given in (ContextType.NONE, ContextType.NO_HS, ContextType.GD)
)


@dataclass(frozen=True, slots=True)
class PromptOptions:
    """Which tokens a family's prompts have. The defaults are those of V29."""

    templates: tuple[Template, ...] = V29_TEMPLATES
    modes: tuple[Mode, ...] = tuple(Mode)
    """Whose maps the family was trained with."""
    tgt_seq_len: int = 2048
    """Longest sequence of the decoder; a prompt has to leave room for at least one token."""
    add_out_context_types: bool = True
    """Whether produced contexts are wrapped in their start and end ids."""
    add_gamemode_token: bool = True
    add_style_token: bool = False
    add_diff_token: bool = True
    add_mapper_token: bool = True
    add_year_token: bool = True
    add_hitsounded_token: bool = True
    add_song_length_token: bool = True
    add_global_sv_token: bool = True
    add_cs_token: bool = True
    add_keycount_token: bool = True
    add_hold_note_ratio_token: bool = True
    add_scroll_speed_ratio_token: bool = True
    add_descriptors: bool = True
    add_kiai_special_token: bool = False
    """Whether the last kiai switch is told as it is; V29 says "off" whatever it is."""
    add_sv_special_token: bool = True
    add_song_position_token: bool = True

    @classmethod
    def from_train_config(cls, data: Mapping[str, Any]) -> Self:
        """Take the options from the ``data`` part of a family's training configuration."""
        known = {field.name for field in fields(cls)} - {"templates", "modes"}
        options = {name: value for name, value in data.items() if name in known}
        if "gamemodes" in data:
            options["modes"] = tuple(Mode(number) for number in data["gamemodes"])
        return cls(templates=Template.all_from_train_config(data), **options)


@dataclass(frozen=True, slots=True)
class Context:
    """A block of events of one kind; all of the song's, not only one window's."""

    kind: ContextType
    events: Sequence[Event] = ()
    conditioning: Conditioning | None = None
    """For another difficulty that is given: what it says about itself."""


@dataclass(frozen=True, slots=True)
class Block:
    """Where a produced context's events stand in a prompt."""

    context: int
    """Index among the produced contexts."""
    first_event: int
    """Index of its first event in the context's own events."""
    first_position: int
    """Index of that event's token in the prompt."""
    n_events: int


@dataclass(frozen=True, slots=True, eq=False)
class Prompt:
    """Token ids to go on from."""

    ids: Ids
    """Shape (n_tokens,)."""
    negative_ids: Ids
    """The prompt that guidance steers away from, shape (n_negative_tokens,)."""
    blocks: tuple[Block, ...]
    """One for each produced context, in order."""


class PromptBuilder:
    """Builds prompts for one checkpoint."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        window_ms: float,
        options: PromptOptions | None = None,
        encoding: EncodingOptions | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self.window_ms = window_ms
        self.options = options or PromptOptions()
        self.encoding = encoding or EncodingOptions()

    def plan(
        self, given: Collection[ContextType], wanted: Collection[ContextType], mode: Mode
    ) -> Plan:
        """Choose what is given and produced.

        Raises:
            OptionRefused: The family was not trained for this combination.
        """
        if mode not in self.options.modes and not self.encoding.original_quirks:
            known = ", ".join(known.name.lower() for known in self.options.modes)
            raise OptionRefused(
                f"This model knows {known} maps only, and this is a {mode.name.lower()} map. "
                "Choose another model for it."
            )
        return plan(
            self.options.templates,
            given,
            wanted,
            mode,
            original_quirks=self.encoding.original_quirks,
        )

    def build(
        self,
        given: Sequence[Context],
        produced: Sequence[Context],
        conditioning: Conditioning,
        frame_time_ms: int,
        template: Template | None = None,
    ) -> Prompt:
        """The prompt for a window.

        Args:
            given: Contexts that are input, in the order of the template.
            produced: Contexts so far, in the order of the template; the last one is written on.
            conditioning: What is said about the map, with the song's length.
            frame_time_ms: Song time of the window's start.
            template: What the generation is about; decides which special tokens there are. The
                family's first one unless given.

        Raises:
            OptionRefused: A value is out of range, or the prompt is too long whatever is left out.
        """
        required = self.required_specials(template or self.options.templates[0])
        negative = negative_of(conditioning)
        most: int | None = None
        for _ in range(MAX_HALVINGS + 1):
            tail, blocks = self._produced(produced, frame_time_ms, most)
            head = self._given(given, conditioning.song_length_ms, frame_time_ms, most)
            specials = self._main_specials(produced, conditioning, frame_time_ms, required)
            ids = [*head, *self.class_tokens(conditioning), *specials, SOS_ID, *tail]
            if len(ids) < self.options.tgt_seq_len:
                shift = len(ids) - len(tail)
                return Prompt(
                    _array(ids),
                    _array([*head, *self.class_tokens(negative), *specials, SOS_ID, *tail]),
                    tuple(replace(b, first_position=b.first_position + shift) for b in blocks),
                )
            most = (self.options.tgt_seq_len if most is None else most) // 2
        raise OptionRefused("There is too much in this part of the song for the model's memory.")

    # Classes

    def class_tokens(self, conditioning: Conditioning) -> list[int]:
        """What is said about the map as a whole."""
        has, words, about = self.options, self.vocabulary, conditioning
        tokens: list[int] = []
        if has.add_gamemode_token:
            tokens.append(words.token(EventType.GAMEMODE, int(about.mode)))
        if has.add_style_token:
            tokens.append(words.style_token(about.beatmap_id))
        if has.add_diff_token:
            tokens.append(words.difficulty_token(about.difficulty))
        if has.add_mapper_token:
            tokens.append(words.mapper_token(about.mapper_id))
        if has.add_year_token:
            tokens.append(words.year_token(about.year))
        if has.add_hitsounded_token:
            tokens.append(words.token(EventType.HITSOUNDED, int(about.hitsounded)))
        if has.add_song_length_token:
            tokens.append(words.song_length_token(about.song_length_ms))
        tokens += self._mode_tokens(conditioning)
        if has.add_descriptors:
            tokens += words.descriptor_tokens(about.descriptors or ())
        return tokens

    def _mode_tokens(self, about: Conditioning) -> list[int]:
        has, words = self.options, self.vocabulary
        tokens: list[int] = []
        if about.mode in _BOTH:
            if has.add_global_sv_token and self.encoding.add_sv:
                tokens.append(words.global_sv_token(about.slider_multiplier))
            if has.add_cs_token:
                tokens.append(words.cs_token(about.cs))
        if about.mode is Mode.MANIA:
            if has.add_keycount_token:
                tokens.append(words.token(EventType.MANIA_KEYCOUNT, about.keycount))
            if has.add_hold_note_ratio_token:
                ratio = about.hold_note_ratio
                tokens.append(words.ratio_token(EventType.HOLD_NOTE_RATIO, ratio))
        if about.mode not in _BOTH and has.add_scroll_speed_ratio_token:
            ratio = about.scroll_speed_ratio
            tokens.append(words.ratio_token(EventType.SCROLL_SPEED_RATIO, ratio))
        return tokens

    # Special tokens

    def required_specials(self, template: Template) -> frozenset[EventType]:
        """Special tokens that every prompt of a template has, whatever is known."""
        kinds = {kind for kind in template.produced if self._tells_kiai(kind)}
        required = {EventType.KIAI} if kinds else set[EventType]()
        if any(self._tells_scroll_speed(kind) for kind in template.produced):
            required.add(EventType.SCROLL_SPEED)
        if self.options.add_song_position_token:
            required.add(EventType.SONG_POSITION)
        return frozenset(required)

    def _tells_kiai(self, kind: ContextType) -> bool:
        return kind is ContextType.KIAI or (
            self.encoding.add_kiai and kind in {ContextType.GD, ContextType.MAP}
        )

    def _tells_scroll_speed(self, kind: ContextType) -> bool:
        return kind is ContextType.SV or (
            (self.encoding.add_sv or self.encoding.add_mania_sv)
            and kind in {ContextType.GD, ContextType.MAP}
        )

    def _own_specials(self, context: Context, frame_time_ms: int) -> dict[EventType, Event]:
        """How things stand at a window's start as far as one context knows."""
        specials: dict[EventType, Event] = {}
        if self.options.add_kiai_special_token and self._tells_kiai(context.kind):
            specials[EventType.KIAI] = last_before(context.events, DEFAULT_KIAI, frame_time_ms)
        if self.options.add_sv_special_token and self._tells_scroll_speed(context.kind):
            specials[EventType.SCROLL_SPEED] = last_before(
                context.events, DEFAULT_SCROLL_SPEED, frame_time_ms
            )
        return specials

    def _main_specials(
        self,
        produced: Sequence[Context],
        conditioning: Conditioning,
        frame_time_ms: int,
        required: frozenset[EventType],
    ) -> list[int]:
        specials: dict[EventType, Event] = {}
        for context in produced:
            specials |= self._own_specials(context, frame_time_ms)
        for default in (DEFAULT_KIAI, DEFAULT_SCROLL_SPEED):
            if default.kind in required:
                specials.setdefault(default.kind, default)
        return self._special_tokens(specials, conditioning.song_length_ms, frame_time_ms)

    def _special_tokens(
        self, specials: Mapping[EventType, Event], song_length_ms: float, frame_time_ms: int
    ) -> list[int]:
        words = self.vocabulary
        order = (EventType.KIAI, EventType.SCROLL_SPEED)
        tokens = [words.encode(specials[kind]) for kind in order if kind in specials]
        if self.options.add_song_position_token:
            tokens.append(words.encode(words.song_position_event(frame_time_ms, song_length_ms)))
        return tokens

    # Contexts

    def _window_tokens(
        self, context: Context, frame_time_ms: int, most: int | None
    ) -> tuple[int, list[int]]:
        """Index of the first event shown and the tokens; of too many events the last are shown."""
        first, past = span_of(context.events, frame_time_ms, frame_time_ms + self.window_ms)
        if most is not None:
            first = max(first, past - most)
        return first, self.vocabulary.encode_window(context.events[first:past], frame_time_ms)

    def _given(
        self,
        contexts: Sequence[Context],
        song_length_ms: float,
        frame_time_ms: int,
        most: int | None,
    ) -> list[int]:
        ids: list[int] = []
        for context in contexts:
            ids.append(self.vocabulary.context_sos[context.kind])
            specials = self._own_specials(context, frame_time_ms)
            if context.conditioning is not None:
                ids += self.class_tokens(
                    replace(context.conditioning, song_length_ms=song_length_ms)
                )
                ids += self._special_tokens(specials, song_length_ms, frame_time_ms)
            else:
                ids += [self.vocabulary.encode(event) for event in specials.values()]
            ids += self._window_tokens(context, frame_time_ms, most)[1]
            ids.append(self.vocabulary.context_eos[context.kind])
        return ids

    def _produced(
        self, contexts: Sequence[Context], frame_time_ms: int, most: int | None
    ) -> tuple[list[int], list[Block]]:
        ids: list[int] = []
        blocks: list[Block] = []
        for i, context in enumerate(contexts):
            first, tokens = self._window_tokens(context, frame_time_ms, most)
            if self.options.add_out_context_types:
                ids.append(self.vocabulary.context_sos[context.kind])
            blocks.append(Block(i, first, len(ids), len(tokens)))
            ids += tokens
            if self.options.add_out_context_types and i + 1 < len(contexts):
                ids.append(self.vocabulary.context_eos[context.kind])
        return ids, blocks


def negative_of(conditioning: Conditioning) -> Conditioning:
    """What guidance steers away from: the same map with the descriptors that are not wanted.

    The mapper is only kept when there are descriptors of either kind; otherwise the difference to a
    map by nobody in particular is what is strengthened.
    """
    steered = conditioning.descriptors or conditioning.negative_descriptors
    return replace(
        conditioning,
        beatmap_id=None,
        mapper_id=conditioning.mapper_id if steered else None,
        descriptors=conditioning.negative_descriptors,
    )


def last_before(events: Sequence[Event], default: Event, time_ms: float) -> Event:
    """The last event of the default's kind before a moment, or the default."""
    for event in reversed(events):
        if event.kind is default.kind and event.time_ms < time_ms:
            return event
    return default


def pad_left(sequences: Sequence[Ids]) -> Ids:
    """Stack sequences of different lengths, filled up in front; shape (n_sequences, longest)."""
    longest = max((len(ids) for ids in sequences), default=0)
    padded = np.full((len(sequences), longest), PAD_ID, dtype=np.int64)
    for row, ids in zip(padded, sequences, strict=True):
        row[longest - len(ids) :] = ids
    return padded


def _array(ids: Sequence[int]) -> Ids:
    return np.array(ids, dtype=np.int64)
