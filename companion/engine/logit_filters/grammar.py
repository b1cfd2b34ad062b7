"""What an object consists of, for models that name an event's type before its attributes.

A trained model hardly ever breaks these rules by itself, but one token drawn from the tail of a
distribution is enough for a slider without an end, and everything after it is understood wrongly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from companion.beatmap import Mode
from companion.engine.events import UNTIMED_TYPES, EventType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor

    from companion.engine.encoding import EncodingOptions
    from companion.engine.logit_filters.history import TokenHistory
    from companion.engine.vocabulary import Vocabulary

Kinds = frozenset[EventType]

E = EventType
_SOUND = (E.HITSOUND, E.VOLUME)
_WHEN = (E.TIME_SHIFT, E.SNAPPING)
_WHERE = (E.DISTANCE, E.POS)
_OPTIONAL = frozenset({E.NEW_COMBO})
_SLIDER_MIDDLE = UNTIMED_TYPES | {E.LAST_ANCHOR}

_PLAYFIELD_GROUPS: dict[EventType, tuple[EventType, ...]] = {
    E.CIRCLE: (*_WHEN, *_WHERE, E.NEW_COMBO, *_SOUND),
    E.SLIDER_HEAD: (*_WHEN, *_WHERE, E.NEW_COMBO, E.SCROLL_SPEED, *_SOUND),
    **dict.fromkeys(UNTIMED_TYPES, _WHERE),
    E.LAST_ANCHOR: (*_WHEN, *_WHERE, *_SOUND),
    E.SLIDER_END: (*_WHEN, *_WHERE, *_SOUND),
    E.SPINNER: _WHEN,
    E.SPINNER_END: (*_WHEN, *_SOUND),
}
_TAIKO_GROUPS: dict[EventType, tuple[EventType, ...]] = {
    E.CIRCLE: (*_WHEN, E.SCROLL_SPEED, *_SOUND),
    E.DRUMROLL: (*_WHEN, E.SCROLL_SPEED, *_SOUND),
    E.DRUMROLL_END: _WHEN,
    E.DENDEN: (*_WHEN, E.SCROLL_SPEED, *_SOUND),
    E.DENDEN_END: _WHEN,
}
_MANIA_GROUPS: dict[EventType, tuple[EventType, ...]] = {
    E.CIRCLE: (*_WHEN, E.MANIA_COLUMN, *_SOUND),
    E.HOLD_NOTE: (*_WHEN, E.MANIA_COLUMN, *_SOUND),
    E.HOLD_NOTE_END: (*_WHEN, E.MANIA_COLUMN),
}
_GROUPS = {
    Mode.OSU: _PLAYFIELD_GROUPS,
    Mode.CATCH: _PLAYFIELD_GROUPS,
    Mode.TAIKO: _TAIKO_GROUPS,
    Mode.MANIA: _MANIA_GROUPS,
}
"""The attributes of each type's group, in order."""

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
            kind: _without_absent(group, options, mode)
            for kind, group in _GROUPS[mode].items()
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
            and not options.position_split_axes
            and options.position_refinement_px is None
            and not (options.add_timing or options.add_kiai or options.add_mania_sv)
        )

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Forbid what cannot come next."""
        masks = [self._mask(history, row, logits.device) for row in range(len(history))]
        if all(mask is None for mask in masks):
            return logits
        logits = logits.clone()
        for row, mask in enumerate(masks):
            if mask is not None:
                logits[row].masked_fill_(mask, -torch.inf)
        return logits

    def _mask(self, history: TokenHistory, row: int, device: torch.device) -> Tensor | None:
        state = (history.last_types[row], self._kind(history.recent(row, 1)))
        if state not in self._masks:
            mask = self._forbidden(*state)
            self._masks[state] = None if mask is None else mask.to(device)
        return self._masks[state]

    def _forbidden(self, kind: EventType | None, last: EventType | None) -> Tensor | None:
        """Which ids cannot follow, shape = (vocab_out,); None when the rules do not say."""
        next_kinds = self._next_kinds(kind, last)
        if next_kinds is None:
            return None
        mask = torch.ones(self._vocabulary.size_out, dtype=torch.bool)
        for allowed in next_kinds:
            ids = self._vocabulary.ranges[allowed].ids
            mask[ids.start : ids.stop] = False
        if next_kinds >= self._between:
            mask[[self._vocabulary.eos_id, *self._vocabulary.context_eos.values()]] = False
        return mask

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
            if attribute not in _OPTIONAL:
                return frozenset(allowed)
        if kind is E.LAST_ANCHOR and E.HITSOUND in group:
            allowed.add(E.HITSOUND)
        return frozenset(allowed) | self._after[kind]

    def _kind(self, token: int) -> EventType | None:
        if not self._vocabulary.is_event(token):
            return None
        return self._vocabulary.decode(token).kind


def _without_absent(
    group: Iterable[EventType], options: EncodingOptions, mode: Mode
) -> tuple[EventType, ...]:
    """The attributes that a family writes down."""
    absent: set[EventType] = set()
    if not options.add_snapping:
        absent.add(E.SNAPPING)
    if not options.add_distances:
        absent.add(E.DISTANCE)
    if not options.add_positions:
        absent.add(E.POS)
    if not options.add_hitsounds:
        absent.update(_SOUND)
    if not options.add_sv and mode is not Mode.TAIKO:
        absent.add(E.SCROLL_SPEED)
    return tuple(kind for kind in group if kind not in absent)
