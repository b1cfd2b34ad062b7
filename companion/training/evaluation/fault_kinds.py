"""What may be wrong with a map, and one such fault."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.beatmap import TextEdit


class FaultKind(StrEnum):
    """What is wrong."""

    MOVED_EIGHTH = "moved_1_8"
    """By a part of a beat, earlier or later; circles and notes."""
    MOVED_SIXTH = "moved_1_6"
    MOVED_QUARTER = "moved_1_4"
    HITSOUND = "hitsound"
    """Other additions, in hitsounded maps."""
    COMBO_MISSING = "new_combo_missing"
    COMBO_EXTRA = "new_combo_extra"
    MISPLACED = "misplaced"
    """A circle, by 110 to 260 px."""
    SLIDER_LENGTH = "slider_length"
    """The end by a quarter or half of a beat earlier or later."""
    OBJECT_KIND = "kind"
    """A slider where a circle was or the other way round; notes and holds in mania."""
    MISSING = "missing"
    EXTRA = "extra"
    """A circle or note on a free quarter tick."""
    RED_LINE_MS = "red_line_20_ms"
    """All red lines earlier."""
    RED_LINE_BEAT = "red_line_half_beat"


RED_LINE_KINDS = (FaultKind.RED_LINE_MS, FaultKind.RED_LINE_BEAT)


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """One fault."""

    kind: FaultKind
    at_ms: int
    """When the object with the fault begins; for a missing one, the object after it."""
    column: int | None
    """Mania column, by which chords are told apart."""
    about_ms: tuple[int, ...]
    """Starts of objects at which somebody who has noticed may point."""
    from_ms: int
    """When it began before."""


@dataclass(frozen=True, slots=True)
class Change:
    """A changed line, or one put before another or taken away, and the fault that it makes."""

    edit: TextEdit
    fault: PlantedFault
