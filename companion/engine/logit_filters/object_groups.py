"""What an object consists of: the attributes of each type's group in order, and what ends what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.events import UNTIMED_TYPES, EventType

if TYPE_CHECKING:
    from companion.engine.encoding import EncodingOptions

E = EventType
Attributes = tuple[EventType, ...]

SOUND = (E.HITSOUND, E.VOLUME)
WHEN = (E.TIME_SHIFT, E.SNAPPING)
WHERE = (E.DISTANCE, E.POS, E.POS_REFINE, E.POS_X, E.POS_Y)
OPTIONAL = frozenset({E.NEW_COMBO})

_PLAYFIELD_GROUPS: dict[EventType, Attributes] = {
    E.CIRCLE: (*WHEN, *WHERE, E.NEW_COMBO, *SOUND),
    E.SLIDER_HEAD: (*WHEN, *WHERE, E.NEW_COMBO, E.SCROLL_SPEED, *SOUND),
    **dict.fromkeys(UNTIMED_TYPES, WHERE),
    E.LAST_ANCHOR: (*WHEN, *WHERE, *SOUND),
    E.SLIDER_END: (*WHEN, *WHERE, *SOUND),
    E.SPINNER: WHEN,
    E.SPINNER_END: (*WHEN, *SOUND),
}
_TAIKO_GROUPS: dict[EventType, Attributes] = {
    E.CIRCLE: (*WHEN, E.SCROLL_SPEED, *SOUND),
    E.DRUMROLL: (*WHEN, E.SCROLL_SPEED, *SOUND),
    E.DRUMROLL_END: WHEN,
    E.DENDEN: (*WHEN, E.SCROLL_SPEED, *SOUND),
    E.DENDEN_END: WHEN,
}
_MANIA_GROUPS: dict[EventType, Attributes] = {
    E.CIRCLE: (*WHEN, E.MANIA_COLUMN, *SOUND),
    E.HOLD_NOTE: (*WHEN, E.MANIA_COLUMN, *SOUND),
    E.HOLD_NOTE_END: (*WHEN, E.MANIA_COLUMN),
}
_GROUPS = {
    Mode.OSU: _PLAYFIELD_GROUPS,
    Mode.CATCH: _PLAYFIELD_GROUPS,
    Mode.TAIKO: _TAIKO_GROUPS,
    Mode.MANIA: _MANIA_GROUPS,
}


def group_attributes(options: EncodingOptions, mode: Mode) -> dict[EventType, Attributes]:
    """The attributes of each type's group, as far as a family writes them down.

    Those of the last anchor are those of a slider whose anchors are spread over the first span. A
    last anchor may have any number of sounds: its body's and one for each repeat.
    """
    absent = _absent(options, mode)
    return {
        kind: tuple(attribute for attribute in group if attribute not in absent)
        for kind, group in _GROUPS[mode].items()
    }


def _absent(options: EncodingOptions, mode: Mode) -> set[EventType]:
    absent: set[EventType] = set()
    if not options.add_snapping:
        absent.add(E.SNAPPING)
    if not options.add_distances:
        absent.add(E.DISTANCE)
    if not options.add_positions or options.position_split_axes:
        absent.update({E.POS, E.POS_REFINE})
    if not options.add_positions or not options.position_split_axes:
        absent.update({E.POS_X, E.POS_Y})
    if not options.position_refinement_px:
        absent.add(E.POS_REFINE)
    if not options.add_hitsounds:
        absent.update(SOUND)
    if not options.add_sv and mode is not Mode.TAIKO:
        absent.add(E.SCROLL_SPEED)
    return absent
