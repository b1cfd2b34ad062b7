"""How each kind of fault is made in one object; None where the object leaves no room for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Circle, HoldNote, Mode, Slider, Spinner, TextEdit
from companion.engine.modding import object_fields
from companion.training.evaluation.fault_kinds import Change, FaultKind, PlantedFault
from companion.training.evaluation.shapes import ADDITIONS

if TYPE_CHECKING:
    from numpy.random import Generator

    from companion.beatmap import Beatmap, Document, HitObject
    from companion.engine.modding.object_fields import ObjectFields

CLEARANCE = 0.6
"""A moved object keeps at least this share of the way it moved from its neighbours."""
MISPLACED_PX = (110.0, 260.0)
WIDTH_PX, HEIGHT_PX = 512, 384
LONGEST_GAP_BEATS = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """A map and what planters ask of it."""

    document: Document
    beatmap: Beatmap

    def hit(self, index: int) -> HitObject:
        """An object by its place in the order of time."""
        return self.beatmap.hit_objects[index]

    def fields(self, hit: HitObject) -> ObjectFields:
        """Its line."""
        return object_fields.split(self.document.lines[hit.line].raw)

    def column(self, hit: HitObject) -> int | None:
        """Its mania column; None in other modes."""
        is_mania = self.beatmap.mode is Mode.MANIA
        return hit.column(self.beatmap.keycount) if is_mania else None

    def beat_ms(self, hit: HitObject) -> float | None:
        """Length of a beat at an object; None without a tempo."""
        red = self.beatmap.timing_at(hit.start_ms)
        return red.beat_length if red is not None and 0 < red.beat_length < 10_000 else None

    def room(self, hit: HitObject) -> tuple[float, float]:
        """End of the object before and start of the one after; in mania those of its column."""
        others = [
            other
            for other in self.beatmap.hit_objects
            if other.line != hit.line and self.column(other) == self.column(hit)
        ]
        before = max((one.end_ms for one in others if one.start_ms <= hit.start_ms), default=-1e9)
        after = min((one.start_ms for one in others if one.start_ms > hit.start_ms), default=1e9)
        return before, after

    def next_ms(self, after_ms: float) -> int | None:
        """When the next object after a moment begins."""
        later = (hit.start_ms for hit in self.beatmap.hit_objects if hit.start_ms > after_ms)
        found = min(later, default=None)
        return None if found is None else int(found)

    def changed(
        self, hit: HitObject, fields: ObjectFields, kind: FaultKind, at_ms: int | None = None
    ) -> Change:
        """The change of an object's line, and the fault that it makes."""
        line = self.document.lines[hit.line]
        edit = TextEdit(hit.line, (line.whole,), (fields.joined() + line.ending,))
        start_ms = int(hit.start_ms)
        at_ms = start_ms if at_ms is None else at_ms
        following = self.next_ms(max(at_ms, start_ms))
        about = (at_ms,) if following is None else (at_ms, following)
        return Change(edit, PlantedFault(kind, at_ms, self.column(hit), about, start_ms))

    def in_file(self, ms: float) -> int:
        """A time as the file has it."""
        return round(ms) - self.beatmap.time_offset_ms


Planter = Callable[["Plot", int, FaultKind, "Generator"], "Change | None"]

_SHARES = {
    FaultKind.MOVED_EIGHTH: 1 / 8,
    FaultKind.MOVED_SIXTH: 1 / 6,
    FaultKind.MOVED_QUARTER: 1 / 4,
}


