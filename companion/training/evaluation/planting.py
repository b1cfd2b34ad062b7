"""Known faults planted into real maps, one at a time and far apart, to see who notices them.

Each planter changes one object (or the red lines) inside a range and keeps the map well formed:
nothing overlaps, and the order of objects stays as it is. A range in which it finds nothing that
it could change is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import TextEdit
from companion.training.evaluation.fault_kinds import FaultKind
from companion.training.evaluation.planters import ANY, CHANGED, PLANTERS, Plot
from companion.training.evaluation.shapes import hitsound_of, is_hitsounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.random import Generator

    from companion.beatmap import Beatmap, Document, TimeRange
    from companion.training.evaluation.fault_kinds import Change, PlantedFault

RED_LINE_MS = 20.0


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
    has_sounds = is_hitsounded([hitsound_of(hit) for hit in beatmap.hit_objects])
    return tuple(
        kind
        for kind, (modes, _) in PLANTERS.items()
        if beatmap.mode in modes and (kind is not FaultKind.HITSOUND or has_sounds)
    )


def change_in(
    document: Document, kind: FaultKind, within: TimeRange, rng: Generator
) -> Change | None:
    """Something to change in a range, chosen at random; None when nothing can be."""
    beatmap = document.beatmap
    plot = Plot(document, beatmap)
    inside = [
        index
        for index, hit in enumerate(beatmap.hit_objects)
        if isinstance(hit, CHANGED.get(kind, ANY)) and within.contains(int(hit.start_ms))
    ]
    rng.shuffle(inside)
    for index in inside:
        change = PLANTERS[kind][1](plot, index, kind, rng)
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
