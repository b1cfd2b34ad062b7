"""Where on the playfield a position event means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.engine.events import EventType

if TYPE_CHECKING:
    from companion.engine.encoding.options import EncodingOptions


@dataclass(frozen=True, slots=True)
class PositionGrid:
    """The cells in which a model family tells positions apart."""

    options: EncodingOptions

    def pixels(self, kind: EventType, value: int) -> tuple[float | None, float | None]:
        """Middle of the cell that an event names; None for an axis it says nothing about."""
        cell, box = self.options.position_precision_px, self.options.position_range
        if kind is EventType.POS:
            row, column = divmod(value, self.options.columns)
            return (
                (column + box.x_min // cell) * cell + cell / 2,
                (row + box.y_min // cell) * cell + cell / 2,
            )
        if kind is EventType.POS_X:
            return value * cell + cell / 2, None
        if kind is EventType.POS_Y:
            return None, value * cell + cell / 2
        return None, None
