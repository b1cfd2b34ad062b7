"""How events become a map."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from companion.engine.encoding import PositionRange

if TYPE_CHECKING:
    from companion.engine.encoding import EncodingOptions


@dataclass(frozen=True, slots=True)
class PostprocessOptions:
    """Choices of writing a map. The defaults are those of V29."""

    types_first: bool = True
    has_positions: bool = True
    has_fine_positions: bool = False
    """Whether places are known well enough to tell how a path goes on past its last point."""
    has_exact_positions: bool = False
    """Whether places are known to the pixel, so that a slider's end says how long it is."""
    position_range: PositionRange = field(default_factory=PositionRange)
    """Where positions are cut off."""
    has_velocities: bool = True
    """Whether slider heads carry their velocity; otherwise it follows from their length."""
    normalized_scroll_speed: bool = True
    snap_near_overlaps: bool = True
    """Whether objects that nearly lie on another one are moved onto it."""
    timing_leniency_ms: float = 3.0
    """How far a beat may lie off its red line before another red line is made."""
    seed: int = 0
    """Decides where an object goes whose distance is known but not its place."""
    original_quirks: bool = False
    """Whether to write what Mapperatorinator writes, to the letter.

    - An empty timing stays empty instead of becoming 120 beats per minute, and a slider then fails.
    - Red anchors have no time when overlaps are looked for, so that they end every search.
    - Of two hold notes at a time one is lost.
    - Of two ticks that are equally near in whole milliseconds, the one that a set yields first is
      snapped to, and ticks of coarser divisors are only left out if they round alike.
    - The number of a slider's spans follows from its times alone, whatever sounds it has.
    - Each of several red anchors in one place is there twice.
    - A path that is too short is always drawn larger.
    - Kiai and scroll speeds change where another line stands that is up to 2 ms away.
    - Durations are not kept from being a hair too short, which loses a millisecond.
    - Scroll speeds are relative to a main tempo that is measured in whole seconds, up to the last
      event of any kind.
    - Velocities that the game does not know are taken to be played.
    - Objects stand where they end, and times of timing points are cut off to whole milliseconds.
    - Files have an invisible character before one combo colour, and a sample index of -1.
    """

    @classmethod
    def of(cls, encoding: EncodingOptions) -> Self:
        """The choices that follow from how a family writes maps down."""
        return cls(
            types_first=encoding.types_first,
            has_positions=encoding.add_positions,
            has_fine_positions=not encoding.has_coarse_positions,
            has_exact_positions=encoding.position_precision_px == 1,
            position_range=encoding.position_range,
            has_velocities=encoding.add_sv,
            normalized_scroll_speed=encoding.normalized_scroll_speed,
            snap_near_overlaps=encoding.has_coarse_positions,
        )
