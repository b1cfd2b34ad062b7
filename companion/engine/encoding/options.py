"""How a model family writes maps down as events; part of what its weights have learned."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

FINE_PX = 8
"""Cells up to this size say well enough whether two objects are in the same place."""


@dataclass(frozen=True, slots=True)
class PositionRange:
    """Where positions are cut off, in osu! pixels; the playfield itself is 512 by 384."""

    x_min: int = -256
    x_max: int = 768
    y_min: int = -256
    y_max: int = 640


@dataclass(frozen=True, slots=True)
class EncodingOptions:
    """The family's choices. The defaults are those of V29."""

    types_first: bool = True
    """Whether a group begins with its type event instead of ending with it."""
    add_timing: bool = False
    """Whether beats stand among the objects of a map."""
    add_snapping: bool = True
    add_timing_points: bool = True
    """Whether the first beat of a red line has a type of its own."""
    add_hitsounds: bool = True
    add_distances: bool = True
    add_positions: bool = True
    add_kiai: bool = False
    """Whether kiai changes stand among the objects of a map."""
    add_sv: bool = True
    """Whether slider heads carry their velocity."""
    add_mania_sv: bool = False
    """Whether scroll speed changes stand among the objects of a mania map."""
    normalized_scroll_speed: bool = True
    """Whether mania scroll speeds are relative to the map's main tempo."""
    position_precision_px: int = 32
    position_split_axes: bool = False
    """Whether x and y are events of their own instead of one grid cell."""
    position_refinement_px: int | None = None
    position_range: PositionRange = PositionRange()
    max_distance_px: int = 640
    slider_version: int = 1
    """1: anchors spread over the first span, one last anchor. 2: anchors at the head's time, and
    the last one twice, first its position and then its time."""
    sustain_interval_ms: int | None = None
    """How often a long object says that it still goes on."""
    original_quirks: bool = False
    """Whether to repeat what Mapperatorinator gets wrong about the ``.osu`` format.

    Any effect bit of a timing point counts as kiai (not only the first); the main tempo is looked
    for in whole seconds; edges of a slider that its line says nothing about have no additions; a
    timing point without a sample set is soft whatever the map says; a slider without a length has
    no duration; slider multipliers, times of formats before 5 and the order of objects are taken
    as they are written; green lines before the first red one are taken for red; whole milliseconds
    before the song's start come out a millisecond later.
    """

    @classmethod
    def from_train_config(cls, data: Mapping[str, Any]) -> Self:
        """Take the options from the ``data`` part of a family's training configuration."""
        renamed = {
            "mania_bpm_normalized_scroll_speed": "normalized_scroll_speed",
            "position_precision": "position_precision_px",
            "position_refinement": "position_refinement_px",
            "sustain_interval": "sustain_interval_ms",
        }
        known = {field.name for field in fields(cls)}
        values = {renamed.get(name, name): value for name, value in data.items()}
        options = {name: value for name, value in values.items() if name in known}
        if "position_range" in options:
            options["position_range"] = PositionRange(*options["position_range"])
        return cls(**options)

    @property
    def has_coarse_positions(self) -> bool:
        """Whether places are only known to a wide cell."""
        return self.position_precision_px > FINE_PX and self.position_refinement_px is None

    @property
    def columns(self) -> int:
        """Cells per row of the position grid."""
        box, cell = self.position_range, self.position_precision_px
        return box.x_max // cell - box.x_min // cell + 1
