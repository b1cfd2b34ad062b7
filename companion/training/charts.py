"""Maps as arrays: when something happens, what was asked for, and the tokens of any window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from companion.beatmap import Document
from companion.beatmap.star_rating import star_rating
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import EncodingOptions, encode_map
from companion.engine.events import HEAD_TYPES, ContextType, Event, EventType
from companion.engine.model.bundled.grid import BeatLines

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from companion.engine.vocabulary import Vocabulary
    from companion.training.library import MapFile

EXACT = EncodingOptions(position_precision_px=1, position_split_axes=True)
"""Positions to the pixel, so that mirrored ones fall into the right cells."""
CELLS = EncodingOptions()
_TIME, _CELL, _COLUMN = -1, -2, -3


@dataclass(frozen=True, slots=True)
class Mirror:
    """Which axes of the playfield (or whether the columns) are turned round."""

    x: bool = False
    y: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """One map, ready to draw windows from."""

    name: str
    conditioning: Conditioning
    lines: BeatLines
    codes: NDArray[np.int32]
    """Ids of the map's events; negative where the id depends on the window or the mirror."""
    values: NDArray[np.int32]
    """Song time, x, or column where the code is negative, shape = (n_events,)."""
    ordinates: NDArray[np.int32]
    """y where the code is that of a cell, shape = (n_events,)."""
    times_ms: NDArray[np.int32]
    """Where each event belongs, never falling, shape = (n_events,)."""
    onsets_ms: NDArray[np.float64]
    """When objects start, sorted."""
    events_ms: NDArray[np.float64]
    """When anything with a time token happens, sorted."""

    @property
    def mode(self) -> int:
        """Game mode."""
        return int(self.conditioning.mode)

    def scroll_speed_before(self, vocabulary: Vocabulary, start_ms: float, speed: float) -> int:
        """The token of the last slider velocity before a window; 1.0 where there was none."""
        kind = vocabulary.ranges[EventType.SCROLL_SPEED]
        past = self.codes[: np.searchsorted(self.times_ms / speed, start_ms)]
        found = past[(past >= kind.first_id) & (past < kind.end_id)]
        return int(found[-1]) if len(found) else kind.first_id + 100

    def window(
        self,
        vocabulary: Vocabulary,
        start_ms: float,
        window_ms: float,
        speed: float = 1.0,
        mirror: Mirror = Mirror(),
    ) -> NDArray[np.int64]:
        """Ids of the events of a window, times counted from its start."""
        low, high = np.searchsorted(self.times_ms / speed, [start_ms, start_ms + window_ms])
        ids = self.codes[low:high].astype(np.int64)
        values = self.values[low:high]
        times, cells, columns = ids == _TIME, ids == _CELL, ids == _COLUMN
        first = vocabulary.ranges[EventType.TIME_SHIFT]
        steps = ((values[times] / speed - start_ms) / 10).astype(np.int64)
        ids[times] = first.first_id + steps.clip(0, first.max_value)
        x, y = values[cells], self.ordinates[low:high][cells]
        ids[cells] = vocabulary.ranges[EventType.POS].first_id + cell_index(
            512 - x if mirror.x else x, 384 - y if mirror.y else y
        )
        column = values[columns]
        if mirror.x:
            column = self.conditioning.keycount - 1 - column
        ids[columns] = vocabulary.ranges[EventType.MANIA_COLUMN].first_id + column
        return ids


def cell_index(x: NDArray[np.int32], y: NDArray[np.int32]) -> NDArray[np.int64]:
    """Index of the cell that ``encode_map`` names for whole-pixel positions."""
    box, size = CELLS.position_range, CELLS.position_precision_px
    column = np.trunc(np.clip(x, box.x_min, box.x_max) / size) - box.x_min // size
    row = np.trunc(np.clip(y, box.y_min, box.y_max) / size) - box.y_min // size
    return (column + row * CELLS.columns).astype(np.int64)


def end_tokens(vocabulary: Vocabulary) -> list[int]:
    """What follows the last event of a window."""
    return [vocabulary.context_eos[ContextType.MAP], vocabulary.eos_id]


def read_chart(
    map_file: MapFile, song_length_ms: float, vocabulary: Vocabulary, cache: Path | None = None
) -> Chart:
    """Parse and encode a map; with a cache folder, events are encoded only the first time."""
    data = map_file.path.read_bytes()
    document = Document.parse(data)
    beatmap = document.beatmap
    conditioning = Conditioning.of(beatmap, song_length_ms, star_rating(data))
    stored = cache / f"{document.digest[:24]}.npy" if cache else None
    if stored is not None and stored.is_file():
        table = np.load(stored)
    else:
        table = _table(encode_map(beatmap, EXACT, song_length_ms), vocabulary)
        if stored is not None:
            stored.parent.mkdir(parents=True, exist_ok=True)
            np.save(stored, table)
    codes, values, ordinates, times, heads = table
    timed = codes == _TIME
    # A type stands right before its time.
    onset = timed & np.roll(heads, 1).astype(bool)
    return Chart(
        f"{map_file.path.parent.name}/{map_file.path.name}",
        conditioning,
        BeatLines.of(beatmap.red_lines),
        codes,
        values,
        ordinates,
        times,
        np.sort(values[onset]).astype(np.float64),
        np.sort(values[timed]).astype(np.float64),
    )


def _table(events: list[Event], vocabulary: Vocabulary) -> NDArray[np.int32]:
    rows: list[tuple[int, int, int, int, int]] = []
    for event in events:
        kind, value, time = event.kind, event.value, event.time_ms
        if kind is EventType.TIME_SHIFT:
            rows.append((_TIME, value, 0, time, 0))
        elif kind is EventType.POS_X:
            rows.append((_CELL, value, 0, time, 0))
        elif kind is EventType.POS_Y:
            code, x, _, _, _ = rows[-1]
            rows[-1] = (code, x, value, time, 0)
        elif kind is EventType.MANIA_COLUMN:
            rows.append((_COLUMN, value, 0, time, 0))
        else:
            rows.append((vocabulary.token(kind, value), 0, 0, time, int(kind in HEAD_TYPES)))
    return np.array(rows, dtype=np.int32).reshape(-1, 5).T.copy()
