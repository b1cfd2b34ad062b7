"""What a map is to a model: a flat stream of small typed events.

Every hit object, anchor, beat or kiai change is a *group* of events: one **type** event (what it
is) together with its **attributes** (when, where, with which hitsound). The type stands first or
last in its group depending on the model family; the order of the attributes is always the same:
time, snap, distance, position, new combo, scroll speed, then hitsound and volume, once per edge.

The values of the enumeration are the names that a checkpoint's ``tokenizer.json`` uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence


class EventType(StrEnum):
    """Kind of an event; the value is its name in ``tokenizer.json``."""

    TIME_SHIFT = "t"
    """When: milliseconds from the start of the song (a token holds 10 ms steps of its window)."""
    SNAPPING = "snap"
    """Smallest beat divisor, 1 to 16, that the time fits; 0 when there is none."""
    DISTANCE = "dist"
    """Pixels from the position before."""
    NEW_COMBO = "new_combo"
    HITSOUND = "hitsound"
    """``additions / 2 + 8 * (normal set - 1) + 24 * (addition set - 1)``."""
    VOLUME = "volume"
    """Per cent."""
    CIRCLE = "circle"
    SPINNER = "spinner"
    SPINNER_END = "spinner_end"
    SLIDER_HEAD = "slider_head"
    BEZIER_ANCHOR = "bezier_anchor"
    PERFECT_ANCHOR = "perfect_anchor"
    CATMULL_ANCHOR = "catmull_anchor"
    RED_ANCHOR = "red_anchor"
    LAST_ANCHOR = "last_anchor"
    """The last control point; its time is the end of the first span."""
    SLIDER_END = "slider_end"
    BEAT = "beat"
    MEASURE = "measure"
    TIMING_POINT = "timing_point"
    GAMEMODE = "gamemode"
    STYLE = "style"
    DIFFICULTY = "difficulty"
    MAPPER = "mapper"
    CS = "cs"
    YEAR = "year"
    HITSOUNDED = "hitsounded"
    SONG_LENGTH = "song_length"
    SONG_POSITION = "song_position"
    GLOBAL_SV = "global_sv"
    MANIA_KEYCOUNT = "keycount"
    HOLD_NOTE_RATIO = "hold_note_ratio"
    SCROLL_SPEED_RATIO = "scroll_speed_ratio"
    DESCRIPTOR = "descriptor"
    POS_X = "pos_x"
    POS_Y = "pos_y"
    POS = "pos"
    """Row-major index of a cell of the position grid."""
    KIAI = "kiai"
    MANIA_COLUMN = "column"
    HOLD_NOTE = "hold_note"
    HOLD_NOTE_END = "hold_note_end"
    SCROLL_SPEED_CHANGE = "scroll_speed_change"
    SCROLL_SPEED = "scroll_speed"
    """Hundredths of the slider velocity multiplier or scroll speed."""
    DRUMROLL = "drumroll"
    DRUMROLL_END = "drumroll_end"
    DENDEN = "denden"
    DENDEN_END = "denden_end"
    CONTROL = "control"
    """Not an event of a map: the value is a token id (end of a context, end of the sequence)."""
    SLIDER_SUSTAIN = "slider_sustain"
    SLIDER_REPEAT_SUSTAIN = "slider_repeat_sustain"
    SPINNER_SUSTAIN = "spinner_sustain"
    HOLD_NOTE_SUSTAIN = "hold_note_sustain"
    DRUMROLL_SUSTAIN = "drumroll_sustain"
    DENDEN_SUSTAIN = "denden_sustain"
    POS_REFINE = "pos_refine"
    """Finer position inside the grid cell that the event before names."""


class ContextType(StrEnum):
    """Kind of a block of events in a prompt; the value is its name in ``tokenizer.json``."""

    NONE = "none"
    """No map at all: only the song is given."""
    TIMING = "timing"
    NO_HS = "no_hs"
    """A map without hitsounds and volumes."""
    GD = "gd"
    """Another difficulty of the set."""
    MAP = "map"
    KIAI = "kiai"
    SV = "sv"


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a map."""

    kind: EventType
    value: int = 0
    time_ms: int = 0
    """When it belongs in song time; for anchors without a time of their own, interpolated."""


