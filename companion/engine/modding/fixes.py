"""The edit that makes what the model expected, where that is one concrete edit.

Every edit changes one line, and in it only the fields that have to change: the rest stays byte for
byte. Where following the model would take more than that (a circle into a slider, a slider's
length), or would break something (a move past a neighbour), there is no fix.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from companion.beatmap import Circle, HoldNote, Mode, Slider, Spinner, TextEdit, nearest_tick
from companion.engine.events import HEAD_TYPES, EventType
from companion.engine.modding import object_fields
from companion.engine.modding.groups import edge_of
from companion.engine.modding.rules import Topic
from companion.engine.modding.wording import snap, sound
from companion.findings import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from companion.beatmap import Document, HitObject
    from companion.beatmap.snapping import Tick
    from companion.engine.modding.groups import Group
    from companion.engine.modding.object_fields import ObjectFields
    from companion.engine.modding.positions import PositionGrid
    from companion.engine.modding.record import JudgedEvent

_DIVISORS = (1, 2, 4, 3, 8, 6, 12, 16, 5, 7, 9)
"""Most usual first."""
_TICK_MS = 8.0
"""A time token is 10 ms wide; a usual tick this close to its middle is the one that was meant."""
_WIDTH_PX, _HEIGHT_PX = 512, 384
_ENDS = {EventType.SPINNER_END, EventType.HOLD_NOTE_END, EventType.DENDEN_END}


class Fix(NamedTuple):
    """An edit and what its button says."""

    edits: tuple[TextEdit, ...]
    label: str


@dataclass(frozen=True, slots=True)
class FixContext:
    """One judged event, with what is needed to change the object it is a part of."""

    document: Document
    judged: JudgedEvent
    group: Group
    owner: HitObject
    kinds: Sequence[EventType]
    """Kinds of all events of the context."""
    grid: PositionGrid

    @property
    def is_head(self) -> bool:
        """Whether the event is about the object's start."""
        return self.group.kind in HEAD_TYPES

    @property
    def fields(self) -> ObjectFields:
        """The object's line, cut into fields."""
        return object_fields.split(self.document.lines[self.owner.line].raw)

    def edited(self, fields: ObjectFields, label: str) -> Fix | None:
        """The fix that puts changed fields in the object's place; None when nothing changed."""
        if fields == self.fields:
            return None
        line = self.document.lines[self.owner.line]
        edit = TextEdit(self.owner.line, (line.whole,), (fields.joined() + line.ending,))
        return Fix((edit,), label)


def fix_of(context: FixContext, topic: Topic) -> Fix | None:
    """Make the fix for a finding; None when what was expected is no single concrete edit."""
    make = _MAKERS.get(topic)
    return make(context) if make is not None else None


def _moved_in_time(context: FixContext) -> Fix | None:
    beatmap, expected_ms = context.document.beatmap, context.judged.expected_value
    for divisor in _DIVISORS:
        tick = nearest_tick(expected_ms, beatmap, (divisor,))
        if tick is not None and abs(tick.time_ms - expected_ms) <= _TICK_MS:
            return _at_time(context, _tick_ms(tick))
    return None


def _snapped(context: FixContext) -> Fix | None:
    divisor = context.judged.expected_value
    if divisor <= 0:
        return None
    beatmap = context.document.beatmap
    here_ms = context.owner.start_ms if context.is_head else context.owner.end_ms
    tick = nearest_tick(here_ms, beatmap, (divisor,))
    fix = _at_time(context, _tick_ms(tick)) if tick is not None else None
    return fix and Fix(fix.edits, f"Move to {snap(divisor)}")


def _tick_ms(tick: Tick) -> int:
    # Editors cut the decimals of a tick off; the hair is for ticks like 999.9999999.
    return math.floor(tick.time_ms + 1e-6)


def _at_time(context: FixContext, time_ms: int) -> Fix | None:
    if context.is_head:
        if not _can_start_at(context, time_ms):
            return None
        fields = context.fields.with_start(time_ms - context.document.beatmap.time_offset_ms)
        return context.edited(fields, f"Move to {timestamp(time_ms)}")
    if context.group.kind in _ENDS and time_ms > context.owner.start_ms:
        if not _is_free(context, context.owner.start_ms, time_ms):
            return None
        fields = context.fields.with_end(time_ms - context.document.beatmap.time_offset_ms)
        return context.edited(fields, f"End at {timestamp(time_ms)}")
    return None


def _can_start_at(context: FixContext, time_ms: int) -> bool:
    owner, beatmap = context.owner, context.document.beatmap
    if isinstance(owner, Slider):
        # A slider that comes to lie under another tempo or velocity would change its length.
        if beatmap.velocity_at(owner.start_ms) != beatmap.velocity_at(time_ms):
            return False
        if beatmap.timing_at(owner.start_ms) != beatmap.timing_at(time_ms):
            return False
        end_ms = time_ms + owner.duration_ms
    else:
        end_ms = max(owner.end_ms, float(time_ms))
        if isinstance(owner, (Spinner, HoldNote)) and time_ms >= owner.end_ms:
            return False
        if isinstance(owner, Circle):
            end_ms = float(time_ms)
    low_ms, high_ms = min(owner.start_ms, time_ms), max(owner.end_ms, end_ms)
    return _is_free(context, low_ms, high_ms)


