"""Ids of the style network's events.

Time and everything else share one table that follows the options: 0 pads, then each kind of event
has a block of ids, one for every value that it may have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.engine.events import EventType

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.engine.analysis.configuration import StyleConfig
    from companion.engine.events import Event

PAD = 0
STEP_MS = 10
"""Length of a time step within a window."""

_FINEST_SNAP = 16
_FARTHEST_PX = 640
_LAST_HITSOUND = 72
_WITHOUT_VALUE = (
    EventType.CIRCLE,
    EventType.SPINNER,
    EventType.SPINNER_END,
    EventType.SLIDER_HEAD,
    EventType.BEZIER_ANCHOR,
    EventType.PERFECT_ANCHOR,
    EventType.CATMULL_ANCHOR,
    EventType.RED_ANCHOR,
    EventType.LAST_ANCHOR,
    EventType.SLIDER_END,
    EventType.BEAT,
    EventType.MEASURE,
)


class StyleVocabulary:
    """Which id an event has."""

    def __init__(self, config: StyleConfig) -> None:
        self._first: dict[EventType, int] = {}
        self._ranges: dict[EventType, range] = {}
        self.size = PAD + 1
        for kind, values in _blocks(config):
            self._first[kind], self._ranges[kind] = self.size, values
            self.size += len(values)

    def id_of(self, event: Event) -> int:
        """The id of an event; values out of range count as the nearest one."""
        values = self._ranges[event.kind]
        return self._first[event.kind] + min(max(event.value - values.start, 0), len(values) - 1)


def window_samples(config: StyleConfig) -> int:
    """Length of a window: one hop less than the spectrogram has columns."""
    return (config.data.src_seq_len - 1) * config.model.spectrogram.hop_length


def _blocks(config: StyleConfig) -> Iterator[tuple[EventType, range]]:
    data = config.data
    window_ms = window_samples(config) * 1000 / config.model.spectrogram.sample_rate
    yield EventType.TIME_SHIFT, range(int(window_ms / STEP_MS) + 1)
    yield EventType.SNAPPING, range(_FINEST_SNAP + 1)
    if data.add_distances:
        yield EventType.DISTANCE, range(_FARTHEST_PX + 1)
    if data.add_positions:
        x_min, x_max, y_min, y_max = (
            edge // data.position_precision for edge in data.position_range
        )
        if data.position_split_axes:
            yield EventType.POS_X, range(x_min, x_max + 1)
            yield EventType.POS_Y, range(y_min, y_max + 1)
        else:
            yield EventType.POS, range((x_max - x_min + 1) * (y_max - y_min + 1))
    yield EventType.NEW_COMBO, range(1)
    yield EventType.HITSOUND, range(_LAST_HITSOUND + 1)
    yield EventType.VOLUME, range(101)
    for kind in _WITHOUT_VALUE:
        yield kind, range(1)
    if data.add_timing_points:
        yield EventType.TIMING_POINT, range(1)
