"""What filters know about the tokens so far, kept up to date token by token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from companion.engine.events import BEAT_TYPES, HEAD_TYPES, SUSTAIN_TYPES, TYPES, EventType
from companion.engine.logit_filters.columns import Columns

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from torch import Tensor

    from companion.engine.vocabulary import Vocabulary

_REMEMBERED = 3
"""The farthest that any rule looks back."""
_OBJECT_TYPES = TYPES - BEAT_TYPES
_GROUP_ENDS = TYPES | SUSTAIN_TYPES
"""Where types come last, what ends a group."""


class TokenHistory:
    """The rows of tokens being decoded: prompts first, then what was chosen.

    Prompts are looked through once; each new token costs constant time. In a beam search rows go on
    from each other.
    """

    def __init__(
        self, vocabulary: Vocabulary, prompts: Sequence[Sequence[int]], *, types_first: bool = True
    ) -> None:
        """Look through the prompts.

        Args:
            vocabulary: Of the tokens.
            prompts: A row each.
            types_first: Whether an event's type is named before its attributes.
        """
        self._vocabulary = vocabulary
        self._types_first = types_first
        self._times = vocabulary.ranges[EventType.TIME_SHIFT].ids
        has_sounds = EventType.HITSOUND in vocabulary
        self._sounds = vocabulary.ranges[EventType.HITSOUND].ids if has_sounds else range(0)
        self._starts = frozenset({vocabulary.sos_id, *vocabulary.context_sos.values()})
        self._types = {
            token: kind
            for kind in TYPES
            if kind in vocabulary
            for token in vocabulary.ranges[kind].ids
        }
        self._recent = [list(prompt[-_REMEMBERED:]) for prompt in prompts]
        self.last_steps: list[int] = []
        """Per row the last time token since the last start token, as an offset into the time
        tokens; 0 when there is none, which forbids nothing."""
        self.head_steps: list[int] = []
        """Where types come first, per row the time of the last object that began; else 0."""
        self.n_sounds: list[int] = []
        """Where types come first, per row how many hitsounds its last type has so far."""
        self.last_types: list[EventType | None] = []
        """Per row the last type since the last start token; None when there is none."""
        self.last_object_types: list[EventType | None] = []
        """The same without beats, which some families write between the parts of an object."""
        self.said: list[frozenset[EventType]] = []
        """Per row the kinds of events since the last type or start token: where types come last,
        what is known of the group that is being written."""
        self.last_object_timed: list[bool] = []
        """Per row whether the group that ended with its last object type had a time."""
        self.columns: list[Columns] = []
        """Per row which columns are taken, as far as is known since the last start token."""
        self.parents: Sequence[int] = range(len(prompts))
        """Per row the row that it was before its newest token."""
        for prompt in prompts:
            self.last_steps.append(self._last_step(prompt))
            self.head_steps.append(self._last_head_step(prompt))
            self.n_sounds.append(self._sounds_of_last_type(prompt))
            self.last_types.append(self._last_type(prompt, TYPES))
            self.last_object_types.append(self._last_type(prompt, _OBJECT_TYPES))
            self.said.append(self._said_before(prompt, len(prompt)))
            self.columns.append(self._no_columns())
            self.columns[-1].follow(prompt[self._after_start(prompt) :])
            end = self._last_object_end(prompt)
            self.last_object_timed.append(EventType.TIME_SHIFT in self._said_before(prompt, end))

    def __len__(self) -> int:
        return len(self._recent)

    def append(self, tokens: Sequence[int], parents: Sequence[int] | None = None) -> None:
        """Note one chosen token per row, and which row each goes on from; itself unless given."""
        self.parents = range(len(tokens)) if parents is None else parents
        if list(self.parents) != list(range(len(tokens))):
            self._follow(self.parents)
        for row, token in enumerate(tokens):
            recent = self._recent[row]
            recent.append(token)
            del recent[:-_REMEMBERED]
            self._say(row, token)
            if token in self._starts:
                self.columns[row] = self._no_columns()
            self.columns[row].follow([token])
            if token in self._times:
                self.last_steps[row] = token - self._times.start
                if self._types.get(self.recent(row, 2)) in HEAD_TYPES:
                    self.head_steps[row] = self.last_steps[row]
            elif token in self._sounds:
                self.n_sounds[row] += 1
            elif token in self._types:
                kind = self._types[token]
                self.n_sounds[row] = 0
                self.last_types[row] = kind
                if kind in _OBJECT_TYPES:
                    self.last_object_types[row] = kind
            elif token in self._starts:
                self.last_steps[row] = self.head_steps[row] = self.n_sounds[row] = 0
                self.last_types[row] = self.last_object_types[row] = None

    def _follow(self, parents: Sequence[int]) -> None:
        self._recent = [list(self._recent[row]) for row in parents]
        self.last_steps = [self.last_steps[row] for row in parents]
        self.head_steps = [self.head_steps[row] for row in parents]
        self.n_sounds = [self.n_sounds[row] for row in parents]
        self.last_types = [self.last_types[row] for row in parents]
        self.last_object_types = [self.last_object_types[row] for row in parents]
        self.said = [self.said[row] for row in parents]
        self.last_object_timed = [self.last_object_timed[row] for row in parents]
        self.columns = [self.columns[row].copy() for row in parents]

    def _say(self, row: int, token: int) -> None:
        kind = self._kind(token)
        if kind is None or kind in _GROUP_ENDS:
            if kind in _OBJECT_TYPES:
                self.last_object_timed[row] = EventType.TIME_SHIFT in self.said[row]
            self.said[row] = frozenset()
        elif kind not in self.said[row]:
            self.said[row] |= {kind}

    def recent(self, row: int, distance: int) -> int:
        """The token ``distance`` positions before the next one; -1 when there are not so many."""
        recent = self._recent[row]
        return recent[-distance] if distance <= len(recent) else -1

    def kind(self, row: int) -> EventType | None:
        """What kind of event the newest token stands for; None for one that stands for none."""
        return self._kind(self.recent(row, 1))

    def _no_columns(self) -> Columns:
        return Columns(self._vocabulary, types_first=self._types_first)

    def _after_start(self, prompt: Sequence[int]) -> int:
        """The place after the last start token; 0 when there is none."""
        for at in range(len(prompt) - 1, -1, -1):
            if prompt[at] in self._starts:
                return at + 1
        return 0

    def _kind(self, token: int) -> EventType | None:
        """What kind of event a token stands for; None for one that stands for none."""
        return self._vocabulary.decode(token).kind if self._vocabulary.is_event(token) else None

    def _said_before(self, prompt: Sequence[int], end: int) -> frozenset[EventType]:
        """Kinds of the events before a place, back to the last type or start token."""
        said: set[EventType] = set()
        for token in reversed(prompt[:end]):
            kind = self._kind(token)
            if kind is None or kind in _GROUP_ENDS:
                break
            said.add(kind)
        return frozenset(said)

    def _last_object_end(self, prompt: Sequence[int]) -> int:
        """Where the last object type since the last start token stands; 0 when there is none."""
        for at in range(len(prompt) - 1, -1, -1):
            if self._types.get(prompt[at]) in _OBJECT_TYPES:
                return at
            if prompt[at] in self._starts:
                break
        return 0

    def _last_step(self, prompt: Sequence[int]) -> int:
        for token in reversed(prompt):
            if token in self._times:
                return token - self._times.start
            if token in self._starts:
                break
        return 0

    def _last_head_step(self, prompt: Sequence[int]) -> int:
        for at in range(len(prompt) - 1, 0, -1):
            if prompt[at] in self._times and self._types.get(prompt[at - 1]) in HEAD_TYPES:
                return prompt[at] - self._times.start
            if prompt[at] in self._starts:
                break
        return 0

    def _sounds_of_last_type(self, prompt: Sequence[int]) -> int:
        n = 0
        for token in reversed(prompt):
            if token in self._types or token in self._starts:
                break
            n += token in self._sounds
        return n

    def _last_type(self, prompt: Sequence[int], among: Collection[EventType]) -> EventType | None:
        for token in reversed(prompt):
            if token in self._types and self._types[token] in among:
                return self._types[token]
            if token in self._starts:
                break
        return None


class LogitFilter(Protocol):
    """One rule about what may come next."""

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Change the predictions for the next token of each row.

        Args:
            logits: Tensor, shape = (n, vocab_out), float32. It may not be changed in place.
            history: The n rows so far.
        """
        ...