def _is_free(context: FixContext, start_ms: float, end_ms: float) -> bool:
    """Whether no other object (of the same column, in mania) is in a stretch of time."""
    beatmap, owner = context.document.beatmap, context.owner
    mania = beatmap.mode is Mode.MANIA
    for other in beatmap.hit_objects:
        if other.line == owner.line or other.start_ms > end_ms or other.end_ms < start_ms:
            continue
        if mania and other.column(beatmap.keycount) != owner.column(beatmap.keycount):
            continue
        return False
    return True


def _placed(context: FixContext) -> Fix | None:
    judged, owner = context.judged, context.owner
    if not context.is_head or isinstance(owner, Spinner):
        return None
    x, y = context.grid.pixels(judged.kind, judged.expected_value)
    x = owner.x if x is None else min(max(x, 0), _WIDTH_PX)
    y = owner.y if y is None else min(max(y, 0), _HEIGHT_PX)
    dx, dy = round(x - owner.x), round(y - owner.y)
    if isinstance(owner, Slider) and not _stays_on_screen(owner, dx, dy):
        return None
    fields = context.fields.shifted(dx, dy)
    return context.edited(fields, f"Move to {owner.x + dx:.0f}, {owner.y + dy:.0f}")


def _stays_on_screen(slider: Slider, dx: int, dy: int) -> bool:
    return all(
        0 <= x + dx <= _WIDTH_PX and 0 <= y + dy <= _HEIGHT_PX for x, y in slider.path.polyline()
    )


def _in_column(context: FixContext) -> Fix | None:
    beatmap, owner = context.document.beatmap, context.owner
    column = context.judged.expected_value
    if not context.is_head or not 0 <= column < beatmap.keycount:
        return None
    x = int((column + 0.5) * _WIDTH_PX / beatmap.keycount)
    for other in beatmap.hit_objects:
        if (
            other.line != owner.line
            and other.column(beatmap.keycount) == column
            and other.start_ms <= owner.end_ms
            and other.end_ms >= owner.start_ms
        ):
            return None
    return context.edited(context.fields.with_x(x), f"Move to column {column + 1}")


def _combo_started(context: FixContext) -> Fix | None:
    if not context.is_head:
        return None
    return context.edited(context.fields.with_new_combo(), "Start a new combo")


def _combo_continued(context: FixContext) -> Fix | None:
    owner = context.owner
    if not context.is_head or owner.line == context.document.beatmap.hit_objects[0].line:
        return None  # The first object begins a combo whatever its line says.
    return context.edited(context.fields.without_new_combo(), "Remove the new combo")


def _sounded(context: FixContext) -> Fix | None:
    owner, value = context.owner, context.judged.expected_value
    edge = edge_of(context.group, context.kinds, context.judged.index, owner)
    if edge is None:
        return None
    at_ms = _sound_time_ms(owner, edge)
    point = context.document.beatmap.sample_point_at(at_ms)
    default_set = point.sample_set if point is not None else 1
    wanted = object_fields.Sound.from_event(value, default_set)
    old = _sound_at(owner, edge)
    if old.sounds_like(wanted, default_set):
        return None
    fields = context.fields
    if isinstance(owner, Slider) and edge >= 0:
        fields = fields.with_edge_sound(edge, wanted, _edge_sounds(owner))
    else:
        fields = fields.with_sound(wanted)
    return context.edited(fields, f"Use {sound(value)}")


def _sound_time_ms(owner: HitObject, edge: int) -> float:
    if isinstance(owner, Slider):
        return owner.start_ms + owner.span_ms * max(edge, 0)
    # Spinners and drumrolls sound when they end.
    return owner.end_ms if isinstance(owner, Spinner) else owner.start_ms


def _sound_at(owner: HitObject, edge: int) -> object_fields.Sound:
    if isinstance(owner, Slider) and edge >= 0:
        return _edge_sounds(owner)[edge]
    return object_fields.Sound(owner.hitsound, owner.sample.normal_set, owner.sample.addition_set)


def _edge_sounds(slider: Slider) -> list[object_fields.Sound]:
    return [
        object_fields.Sound(bits, normal, addition)
        for bits, (normal, addition) in zip(slider.edge_sounds, slider.edge_sets, strict=True)
    ]


def _at_volume(context: FixContext) -> Fix | None:
    owner, volume = context.owner, context.judged.expected_value
    if isinstance(owner, Slider) or volume <= 0:
        return None  # A slider's edges have no volume of their own; 0 means "as the timing says".
    return context.edited(context.fields.with_volume(volume), f"Set volume to {volume} %")


def _as_circle(context: FixContext) -> Fix | None:
    owner = context.owner
    if context.judged.expected_kind is not EventType.CIRCLE or not context.is_head:
        return None
    if isinstance(owner, Circle):
        return None
    head = _edge_sounds(owner)[0] if isinstance(owner, Slider) else None
    name = "note" if context.document.beatmap.mode is Mode.MANIA else "circle"
    return context.edited(context.fields.as_circle(head), f"Make it a {name}")


_MAKERS: dict[Topic, Callable[[FixContext], Fix | None]] = {
    Topic.TIME: _moved_in_time,
    Topic.SNAP: _snapped,
    Topic.POSITION: _placed,
    Topic.COLUMN: _in_column,
    Topic.NEW_COMBO_MISSING: _combo_started,
    Topic.NEW_COMBO_EXTRA: _combo_continued,
    Topic.HITSOUND: _sounded,
    Topic.VOLUME: _at_volume,
    Topic.OBJECT_KIND: _as_circle,
}
