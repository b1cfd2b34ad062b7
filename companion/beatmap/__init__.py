"""The ``.osu`` format: lossless documents, typed views, edits, and safe storage.

Owns everything that knows how a beatmap file is written down. Imports nothing of the companion
but its errors. Everything is pure except ``storage``, which alone writes to the disk, and
``folder_files``, which lists and reads a set's folder.
"""

from __future__ import annotations

from companion.beatmap.beatmap import Beatmap, Break, Diagnostic, Mode
from companion.beatmap.curves import CurveSegment, SliderPath, curve_segments
from companion.beatmap.diff import diff, whole_song
from companion.beatmap.document import Document, Line
from companion.beatmap.edits import TextEdit, edit_between, inverted, rebased, relocate
from companion.beatmap.formatting import format_hit_object, format_timing_point
from companion.beatmap.objects import Circle, HitObject, HitSample, HoldNote, Slider, Spinner
from companion.beatmap.ranges import TimeRange
from companion.beatmap.snapping import Tick, nearest_tick, snap_range_outward
from companion.beatmap.splices import (
    objects_in,
    restate_at,
    splice_green_lines,
    splice_objects,
    splice_red_lines,
    splice_section,
    straddling_objects,
)
from companion.beatmap.tempo import TempoSection, main_bpm, tempo_sections
from companion.beatmap.timing import TimingPoint, TimingTable
from companion.beatmap.timing_agreement import Agreement, compare_timing

__all__ = [
    "Agreement",
    "Beatmap",
    "Break",
    "Circle",
    "CurveSegment",
    "Diagnostic",
    "Document",
    "HitObject",
    "HitSample",
    "HoldNote",
    "Line",
    "Mode",
    "Slider",
    "SliderPath",
    "Spinner",
    "TempoSection",
    "TextEdit",
    "Tick",
    "TimeRange",
    "TimingPoint",
    "TimingTable",
    "compare_timing",
    "curve_segments",
    "diff",
    "edit_between",
    "format_hit_object",
    "format_timing_point",
    "inverted",
    "main_bpm",
    "nearest_tick",
    "objects_in",
    "rebased",
    "relocate",
    "restate_at",
    "snap_range_outward",
    "splice_green_lines",
    "splice_objects",
    "splice_red_lines",
    "splice_section",
    "straddling_objects",
    "tempo_sections",
    "whole_song",
]
