"""The positions of a section drawn anew; all around it is seen and stays where it is.

The original draws catch in both axes. In catch only x is played, so fruits keep their y; the y of a
juice stream's control points decides how soon its x changes, and is drawn with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from companion.beatmap import Circle, Mode, Slider, objects_in
from companion.engine.diffusion.classes import MapTraits
from companion.engine.diffusion.refining import refine_positions
from companion.engine.diffusion_options import DiffusionOptions
from companion.engine.encoding import EncodingOptions, encode_map
from companion.engine.events import EventType
from companion.engine.modding import object_fields
from companion.engine.postprocess.assembly import Single, assemble, settle_positions
from companion.engine.postprocess.groups import groups_of
from companion.engine.postprocess.slider_drafts import SliderParts
from companion.engine.postprocess.slider_fitting import clamped, fit_path, whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from companion.beatmap import Beatmap, Document, HitObject, TimeRange
    from companion.engine.cancellation import CancelToken
    from companion.engine.conditioning import Conditioning
    from companion.engine.diffusion.model import DiffusionModel
    from companion.engine.diffusion.refining import Noise
    from companion.engine.events import Event

AS_POINTS = EncodingOptions(
    add_snapping=False, add_distances=False, position_precision_px=1, position_split_axes=True
)
"""Pixels, and distances as they are between them."""
END_SLACK_MS = 0.5
CONTEXT_OBJECTS = DiffusionOptions().overlap_points
"""So many objects to either side are seen; each of them has one point at least, and the original
shows as many points around what it draws."""

Drawn = Single | SliderParts


def refine_section(
    model: DiffusionModel,
    document: Document,
    wanted: TimeRange,
    about: Conditioning,
    seed: int,
    cancel: CancelToken | None = None,
    *,
    noise: Noise | None = None,
) -> tuple[bytes, ...]:
    """The lines of a range's objects, elsewhere; all else that they say stays byte for byte.

    Sliders keep their length, and so their time; their shape is drawn with the rest.

    Raises:
        OptionRefused, CheckpointMismatch, Cancelled: As for `refine_positions`.
    """
    beatmap = document.beatmap
    items = sorted(objects_in(beatmap, wanted), key=lambda item: item.start_ms)
    if not items:
        return ()
    events = refine_positions(
        model,
        encode_map(_around(beatmap, items), AS_POINTS),
        beatmap.timing_points,
        traits_of(about),
        DiffusionOptions(
            seed=seed,
            # An object that reaches into the range is no part of it.
            start_ms=items[0].start_ms,
            end_ms=max(item.end_ms for item in items) + END_SLACK_MS,
        ),
        slider_multiplier=beatmap.slider_multiplier,
        noise=noise,
        cancel=cancel,
    )
    drawn = _drawn(events, beatmap.mode)
    return tuple(
        _line(document.lines[item.line].raw, item, drawn.get(_key(item)), beatmap) for item in items
    )


def _around(beatmap: Beatmap, items: Sequence[HitObject]) -> Beatmap:
    """The map with only these objects and some to either side."""
    everything = beatmap.hit_objects
    wanted = {item.line for item in items}
    places = [place for place, item in enumerate(everything) if item.line in wanted]
    first = max(places[0] - CONTEXT_OBJECTS, 0)
    return replace(beatmap, hit_objects=everything[first : places[-1] + 1 + CONTEXT_OBJECTS])


def traits_of(about: Conditioning) -> MapTraits:
    """What of the facts about a map diffusion is told."""
    return MapTraits(
        stars=about.difficulty,
        mapper_id=about.mapper_id,
        descriptors=tuple(map(str, about.descriptors or ())),
        negative_descriptors=tuple(map(str, about.negative_descriptors or ())),
        circle_size=about.cs,
    )


def _drawn(events: Sequence[Event], mode: Mode) -> dict[tuple[str, int], Drawn]:
    groups = groups_of(events, types_first=AS_POINTS.types_first)
    settle_positions(groups, mode, seed=0)
    return {
        _key_of(item): item
        for item in assemble(groups)
        if isinstance(item, SliderParts)
        or (isinstance(item, Single) and item.group.kind is EventType.CIRCLE)
    }


def _key_of(item: Drawn) -> tuple[str, int]:
    if isinstance(item, Single):
        return "circle", round(item.group.time_ms)
    return "slider", round(item.head.time_ms)


def _key(item: HitObject) -> tuple[str, int]:
    return "circle" if isinstance(item, Circle) else "slider", int(item.start_ms + 1e-5)


def _line(raw: bytes, item: HitObject, drawn: Drawn | None, beatmap: Beatmap) -> bytes:
    """An object's line at its new place; spinners and what was not encoded stay."""
    fields = object_fields.split(raw)
    if isinstance(item, Circle) and isinstance(drawn, Single):
        x, y = clamped(drawn.group.place)
        return fields.with_place(x, item.y if beatmap.mode is Mode.CATCH else y).joined()
    if isinstance(item, Slider) and isinstance(drawn, SliderParts):
        head = clamped(drawn.head.place)
        kind, anchors = fit_path(drawn.kind, head, whole(drawn.anchors), item.length_px)
        return fields.with_place(*head).with_curve(_curve(kind, anchors)).joined()
    return raw


def _curve(kind: str, anchors: Iterable[tuple[float, float]]) -> bytes:
    return "|".join([kind, *(f"{x:.0f}:{y:.0f}" for x, y in anchors)]).encode()
