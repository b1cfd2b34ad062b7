"""Generated object lines made safe to put into a map: on the screen, on the grid, one at a time.

A model is seldom wrong about these things, but a mapper should never see it. What a small move can
mend is moved, the rest is left out. A slider's length already fits the velocity that holds where it
is; so sliders are moved in space, never in time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider, TimeRange, nearest_tick
from companion.engine.modding import object_fields

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from companion.beatmap import Document, HitObject

WIDTH_PX, HEIGHT_PX = 512, 384
MIN_GAP_MS = 10.0
"""Between the end of one object and the start of the next."""
MIN_COLUMN_GAP_MS = 30.0
"""The same within one mania column."""
_OFF_GRID_MS = 1.0
_END_TOLERANCE_MS = 0.5
_SHORTEST_MS = 10.0


@dataclass(frozen=True, slots=True)
class Tidied:
    """One line that may be put into the map, and what it means there."""

    line: bytes
    item: HitObject


class Tidier:
    """Takes in a variant's lines by time and lets those through that do not break a rule.

    Args:
        document: The map that the lines are for.
        wanted: Where objects may be.
        kept: Objects that stay in or around the range.
    """

    def __init__(self, document: Document, wanted: TimeRange, kept: Iterable[HitObject]) -> None:
        self._document = document
        self._beatmap = document.beatmap
        self._wanted = wanted
        self._is_mania = self._beatmap.mode is Mode.MANIA
        self._present = list(kept)

    def let_through(self, lines: Iterable[bytes]) -> list[Tidied]:
        """The lines that are safe, mended where they need it; later ones know of earlier ones."""
        safe: list[Tidied] = []
        for line in lines:
            tidied = self._tidied(line)
            if tidied is not None:
                self._present.append(tidied.item)
                safe.append(tidied)
        return safe

    def _tidied(self, line: bytes) -> Tidied | None:
        try:
            item = self._read(line)
            line = self._on_grid(line, item)
            line = self._on_screen(line, self._read(line))
            item = self._read(line)
        except ValueError:
            return None
        return Tidied(line, item) if self._is_safe(item) else None

    def _read(self, line: bytes) -> HitObject:
        return self._beatmap.object_reader.read(line.decode("utf-8", "replace"), -1)

    def _on_grid(self, line: bytes, item: HitObject) -> bytes:
        fields = object_fields.split(line)
        offset_ms = self._beatmap.time_offset_ms
        start_ms = self._tick_ms(item.start_ms)
        if start_ms is not None and not isinstance(item, Slider):
            fields = fields.with_start(start_ms - offset_ms)
        end_ms = self._tick_ms(item.end_ms)
        if end_ms is not None and item.end_ms > item.start_ms and not isinstance(item, Slider):
            fields = fields.with_end(end_ms - offset_ms)
        return fields.joined()

    def _tick_ms(self, time_ms: float) -> int | None:
        """The tick to move to; None when the time is on the grid, or there is no grid."""
        tick = nearest_tick(time_ms, self._beatmap)
        if tick is None or abs(tick.time_ms - time_ms) < _OFF_GRID_MS:
            return None
        return math.floor(tick.time_ms + 1e-6)

    def _on_screen(self, line: bytes, item: HitObject) -> bytes:
        if self._is_mania or self._beatmap.mode is Mode.TAIKO:
            return line
        points: Sequence[tuple[float, float]] = [(item.x, item.y)]
        if isinstance(item, Slider):
            points = [*points, *item.path.polyline()]
        dx = _into(min(x for x, _ in points), max(x for x, _ in points), WIDTH_PX)
        dy = _into(min(y for _, y in points), max(y for _, y in points), HEIGHT_PX)
        if dx is None or dy is None:
            raise ValueError("too large for the screen")
        return object_fields.split(line).shifted(dx, dy).joined() if dx or dy else line

    def _is_safe(self, item: HitObject) -> bool:
        wanted = self._wanted
        if not wanted.contains(item.start_ms) or item.end_ms > wanted.end_ms + _END_TOLERANCE_MS:
            return False
        if isinstance(item, Slider) and (item.span_ms < _SHORTEST_MS or self._is_off_grid(item)):
            return False
        return all(self._keeps_apart(item, other) for other in self._present)

    def _is_off_grid(self, slider: Slider) -> bool:
        edges = (slider.start_ms, slider.start_ms + slider.span_ms, slider.end_ms)
        return any(self._tick_ms(time_ms) is not None for time_ms in edges)

    def _keeps_apart(self, item: HitObject, other: HitObject) -> bool:
        gap_ms = MIN_GAP_MS
        if self._is_mania:
            keys = self._beatmap.keycount
            if item.column(keys) != other.column(keys):
                return True
            gap_ms = MIN_COLUMN_GAP_MS
        return item.start_ms >= other.end_ms + gap_ms or other.start_ms >= item.end_ms + gap_ms


def _into(low: float, high: float, size: int) -> int | None:
    """By how much to move so that a stretch lies within 0 and `size`; None when it is longer."""
    if high - low > size:
        return None
    if low < 0:
        return math.ceil(-low)
    return -math.ceil(high - size) if high > size else 0
