"""Which surprises are worth showing, and which category of modding each belongs to.

Category and conditions are the original's, so that a report in its manner lists the same things
under the same headings.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.events import BEAT_TYPES, EventType
from companion.engine.modding.groups import ANCHORS, OBJECT_PARTS, POSITION_KINDS, SOUND_KINDS

if TYPE_CHECKING:
    from companion.engine.modding.groups import Group
    from companion.engine.modding.record import JudgedEvent, ModdingSettings

_SAME_TIME_MS = 10
"""Times closer than a time token's step are no different to a model."""
_NEXT_GROUP_MS = 2


class Category(StrEnum):
    """Heading that a finding is listed under."""

    COMPOSE = "Compose"
    HIT_SOUNDS = "Hit Sounds"
    NEW_COMBOS = "New Combos"
    RHYTHM = "Rhythm"
    SLIDERS = "Sliders"
    TIMING = "Timing"
    KIAI = "Kiai"
    SCROLL_SPEEDS = "Scroll Speeds"
    MISC = "Misc"


class Topic(StrEnum):
    """What exactly a finding is about; the last part of its code."""

    DISTANCE = "distance"
    POSITION = "position"
    COLUMN = "column"
    HITSOUND = "hitsound"
    VOLUME = "volume"
    NEW_COMBO_MISSING = "new_combo_missing"
    NEW_COMBO_EXTRA = "new_combo_extra"
    REPEATS = "repeats"
    UNSNAPPED = "unsnapped"
    ANCHOR_MISSING = "anchor_missing"
    ANCHOR_EXTRA = "anchor_extra"
    ANCHOR_KIND = "anchor_kind"
    EXTRA_OBJECT = "extra_object"
    OBJECT_KIND = "object_kind"
    TIME = "time"
    SNAP = "snap"
    VELOCITY = "velocity"
    KIAI_START = "kiai_start"
    KIAI_END = "kiai_end"
    MAP_END = "map_end"
    BEAT_KIND = "beat_kind"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a judged event."""

    group: Group
    next_group: Group | None
    next_beat: Group | None
    """The next beat, measure or timing point, for models whose events hold the beats too."""


def is_worth_showing(judged: JudgedEvent, around: Surroundings, settings: ModdingSettings) -> bool:
    """Say whether an event surprised the model enough, and could be otherwise at all."""
    return settings.is_worth_showing(judged, around.group.kind) and can_be_otherwise(judged, around)


def can_be_otherwise(judged: JudgedEvent, around: Surroundings) -> bool:
    """Say whether what was expected differs from what is there, as far as a mapper can tell."""
    expected = judged.expected_kind
    if around.group.kind is EventType.SLIDER_END and judged.kind in POSITION_KINDS:
        return False  # A slider ends where its path ends.
    if judged.kind is expected is EventType.TIME_SHIFT:
        return abs(judged.expected_value - judged.value) > _SAME_TIME_MS
    if judged.kind is EventType.SNAPPING and expected in BEAT_TYPES:
        return not _next_is_at_once(judged, around)
    if judged.kind in BEAT_TYPES and expected is EventType.SNAPPING:
        return not _next_is_at_once(judged, around)
    return True


def _next_is_at_once(judged: JudgedEvent, around: Surroundings) -> bool:
    # An object on a beat: which of the two comes first in the stream says nothing.
    following = around.next_group
    return following is not None and abs(judged.time_ms - following.time_ms) < _NEXT_GROUP_MS


def classify(judged: JudgedEvent, around: Surroundings, mode: Mode) -> tuple[Category, Topic]:
    """Say what a surprise is about, by the kind that is there and the kind that was expected."""
    for rule in (_extra_object, _kinds_of_parts, _times, _velocity, _end_expected):
        found = rule(judged, around, mode)
        if found is not None:
            return found
    return _PAIRS.get((judged.kind, judged.expected_kind), (Category.MISC, Topic.OTHER))


_Classified = tuple[Category, Topic] | None


def _extra_object(judged: JudgedEvent, around: Surroundings, mode: Mode) -> _Classified:
    if (
        judged.kind is judged.expected_kind is EventType.TIME_SHIFT
        and around.group.kind not in BEAT_TYPES
        and around.next_beat is not None
        and abs(judged.expected_value - around.next_beat.time_ms) <= _SAME_TIME_MS
    ):
        # The model goes straight on to the next beat: it expects nothing before it.
        return Category.RHYTHM, Topic.EXTRA_OBJECT
    return None


def _kinds_of_parts(judged: JudgedEvent, around: Surroundings, mode: Mode) -> _Classified:
    real, expected = judged.kind, judged.expected_kind
    if real is EventType.LAST_ANCHOR and expected in ANCHORS:
        return Category.SLIDERS, Topic.ANCHOR_MISSING
    if real in ANCHORS and expected is EventType.LAST_ANCHOR:
        return Category.SLIDERS, Topic.ANCHOR_EXTRA
    if real in ANCHORS and expected in ANCHORS:
        return Category.SLIDERS, Topic.ANCHOR_KIND
    if real in OBJECT_PARTS and expected in OBJECT_PARTS:
        return Category.RHYTHM, Topic.OBJECT_KIND
    return None


def _times(judged: JudgedEvent, around: Surroundings, mode: Mode) -> _Classified:
    if judged.kind not in _TIME_TOPICS or judged.expected_kind is not judged.kind:
        return None
    topic = _TIME_TOPICS[judged.kind]
    if around.group.kind in OBJECT_PARTS:
        return Category.RHYTHM, topic
    if around.group.kind is EventType.SCROLL_SPEED_CHANGE:
        return Category.SCROLL_SPEEDS, topic
    if around.group.kind is EventType.KIAI:
        return Category.KIAI, topic
    return Category.TIMING, topic


def _velocity(judged: JudgedEvent, around: Surroundings, mode: Mode) -> _Classified:
    if judged.kind is judged.expected_kind is EventType.SCROLL_SPEED:
        category = Category.SLIDERS if mode is Mode.OSU else Category.SCROLL_SPEEDS
        return category, Topic.VELOCITY
    return None


def _end_expected(judged: JudgedEvent, around: Surroundings, mode: Mode) -> _Classified:
    if judged.expected_kind is not None:
        return None
    if judged.kind is EventType.KIAI:
        return Category.KIAI, Topic.KIAI_START if judged.value else Topic.KIAI_END
    return Category.TIMING, Topic.MAP_END


_TIME_TOPICS = {EventType.TIME_SHIFT: Topic.TIME, EventType.SNAPPING: Topic.SNAP}

_PAIRS: dict[tuple[EventType, EventType | None], tuple[Category, Topic]] = {
    **{(kind, kind): (Category.COMPOSE, Topic.POSITION) for kind in POSITION_KINDS},
    (EventType.DISTANCE, EventType.DISTANCE): (Category.COMPOSE, Topic.DISTANCE),
    (EventType.MANIA_COLUMN, EventType.MANIA_COLUMN): (Category.COMPOSE, Topic.COLUMN),
    **{(kind, kind): (Category.HIT_SOUNDS, Topic.HITSOUND) for kind in SOUND_KINDS},
    (EventType.VOLUME, EventType.VOLUME): (Category.HIT_SOUNDS, Topic.VOLUME),
    (EventType.HITSOUND, EventType.NEW_COMBO): (Category.NEW_COMBOS, Topic.NEW_COMBO_MISSING),
    (EventType.NEW_COMBO, EventType.HITSOUND): (Category.NEW_COMBOS, Topic.NEW_COMBO_EXTRA),
    (EventType.HITSOUND, EventType.LAST_ANCHOR): (Category.RHYTHM, Topic.REPEATS),
    (EventType.HITSOUND, EventType.SLIDER_END): (Category.RHYTHM, Topic.REPEATS),
    **{(EventType.SNAPPING, kind): (Category.TIMING, Topic.UNSNAPPED) for kind in BEAT_TYPES},
    **{(kind, EventType.SNAPPING): (Category.TIMING, Topic.BEAT_KIND) for kind in BEAT_TYPES},
    **{
        (kind, other): (Category.TIMING, Topic.BEAT_KIND)
        for kind in BEAT_TYPES
        for other in BEAT_TYPES
        if kind is not other
    },
    (EventType.TIME_SHIFT, EventType.DISTANCE): (Category.SLIDERS, Topic.ANCHOR_MISSING),
    (EventType.DISTANCE, EventType.TIME_SHIFT): (Category.SLIDERS, Topic.ANCHOR_EXTRA),
    # Where a slider's head carries its velocity, that stands between the new combo and the sound.
    (EventType.SCROLL_SPEED, EventType.NEW_COMBO): (
        Category.NEW_COMBOS,
        Topic.NEW_COMBO_MISSING,
    ),
    (EventType.NEW_COMBO, EventType.SCROLL_SPEED): (Category.NEW_COMBOS, Topic.NEW_COMBO_EXTRA),
}