def _move(plot: Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
    hit = plot.hit(index)
    beat_ms = plot.beat_ms(hit)
    if beat_ms is None:
        return None
    step = _SHARES[kind] * beat_ms
    before, after = plot.room(hit)
    room = CLEARANCE * step
    ways = [-step, step]
    rng.shuffle(ways)
    for way in ways:
        place = hit.start_ms + way
        if before + room <= place <= after - room and place >= 0:
            fields = plot.fields(hit).with_start(plot.in_file(place))
            return plot.changed(hit, fields, kind, round(place))
    return None


def _resound(plot: Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
    hit = plot.hit(index)
    others = [bits for bits in (0, 2, 4, 8) if bits != hit.hitsound & ADDITIONS]
    sound = object_fields.Sound(
        int(rng.choice(others)), hit.sample.normal_set, hit.sample.addition_set
    )
    return plot.changed(hit, plot.fields(hit).with_sound(sound), kind)


def _recombine(plot: Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
    del rng
    hit = plot.hit(index)
    if not 0 < index < len(plot.beatmap.hit_objects) - 1:
        return None
    wants_one = kind is FaultKind.COMBO_EXTRA
    if hit.new_combo == wants_one or isinstance(plot.hit(index - 1), Spinner):
        return None
    fields = plot.fields(hit)
    return plot.changed(
        hit, fields.with_new_combo() if wants_one else fields.without_new_combo(), kind
    )


def _misplace(plot: Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
    hit = plot.hit(index)
    for _ in range(20):
        far, way = float(rng.uniform(*MISPLACED_PX)), float(rng.uniform(0, math.tau))
        x, y = hit.x + far * math.cos(way), hit.y + far * math.sin(way)
        if 0 <= x <= WIDTH_PX and 0 <= y <= HEIGHT_PX:
            fields = plot.fields(hit).shifted(round(x - hit.x), round(y - hit.y))
            return plot.changed(hit, fields, kind)
    return None


def _lengthen(plot: Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
    hit = plot.hit(index)
    beat_ms = plot.beat_ms(hit)
    if beat_ms is None or not isinstance(hit, Slider):
        return None
    _, after = plot.room(hit)
    ways = [way * beat_ms for way in (-1 / 2, -1 / 4, 1 / 4, 1 / 2)]
    rng.shuffle(ways)
    for way in ways:
        length_ms = hit.duration_ms + way
        if length_ms < beat_ms / 4 - 1 or hit.start_ms + length_ms > after - beat_ms / 8:
            continue
        parts = list(plot.fields(hit).fields)
        parts[7] = repr(hit.length_px * length_ms / hit.duration_ms).encode()
        return plot.changed(hit, object_fields.ObjectFields(tuple(parts)), kind)
    return None


def _swap_kind(plot: Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
    del rng
    hit = plot.hit(index)
    if isinstance(hit, Slider):
        sound = object_fields.Sound(hit.edge_sounds[0], *hit.edge_sets[0])
        return plot.changed(hit, plot.fields(hit).as_circle(sound), kind)
    if isinstance(hit, HoldNote):
        return plot.changed(hit, plot.fields(hit).as_circle(None), kind)
    beat_ms = plot.beat_ms(hit)
    _, after = plot.room(hit)
    if beat_ms is None or hit.start_ms + beat_ms / 2 > after - beat_ms / 5:
        return None
    make = _as_hold if plot.beatmap.mode is Mode.MANIA else _as_slider
    return plot.changed(hit, make(plot, hit, beat_ms / 2), kind)


def _as_hold(plot: Plot, hit: HitObject, length_ms: float) -> ObjectFields:
    parts = list(plot.fields(hit).fields)
    sample = parts[5] if len(parts) > 5 else b"0:0:0:0:"
    parts[3] = str(hit.type_bits & ~1 | 128).encode()
    end = str(plot.in_file(hit.start_ms + length_ms)).encode()
    return object_fields.ObjectFields((*parts[:5], end + b":" + sample))


def _as_slider(plot: Plot, hit: HitObject, length_ms: float) -> ObjectFields:
    beatmap = plot.beatmap
    beat_ms = plot.beat_ms(hit) or 1000.0
    velocity = beatmap.slider_multiplier * beatmap.velocity_at(hit.start_ms)
    length_px = 100 * velocity * length_ms / beat_ms
    # Towards the middle, where there is room.
    way = math.atan2(HEIGHT_PX / 2 - hit.y, WIDTH_PX / 2 - hit.x)
    x, y = round(hit.x + length_px * math.cos(way)), round(hit.y + length_px * math.sin(way))
    parts = list(plot.fields(hit).fields[:5])
    parts[3] = str(hit.type_bits & ~1 | 2).encode()
    return object_fields.ObjectFields(
        (*parts, f"L|{x}:{y}".encode(), b"1", repr(length_px).encode())
    )


def _remove(plot: Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
    del rng
    hit = plot.hit(index)
    items = plot.beatmap.hit_objects
    following = next((one for one in items[index + 1 :] if one.start_ms > hit.start_ms), None)
    # A note of a chord leaves no gap, and what begins a combo or a stretch of play leaves another.
    alone = sum(one.start_ms == hit.start_ms for one in items) == 1
    beat_ms = plot.beat_ms(hit)
    if (
        following is None
        or not alone
        or hit.new_combo
        or index == 0
        or beat_ms is None
        or following.start_ms - items[index - 1].end_ms > LONGEST_GAP_BEATS * beat_ms
    ):
        return None
    edit = TextEdit(hit.line, (plot.document.lines[hit.line].whole,), ())
    at_ms = int(following.start_ms)
    return Change(
        edit, PlantedFault(kind, at_ms, plot.column(following), (at_ms,), int(hit.start_ms))
    )


def _add(plot: Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
    hit = plot.hit(index)
    beat_ms = plot.beat_ms(hit)
    following = plot.next_ms(hit.start_ms)
    if beat_ms is None or following is None:
        return None
    busy_ms = max(one.end_ms for one in plot.beatmap.hit_objects if one.start_ms <= hit.start_ms)
    quarter = beat_ms / 4
    steps = [
        step
        for step in range(1, 8)
        if hit.start_ms + step * quarter >= busy_ms + CLEARANCE * quarter
        and hit.start_ms + step * quarter <= following - CLEARANCE * quarter
    ]
    if not steps:
        return None
    place = hit.start_ms + int(rng.choice(steps)) * quarter
    after = next(one for one in plot.beatmap.hit_objects if one.start_ms > hit.start_ms)
    x, y = _between(plot, hit, after, rng)
    text = f"{x},{y},{plot.in_file(place)},1,0,0:0:0:0:".encode()
    line = plot.document.lines[hit.line]
    ending = line.ending or plot.document.newline
    keycount = plot.beatmap.keycount
    column = min(keycount - 1, x * keycount // WIDTH_PX) if plot.column(hit) is not None else None
    at_ms = round(place)
    fault = PlantedFault(kind, at_ms, column, (at_ms, following), at_ms)
    return Change(TextEdit(hit.line, (), (text + ending,)), fault)


def _between(plot: Plot, hit: HitObject, after: HitObject, rng: Generator) -> tuple[int, int]:
    keycount = plot.beatmap.keycount
    if plot.beatmap.mode is Mode.MANIA:
        return int((int(rng.integers(keycount)) + 0.5) * WIDTH_PX / keycount), HEIGHT_PX // 2
    return round((hit.x + after.x) / 2), round((hit.y + after.y) / 2)


ANY: tuple[type, ...] = (Circle, Slider, Spinner, HoldNote)
CHANGED: dict[FaultKind, tuple[type, ...]] = {
    **dict.fromkeys(_SHARES, (Circle,)),
    FaultKind.HITSOUND: (Circle,),
    FaultKind.COMBO_MISSING: (Circle, Slider),
    FaultKind.COMBO_EXTRA: (Circle, Slider),
    FaultKind.MISPLACED: (Circle,),
    FaultKind.SLIDER_LENGTH: (Slider,),
    FaultKind.OBJECT_KIND: (Circle, Slider, HoldNote),
    FaultKind.MISSING: (Circle,),
}
_WITH_COMBOS = frozenset({Mode.OSU, Mode.CATCH})
_ALL = frozenset(Mode)
PLANTERS: dict[FaultKind, tuple[frozenset[Mode], Planter]] = {
    **dict.fromkeys(_SHARES, (_ALL, _move)),
    FaultKind.HITSOUND: (_ALL, _resound),
    FaultKind.COMBO_MISSING: (_WITH_COMBOS, _recombine),
    FaultKind.COMBO_EXTRA: (_WITH_COMBOS, _recombine),
    FaultKind.MISPLACED: (frozenset({Mode.OSU}), _misplace),
    FaultKind.SLIDER_LENGTH: (frozenset({Mode.OSU}), _lengthen),
    FaultKind.OBJECT_KIND: (frozenset({Mode.OSU, Mode.MANIA}), _swap_kind),
    FaultKind.MISSING: (_ALL, _remove),
    FaultKind.EXTRA: (_ALL, _add),
}
