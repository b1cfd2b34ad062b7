"""Token ids and what they mean, as a checkpoint's own ``tokenizer.json`` defines them.

Id ranges are always read from the file and never derived from a configuration: a published
checkpoint may be older than the configuration it is said to belong to. Ids are laid out as: padding
0, start 1, end 2, then a start and an end id per context, then the events that a model can produce
(`size_out` ids so far), then those that only stand in prompts (`size_in` in all).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np

from companion.engine.events import ContextType, Event, EventType
from companion.errors import CheckpointMismatch, OptionRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

PAD_ID = 0
SOS_ID = 1
EOS_ID = 2
MS_PER_STEP = 10
"""Resolution of a time token."""
HALF_STEP_MS = MS_PER_STEP // 2

MAX_IDS = 2**20
"""No vocabulary is this large; tables are made by its size."""

UNKNOWN_YEAR = 2077
UNKNOWN_RATIO = 12
"""Value of the hold note and scroll speed ratio events that says nothing is known."""


@dataclass(frozen=True, slots=True)
class EventRange:
    """The ids of one kind of event: ``first_id`` is ``min_value``, the next one more."""

    kind: EventType
    first_id: int
    min_value: int
    max_value: int

    @property
    def end_id(self) -> int:
        """The id after the last one."""
        return self.first_id + self.max_value - self.min_value + 1

    @property
    def ids(self) -> range:
        """All ids of the kind."""
        return range(self.first_id, self.end_id)


@dataclass(frozen=True)
class Vocabulary:
    """A checkpoint's token ids, with the tables that its class tokens refer to."""

    output_ranges: tuple[EventRange, ...]
    """Kinds that a model can produce, in id order."""
    input_ranges: tuple[EventRange, ...]
    """Kinds that only stand in prompts, in id order."""
    context_sos: Mapping[ContextType, int]
    context_eos: Mapping[ContextType, int]
    size_out: int
    size_in: int
    n_difficulty_classes: int = 0
    max_difficulty: float = 0.0
    n_cs_classes: int = 0
    n_style_classes: int = 0
    style_index: Mapping[int, int] = field(default_factory=dict[int, int])
    """Beatmap id to style class."""
    mapper_of_beatmap: Mapping[int, int] = field(default_factory=dict[int, int])
    mapper_index: Mapping[int, int] = field(default_factory=dict[int, int])
    """User id to mapper class."""
    n_mapper_classes: int = 0
    descriptors_of_beatmap: Mapping[int, tuple[int, ...]] = field(
        default_factory=dict[int, "tuple[int, ...]"]
    )
    descriptor_index: Mapping[str, int] = field(default_factory=dict[str, int])
    n_descriptor_classes: int = 0

    pad_id = PAD_ID
    sos_id = SOS_ID
    eos_id = EOS_ID

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read a ``tokenizer.json``.

        Raises:
            CheckpointMismatch: The file is no tokenizer, or contradicts itself.
        """
        try:
            return cls.from_json(json.loads(path.read_text(encoding="utf-8")))
        except (
            OSError,
            ValueError,
            TypeError,
            AttributeError,
            LookupError,
            ArithmeticError,
            RecursionError,
        ) as error:
            raise CheckpointMismatch(f"{path} is not a vocabulary that can be used: {error}") from (
                error
            )

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """Build a vocabulary from the parsed content of a ``tokenizer.json``.

        Raises:
            KeyError, ValueError, TypeError, AttributeError, OverflowError: A field is missing or
                malformed.
        """
        # Checkpoints from before contexts existed have no offset; their events begin at 3.
        offset = int(state.get("offset", EOS_ID + 1))
        output_ranges = _ranges(state["event_ranges"], offset)
        input_ranges = _ranges(
            state.get("input_event_ranges", []), _end_of(output_ranges, otherwise=offset)
        )
        vocabulary = cls(
            output_ranges=output_ranges,
            input_ranges=input_ranges,
            context_sos={ContextType(k): int(v) for k, v in state.get("context_sos", {}).items()},
            context_eos={ContextType(k): int(v) for k, v in state.get("context_eos", {}).items()},
            size_out=int(state["vocab_size_out"]),
            size_in=int(state["vocab_size_in"]),
            n_difficulty_classes=int(state["num_diff_classes"]),
            max_difficulty=float(state["max_difficulty"]),
            n_cs_classes=int(state.get("num_cs_classes", 0)),
            n_style_classes=int(state.get("num_classes", 0)),
            style_index=_int_table(state.get("beatmap_idx", {})),
            mapper_of_beatmap=_int_table(state.get("beatmap_mapper", {})),
            mapper_index=_int_table(state.get("mapper_idx", {})),
            n_mapper_classes=int(state.get("num_mapper_classes", 0)),
            descriptors_of_beatmap={
                int(k): tuple(int(i) for i in v)
                for k, v in state.get("beatmap_descriptors", {}).items()
            },
            descriptor_index={str(k): int(v) for k, v in state.get("descriptor_idx", {}).items()},
            n_descriptor_classes=int(state.get("num_descriptor_classes", 0)),
        )
        vocabulary._verify(state.get("event_start", {}))
        return vocabulary

    def _verify(self, event_start: Mapping[str, int]) -> None:
        for name, first_id in event_start.items():
            if self.ranges[EventType(name)].first_id != first_id:
                raise ValueError(f"the ids of “{name}” do not start where the file says")
        if _end_of(self.output_ranges, otherwise=0) != self.size_out:
            raise ValueError("the output events do not end at the output size")
        if _end_of(self.input_ranges, otherwise=self.size_out) != self.size_in:
            raise ValueError("the input events do not end at the input size")
        if not 0 < self.size_out <= self.size_in <= MAX_IDS:
            raise ValueError("there are no ids, or more than any model has")
        if len(self.ranges) < len(self.output_ranges) + len(self.input_ranges):
            raise ValueError("a kind of event stands there twice")
        ids = (*self.context_sos.values(), *self.context_eos.values())
        if not all(0 <= token < self.size_in for token in ids):
            raise ValueError("a context begins or ends with an id that there is not")

    @cached_property
    def ranges(self) -> Mapping[EventType, EventRange]:
        """The ids of each kind that the checkpoint knows."""
        return {r.kind: r for r in (*self.output_ranges, *self.input_ranges)}

    @cached_property
    def _meanings(self) -> tuple[Event | None, ...]:
        meanings: list[Event | None] = [None] * self.size_in
        for r in self.ranges.values():
            for token in r.ids:
                meanings[token] = Event(r.kind, r.min_value + token - r.first_id)
        return tuple(meanings)

    @cached_property
    def kind_index(self) -> NDArray[np.int16]:
        """For each id the index of its kind in ``tuple(EventType)``, -1 for control ids.

        An array of shape (size_in,), for looking up whole sequences at once.
        """
        kinds = tuple(EventType)
        index = np.full(self.size_in, -1, dtype=np.int16)
        for r in self.ranges.values():
            index[r.first_id : r.end_id] = kinds.index(r.kind)
        return index

    def __contains__(self, kind: EventType) -> bool:
        return kind in self.ranges

    # Single tokens

    def token(self, kind: EventType, value: int = 0) -> int:
        """The id of a kind with a value.

        Raises:
            OptionRefused: The checkpoint does not know the kind, or the value is out of its range.
        """
        r = self.ranges.get(kind)
        if r is None:
            raise OptionRefused(f"This model has no token for “{kind}”.")
        if not r.min_value <= value <= r.max_value:
            raise OptionRefused(
                f"“{kind}” has to be between {r.min_value} and {r.max_value} for this model, "
                f"but is {value}."
            )
        return r.first_id + value - r.min_value

    def encode(self, event: Event) -> int:
        """The id of an event as it stands; a time event's value is taken as 10 ms steps.

        Raises:
            OptionRefused: As for `token`.
        """
        return self.token(event.kind, event.value)

    def decode(self, token: int) -> Event:
        """The event that an id stands for, time events in 10 ms steps; `CONTROL` for control ids.

        Raises:
            IndexError: The id is not in the vocabulary.
        """
        return self._meanings[token] or Event(EventType.CONTROL, token)

    def is_event(self, token: int) -> bool:
        """Whether an id stands for an event, not for padding or the start or end of something."""
        return 0 <= token < self.size_in and self._meanings[token] is not None

    # Windows

    def time_step(self, time_ms: float, frame_time_ms: float) -> int:
        """Song time in steps of a window, cut off toward zero and kept in the token's range."""
        r = self.ranges[EventType.TIME_SHIFT]
        step = int((time_ms - frame_time_ms) / MS_PER_STEP)
        return min(max(step, r.min_value), r.max_value)

    def encode_window(self, events: Iterable[Event], frame_time_ms: float) -> list[int]:
        """Ids of a stretch of events, times counted from the window's start."""
        return [
            self.token(EventType.TIME_SHIFT, self.time_step(event.value, frame_time_ms))
            if event.kind is EventType.TIME_SHIFT
            else self.token(event.kind, event.value)
            for event in events
        ]

    def decode_window(self, tokens: Iterable[int], frame_time_ms: int) -> list[Event]:
        """Events of generated ids up to the first end id, with song times; other ids are skipped.

        A token covers 10 ms and says only where they begin, so times are put into their middle;
        encoding cuts that half step off again. `time_ms` of the events is not set here: it depends
        on the whole stream (see `companion.engine.encoding.retiming`).
        """
        events: list[Event] = []
        for token in tokens:
            if token == EOS_ID:
                break
            event = self.decode(int(token))
            if event.kind is not EventType.CONTROL:
                events.append(self.to_song_time(event, frame_time_ms))
        return events

    @staticmethod
    def to_song_time(event: Event, frame_time_ms: int) -> Event:
        """A decoded event with the window's time put in; events without a time stay as they are."""
        if event.kind is not EventType.TIME_SHIFT:
            return event
        half = HALF_STEP_MS if event.value >= 0 else 0
        return Event(event.kind, frame_time_ms + event.value * MS_PER_STEP + half)

    # Class tokens

    def difficulty_token(self, stars: float | None) -> int:
        """Star rating; ``None`` is unknown."""
        n = self.n_difficulty_classes
        if stars is None:
            return self.token(EventType.DIFFICULTY, n)
        value = int(stars * n / self.max_difficulty)
        return self.token(EventType.DIFFICULTY, min(max(value, 0), n - 1))

    def style_token(self, beatmap_id: int | None) -> int:
        """Style of a map in the training set; unknown for all others."""
        index = None if beatmap_id is None else self.style_index.get(beatmap_id)
        return self.token(EventType.STYLE, self.n_style_classes if index is None else index)

    def mapper_class(self, user_id: int | None) -> int:
        """Index of a mapper; the number of known mappers when unknown."""
        unknown = self.n_mapper_classes
        return unknown if user_id is None else self.mapper_index.get(user_id, unknown)

    def mapper_token(self, user_id: int | None) -> int:
        """Mapper by user id; unknown for ids that the model was not trained with."""
        return self.token(EventType.MAPPER, self.mapper_class(user_id))

    def year_token(self, year: int | None) -> int:
        """Year of ranking, 2007 to 2076; ``None`` is unknown.

        Raises:
            OptionRefused: The year is out of range.
        """
        return self.token(EventType.YEAR, UNKNOWN_YEAR if year is None else year)

    def cs_token(self, circle_size: float | None) -> int:
        """Circle size 0 to 10; ``None`` is unknown."""
        n = self.n_cs_classes
        if circle_size is None:
            return self.token(EventType.CS, n)
        return self.token(EventType.CS, min(max(int(circle_size * (n - 1) / 10), 0), n - 1))

    def ratio_token(self, kind: EventType, ratio: float | None) -> int:
        """Hold note or scroll speed ratio; ``None`` is unknown."""
        return self.token(kind, UNKNOWN_RATIO if ratio is None else _ratio_value(ratio, 10))

    def song_length_token(self, song_length_ms: float) -> int:
        """Length of the song in steps of ten seconds, at most ten minutes."""
        return self.token(EventType.SONG_LENGTH, int(min(max(song_length_ms // 10_000, 0), 60)))

    def song_position_event(self, frame_time_ms: float, song_length_ms: float) -> Event:
        """Where in the song a window begins, in per cent."""
        ratio = frame_time_ms / song_length_ms if song_length_ms > 0 else 0.0
        return Event(EventType.SONG_POSITION, _ratio_value(ratio, 100))

    def global_sv_token(self, slider_multiplier: float) -> int:
        """The map's slider multiplier, kept between 0.4 and 3.6."""
        # round() and not int(): halves go to the even neighbour.
        return self.token(EventType.GLOBAL_SV, round(min(max(slider_multiplier, 0.4), 3.6) * 100))

    def descriptor_tokens(self, descriptors: Sequence[str | int]) -> list[int]:
        """Descriptors by name or index; those the model does not know are left out.

        Nothing known at all is said with the unknown descriptor.
        """
        known: list[int] = []
        for descriptor in descriptors:
            index = (
                self.descriptor_index.get(descriptor) if isinstance(descriptor, str) else descriptor
            )
            r = self.ranges[EventType.DESCRIPTOR]
            if index is not None and r.min_value <= index <= r.max_value:
                known.append(self.token(EventType.DESCRIPTOR, index))
        return known or [self.token(EventType.DESCRIPTOR, self.n_descriptor_classes)]

    def descriptors_of(self, beatmap_id: int | None) -> tuple[str, ...] | None:
        """Names of the descriptors that a map of the training set has; ``None`` when unknown."""
        indices = None if beatmap_id is None else self.descriptors_of_beatmap.get(beatmap_id)
        if indices is None:
            return None
        names = {index: name for name, index in self.descriptor_index.items()}
        return tuple(names.get(index, "unknown") for index in indices)


def _ranges(entries: Iterable[Mapping[str, Any]], first_id: int) -> tuple[EventRange, ...]:
    ranges: list[EventRange] = []
    for entry in entries:
        r = EventRange(
            EventType(entry["type"]), first_id, int(entry["min_value"]), int(entry["max_value"])
        )
        if r.max_value < r.min_value:
            raise ValueError(f"“{r.kind}” has no values")
        ranges.append(r)
        first_id = r.end_id
    return tuple(ranges)


def _end_of(ranges: Sequence[EventRange], *, otherwise: int) -> int:
    return ranges[-1].end_id if ranges else otherwise


def _int_table(table: Mapping[Any, Any]) -> dict[int, int]:
    return {int(cast("str", key)): int(value) for key, value in table.items()}


def _ratio_value(ratio: float, resolution: int) -> int:
    """A ratio in whole steps; none at all (-1) and all or more (past the last) stand apart."""
    if ratio <= 0:
        return -1
    if ratio >= 1:
        return resolution + 1
    return round(ratio * resolution)
