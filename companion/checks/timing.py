"""Checks of objects against the beat grid."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import HoldNote, Slider, Spinner, nearest_tick
from companion.checks.check import DifficultyCheck, Issue, edge_numbers
from companion.checks.gameplay.edges import (
    SHORTEST_BEAT_MS,
    SNAPPED_MS,
    edges,
    grid_distances_ms,
    off_grid_ms,
    own_grid_distances_ms,
    part_name,
)
from companion.checks.gameplay.mania import SHORTEST_HOLD_MS
from companion.checks.summaries import MOST_WITH_FIX, summarised
from companion.findings import Severity, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import Beatmap, HitObject, TextEdit, TimingPoint
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty

MINOR_MS = 1.0
LOOK_AHEAD_MS, LOOK_AHEAD_BEATS = 50.0, 1 / 8
"""How long before a red line an object may still belong to it."""
SAME_TEMPO_MS = 0.001
"""Beat lengths this near to each other are one tempo."""
ALIGNED_MS = 1.0
"""A red line this near to a bar line of the one before continues its bars."""


def find_unsnapped(difficulty: Difficulty) -> Iterator[Issue]:
    """Objects with a head, repeat or end that is off every tick of the beat grid."""
    off = difficulty.fact(off_grid_ms)
    found = difficulty.fact(edges)
    worst: dict[int, int] = {}
    for position in np.flatnonzero(np.abs(off) >= MINOR_MS).tolist():
        owner = int(found.owners[position])
        if owner not in worst or abs(off[position]) > abs(off[worst[owner]]):
            worst[owner] = position
    groups: dict[tuple[int, int], list[int]] = {}
    for position in worst.values():
        item = difficulty.beatmap.hit_objects[int(found.owners[position])]
        edge_ms = math.floor(found.times_ms[position])
        groups.setdefault((math.floor(item.start_ms), edge_ms), []).append(position)
    for (start_ms, edge_ms), positions in groups.items():
        yield _unsnapped(difficulty, positions, "" if edge_ms == start_ms else f"{edge_ms}")


def _unsnapped(difficulty: Difficulty, positions: Sequence[int], detail: str) -> Issue:
    """An issue about edges at one moment, of objects that begin together."""
    found = difficulty.fact(edges)
    distance = float(difficulty.fact(off_grid_ms)[positions[0]])
    items = [difficulty.beatmap.hit_objects[int(found.owners[n])] for n in positions]
    nodes = [int(found.nodes[n]) for n in positions]
    names = [
        part_name(item, node, difficulty.mode) for item, node in zip(items, nodes, strict=True)
    ]
    name = names[0] if len(set(names)) == 1 else "object"
    who = f"The {name} is" if len(items) == 1 else f"{len(items)} {name}s are"
    fixes = [
        _snap_fix(difficulty, item, node, float(found.times_ms[n]))
        for item, node, n in zip(items, nodes, positions, strict=True)
    ]
    mended = all(fix for fix, _ in fixes)
    return Issue(
        severity=Severity.PROBLEM if abs(distance) >= SNAPPED_MS else Severity.MINOR,
        message=(
            f"{who} {abs(distance):.1f} ms {'after' if distance > 0 else 'before'} the nearest "
            "tick of the beat grid."
        ),
        objects=tuple(items),
        detail=detail,
        fix=tuple(edit for fix, _ in fixes for edit in fix) if mended else (),
        fix_label=fixes[0][1] if mended else None,
    )


def _snap_fix(
    difficulty: Difficulty, item: HitObject, node: int, ms: float
) -> tuple[tuple[TextEdit, ...], str | None]:
    """The edit that puts an unsnapped time on its tick, and what to call it.

    None for a slider's later edges: they depend on its length and velocity, which are the
    mapper's to choose.
    """
    tick = nearest_tick(ms, difficulty.beatmap)
    if tick is None:
        return (), None
    snapped = math.floor(tick.time_ms + 1e-6)  # as stable writes ticks
    left = grid_distances_ms(np.array([float(snapped)]), difficulty.beatmap.red_lines)
    if abs(float(left[0])) >= MINOR_MS:  # a tick of a red line that is an effect
        return (), None
    text = str(snapped - difficulty.beatmap.time_offset_ms)
    label = f"Snap to 1/{tick.divisor}"
    if node == 0:
        if isinstance(item, Spinner | HoldNote) and _too_short(item, item.end_ms - snapped):
            return (), None
        if isinstance(item, Slider) and _loses_its_end(difficulty.beatmap, item, snapped):
            return (), None
        return difficulty.replace_fields(item.line, {2: text}), label
    if isinstance(item, Spinner | HoldNote) and not _too_short(item, snapped - item.start_ms):
        old = difficulty.field(item.line, 5)
        # A hold note's sounds are glued to its end time with a colon.
        rest = old[old.index(":") :] if ":" in old else ""
        return difficulty.replace_fields(item.line, {5: text + rest}), f"{label} (end)"
    return (), None


def _loses_its_end(beatmap: Beatmap, item: Slider, snapped: float) -> bool:
    """Whether a slider would come under another line's velocity, and end off the grid by that."""
    span_ms = beatmap.object_reader.span_ms(item.length_px, snapped)
    if span_ms == item.span_ms:
        return False
    times = snapped + span_ms * np.array(edge_numbers(item), dtype=np.float64)
    off = grid_distances_ms(times, beatmap.red_lines)
    return bool((np.abs(off) >= SNAPPED_MS).any())


