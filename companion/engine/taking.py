"""Only the rhythm, the positions or the hitsounds of generated objects; the rest as the map has it.

Where the old and the new objects are the same but for that, each takes over from its like. Where
they are not, what holds is what holds for a regeneration that keeps a part: positions are the way
of the cursor, hitsounds those of each moment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, format_hit_object, objects_in, splice_section
from companion.engine.cursor_path import CursorPath
from companion.engine.modding import object_fields
from companion.engine.moment_sounds import MomentSounds
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import Beatmap, Document, HitObject, TimeRange, TimingPoint
    from companion.engine.requests import Aspect


def lines_taken(
    document: Document,
    span: TimeRange,
    lines: Sequence[bytes],
    points: Sequence[TimingPoint] | None,
    take: Aspect,
) -> tuple[bytes, ...]:
    """The object lines of a range when only a part of generated ones is taken over.

    Args:
        document: The map that they were generated for.
        span: The range.
        lines: The generated objects.
        points: The green lines that they were made for, where these may change.
        take: What of them is taken over; the rest stays as it is in the map.

    Raises:
        OptionRefused: It cannot be told apart from the rest in this mode.
    """
    edited = document.apply(splice_section(document, span, lines, points))
    old, new = _in_order(document.beatmap, span), _in_order(edited.beatmap, span)
    alike = [_kind(item) for item in old] == [_kind(item) for item in new]
    if not alike:
        _require_telling_apart(document.beatmap, take)
    if take == "rhythm":
        return _with_rhythm(document.beatmap, new)
    if alike:
        fresh = [edited.lines[item.line].raw for item in new]
    else:
        fresh = [_line(item, document.beatmap) for item in _led(edited.beatmap, old, take)]
    return tuple(
        _grafted(document.lines[item.line].raw, line, take)
        for item, line in zip(old, fresh, strict=True)
    )


def _in_order(beatmap: Beatmap, span: TimeRange) -> list[HitObject]:
    return sorted(objects_in(beatmap, span), key=lambda item: item.start_ms)


def _kind(item: HitObject) -> tuple[type[HitObject], int, int, int]:
    slides = item.slides if isinstance(item, Slider) else 0
    return type(item), round(item.start_ms), round(item.end_ms), slides


def _require_telling_apart(beatmap: Beatmap, take: Aspect) -> None:
    if beatmap.mode is Mode.MANIA and take != "hitsounds":
        raise OptionRefused(
            "In mania, rhythm and columns cannot be taken apart: other notes are other columns. "
            "Take everything, or only the hitsounds."
        )
    if beatmap.mode is Mode.TAIKO and take == "positions":
        raise OptionRefused("Taiko notes have no positions that could be taken.")


def _with_rhythm(beatmap: Beatmap, new: Sequence[HitObject]) -> tuple[bytes, ...]:
    """New objects on the way of the old cursor, with what sounded at their moments."""
    if beatmap.hit_objects and beatmap.mode in {Mode.OSU, Mode.CATCH}:
        cursor = CursorPath(beatmap)
        new = [cursor.followed(item) for item in new]
    items = MomentSounds(beatmap).taken_over(new)
    return tuple(_line(item, beatmap) for item in items)


def _led(edited: Beatmap, old: Sequence[HitObject], take: Aspect) -> list[HitObject]:
    """Old objects as the new ones have it: on their cursor's way, or with their sounds."""
    if take == "hitsounds":
        return MomentSounds(edited).taken_over(old)
    if not edited.hit_objects:
        return list(old)
    cursor = CursorPath(edited)
    return [cursor.followed(item) for item in old]


def _line(item: HitObject, beatmap: Beatmap) -> bytes:
    return format_hit_object(item, time_offset_ms=beatmap.time_offset_ms)


def _grafted(old: bytes, new: bytes, take: Aspect) -> bytes:
    """An old line with the place or the sound of a new one; its other fields byte for byte."""
    fields, fresh = object_fields.split(old), object_fields.split(new)
    fields = fields.placed_like(fresh) if take == "positions" else fields.sounding_like(fresh)
    return fields.joined()
