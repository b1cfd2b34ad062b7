"""Red lines as beats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Slider
from companion.engine.encoding.as_written import as_written, slider_multiplier_for
from companion.engine.encoding.moments import GoverningLines, as_ms, moment, whole_ms
from companion.engine.encoding.slider_spans import slider_duration, stated_length
from companion.engine.events import Event, EventType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from companion.beatmap import Beatmap, HitObject, TimingPoint
    from companion.engine.encoding.options import EncodingOptions

GUARD_MS = 10
"""A red line's beats end this long before the next one."""
FASTEST_BEAT_MS = 1.0
"""Maps that play with absurd tempos would otherwise give thousands of beats per second."""


def encode_timing(
    beatmap: Beatmap, options: EncodingOptions, song_length_ms: float | None = None
) -> list[Event]:
    """The beats of a map up to its last object (or through the song when it has none)."""
    beatmap = as_written(beatmap, options)
    last_ms = song_length_ms
    if beatmap.hit_objects:
        # The fraction lets a beat on the very end in.
        last_ms = as_ms(_end_of(beatmap.hit_objects[-1], beatmap, options)) + 0.999
    return encode_red_lines(beatmap.timing_points, options, last_ms)


def encode_red_lines(
    lines: Sequence[TimingPoint], options: EncodingOptions, last_ms: float | None
) -> list[Event]:
    """The beats of red lines up to `last_ms`, or just past the last line when that is ``None``.

    Green lines and lines without a tempo give none.
    """
    if not lines:
        return []
    if last_ms is None:
        last_ms = lines[-1].time_ms + GUARD_MS
    reds = [line for line in lines if _has_tempo(line)]
    events: list[Event] = []
    for i, red in enumerate(reds):
        until_ms = as_ms(moment(reds[i + 1].time_ms)) - GUARD_MS if i + 1 < len(reds) else last_ms
        for kind, ms in _beats(red, until_ms, options):
            pair = (Event(kind, 0, ms), Event(EventType.TIME_SHIFT, ms, ms))
            events.extend(pair if options.types_first else reversed(pair))
    return events


def _end_of(hit: HitObject, beatmap: Beatmap, options: EncodingOptions) -> timedelta:
    if not isinstance(hit, Slider):
        return moment(hit.end_ms)
    length_px = stated_length(hit) if options.original_quirks else hit.length_px
    lines = GoverningLines(beatmap.timing_points)
    return moment(hit.start_ms) + slider_duration(
        hit, length_px, lines, slider_multiplier_for(beatmap, options)
    )


def _beats(
    red: TimingPoint, until_ms: float, options: EncodingOptions
) -> Iterator[tuple[EventType, int]]:
    start_ms = as_ms(moment(red.time_ms))
    time_ms, beat = start_ms, 0
    while time_ms <= until_ms:
        if beat == 0 and options.add_timing_points:
            kind = EventType.TIMING_POINT
        elif beat % max(red.meter, 1) == 0:
            kind = EventType.MEASURE
        else:
            kind = EventType.BEAT
        yield kind, whole_ms(moment(time_ms), original_quirks=options.original_quirks)
        beat += 1
        time_ms = int(start_ms + beat * red.beat_length)


def _has_tempo(line: TimingPoint) -> bool:
    return line.uninherited and line.beat_length >= FASTEST_BEAT_MS and round(line.bpm) > 0
