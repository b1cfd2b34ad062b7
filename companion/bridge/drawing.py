"""A map's timeline as the overlay draws it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from companion.beatmap import HoldNote, Mode, Slider, Spinner
from companion.suggestions import preview
from protocol import base, beatmaps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import Document, HitObject, TimeRange, TimingPoint

POINT_DISTANCE_PX: Final = 4.0
"""No eye sees more of a slider's curve on the overlay's small playfield."""

_ADDITIONS: Final = 2 | 4 | 8
"""Whistle, finish, clap; the first bit, a plain hit, is always heard."""

_LIMIT_MS: Final = 2**31 - 1


class PathBook:
    """Polylines of sliders, remembered by their lines: most of a map is the same after a save."""

    def __init__(self) -> None:
        self._known: dict[bytes, list[tuple[float, float]]] = {}
        self._used: dict[bytes, list[tuple[float, float]]] = {}

    def path_of(self, line: bytes, slider: Slider) -> list[tuple[float, float]]:
        """The polyline of a slider that stands in this line; the line says all about its shape."""
        path = self._known.get(line)
        if path is None:
            path = thinned(slider.path.polyline().tolist())
        self._used[line] = path
        return path

    def turn_over(self) -> None:
        """Forget the lines that were not asked for since the last call."""
        self._known, self._used = self._used, {}


def timeline(
    document: Document, song_length_ms: float | None, paths: PathBook | None = None
) -> beatmaps.Timeline:
    """Everything that is drawn along the song; empty for a file that cannot be used."""
    paths = paths or PathBook()
    length_ms = length_ms_of(document, song_length_ms)
    if not document.readable:
        return beatmaps.Timeline(
            objects=[],
            timing_points=[],
            kiai=[],
            breaks=[],
            bookmarks_ms=[],
            preview_ms=None,
            length_ms=length_ms,
        )
    beatmap = document.beatmap
    objects = timeline_objects(document, paths)
    paths.turn_over()
    return beatmaps.Timeline(
        objects=objects,
        timing_points=[timing_line(point) for point in beatmap.timing_points],
        kiai=[span(item) for item in beatmap.kiai_ranges],
        breaks=[
            base.Span(start_ms=wire_ms(pause.start_ms), end_ms=wire_ms(pause.end_ms))
            for pause in beatmap.breaks
        ],
        bookmarks_ms=[wire_ms(mark) for mark in beatmap.bookmarks],
        preview_ms=wire_ms(beatmap.preview_time_ms) if beatmap.preview_time_ms >= 0 else None,
        length_ms=length_ms,
    )


def length_ms_of(document: Document, song_length_ms: float | None) -> int:
    """How far the timeline goes: to the song's end, or the last object's if that is later."""
    last_ms = document.beatmap.last_ms if document.readable else 0
    return wire_ms(max(last_ms, song_length_ms or 0.0, 0.0))


def timeline_objects(document: Document, paths: PathBook) -> list[beatmaps.TimelineObject]:
    """All objects of a map as they are drawn."""
    beatmap = document.beatmap
    lines = document.lines
    columns = beatmap.keycount if beatmap.mode is Mode.MANIA else None
    return [
        _timeline_object(item, number, columns, lines[item.line].raw, paths)
        for item, number in zip(beatmap.hit_objects, beatmap.combo_numbers, strict=True)
    ]


def _timeline_object(
    item: HitObject, number: int, columns: int | None, line: bytes, paths: PathBook
) -> beatmaps.TimelineObject:
    path: list[tuple[float, float]] = []
    slides = 0
    kind: Literal["circle", "slider", "spinner", "hold"] = "circle"
    if isinstance(item, Slider):
        kind, slides = "slider", item.slides
        path = paths.path_of(line, item)
    elif isinstance(item, Spinner):
        kind = "spinner"
    elif isinstance(item, HoldNote):
        kind = "hold"
    # Built unchecked: every value is made here, and a map has thousands of these.
    return beatmaps.TimelineObject.model_construct(
        start_ms=wire_ms(item.start_ms),
        end_ms=wire_ms(item.end_ms),
        kind=kind,
        x=item.x,
        y=item.y,
        new_combo=number == 1,
        combo_number=number,
        column=None if columns is None else item.column(columns),
        path=path,
        slides=slides,
        sounds=_additions(item),
    )


def _additions(item: HitObject) -> list[int]:
    hits = item.edge_sounds if isinstance(item, Slider) else (item.hitsound,)
    additions = [bits & _ADDITIONS for bits in hits]
    return additions if any(additions) else []


def generated_objects(base: Document, lines: Sequence[bytes]) -> list[beatmaps.TimelineObject]:
    """Generated object lines as they would be drawn in the base's settings and timing."""
    return timeline_objects(preview(base, lines), PathBook())


def n_changed(base: Document, lines: Sequence[bytes]) -> int:
    """How many generated lines do not stand in the base like this."""
    present = {line.raw for line in base.lines}
    return sum(line not in present for line in lines)


def thinned(points: Sequence[Sequence[float]]) -> list[tuple[float, float]]:
    """A polyline without points closer than `POINT_DISTANCE_PX`; its ends are kept."""
    kept: list[tuple[float, float]] = []
    at_x = at_y = float("inf")
    for x, y in points:
        if abs(x - at_x) + abs(y - at_y) >= POINT_DISTANCE_PX:
            kept.append((round(x, 1), round(y, 1)))
            at_x, at_y = x, y
    if points and (at_x, at_y) != (points[-1][0], points[-1][1]):
        kept.append((round(points[-1][0], 1), round(points[-1][1], 1)))
    return kept


def timing_line(point: TimingPoint) -> beatmaps.TimingLine:
    """A timing point."""
    return beatmaps.TimingLine(
        time_ms=point.time_ms,
        kind="red" if point.uninherited else "green",
        bpm=round(point.bpm, 3) if point.uninherited else None,
        meter=point.meter,
        velocity=None if point.uninherited else round(point.velocity, 4),
        volume=point.volume,
        kiai=point.kiai,
    )


def span(item: TimeRange) -> base.Span:
    """A stretch of song time."""
    return base.Span(start_ms=wire_ms(item.start_ms), end_ms=wire_ms(item.end_ms))


def wire_ms(time_ms: float) -> int:
    """A time as the wire takes it; absurd ones in a broken map become the nearest possible."""
    return round(min(_LIMIT_MS, max(-_LIMIT_MS, time_ms)))
