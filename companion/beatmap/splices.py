"""Replacing what lies in a time range: hit objects, and green lines with what they governed.

The rules that keep a mapper's file safe: only objects whose whole extent lies in the range are
replaced, those that straddle an edge stay; red lines are never touched; and where green lines
change, the values that were in force are stated again at the range's end.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from companion.beatmap.edits import TextEdit, edits_of
from companion.beatmap.formatting import format_timing_point
from companion.beatmap.ranges import TimeRange
from companion.beatmap.timing import KIAI_BIT, SAMPLE_LENIENCY_MS, TimingPoint, TimingTable
from companion.errors import EditConflict, RangeRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from companion.beatmap.beatmap import Beatmap
    from companion.beatmap.document import Document
    from companion.beatmap.objects import HitObject

END_TOLERANCE_MS = 0.5
"""Slider ends are computed; so much over the edge still is on the edge."""


def lies_in(item: HitObject, wanted: TimeRange) -> bool:
    """Whether an object's whole extent lies in a range; it may end right at the range's end."""
    return wanted.contains(item.start_ms) and item.end_ms <= wanted.end_ms + END_TOLERANCE_MS


def objects_in(beatmap: Beatmap, wanted: TimeRange) -> tuple[HitObject, ...]:
    """The objects whose whole extent lies in a range."""
    return tuple(item for item in beatmap.hit_objects if lies_in(item, wanted))


def straddling_objects(beatmap: Beatmap, wanted: TimeRange) -> tuple[HitObject, ...]:
    """The objects that lie partly in a range; no edit of the range touches them."""
    return tuple(
        item
        for item in beatmap.hit_objects
        if item.start_ms < wanted.end_ms
        and item.end_ms > wanted.start_ms
        and not lies_in(item, wanted)
    )


def splice_objects(
    document: Document, wanted: TimeRange, lines: Sequence[bytes]
) -> tuple[TextEdit, ...]:
    """Edits that put new object lines (without endings) in the place of a range's objects.

    Objects that straddle an edge stay. Where the new objects begin when the old ones did, each
    takes its predecessor's line, so that lines between them, their order and their endings stay.

    Raises ``RangeRefused`` when a new object does not begin in the range, ``EditConflict`` when a
    line is no hit object, and ``UnreadableBeatmap`` when the file cannot be worked with.
    """
    document.require_readable()
    beatmap = document.beatmap
    new = sorted(_read_new(beatmap, wanted, lines), key=_start)
    old = sorted(((o.start_ms, o.line) for o in objects_in(beatmap, wanted)), key=_start)
    if [start for start, _ in old] == [start for start, _ in new]:
        texts = {line: text for (_, line), (_, text) in zip(old, new, strict=True)}
        return _rewrite(document, texts)
    present = [(item.start_ms, item.line) for item in beatmap.hit_objects]
    return _splice(document, "HitObjects", present, {line for _, line in old}, new)


def _start(pair: tuple[float, object]) -> float:
    return pair[0]


def _read_new(
    beatmap: Beatmap, wanted: TimeRange, lines: Sequence[bytes]
) -> Iterator[tuple[float, bytes]]:
    """New object lines with their starts, each of them checked."""
    reader = beatmap.object_reader
    for line in lines:
        if b"\n" in line or b"\r" in line:
            raise EditConflict("A new hit object has to be a single line.")
        try:
            item = reader.read(line.decode("utf-8", "replace"), -1)
        except ValueError as error:
            raise EditConflict(f"A new line is no hit object: {error}.") from error
        if not wanted.contains(item.start_ms):
            raise RangeRefused(f"A new object at {item.start_ms:.0f} ms lies outside the range.")
        yield item.start_ms, line


def _rewrite(document: Document, texts: Mapping[int, bytes]) -> tuple[TextEdit, ...]:
    """Edits that give lines another text and leave their endings; neighbours share an edit."""
    edits: list[TextEdit] = []
    for at in sorted(texts):
        line = document.lines[at]
        if texts[at] == line.raw:
            continue
        removed, added = (line.whole,), (texts[at] + line.ending,)
        if edits and edits[-1].end_line == at:
            last = edits.pop()
            removed, added = last.removed + removed, last.added + added
        edits.append(TextEdit(at + 1 - len(removed), removed, added))
    return tuple(edits)


def splice_section(
    document: Document,
    wanted: TimeRange,
    lines: Sequence[bytes],
    points: Sequence[TimingPoint] | None,
) -> tuple[TextEdit, ...]:
    """Edits that put objects and, unless ``None``, green lines in the place of a range's.

    Raises what `splice_objects` and `splice_green_lines` raise.
    """
    edits = splice_objects(document, wanted, lines)
    return edits if points is None else (*splice_green_lines(document, wanted, points), *edits)


def splice_green_lines(
    document: Document, wanted: TimeRange, points: Sequence[TimingPoint]
) -> tuple[TextEdit, ...]:
    """Edits that put green lines in the place of a range's green lines.

    Every object outside the range, and every one that straddles its edges, keeps its velocity,
    samples, volume and kiai: the range is narrowed until it governs none of them, points before
    the narrowed range are moved to its start, and at its end the old values are stated again
    where they would be different. Raises ``RangeRefused`` when a point is red or outside the
    range.
    """
    document.require_readable()
    beatmap = document.beatmap
    if any(point.uninherited for point in points):
        raise RangeRefused("Red lines are never changed here.")
    if not all(wanted.contains(point.time_ms) for point in points):
        raise RangeRefused("A new green line lies outside the range.")
    inner = _governing_none_outside(beatmap, wanted)
    if inner.duration_ms == 0:
        return ()
    removed = {
        p.line for p in beatmap.timing_points if not p.uninherited and inner.contains(p.time_ms)
    }
    new = [p for p in points if inner.contains(p.time_ms)]
    early = [p for p in points if p.time_ms < inner.start_ms]
    if early and not any(p.time_ms == inner.start_ms for p in new):
        latest = max(early, key=lambda p: p.time_ms)
        new.insert(0, replace(latest, time_ms=float(inner.start_ms)))
    kept = [p for p in beatmap.timing_points if p.line not in removed]
    restated = restate_at(inner.end_ms, beatmap.timing_points, [*kept, *new])
    offset_ms = beatmap.time_offset_ms
    texts = [
        (p.time_ms, format_timing_point(p, time_offset_ms=offset_ms))
        for p in (*new, *((restated,) if restated else ()))
    ]
    present = [(p.time_ms, p.line) for p in beatmap.timing_points]
    return _splice(document, "TimingPoints", present, removed, texts)


def splice_red_lines(document: Document, red_lines: Sequence[TimingPoint]) -> tuple[TextEdit, ...]:
    """Edits that put new red lines in the place of all red lines of a map.

    Only their times, tempos and meters are taken over. All other lines stay, and so does what they
    said: each new line has the samples, volume and kiai that were in force there, and where a red
    line comes or goes, a green one states the old velocity again if it would be another. Raises
    ``RangeRefused`` when there is no line, or one is green.
    """
    document.require_readable()
    if not red_lines or not all(point.uninherited for point in red_lines):
        raise RangeRefused("A map's timing has to be red lines, at least one.")
    before = document.beatmap.timing_points
    table = TimingTable(before)
    reds = [_like_governing(point, table) for point in red_lines]
    old_reds = [point for point in before if point.uninherited]
    after = [point for point in before if not point.uninherited] + reds
    greens: list[TimingPoint] = []
    first_ms = min(point.time_ms for point in reds)  # before it nothing can be in force
    for ms in sorted({math.ceil(point.time_ms) for point in (*old_reds, *reds)}):
        if ms < first_ms:
            continue
        restated = restate_at(ms, before, [*after, *greens])
        if restated is not None:
            greens.append(restated)
    offset_ms = document.beatmap.time_offset_ms
    # A red line stands before the green ones of its moment, which would else be overruled.
    texts = [
        (p.time_ms - 1e-3 * p.uninherited, format_timing_point(p, time_offset_ms=offset_ms))
        for p in (*reds, *greens)
    ]
    present = [(p.time_ms, p.line) for p in before]
    return _splice(document, "TimingPoints", present, {p.line for p in old_reds}, texts)


def _like_governing(red: TimingPoint, table: TimingTable) -> TimingPoint:
    """A red line on a whole millisecond with the samples and kiai that are in force there."""
    ms = float(round(red.time_ms))
    governing = table.sample_point_at(ms)
    bare = TimingPoint(ms, red.beat_length, red.meter)
    if governing is None:
        return bare
    return replace(
        bare,
        sample_set=governing.sample_set,
        sample_index=governing.sample_index,
        volume=governing.volume,
        effects=KIAI_BIT if table.kiai_at(ms) else 0,
    )


def restate_at(
    ms: int, before: Iterable[TimingPoint], after: Iterable[TimingPoint]
) -> TimingPoint | None:
    """The green line that keeps everything from ``ms`` on as it was; None when nothing changed.

    ``before`` and ``after`` are all points of the map, with and without an edit.
    """
    old = TimingTable(before).point_at(ms)
    new = TimingTable(after).point_at(ms)
    if old is None or (new is not None and _governs_like(old, new)):
        return None
    return TimingPoint(
        time_ms=float(ms),
        beat_length=-100.0 if old.uninherited else old.beat_length,
        meter=old.meter,
        sample_set=old.sample_set,
        sample_index=old.sample_index,
        volume=old.volume,
        uninherited=False,
        effects=old.effects & KIAI_BIT,
    )


def _governs_like(one: TimingPoint, other: TimingPoint) -> bool:
    return _governed(one) == _governed(other)


def _governed(point: TimingPoint) -> tuple[float, bool, int, int, int, bool]:
    """What objects take from a point: velocity, no ticks, sounds, kiai."""
    return (
        point.unclamped_velocity,
        math.isnan(point.beat_length),
        point.sample_set,
        point.sample_index,
        point.volume,
        point.kiai,
    )


def _governing_none_outside(beatmap: Beatmap, wanted: TimeRange) -> TimeRange:
    """The part of a range whose green lines govern only objects that lie wholly in the range."""
    start_ms, end_ms = wanted.start_ms, wanted.end_ms
    for item in beatmap.hit_objects:
        if lies_in(item, wanted) or item.start_ms >= wanted.end_ms:
            continue
        if item.start_ms < wanted.start_ms:
            # Its end sounds like the last point up to 5 ms later.
            reach = math.floor(item.end_ms + SAMPLE_LENIENCY_MS) + 1
            if item.end_ms + SAMPLE_LENIENCY_MS >= wanted.start_ms:
                start_ms = max(start_ms, reach)
        else:
            end_ms = min(end_ms, math.floor(item.start_ms))
    return TimeRange(start_ms, max(start_ms, end_ms))


def _splice(
    document: Document,
    section: str,
    present: Sequence[tuple[float, int]],
    removed: set[int],
    new: Iterable[tuple[float, bytes]],
) -> tuple[TextEdit, ...]:
    """Edits of one section; each new line stands before the first line that is later in time."""
    staying = sorted((line, time) for time, line in present if line not in removed)
    added: dict[int, list[bytes]] = {}
    end = _end_of(document, section, present)
    if end is None:
        header = f"[{section}]".encode()
        blank = [b""] if document.lines and document.lines[-1].raw else []
        texts = [text for _, text in sorted(new, key=lambda pair: pair[0])]
        return edits_of(document, (), {len(document.lines): [*blank, header, *texts]})
    for time, text in sorted(new, key=lambda pair: pair[0]):
        at = next((line for line, start in staying if start > time), end)
        added.setdefault(at, []).append(text)
    return edits_of(document, removed, added)


def _end_of(document: Document, section: str, present: Sequence[tuple[float, int]]) -> int | None:
    """The line behind a section's last entry, or behind its header; None without the section."""
    if present:
        return max(line for _, line in present) + 1
    in_section = (n for n, line in enumerate(document.lines) if line.section == section)
    header = next(in_section, None)
    return None if header is None else header + 1