BEAT_TYPES = frozenset({EventType.BEAT, EventType.MEASURE, EventType.TIMING_POINT})

UNTIMED_TYPES = frozenset(
    {
        EventType.BEZIER_ANCHOR,
        EventType.PERFECT_ANCHOR,
        EventType.CATMULL_ANCHOR,
        EventType.RED_ANCHOR,
    }
)
"""Types whose group has no time event; they lie between the slider's head and its last anchor."""

TIMED_TYPES = BEAT_TYPES | {
    EventType.CIRCLE,
    EventType.SPINNER,
    EventType.SPINNER_END,
    EventType.SLIDER_HEAD,
    EventType.LAST_ANCHOR,
    EventType.SLIDER_END,
    EventType.KIAI,
    EventType.HOLD_NOTE,
    EventType.HOLD_NOTE_END,
    EventType.DRUMROLL,
    EventType.DRUMROLL_END,
    EventType.DENDEN,
    EventType.DENDEN_END,
    EventType.SCROLL_SPEED_CHANGE,
}
"""Types whose group has a time event."""

TYPES = TIMED_TYPES | UNTIMED_TYPES
"""Every type event: what makes a group. All other events are attributes of one."""

SUSTAIN_TYPES = frozenset(
    {
        EventType.SLIDER_SUSTAIN,
        EventType.SLIDER_REPEAT_SUSTAIN,
        EventType.SPINNER_SUSTAIN,
        EventType.HOLD_NOTE_SUSTAIN,
        EventType.DRUMROLL_SUSTAIN,
        EventType.DENDEN_SUSTAIN,
    }
)
"""Types of groups that only say that an object goes on."""

HEAD_TYPES = frozenset(
    {
        EventType.CIRCLE,
        EventType.SPINNER,
        EventType.SLIDER_HEAD,
        EventType.HOLD_NOTE,
        EventType.DRUMROLL,
        EventType.DENDEN,
    }
)
"""Types with which a hit object begins."""

OPEN_TYPES = UNTIMED_TYPES | {
    EventType.SLIDER_HEAD,
    EventType.LAST_ANCHOR,
    EventType.SPINNER,
    EventType.DRUMROLL,
    EventType.DENDEN,
}
"""Types after which an object is not finished. Hold notes are not here: other notes may come
between their start and their end."""


def without(events: Iterable[Event], kinds: Collection[EventType]) -> list[Event]:
    """Leave out the events of some kinds."""
    return [event for event in events if event.kind not in kinds]


def only(events: Iterable[Event], kinds: Collection[EventType]) -> list[Event]:
    """Keep only the events of some kinds."""
    return [event for event in events if event.kind in kinds]


def merge(first: Sequence[Event], second: Sequence[Event]) -> list[Event]:
    """Merge two streams by time; at equal times `first` goes first.

    Neither stream is reordered, even where its times step back (an anchor of a long slider may).
    """
    merged: list[Event] = []
    i = j = 0
    while i < len(first) and j < len(second):
        if first[i].time_ms <= second[j].time_ms:
            merged.append(first[i])
            i += 1
        else:
            merged.append(second[j])
            j += 1
    merged.extend(first[i:])
    merged.extend(second[j:])
    return merged


def span_of(events: Sequence[Event], start_ms: float, end_ms: float) -> tuple[int, int]:
    """Indices ``(first, past)`` of the events with ``start_ms <= time < end_ms``.

    Both ends are looked for from the end of the stream, so that a time that steps back inside a
    slider does not cut the stream early.
    """
    return _past_last_before(events, start_ms), _past_last_before(events, end_ms)


def _past_last_before(events: Sequence[Event], time_ms: float) -> int:
    for index in range(len(events) - 1, -1, -1):
        if events[index].time_ms < time_ms:
            return index + 1
    return 0
