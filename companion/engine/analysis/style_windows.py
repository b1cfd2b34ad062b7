"""A map in the windows of the style network: a stretch of song, and the events in it.

The events are those of the older generating models, with beats between the objects. Two things
are told otherwise: volumes are always the timing point's, and beats are laid one after the other
in whole microseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.engine.analysis.map_as_trained import MapAsTrained
from companion.engine.analysis.style_vocabulary import PAD, STEP_MS, StyleVocabulary, window_samples
from companion.engine.encoding.groups import GroupWriter
from companion.engine.encoding.moments import moment, whole_ms
from companion.engine.encoding.objects import ObjectGroups, position_after
from companion.engine.encoding.options import EncodingOptions, PositionRange
from companion.engine.encoding.timing import FASTEST_BEAT_MS, GUARD_MS
from companion.engine.events import HEAD_TYPES, Event, EventType, merge

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from companion.beatmap import Beatmap
    from companion.engine.analysis.configuration import StyleConfig, StyleData


@dataclass(frozen=True, slots=True)
class StyleWindow:
    """One thing the network looks at."""

    first_sample: int
    """Where the window begins in the song, at the network's rate."""
    start_ms: float
    tokens: tuple[int, ...]
    """As many as the network reads; padded at the end."""


def style_events(beatmap: Beatmap, data: StyleData) -> list[Event]:
    """An osu! standard map as the network is told it, beats and objects by time."""
    trained = MapAsTrained.of(beatmap)
    hits = trained.beatmap.hit_objects
    options, mode = _options(data), beatmap.mode
    writer = GroupWriter(options, mode, beatmap.keycount, trained.lines)
    groups = ObjectGroups(options, mode, trained.lines, trained.slider_multiplier)
    for hit in hits:
        for group in groups.of(replace(hit, sample=replace(hit.sample, volume=0))):
            writer.add(group)
        writer.last_position = position_after(hit, mode) or writer.last_position
    if not data.add_timing or not hits:
        return writer.events
    beats = _beats(trained.beatmap, data, trained.end_of(hits[-1]))
    return merge(list(beats), writer.events)


def _options(data: StyleData) -> EncodingOptions:
    return EncodingOptions(
        types_first=data.types_first,
        add_snapping=data.add_snapping,
        add_hitsounds=data.add_hitsounds,
        add_distances=data.add_distances,
        add_positions=data.add_positions,
        add_sv=False,
        position_precision_px=data.position_precision,
        position_split_axes=data.position_split_axes,
        position_range=PositionRange(*data.position_range),
        original_quirks=True,
    )


def _beats(beatmap: Beatmap, data: StyleData, end: timedelta) -> Iterator[Event]:
    reds = [
        point
        for point in beatmap.timing_points
        if point.uninherited and point.beat_length >= FASTEST_BEAT_MS
    ]
    for i, red in enumerate(reds):
        following = reds[i + 1] if i + 1 < len(reds) else None
        until = end if following is None else moment(following.time_ms - GUARD_MS)
        time, beat = moment(red.time_ms), 0
        while time <= until:
            kind = EventType.BEAT if beat % red.meter else EventType.MEASURE
            if beat == 0 and data.add_timing_points:
                kind = EventType.TIMING_POINT
            ms = whole_ms(time, original_quirks=True)
            pair = Event(kind, 0, ms), Event(EventType.TIME_SHIFT, ms, ms)
            yield from pair if data.types_first else reversed(pair)
            time, beat = time + moment(red.beat_length), beat + 1


def style_windows(beatmap: Beatmap, config: StyleConfig, n_samples: int) -> list[StyleWindow]:
    """The windows of a song that objects start in, end to end from its beginning.

    Args:
        beatmap: An osu! standard map.
        config: The model's.
        n_samples: Length of the song at the network's rate; its last window may be shorter.
    """
    vocabulary = StyleVocabulary(config)
    events = style_events(beatmap, config.data)
    length, rate_hz = window_samples(config), config.model.spectrogram.sample_rate
    windows: list[StyleWindow] = []
    for first in range(0, n_samples, length):
        start_s = first / rate_hz
        until_s = start_s + length / rate_hz
        inside = [event for event in events if start_s <= event.time_ms / 1000 < until_s]
        if any(event.kind in HEAD_TYPES for event in inside):
            tokens = _tokens(inside, start_s, vocabulary, config.data.tgt_seq_len)
            windows.append(StyleWindow(first, start_s * 1000, tokens))
    return windows


def _tokens(
    events: Sequence[Event], start_s: float, vocabulary: StyleVocabulary, n_tokens: int
) -> tuple[int, ...]:
    placed = (
        # in seconds first, as in training: it decides which step a time between two falls into
        replace(event, value=int((event.value - start_s * 1000) * (1 / STEP_MS)))
        if event.kind is EventType.TIME_SHIFT
        else event
        for event in events[:n_tokens]
    )
    ids = [vocabulary.id_of(event) for event in placed]
    return (*ids, *[PAD] * (n_tokens - len(ids)))
