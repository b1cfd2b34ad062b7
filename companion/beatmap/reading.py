"""From the lines of each section to the typed view; a line that cannot be read is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap.beatmap import (
    EARLY_VERSION_OFFSET_MS,
    Beatmap,
    Break,
    Diagnostic,
    default_sample_set,
    object_reader_of,
)
from companion.beatmap.numbers import parse_number
from companion.beatmap.timing import TimingPoint, TimingTable, parse_timing_point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from companion.beatmap.objects import HitObject


def read_beatmap(version: int, sections: Mapping[str, Iterable[tuple[int, str]]]) -> Beatmap:
    """Build the view from the numbered lines of each section; comments are cut off already."""
    diagnostics: list[Diagnostic] = []
    general = _keys(sections.get("General", ()))
    difficulty = _keys(sections.get("Difficulty", ()))
    offset_ms = EARLY_VERSION_OFFSET_MS if version < 5 else 0
    default_set = default_sample_set(general)
    points: list[TimingPoint] = []
    for line, text in sections.get("TimingPoints", ()):
        try:
            points.append(parse_timing_point(text, line, default_set, offset_ms))
        except ValueError as error:
            diagnostics.append(Diagnostic(line, f"timing point: {error}"))
    points.sort(key=lambda point: point.time_ms)
    reader = object_reader_of(TimingTable(points), difficulty, version)
    objects: list[HitObject] = []
    for line, text in sections.get("HitObjects", ()):
        try:
            objects.append(reader.read(text, line))
        except ValueError as error:
            diagnostics.append(Diagnostic(line, f"hit object: {error}"))
    objects.sort(key=lambda item: item.start_ms)
    return Beatmap(
        format_version=version,
        general=general,
        editor=_keys(sections.get("Editor", ())),
        metadata=_keys(sections.get("Metadata", ())),
        difficulty=difficulty,
        breaks=tuple(_breaks(sections.get("Events", ()), offset_ms, diagnostics)),
        timing_points=tuple(points),
        hit_objects=tuple(objects),
        diagnostics=tuple(diagnostics),
    )


def _keys(lines: Iterable[tuple[int, str]]) -> dict[str, str]:
    """Keys and values, split at the first colon; of a doubled key the last one counts."""
    pairs: dict[str, str] = {}
    for _, text in lines:
        key, colon, value = text.partition(":")
        if colon:
            pairs[key.strip()] = value.strip()
    return pairs


def _breaks(
    lines: Iterable[tuple[int, str]], offset_ms: int, diagnostics: list[Diagnostic]
) -> list[Break]:
    breaks: list[Break] = []
    for line, text in lines:
        fields = text.split(",")
        if fields[0].strip() not in ("2", "Break"):
            continue
        try:
            start, end = parse_number(fields[1]), parse_number(fields[2])
        except (ValueError, IndexError):
            diagnostics.append(Diagnostic(line, "break: a break needs a start and an end time"))
            continue
        breaks.append(Break(start + offset_ms, max(start, end) + offset_ms, line))
    return breaks
