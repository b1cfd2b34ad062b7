"""Well-formed objects from models that name an event's type after its attributes.

What a group will be is open until its type comes: what has been said of it leaves some types, and
these decide what may be said next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.events import BEAT_TYPES, UNTIMED_TYPES, EventType
from companion.engine.logit_filters.kind_masks import all_but, forbid
from companion.engine.logit_filters.object_groups import (
    OPTIONAL,
    SOUND,
    WHERE,
    Attributes,
    group_attributes,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from torch import Tensor

    from companion.engine.encoding import EncodingOptions
    from companion.engine.logit_filters.history import TokenHistory
    from companion.engine.vocabulary import Vocabulary

E = EventType
Kinds = frozenset[EventType]


class _Open(Enum):
    """What has begun and not ended. Hold notes are not here: they may overlap."""

    NOTHING = auto()
    PATH = auto()
    """A slider whose last anchor has not come."""
    PLACED = auto()
    """A slider whose last anchor has a place, but no time yet."""
    SPAN = auto()
    """A slider that only lacks its end."""
    SPINNER = auto()
    DRUMROLL = auto()
    DENDEN = auto()


_OPENED_BY = {
    E.SLIDER_HEAD: _Open.PATH,
    **dict.fromkeys(UNTIMED_TYPES, _Open.PATH),
    E.LAST_ANCHOR: _Open.SPAN,
    E.SPINNER: _Open.SPINNER,
    E.DRUMROLL: _Open.DRUMROLL,
    E.DENDEN: _Open.DENDEN,
}
_COMES_IN = {
    **dict.fromkeys({*UNTIMED_TYPES, E.LAST_ANCHOR}, _Open.PATH),
    E.SLIDER_END: _Open.SPAN,
    E.SPINNER_END: _Open.SPINNER,
    E.DRUMROLL_END: _Open.DRUMROLL,
    E.DENDEN_END: _Open.DENDEN,
}
"""What has to be open for a group; nothing for all others."""
_SUSTAINS = {
    E.SLIDER_SUSTAIN: _Open.PLACED,
    E.SLIDER_REPEAT_SUSTAIN: _Open.SPAN,
    E.SPINNER_SUSTAIN: _Open.SPINNER,
    E.DRUMROLL_SUSTAIN: _Open.DRUMROLL,
    E.DENDEN_SUSTAIN: _Open.DENDEN,
    E.HOLD_NOTE_SUSTAIN: _Open.NOTHING,
}


@dataclass(frozen=True, slots=True)
class _Group:
    kind: EventType
    attributes: Attributes
    many_sounds: bool = False

    def next_kinds(self, said: Kinds, last: EventType) -> Kinds:
        """What may come next if this group is being written; nothing when it is another one."""
        if last not in self.attributes:
            return frozenset()
        at = self.attributes.index(last) + 1
        before = self.attributes[:at]
        if self.many_sounds and last is E.HITSOUND:
            said -= {E.VOLUME}  # that of the sound before
        if not said.issuperset(k for k in before if k not in OPTIONAL) or not said <= {*before}:
            return frozenset()
        again = {E.HITSOUND} if self.many_sounds and last is E.VOLUME else set[EventType]()
        return frozenset(again).union(self.after(at))

    def after(self, at: int) -> Iterator[EventType]:
        """What may come after so many attributes."""
        for attribute in self.attributes[at:]:
            yield attribute
            if attribute not in OPTIONAL:
                return
        yield self.kind


class TypesLastGrammar:
    """Groups are complete and in order, and whatever begins also ends."""

    def __init__(self, vocabulary: Vocabulary, options: EncodingOptions, mode: Mode) -> None:
        self._vocabulary = vocabulary
        self._places_first = options.slider_version == 2
        self._groups = {
            state: [group for group in groups if group.kind in vocabulary]
            for state, groups in _groups(options, mode).items()
        }
        self._masks: dict[tuple[_Open, Kinds, EventType | None], Tensor | None] = {}

    @staticmethod
    def knows(options: EncodingOptions) -> bool:
        """Whether a family writes maps down in the way that is described here."""
        return not (options.types_first or options.add_kiai or options.add_mania_sv)

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Forbid what cannot come next."""
        masks = [self._mask(history, row, logits.device) for row in range(len(history))]
        return forbid(logits, masks)

    def _mask(self, history: TokenHistory, row: int, device: torch.device) -> Tensor | None:
        said = history.said[row]
        last = history.kind(row) if said else None
        key = (self._open(history, row), said, last)
        if key not in self._masks:
            mask = self._forbidden(*key)
            self._masks[key] = None if mask is None else mask.to(device)
        return self._masks[key]

    def _open(self, history: TokenHistory, row: int) -> _Open:
        kind = history.last_object_types[row]
        if kind is None:
            return _Open.NOTHING
        if kind is E.LAST_ANCHOR and self._places_first and not history.last_object_timed[row]:
            return _Open.PLACED
        return _OPENED_BY.get(kind, _Open.NOTHING)

    def _forbidden(self, state: _Open, said: Kinds, last: EventType | None) -> Tensor | None:
        """Which ids cannot follow, shape = (vocab_out,); None when the rules do not say."""
        groups = self._groups[state]
        if last is None:
            kinds = frozenset(kind for group in groups for kind in group.after(0))
        else:
            kinds = frozenset[EventType]().union(*(g.next_kinds(said, last) for g in groups))
        if not kinds:
            return None
        may_end = last is None and state is _Open.NOTHING
        return all_but(self._vocabulary, kinds, may_end=may_end)


def _groups(options: EncodingOptions, mode: Mode) -> dict[_Open, list[_Group]]:
    """The groups that may come in each state."""
    found: dict[_Open, list[_Group]] = {state: [] for state in _Open}
    attributes = group_attributes(options, mode)
    for kind, group in attributes.items():
        if kind is not E.LAST_ANCHOR:
            found[_COMES_IN.get(kind, _Open.NOTHING)].append(_Group(kind, group))
        elif options.slider_version == 1:
            found[_Open.PATH].append(_last_anchor(group))
        else:
            # First its place, then its time and sounds.
            placed = tuple(attribute for attribute in group if attribute in WHERE)
            timed = tuple(attribute for attribute in group if attribute not in WHERE)
            found[_Open.PATH].append(_Group(kind, placed))
            found[_Open.PLACED].append(_last_anchor(timed))
    if options.sustain_interval_ms:
        columns = (E.MANIA_COLUMN,) if mode is Mode.MANIA else ()
        for kind, state in _SUSTAINS.items():
            is_hold = kind is E.HOLD_NOTE_SUSTAIN
            if is_hold == (mode is Mode.MANIA):
                found[state].append(_Group(kind, (E.TIME_SHIFT, *columns)))
    if options.add_timing:
        for groups in found.values():
            groups += [_Group(kind, (E.TIME_SHIFT,)) for kind in sorted(BEAT_TYPES)]
    return found


def _last_anchor(attributes: Attributes) -> _Group:
    return _Group(E.LAST_ANCHOR, attributes, many_sounds=SOUND[0] in attributes)
