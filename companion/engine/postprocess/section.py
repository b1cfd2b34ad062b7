"""A generated section as object lines that fit the map they go into.

Unlike a whole generated map, a section has to live with what is there: the red lines always, the
green lines unless they may change too, and objects that reach over the section's edges. So times
lie on the map's own grid, a slider's length follows from its time and the velocity in force, and
nothing overlaps what stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from companion.beatmap import Mode, format_hit_object, straddling_objects
from companion.engine.encoding import EncodingOptions
from companion.engine.encoding.positions import columns_as_positions, in_pixels
from companion.engine.encoding.retiming import retime
from companion.engine.events import HEAD_TYPES, EventType
from companion.engine.postprocess.assembly import assemble, settle_positions
from companion.engine.postprocess.green_lines import Wish, green_lines
from companion.engine.postprocess.groups import groups_of
from companion.engine.postprocess.options import PostprocessOptions
from companion.engine.postprocess.overlaps import snap_near_overlaps
from companion.engine.postprocess.section_objects import ObjectMaker
from companion.engine.postprocess.snapped_times import on_grid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import Beatmap, HitObject, TimeRange, TimingPoint
    from companion.engine.events import Event
    from companion.engine.postprocess.groups import EventGroup


END_TOLERANCE_MS = 0.5
_TAIKO_HEADS = frozenset({EventType.CIRCLE, EventType.DRUMROLL, EventType.DENDEN})


@dataclass(frozen=True, slots=True)
class SectionOptions:
    """How a section is written."""

    encoding: EncodingOptions = field(default_factory=EncodingOptions)
    postprocess: PostprocessOptions = field(default_factory=PostprocessOptions)
    change_green_lines: bool = False
    """Whether velocities and volumes may be set by new green lines."""
    change_volumes: bool = True
    """Whether the volumes may, where green lines change at all."""


@dataclass(frozen=True, slots=True)
class Section:
    """New objects of a range."""

    objects: tuple[HitObject, ...]
    """By time."""
    lines: tuple[bytes, ...]
    """The same as ``.osu`` lines without line endings."""
    green_lines: tuple[TimingPoint, ...] = ()
    """All green lines of the range; only where they may change."""


def section_lines(
    events: Sequence[Event],
    beatmap: Beatmap,
    wanted: TimeRange,
    options: SectionOptions | None = None,
) -> list[bytes]:
    """The object lines of `write_section`."""
    return list(write_section(events, beatmap, wanted, options).lines)


def write_section(
    events: Sequence[Event],
    beatmap: Beatmap,
    wanted: TimeRange,
    options: SectionOptions | None = None,
) -> Section:
    """Objects from generated events, to be spliced into a map in place of the range's objects.

    Args:
        events: What the model wrote, times in song time and positions as its family has them; what
            begins outside the range or reaches beyond its end is left out or shortened.
        beatmap: The map as it is.
        wanted: The range.
        options: How to write it.
    """
    options = options or SectionOptions()
    groups = _groups(events, beatmap, options)
    maker = ObjectMaker(beatmap, wanted, change_velocity=options.change_green_lines)
    objects: list[HitObject] = []
    for item in assemble(groups):
        made = maker.make(item)
        if made is not None:
            objects.append(made)
    objects.sort(key=lambda hit: hit.start_ms)
    kept = tuple(_without_collisions(objects, beatmap, wanted))
    greens: tuple[TimingPoint, ...] = ()
    if options.change_green_lines:
        heads = {hit.start_ms for hit in kept}
        wishes = [w for w in _wishes(groups, maker) if w.time_ms in heads]
        greens = green_lines(wishes, beatmap, wanted, change_volumes=options.change_volumes)
    offset_ms = beatmap.time_offset_ms
    return Section(
        kept, tuple(format_hit_object(hit, time_offset_ms=offset_ms) for hit in kept), greens
    )


def _groups(events: Sequence[Event], beatmap: Beatmap, options: SectionOptions) -> list[EventGroup]:
    encoding = options.encoding
    pixels = in_pixels(events, encoding)
    if beatmap.mode is Mode.MANIA:
        pixels = columns_as_positions(pixels, beatmap.keycount)
    snapped = retime(on_grid(pixels, beatmap), None, types_first=encoding.types_first)
    groups = groups_of(snapped, types_first=encoding.types_first)
    if options.postprocess.snap_near_overlaps and beatmap.mode in {Mode.OSU, Mode.CATCH}:
        snap_near_overlaps(groups)
    settle_positions(groups, beatmap.mode, options.postprocess.seed)
    return groups


def _without_collisions(
    objects: Sequence[HitObject], beatmap: Beatmap, wanted: TimeRange
) -> Iterator[HitObject]:
    """Leave out what begins while something else is going on, per column in mania."""
    is_mania = beatmap.mode is Mode.MANIA
    # A note may begin where a hold note of its column ends, but nothing else may touch.
    touching_ms = 0.0 if is_mania else END_TOLERANCE_MS
    busy: dict[int, list[HitObject]] = {}
    for hit in straddling_objects(beatmap, wanted):
        busy.setdefault(hit.column(beatmap.keycount) if is_mania else 0, []).append(hit)
    for hit in objects:
        others = busy.setdefault(hit.column(beatmap.keycount) if is_mania else 0, [])
        if any(_collide(hit, other, touching_ms) for other in others):
            continue
        others.append(hit)
        yield hit


def _collide(one: HitObject, other: HitObject, touching_ms: float) -> bool:
    return one.start_ms == other.start_ms or (
        one.start_ms < other.end_ms + touching_ms and other.start_ms < one.end_ms + touching_ms
    )


def _wishes(groups: Sequence[EventGroup], maker: ObjectMaker) -> Iterator[Wish]:
    """The velocities of sliders and taiko objects, and the volumes of all objects."""
    for group in groups:
        if group.kind not in HEAD_TYPES:
            continue
        time_ms = round(group.time_ms)
        velocity = maker.velocities.get(time_ms)
        if group.kind in _TAIKO_HEADS:
            velocity = group.scroll_speed or None
        yield Wish(time_ms, velocity, group.volumes[0] if group.volumes else None)
