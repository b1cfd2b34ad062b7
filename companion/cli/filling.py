"""What a model has written, put into a map: a new difficulty, or the map that it adds to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.beatmap import (
    Document,
    TimeRange,
    format_timing_point,
    objects_in,
    splice_green_lines,
    splice_objects,
    splice_red_lines,
)
from companion.beatmap.layers import overlaid
from companion.beatmap.new_difficulty import (
    begin_difficulty,
    changed_settings,
    content_lines,
    renamed,
    with_content,
)
from companion.beatmap.timing import KIAI_BIT
from companion.engine.events import ContextType

if TYPE_CHECKING:
    from collections.abc import Collection

    from companion.beatmap import TimingPoint
    from companion.cli.map_wish import MapWish
    from companion.engine.map_requests import MapRequest, WrittenMap


@dataclass(frozen=True, slots=True)
class Filling:
    """A map of the set, and what is wished for of it."""

    base: Document
    wish: MapWish
    request: MapRequest

    def document(self, written: WrittenMap) -> Document:
        """The whole file.

        Everything of the map that is not written anew stays: colours, storyboard, background and
        whatever else stands in it.
        """
        new = Document.parse(written.text.encode())
        contexts = frozenset(written.contexts)
        if not self.wish.add_to_beatmap:
            return self._new_difficulty(new, contexts)
        target = self.base
        if not self.wish.overwrite_reference_beatmap:
            target = renamed(self.base, self.request.header.version, self._texts())
        return self._added_to(target, new, contexts)

    def start(self) -> Document:
        """The new difficulty before anything is written into it."""
        header, background = self.request.header, self.wish.background
        return begin_difficulty(
            self.base,
            header.version,
            changed_settings(header, self.base.beatmap),
            others=self._texts(),
            background=None if background is None else background.name,
        )

    def _new_difficulty(self, new: Document, contexts: Collection[ContextType]) -> Document:
        begun = self.start()
        keeps_objects = ContextType.MAP in self.request.given
        if not keeps_objects:
            points, objects = content_lines(new, "TimingPoints"), content_lines(new, "HitObjects")
            return with_content(begun, points, objects)
        kept = with_content(
            begun, content_lines(begun, "TimingPoints"), content_lines(self.base, "HitObjects")
        )
        return self._with_points(kept, new, contexts)

    def _added_to(
        self, target: Document, new: Document, contexts: Collection[ContextType]
    ) -> Document:
        span = self.request.range
        if ContextType.MAP not in contexts:
            return self._with_points(target, new, contexts)
        if span is None:
            return with_content(
                target, content_lines(new, "TimingPoints"), content_lines(new, "HitObjects")
            )
        span = _within(target, new, span)
        objects = [new.lines[item.line].raw for item in objects_in(new.beatmap, span)]
        target = target.apply(splice_objects(target, span, objects))
        return target.apply(splice_green_lines(target, span, _greens_in(new, span)))

    def _with_points(
        self, target: Document, new: Document, contexts: Collection[ContextType]
    ) -> Document:
        """Timing, kiai and scroll speeds laid over a map whose objects stay."""
        if ContextType.TIMING in contexts:
            target = target.apply(splice_red_lines(target, new.beatmap.red_lines))
        before, after = target.beatmap, new.beatmap
        last_ms = max((round(point.time_ms) for point in after.timing_points), default=0)
        span = self.request.range or TimeRange(-(2**31), max(round(before.last_ms), last_ms) + 1)
        points = overlaid(
            before.timing_points,
            after.timing_points,
            span,
            kiai=ContextType.KIAI in contexts,
            velocity=ContextType.SV in contexts,
        )
        # What nothing changes for keeps its text: numbers are shorter when they are written anew.
        as_written = {
            point: target.text_of(target.lines[point.line]).rstrip()
            for point in before.timing_points
        }
        offset_ms = before.time_offset_ms
        lines = [
            as_written.get(point) or format_timing_point(point, time_offset_ms=offset_ms).decode()
            for point in points
        ]
        return with_content(target, lines, content_lines(target, "HitObjects"))

    def _texts(self) -> dict[str, dict[str, str]]:
        """Values of other sections that are wished for."""
        header, own, wish = self.request.header, self.base.beatmap, self.wish
        general: dict[str, str] = {}
        if header.mode is not own.mode:
            general["Mode"] = str(int(header.mode))
        if header.audio_filename != own.audio_filename:
            general["AudioFilename"] = header.audio_filename
        if wish.preview_time is not None:
            general["PreviewTime"] = str(wish.preview_time)
        metadata = {
            "Title": wish.title,
            "TitleUnicode": wish.title_unicode or wish.title,
            "Artist": wish.artist,
            "ArtistUnicode": wish.artist_unicode or wish.artist,
            "Creator": wish.creator,
            "Source": wish.source,
            "Tags": wish.tags,
        }
        stated = {key: value for key, value in metadata.items() if value is not None}
        sections = {"General": general, "Metadata": stated}
        return {name: values for name, values in sections.items() if values}


def _greens_in(new: Document, span: TimeRange) -> list[TimingPoint]:
    """The green lines of a stretch, with one at its start that says how things stand there."""
    points = new.beatmap.timing_points
    greens = [p for p in points if not p.uninherited and span.contains(p.time_ms)]
    governing = new.beatmap.timing.point_at(span.start_ms)
    if governing is None or any(point.time_ms == span.start_ms for point in greens):
        return greens
    stated = -100.0 if governing.uninherited else governing.beat_length
    first = replace(
        governing,
        time_ms=float(span.start_ms),
        uninherited=False,
        beat_length=stated,
        effects=governing.effects & KIAI_BIT,
    )
    return [first, *greens]


def _within(target: Document, new: Document, span: TimeRange) -> TimeRange:
    """The range without what lies behind both maps."""
    last_ms = max(round(target.beatmap.last_ms), round(new.beatmap.last_ms), span.start_ms)
    return replace(span, end_ms=min(span.end_ms, last_ms + 1))
