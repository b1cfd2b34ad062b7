"""Planted faults: one object moved by a quarter of a beat, to see whether a model notices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Circle, Document, Mode, TextEdit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.random import Generator

    from companion.beatmap import Beatmap, HitObject, TimeRange

SHARE_OF_BEAT = 0.25
CLEARANCE = 0.6
"""A moved object keeps at least this share of the way it moved from its neighbours."""


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """One moved object."""

    from_ms: int
    to_ms: int
    column: int | None
    """Mania column, by which chords are told apart."""


def plant(
    document: Document, ranges: Iterable[TimeRange], rng: Generator, share: float = SHARE_OF_BEAT
) -> tuple[Document, tuple[PlantedFault, ...]]:
    """Move one circle or note in each range, where there is one with room to move.

    The move is by ``share`` of a beat, earlier or later, and stays between the object's neighbours
    (in mania those of its column), so the map remains well formed.
    """
    beatmap = document.beatmap
    edits: list[TextEdit] = []
    faults: list[PlantedFault] = []
    for within in ranges:
        inside = [
            index
            for index, hit in enumerate(beatmap.hit_objects)
            if isinstance(hit, Circle) and within.contains(int(hit.start_ms))
        ]
        rng.shuffle(inside)
        for index in inside:
            moved = _moved(beatmap, index, share, rng)
            if moved is None:
                continue
            hit = beatmap.hit_objects[index]
            line = document.lines[hit.line].whole
            parts = line.split(b",")
            parts[2] = str(moved - beatmap.time_offset_ms).encode()
            edits.append(TextEdit(hit.line, (line,), (b",".join(parts),)))
            column = hit.column(beatmap.keycount) if beatmap.mode is Mode.MANIA else None
            faults.append(PlantedFault(int(hit.start_ms), moved, column))
            break
    return document.apply(sorted(edits, key=lambda edit: edit.first_line)), tuple(faults)


def _moved(beatmap: Beatmap, index: int, share: float, rng: Generator) -> int | None:
    """Where an object may go, or None."""
    hit = beatmap.hit_objects[index]
    red = beatmap.timing_at(hit.start_ms)
    if red is None or not 0 < red.beat_length < 10_000:
        return None
    step = share * red.beat_length
    before, after = _neighbours(beatmap, hit)
    room = CLEARANCE * step
    ways = [-step, step]
    rng.shuffle(ways)
    for way in ways:
        place = hit.start_ms + way
        if before + room <= place <= after - room and place >= 0:
            return round(place)
    return None


def _neighbours(beatmap: Beatmap, hit: HitObject) -> tuple[float, float]:
    """End of the object before and start of the one after."""
    keys = beatmap.keycount
    others = [
        other
        for other in beatmap.hit_objects
        if other.line != hit.line
        and (beatmap.mode is not Mode.MANIA or other.column(keys) == hit.column(keys))
    ]
    before = max((one.end_ms for one in others if one.start_ms <= hit.start_ms), default=-1e9)
    after = min((one.start_ms for one in others if one.start_ms > hit.start_ms), default=1e9)
    return before, after