def _too_short(item: HitObject, new_duration_ms: float) -> bool:
    """Whether an object would be too short to be held, and is not so already."""
    return new_duration_ms <= 0 or new_duration_ms < min(SHORTEST_HOLD_MS, item.duration_ms)


def find_snapped_to_old_line(difficulty: Difficulty) -> Iterator[Issue]:
    """Objects just before a red line that sit on the grid of the line before it."""
    beatmap = difficulty.beatmap
    reds = beatmap.red_lines
    if len(reds) < 2:
        return
    found, off = difficulty.fact(edges), difficulty.fact(off_grid_ms)
    starts = np.array([red.time_ms for red in reds])
    beats = np.array([red.beat_length for red in reds])
    governing = np.maximum(0, np.searchsorted(starts, found.times_ms, side="right") - 1)
    coming = np.minimum(governing + 1, len(reds) - 1)
    reach = np.maximum(LOOK_AHEAD_MS, beats * LOOK_AHEAD_BEATS)
    left = starts[coming] - found.times_ms
    near = (left > 0) & (left <= reach[governing]) & (np.abs(off) < SNAPPED_MS)
    timed = (beats[governing] >= SHORTEST_BEAT_MS) & (beats[coming] >= SHORTEST_BEAT_MS)
    for position in np.flatnonzero(near & timed).tolist():
        old, new = reds[int(governing[position])], reds[int(coming[position])]
        since = float(found.times_ms[position]) - new.time_ms
        distance = own_grid_distances_ms(np.array([since]), np.array([new.beat_length]))[0]
        # A slider's end comes out a little before or after the line that it was drawn to.
        if abs(distance) < SNAPPED_MS or -since < SNAPPED_MS or bars_continue(old, new):
            continue
        item = beatmap.hit_objects[int(found.owners[position])]
        node = int(found.nodes[position])
        yield Issue(
            severity=Severity.WARNING,
            message=(
                f"The {part_name(item, node, difficulty.mode)} is on the beat grid of the red "
                f"line before, but {abs(distance):.0f} ms off that of the one at "
                f"{timestamp(new.time_ms)}, which is about to begin."
            ),
            objects=(item,),
            detail=f"node {node}",
        )


def bars_continue(line: TimingPoint, later: TimingPoint, bars: int = 1) -> bool:
    """Whether a later red line keeps tempo, meter and, every so many bars, the bar lines."""
    same = abs(line.beat_length - later.beat_length) <= SAME_TEMPO_MS and line.meter == later.meter
    return same and bar_offset_ms(line, later, bars) <= ALIGNED_MS


def bar_offset_ms(line: TimingPoint, later: TimingPoint, bars: int = 1) -> float:
    """How far a later red line is from a line's nearest bar line, counted every so many bars."""
    length_ms = line.beat_length * line.meter * bars
    if line.beat_length < SHORTEST_BEAT_MS:
        return math.inf
    rest = (later.time_ms - line.time_ms) % length_ms
    return min(rest, length_ms - rest)


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="unsnapped_object",
        title="Unsnapped objects",
        category="Timing",
        cause=(
            "A head, repeat or end is 1 ms (minor) or 2 ms (problem) or more away from every tick "
            "of 1/5, 1/7, 1/9, 1/12 and 1/16."
        ),
        criterion=(
            "Every object has to be snapped to the beat grid: circles, and the heads, repeats "
            "and ends of sliders, spinners and hold notes."
        ),
        answers=("MapsetVerifier:Unsnaps", "lazer:UnsnappedObjects"),
        differs=(
            "It measures from the tick itself, like lazer; Mapset Verifier from the whole "
            "millisecond below it, which calls an object 1.1 ms off a problem."
        ),
        severities=(Severity.PROBLEM, Severity.MINOR),
        find=summarised(find_unsnapped, MOST_WITH_FIX),
    ),
    DifficultyCheck(
        code="snapped_to_old_line",
        title="Objects before a red line",
        category="Timing",
        cause=(
            "An edge less than 50 ms or 1/8 beat before a red line that moves the beat is on the "
            "old grid, and 2 ms or more off the new one."
        ),
        criterion=(
            "What sounds together with a new timing section has to be snapped to that section, "
            "not to the one that ends there."
        ),
        answers=("MapsetVerifier:RedLineSnapping",),
        severities=(Severity.WARNING,),
        find=find_snapped_to_old_line,
    ),
)
