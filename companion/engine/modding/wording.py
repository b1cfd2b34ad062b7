"""Surprises put into a mapper's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider
from companion.engine.events import EventType
from companion.engine.modding.groups import ANCHORS, edge_of
from companion.engine.modding.rules import Topic
from companion.findings import timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import Beatmap, HitObject
    from companion.engine.modding.groups import Group
    from companion.engine.modding.positions import PositionGrid
    from companion.engine.modding.record import JudgedEvent

_SETS = ("normal", "soft", "drum")
_ADDITIONS = ("whistle", "finish", "clap")
_BEAT_PARTS = (1, 2, 3, 4, 6, 8)
_BEAT_TOLERANCE_MS = 6
"""Expected times are known to half a time token."""

_NAMES = {
    EventType.CIRCLE: "circle",
    EventType.SPINNER: "spinner",
    EventType.SPINNER_END: "end of a spinner",
    EventType.SLIDER_HEAD: "slider",
    EventType.BEZIER_ANCHOR: "Bézier anchor",
    EventType.PERFECT_ANCHOR: "circular-arc anchor",
    EventType.CATMULL_ANCHOR: "Catmull anchor",
    EventType.RED_ANCHOR: "red anchor",
    EventType.LAST_ANCHOR: "last anchor",
    EventType.SLIDER_END: "slider end",
    EventType.HOLD_NOTE: "hold note",
    EventType.HOLD_NOTE_END: "end of a hold note",
    EventType.DRUMROLL: "drumroll",
    EventType.DRUMROLL_END: "end of a drumroll",
    EventType.DENDEN: "denden",
    EventType.DENDEN_END: "end of a denden",
    EventType.BEAT: "beat",
    EventType.MEASURE: "downbeat",
    EventType.TIMING_POINT: "timing point",
    EventType.KIAI: "kiai change",
    EventType.SCROLL_SPEED_CHANGE: "scroll speed change",
    EventType.TIME_SHIFT: "time",
    EventType.SNAPPING: "snap",
    EventType.DISTANCE: "distance",
    EventType.POS: "position",
    EventType.POS_X: "position",
    EventType.POS_Y: "position",
    EventType.NEW_COMBO: "new combo",
    EventType.HITSOUND: "hitsound",
    EventType.VOLUME: "volume",
    EventType.MANIA_COLUMN: "column",
    EventType.SCROLL_SPEED: "slider velocity",
}


@dataclass(frozen=True, slots=True)
class Words:
    """Describes one judged event of a map."""

    judged: JudgedEvent
    group: Group
    owner: HitObject | None
    kinds: Sequence[EventType]
    """Kinds of all events of the context."""
    beatmap: Beatmap
    grid: PositionGrid

    def message(self, topic: Topic) -> str:
        """What is there, what was expected, and how likely the model held either."""
        judged = self.judged
        return (
            f"{self._sentence(topic).rstrip('.')} ({percent(judged.expected_probability)} "
            f"against {percent(judged.probability)})."
        )

    @property
    def part(self) -> str:
        """The part of the object in words, e.g. ``Slider repeat 2``."""
        group, owner = self.group, self.owner
        if self.judged.kind in {EventType.HITSOUND, EventType.VOLUME} and owner is not None:
            edge = edge_of(group, self.kinds, self.judged.index, owner)
            if edge == -1:
                return "Slider body"
            if edge and isinstance(owner, Slider):
                return "Slider end" if edge >= owner.slides else f"Slider repeat {edge}"
        if group.kind in ANCHORS:
            return f"Control point {group.anchor_number} of the slider"
        if group.kind is EventType.LAST_ANCHOR:
            return "The slider’s last control point"
        if group.kind is EventType.CIRCLE and self.beatmap.mode is Mode.MANIA:
            return "Note"
        return name_of(group.kind).capitalize()

    def _sentence(self, topic: Topic) -> str:
        part, judged = self.part, self.judged
        real, expected = judged.value, judged.expected_value
        match topic:
            case Topic.DISTANCE:
                return f"{part} is {real} px from the one before; {expected} px would be expected."
            case Topic.POSITION:
                return f"{part} is at {self._place(real)}; {self._place(expected)} was expected."
            case Topic.COLUMN:
                return f"{part} is in column {real + 1}; column {expected + 1} was expected."
            case Topic.HITSOUND:
                return f"{part} has {sound(real)}; {sound(expected)} was expected."
            case Topic.VOLUME:
                return f"{part} is at {real} % volume; {expected} % was expected."
            case Topic.TIME | Topic.SNAP | Topic.EXTRA_OBJECT | Topic.UNSNAPPED:
                return self._timing_sentence(topic)
            case Topic.OBJECT_KIND | Topic.ANCHOR_KIND | Topic.BEAT_KIND:
                return f"{part} at this place; {self._expected_name()} was expected."
            case Topic.VELOCITY:
                return f"{part} at ×{real / 100:.2f}; ×{expected / 100:.2f} was expected."
            case Topic.OTHER:
                return (
                    f"{part}: {name_of(judged.kind)} is given here; "
                    f"{self._expected_name()} was expected."
                )
            case _:
                return f"{part}: {_FIXED[topic]}"

    def _timing_sentence(self, topic: Topic) -> str:
        part, judged = self.part, self.judged
        if topic is Topic.EXTRA_OBJECT:
            return f"{part} is unexpected: nothing was expected before the next beat."
        if topic is Topic.UNSNAPPED:
            return f"{part} is probably not snapped: a beat was expected here."
        if topic is Topic.SNAP:
            return (
                f"{part} lies on {snap(judged.value)}; {snap(judged.expected_value)} was expected."
            )
        return (
            f"{part} is at {timestamp(judged.value)}; "
            f"{self._shift()} at {timestamp(judged.expected_value)} was expected."
        )

    def _shift(self) -> str:
        delta_ms = self.judged.expected_value - self.judged.value
        side = "later" if delta_ms > 0 else "earlier"
        red_line = self.beatmap.timing_at(self.judged.time_ms)
        in_beats = beats(abs(delta_ms), red_line.beat_length) if red_line else None
        return f"{in_beats or f'{abs(delta_ms)} ms'} {side}"

    def _expected_name(self) -> str:
        kind = self.judged.expected_kind
        if kind is None:
            return "nothing more"
        if kind is EventType.CIRCLE and self.beatmap.mode is Mode.MANIA:
            return "a single note"
        name = name_of(kind)
        if kind in {EventType.HITSOUND, EventType.VOLUME, EventType.TIME_SHIFT}:
            return name
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"

    def _place(self, value: int) -> str:
        x, y = self.grid.pixels(self.judged.kind, value)
        parts = [f"x {x:.0f}" if x is not None else "", f"y {y:.0f}" if y is not None else ""]
        return ", ".join(part for part in parts if part)


_FIXED = {
    Topic.NEW_COMBO_MISSING: "a new combo was expected to begin here.",
    Topic.NEW_COMBO_EXTRA: "a new combo begins here, but none was expected.",
    Topic.REPEATS: "the slider was expected to end instead of repeating again.",
    Topic.ANCHOR_MISSING: "the slider was expected to have another control point.",
    Topic.ANCHOR_EXTRA: "the slider was expected to end with this control point.",
    Topic.KIAI_START: "kiai begins here, but was not expected to.",
    Topic.KIAI_END: "kiai ends here, but was not expected to.",
    Topic.MAP_END: "the map was expected to be over by now.",
}


def name_of(kind: EventType) -> str:
    """What mappers call a kind of event."""
    return _NAMES.get(kind, kind.value.replace("_", " "))


def percent(probability: float) -> str:
    """A probability with as many digits as it deserves."""
    value = probability * 100
    if value >= 10:
        return f"{value:.0f} %"
    if value >= 0.01:
        return f"{value:.2g} %"
    return "less than 0.01 %"


def sound(value: int) -> str:
    """A hitsound event in words, e.g. ``drum finish on soft``."""
    additions = [name for bit, name in enumerate(_ADDITIONS) if value >> bit & 1]
    normal_set, addition_set = _SETS[value // 8 % 3], _SETS[value // 24 % 3]
    if not additions:
        return f"a plain {normal_set} hit"
    added = " and ".join(additions)
    if addition_set == normal_set:
        return f"a {normal_set} hit with {added}"
    return f"a {normal_set} hit with {addition_set} {added}"


def snap(divisor: int) -> str:
    """A snap event in words."""
    return f"a 1/{divisor} tick" if divisor > 0 else "no tick"


def beats(length_ms: float, beat_length_ms: float) -> str | None:
    """A length in beats, e.g. ``3/4 beat``; None when it is no simple part of a beat."""
    if beat_length_ms <= 0:
        return None
    length = length_ms / beat_length_ms
    for divisor in _BEAT_PARTS:
        count = round(length * divisor)
        if count and abs(length_ms - count / divisor * beat_length_ms) <= _BEAT_TOLERANCE_MS:
            if divisor == 1:
                return "1 beat" if count == 1 else f"{count} beats"
            return f"{count}/{divisor} beat"
    return None
