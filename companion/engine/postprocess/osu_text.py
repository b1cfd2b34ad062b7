"""A whole ``.osu`` file from nothing: settings, timing points and objects of a generated map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TimingPoint
from companion.engine.encoding.moments import moment
from companion.engine.postprocess.lines import WHOLE_MS, DraftLines
from companion.engine.postprocess.options import PostprocessOptions
from companion.engine.postprocess.writing import MapWriter
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from companion.engine.events import Event
    from companion.engine.postprocess.lines import DraftLine

DEFAULT_BPM = 120.0

INVISIBLE = "\u034f"
"""Combining grapheme joiner."""


@dataclass(frozen=True, slots=True)
class MapHeader:
    """What a new map says about itself."""

    mode: Mode = Mode.OSU
    audio_filename: str = ""
    preview_time_ms: int = -1
    title: str = ""
    title_unicode: str = ""
    artist: str = ""
    artist_unicode: str = ""
    creator: str = ""
    version: str = ""
    source: str = ""
    tags: str = ""
    set_id: int | None = None
    """Online id of the set that it belongs to, if there is one."""
    hp: float = 5
    cs: float = 4
    od: float = 8
    ar: float = 9
    slider_multiplier: float = 1.4
    slider_tick_rate: float = 1
    background_line: str = ""
    """The line of ``[Events]`` that names the background, with its line ending."""


def write_map(
    events: Sequence[Event],
    header: MapHeader,
    red_lines: Iterable[TimingPoint] | None,
    options: PostprocessOptions | None = None,
) -> str:
    """Write a map from its events, positions in pixels.

    Args:
        events: Objects, kiai and scroll speed changes, by time.
        header: Settings of the map.
        red_lines: Its tempo; with ``None`` 120 beats per minute from the start, with none of them
            nothing is said of it.
        options: How to write it.

    Raises:
        OptionRefused: With `original_quirks`, a slider has no tempo to be measured by.
    """
    options = options or PostprocessOptions()
    points = (_default_line(),) if red_lines is None else tuple(red_lines)
    if points or options.original_quirks:
        lines = DraftLines.from_points(points)
    else:
        first_ms = min((event.time_ms for event in events), default=0)
        lines = DraftLines.without_tempo(moment(min(first_ms, 0)))
    writer = MapWriter(options, header.mode, header.slider_multiplier, lines)
    try:
        objects = writer.write(events)
    except IndexError as error:
        if len(lines):
            raise
        raise OptionRefused(
            "No tempo was found in the song, so that sliders have no speed. Set the timing first."
        ) from error
    return _fill(header, format_lines(lines, options), objects, options)


def format_lines(lines: DraftLines, options: PostprocessOptions) -> list[str]:
    """The lines of ``[TimingPoints]``; `original_quirks` cut times off to whole milliseconds."""
    return [format_line(line, original_quirks=options.original_quirks) for line in lines.stated()]


def format_line(line: DraftLine, *, original_quirks: bool = False) -> str:
    """One line of ``[TimingPoints]``; the original writes an index of -1 and all effects as 1."""
    index, effects = line.sample_index, line.effects
    time_ms = line.time / WHOLE_MS
    if original_quirks:
        effects = int(effects != 0)
        time_ms = math.floor(time_ms)
    else:
        index = max(index, 0)
    fields = (
        format_float(time_ms),
        format_float(line.beat_length),
        line.meter,
        line.sample_set,
        index,
        line.volume,
        int(line.is_red),
        effects,
    )
    return ",".join(map(str, fields))


def format_float(value: float) -> str:
    """A number as short as it can be read back exactly, whole ones without a point."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else str(value)


def _default_line() -> TimingPoint:
    return TimingPoint(time_ms=0, beat_length=60_000 / DEFAULT_BPM, sample_set=2, sample_index=-1)


def _fill(
    header: MapHeader, lines: Sequence[str], objects: Sequence[str], options: PostprocessOptions
) -> str:
    joiner = INVISIBLE if options.original_quirks else ""
    set_line = "" if header.set_id is None else f"\nBeatmapSetID:{header.set_id}"
    sections = [
        "osu file format v14",
        f"""[General]
AudioFilename: {header.audio_filename}
AudioLeadIn: 0
PreviewTime: {header.preview_time_ms}
Countdown: 0
SampleSet: All
StackLeniency: 0.7
Mode: {int(header.mode)}
LetterboxInBreaks: 0
WidescreenStoryboard: 1
OverlayPosition: Above""",
        """[Editor]
Bookmarks:-330001
DistanceSpacing: 1.0
BeatDivisor: 4
GridSize: 8
TimelineZoom: 2.20004""",
        f"""[Metadata]
Title:{header.title}
TitleUnicode:{header.title_unicode}
Artist:{header.artist}
ArtistUnicode:{header.artist_unicode}
Creator:{header.creator}
Version:{header.version}
Source:{header.source}
Tags:{header.tags}{set_line}""",
        f"""[Difficulty]
HPDrainRate:{header.hp}
CircleSize:{header.cs}
OverallDifficulty:{header.od}
ApproachRate:{header.ar}
SliderMultiplier:{header.slider_multiplier}
SliderTickRate:{header.slider_tick_rate}""",
        f"""[Events]
//Background and Video events
{header.background_line}//Break Periods
//Storyboard Layer 0 (Background)
//Storyboard Layer 1 (Fail)
//Storyboard Layer 2 (Pass)
//Storyboard Layer 3 (Foreground)
//Storyboard Layer 4 (Overlay)
//Storyboard Sound Samples""",
        "\n".join(["[TimingPoints]", *lines]),
        f"""[Colours]
Combo0 : 255,192,0
Combo1 : 255,192,0
Combo2 : 0,202,0
{joiner}Combo3 : 242,24,57
Combo4 : 18,124,255
Combo5 : 242,24,57""",
        "[HitObjects]\n" + "\n".join(objects),
    ]
    return "\n\n".join(sections)
