"""The ``.osu`` format: lossless documents, typed views, edits, and safe storage.

Owns everything that knows how a beatmap file is written down. Imports nothing of the companion
but its errors. Everything is pure except ``storage``, the only module that touches the disk.
"""

from __future__ import annotations

from companion.beatmap.beatmap import Beatmap, Break, Diagnostic, Mode
from companion.beatmap.curves import CurveSegment, SliderPath
from companion.beatmap.document import Document, Line
from companion.beatmap.edits import TextEdit
from companion.beatmap.objects import Circle, HitObject, HitSample, HoldNote, Slider, Spinner
from companion.beatmap.ranges import TimeRange
from companion.beatmap.timing import TimingPoint

__all__ = [
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
    "TextEdit",
    "TimeRange",
    "TimingPoint",
]
