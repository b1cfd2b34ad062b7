"""Known faults planted into real maps, one at a time and far apart, to see who notices them.

Each planter changes one object (or the red lines) inside a range and keeps the map well formed:
nothing overlaps, and the order of objects stays as it is. A range in which it finds nothing that
it could change is left alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from companion.beatmap import Circle, HoldNote, Mode, Slider, Spinner, TextEdit
from companion.engine.modding import object_fields
from companion.training.evaluation.shapes import ADDITIONS, hitsound_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.random import Generator

    from companion.beatmap import Beatmap, Document, HitObject, TimeRange
    from companion.engine.modding.object_fields import ObjectFields

CLEARANCE = 0.6
"""A moved object keeps at least this share of the way it moved from its neighbours."""
MISPLACED_PX = (110.0, 260.0)
WIDTH_PX, HEIGHT_PX = 512, 384
RED_LINE_MS = 20.0
LONGEST_GAP_BEATS = 8.0


class FaultKind(StrEnum):
    """What is wrong."""

    MOVED_EIGHTH = "moved_1_8"
    """By a part of a beat, earlier or later; circles and notes."""
    MOVED_SIXTH = "moved_1_6"
    MOVED_QUARTER = "moved_1_4"
    HITSOUND = "hitsound"
    """Other additions, in hitsounded maps."""
    COMBO_MISSING = "new_combo_missing"
    COMBO_EXTRA = "new_combo_extra"
    MISPLACED = "misplaced"
    """A circle, by 110 to 260 px."""
    SLIDER_LENGTH = "slider_length"
    """The end by a quarter or half of a beat earlier or later."""
    OBJECT_KIND = "kind"
    """A slider where a circle was or the other way round; notes and holds in mania."""
    MISSING = "missing"
    EXTRA = "extra"
    """A circle or note on a free quarter tick."""
    RED_LINE_MS = "red_line_20_ms"
    """All red lines earlier."""
    RED_LINE_BEAT = "red_line_half_beat"


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """One fault."""

    kind: FaultKind
    at_ms: int
    """When the object with the fault begins; for a missing one, the object after it."""
    column: int | None
    """Mania column, by which chords are told apart."""
    about_ms: tuple[int, ...]
    """Starts of objects at which somebody who has noticed may point."""
    from_ms: int
    """When it began before."""


@dataclass(frozen=True, slots=True)
class Change:
    """A changed line, or one put before another or taken away, and the fault that it makes."""

    edit: TextEdit
    fault: PlantedFault


def plant(
    document: Document, kind: FaultKind, ranges: Iterable[TimeRange], rng: Generator
) -> tuple[Document, tuple[PlantedFault, ...]]:
    """Plant one fault of a kind in each range where there is room for it."""
    changes = [
        change
        for within in ranges
        if (change := change_in(document, kind, within, rng)) is not None
    ]
    return planted(document, changes)


def planted(
    document: Document, changes: Sequence[Change]
) -> tuple[Document, tuple[PlantedFault, ...]]:
    """The document with some changes."""
    edits = sorted((change.edit for change in changes), key=lambda edit: edit.first_line)
    return document.apply(edits), tuple(change.fault for change in changes)


def kinds_for(beatmap: Beatmap) -> tuple[FaultKind, ...]:
    """The kinds that a map of this mode can have, but for red lines."""
    sounds = [hitsound_of(hit) for hit in beatmap.hit_objects]
    is_hitsounded = sum(sound != 0 for sound in sounds) >= 0.1 * len(sounds)
    return tuple(
        kind
        for kind, (modes, _) in _PLANTERS.items()
        if beatmap.mode in modes and (kind is not FaultKind.HITSOUND or is_hitsounded)
    )


def change_in(
    document: Document, kind: FaultKind, within: TimeRange, rng: Generator
) -> Change | None:
    """Something to change in a range, chosen at random; None when nothing can be."""
    beatmap = document.beatmap
    plot = _Plot(document, beatmap)
    inside = [
        index
        for index, hit in enumerate(beatmap.hit_objects)
        if isinstance(hit, _CHANGED.get(kind, _ANY)) and within.contains(int(hit.start_ms))
    ]
    rng.shuffle(inside)
    for index in inside:
        change = _PLANTERS[kind][1](plot, index, kind, rng)
        if change is not None:
            return change
    return None


def shifted_red_lines(document: Document, kind: FaultKind) -> Document | None:
    """All red lines earlier; None where the first one has no tempo."""
    beatmap = document.beatmap
    edits: list[TextEdit] = []
    for red in beatmap.red_lines:
        if not 0 < red.beat_length < 10_000:
            return None
        by_ms = RED_LINE_MS if kind is FaultKind.RED_LINE_MS else red.beat_length / 2
        line = document.lines[red.line].whole
        _, comma, rest = line.partition(b",")
        time = repr(round(red.time_ms - by_ms - beatmap.time_offset_ms, 3)).encode()
        edits.append(TextEdit(red.line, (line,), (time + comma + rest,)))
    return document.apply(sorted(edits, key=lambda edit: edit.first_line)) if edits else None


@dataclass(frozen=True, slots=True, eq=False)
class _Plot:
    document: Document
    beatmap: Beatmap

    def hit(self, index: int) -> HitObject:
        return self.beatmap.hit_objects[index]

    def fields(self, hit: HitObject) -> ObjectFields:
        return object_fields.split(self.document.lines[hit.line].raw)

    def column(self, hit: HitObject) -> int | None:
        is_mania = self.beatmap.mode is Mode.MANIA
        return hit.column(self.beatmap.keycount) if is_mania else None

    def beat_ms(self, hit: HitObject) -> float | None:
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
        later = (hit.start_ms for hit in self.beatmap.hit_objects if hit.start_ms > after_ms)
        found = min(later, default=None)
        return None if found is None else int(found)

    def changed(
        self, hit: HitObject, fields: ObjectFields, kind: FaultKind, at_ms: int | None = None
    ) -> Change:
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


_Planter = Callable[["_Plot", int, FaultKind, "Generator"], "Change | None"]

_SHARES = {
    FaultKind.MOVED_EIGHTH: 1 / 8,
    FaultKind.MOVED_SIXTH: 1 / 6,
    FaultKind.MOVED_QUARTER: 1 / 4,
}


def _move(plot: _Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
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


def _resound(plot: _Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
    hit = plot.hit(index)
    others = [bits for bits in (0, 2, 4, 8) if bits != hit.hitsound & ADDITIONS]
    sound = object_fields.Sound(
        int(rng.choice(others)), hit.sample.normal_set, hit.sample.addition_set
    )
    return plot.changed(hit, plot.fields(hit).with_sound(sound), kind)


def _recombine(plot: _Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
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


def _misplace(plot: _Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
    hit = plot.hit(index)
    for _ in range(20):
        far, way = float(rng.uniform(*MISPLACED_PX)), float(rng.uniform(0, math.tau))
        x, y = hit.x + far * math.cos(way), hit.y + far * math.sin(way)
        if 0 <= x <= WIDTH_PX and 0 <= y <= HEIGHT_PX:
            fields = plot.fields(hit).shifted(round(x - hit.x), round(y - hit.y))
            return plot.changed(hit, fields, kind)
    return None


def _lengthen(plot: _Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
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


def _swap_kind(plot: _Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
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


def _as_hold(plot: _Plot, hit: HitObject, length_ms: float) -> ObjectFields:
    parts = list(plot.fields(hit).fields)
    sample = parts[5] if len(parts) > 5 else b"0:0:0:0:"
    parts[3] = str(hit.type_bits & ~1 | 128).encode()
    end = str(plot.in_file(hit.start_ms + length_ms)).encode()
    return object_fields.ObjectFields((*parts[:5], end + b":" + sample))


def _as_slider(plot: _Plot, hit: HitObject, length_ms: float) -> ObjectFields:
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


def _remove(plot: _Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
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


def _add(plot: _Plot, index: int, kind: FaultKind, rng: Generator) -> Change | None:
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


def _between(plot: _Plot, hit: HitObject, after: HitObject, rng: Generator) -> tuple[int, int]:
    keycount = plot.beatmap.keycount
    if plot.beatmap.mode is Mode.MANIA:
        return int((int(rng.integers(keycount)) + 0.5) * WIDTH_PX / keycount), HEIGHT_PX // 2
    return round((hit.x + after.x) / 2), round((hit.y + after.y) / 2)


_ANY: tuple[type, ...] = (Circle, Slider, Spinner, HoldNote)
_CHANGED: dict[FaultKind, tuple[type, ...]] = {
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
_PLANTERS: dict[FaultKind, tuple[frozenset[Mode], _Planter]] = {
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
RED_LINE_KINDS = (FaultKind.RED_LINE_MS, FaultKind.RED_LINE_BEAT)


def affected(kind: FaultKind, hits: Iterable[HitObject]) -> Iterator[HitObject]:
    """The objects that a fault of a kind could have been planted in, which it is told from."""
    return (hit for hit in hits if isinstance(hit, _CHANGED.get(kind, _ANY)))
