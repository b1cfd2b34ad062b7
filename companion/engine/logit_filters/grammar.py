"""Well-formed objects from models that name an event's type before its attributes.

A trained model hardly ever breaks these rules by itself, but one token drawn from the tail of a
distribution is enough for a slider without an end, and everything after it is understood wrongly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.engine.events import UNTIMED_TYPES, EventType
from companion.engine.logit_filters.kind_masks import all_but, forbid
from companion.engine.logit_filters.object_groups import OPTIONAL, group_attributes

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from companion.beatmap import Mode
    from companion.engine.encoding import EncodingOptions
    from companion.engine.logit_filters.history import TokenHistory
    from companion.engine.vocabulary import Vocabulary

Kinds = frozenset[EventType]

E = EventType
_SLIDER_MIDDLE = UNTIMED_TYPES | {E.LAST_ANCHOR}

_GOES_ON: dict[EventType, Kinds] = {
    E.SLIDER_HEAD: _SLIDER_MIDDLE,
    **dict.fromkeys(UNTIMED_TYPES, _SLIDER_MIDDLE),
    E.LAST_ANCHOR: frozenset({E.SLIDER_END}),
    E.SPINNER: frozenset({E.SPINNER_END}),
    E.DRUMROLL: frozenset({E.DRUMROLL_END}),
    E.DENDEN: frozenset({E.DENDEN_END}),
}
"""What has to follow an open object. Hold notes are not here: they may overlap."""


class ObjectGrammar:
    """Groups are complete and in order, and whatever begins also ends."""

    def __init__(self, vocabulary: Vocabulary, options: EncodingOptions, mode: Mode) -> None:
        self._vocabulary = vocabulary
        self._groups = {
            kind: group
            for kind, group in group_attributes(options, mode).items()
            if kind in vocabulary
        }
        between = frozenset(self._groups).difference(*_GOES_ON.values())
        self._after = {kind: _GOES_ON.get(kind, between) for kind in self._groups}
        self._between = between
        self._masks: dict[tuple[EventType | None, EventType | None], Tensor | None] = {}

    @staticmethod
    def knows(options: EncodingOptions) -> bool:
        """Whether a family writes maps down in the way that is described here."""
        return (
            options.types_first
            and options.slider_version == 1
            and not options.sustain_interval_ms
            and not (options.add_timing or options.add_kiai or options.add_mania_sv)
        )

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Forbid what cannot come next."""
        masks = [self._mask(history, row, logits.device) for row in range(len(history))]
        return forbid(logits, masks)

    def _mask(self, history: TokenHistory, row: int, device: torch.device) -> Tensor | None:
        state = (history.last_types[row], history.kind(row))
        if state not in self._masks:
            mask = self._forbidden(*state)
            self._masks[state] = None if mask is None else mask.to(device)
        return self._masks[state]

    def _forbidden(self, kind: EventType | None, last: EventType | None) -> Tensor | None:
        """Which ids cannot follow, shape = (vocab_out,); None when the rules do not say."""
        next_kinds = self._next_kinds(kind, last)
        if next_kinds is None:
            return None
        return all_but(self._vocabulary, next_kinds, may_end=next_kinds >= self._between)

    def _next_kinds(self, kind: EventType | None, last: EventType | None) -> Kinds | None:
        if kind is None or last is None:
            return self._between
        if kind not in self._groups:
            return None
        group = self._groups[kind]
        if last is kind:
            rest = group
        elif last in group:
            rest = group[group.index(last) + 1 :]
        else:
            return None
        allowed: set[EventType] = set()
        for attribute in rest:
            allowed.add(attribute)
            if attribute not in OPTIONAL:
                return frozenset(allowed)
        if kind is E.LAST_ANCHOR and E.HITSOUND in group:
            allowed.add(E.HITSOUND)
        return frozenset(allowed) | self._after[kind]
