"""Writes the map down as an ``.osu`` file, and plants the faults that the demo shows.

A `Line` is one hit object that can still be moved; `plant` changes a few of them so that every
kind of finding has something to find.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from demo_set import score
from demo_set.layout import SLIDER_MULTIPLIER, Placed, place, velocity
from demo_set.rhythm import NORMAL, beats

if TYPE_CHECKING:
    from collections.abc import Sequence

ARTIST = CREATOR = "osu! companion"
VERSION = "Demo"
AUDIO_FILE = "audio.ogg"
MAP_FILE = f"companion - {score.TITLE} (companion) [{VERSION}].osu"

_SIXTEENTH_MS = score.BEAT_MS / 4
_CIRCLE, _SLIDER, _NEW_COMBO = 1, 2, 4
_SOFT_SET, _NORMAL_SET = 2, 1

HEADER = f"""\
osu file format v14

[General]
AudioFilename: {AUDIO_FILE}
AudioLeadIn: 0
PreviewTime: {{preview}}
Countdown: 0
SampleSet: Soft
StackLeniency: 0.7
Mode: 0
LetterboxInBreaks: 0
WidescreenStoryboard: 1

[Editor]
Bookmarks: {{bookmarks}}
DistanceSpacing: 1.2
BeatDivisor: 4
GridSize: 8
TimelineZoom: 2

[Metadata]
Title:{score.TITLE}
TitleUnicode:{score.TITLE}
Artist:{ARTIST}
ArtistUnicode:{ARTIST}
Creator:{CREATOR}
Version:{VERSION}
Source:
Tags:demo original instrumental electronic
BeatmapID:0
BeatmapSetID:-1

[Difficulty]
HPDrainRate:5
CircleSize:4
OverallDifficulty:7
ApproachRate:8
SliderMultiplier:{SLIDER_MULTIPLIER}
SliderTickRate:1

[Events]
//Background and Video events
//Break Periods
{{breaks}}
//Storyboard Layer 0 (Background)
//Storyboard Layer 1 (Fail)
//Storyboard Layer 2 (Pass)
//Storyboard Layer 3 (Foreground)
//Storyboard Layer 4 (Overlay)
//Storyboard Sound Samples

[TimingPoints]
{{timing_points}}


[Colours]
Combo1 : 255,170,80
Combo2 : 120,200,255
Combo3 : 255,120,150
Combo4 : 150,230,150

[HitObjects]
{{hit_objects}}
"""


@dataclass(frozen=True, slots=True)
class Line:
    """A hit object as it is written."""

    start_ms: int
    placed: Placed
    hitsounds: tuple[int, ...]

    @property
    def is_slider(self) -> bool:
        """Whether it is held."""
        return bool(self.placed.curve)

    def text(self) -> str:
        """The line of the file, without its ending."""
        kind = _SLIDER if self.is_slider else _CIRCLE
        kind |= _NEW_COMBO if self.placed.beat.new_combo else 0
        place = f"{self.placed.x},{self.placed.y},{self.start_ms},{kind}"
        if not self.is_slider:
            return f"{place},{self.hitsounds[0]},0:0:0:0:"
        curve = "|".join(f"{x}:{y}" for x, y in self.placed.curve)
        length = f"{self.placed.length_px:g}"
        sounds = "|".join(map(str, self.hitsounds))
        sets = "|".join(["0:0"] * len(self.hitsounds))
        slides = self.placed.beat.slides
        # the body sounds plainly: its whistle would be heard all along the slider
        path = f"{self.placed.curve_type}|{curve}"
        return f"{place},0,{path},{slides},{length},{sounds},{sets},0:0:0:0:"


@dataclass(frozen=True, slots=True)
class Fault:
    """A planted mistake: what it is and where."""

    kind: str
    start_ms: int


def compose(*, faulty: bool = True) -> tuple[bytes, tuple[Fault, ...]]:
    """The map's bytes, with CRLF line endings as the editor writes them, and its faults."""
    lines = [
        Line(_at_ms(placed.beat.start), placed, placed.beat.hitsounds) for placed in place(beats())
    ]
    faults: tuple[Fault, ...] = ()
    if faulty:
        lines, faults = plant(lines)
    lull = score.first_bar("lull")
    text = HEADER.format(
        preview=_at_ms(16 * score.first_bar("chorus")),
        bookmarks=",".join(str(_at_ms(16 * score.first_bar(s.name))) for s in score.SECTIONS),
        breaks=_break(lines, lull),
        timing_points="\n".join(_timing_points()),
        hit_objects="\n".join(line.text() for line in lines),
    )
    return text.replace("\n", "\r\n").encode("utf-8"), faults


def plant(lines: Sequence[Line]) -> tuple[list[Line], tuple[Fault, ...]]:
    """Make the mistakes, each in another part of the map so that they can be told apart."""
    faulty = list(lines)
    faults: list[Fault] = []

    def change(kind: str, bar: int, wanted: str, changed: Line) -> None:
        index = _find(faulty, bar, wanted)
        faulty[index] = changed
        faults.append(Fault(kind, changed.start_ms))

    verse, rise = score.first_bar("verse"), score.first_bar("rise")
    chorus, bridge = score.first_bar("chorus"), score.first_bar("bridge")

    circle = faulty[_find(faulty, verse + 2, "circle")]
    change("unsnapped", verse + 2, "circle", replace(circle, start_ms=circle.start_ms + 9))

    circle = faulty[_find(faulty, rise + 1, "circle")]
    off_screen = replace(circle.placed, y=431)
    change("off screen", rise + 1, "circle", replace(circle, placed=off_screen))

    slider = faulty[_find(faulty, chorus + 2, "slider")]
    short = replace(slider.placed, length_px=0.1)
    change("zero length", chorus + 2, "slider", replace(slider, placed=short))

    # an object while a slider is still held
    index = _find(faulty, bridge + 1, "slider")
    held = faulty[index]
    beat = replace(held.placed.beat, length=0, new_combo=False)
    spot = Placed(beat, *held.placed.curve[-1])
    extra = Line(held.start_ms + round(score.BEAT_MS), spot, (NORMAL,))
    faulty.insert(index + 1, extra)
    faults.append(Fault("concurrent", extra.start_ms))

    # half a bar before the last chorus' fourth bar ends, the rhythm stumbles by a quarter beat
    index = _find(faulty, score.first_bar("last chorus") + 5, "circle")
    late = faulty[index]
    moved = late.start_ms + round(_SIXTEENTH_MS)
    faulty[index] = replace(late, start_ms=moved)
    faults.append(Fault("moved", moved))

    first, last = _at_ms(16 * (verse + 1)), _at_ms(16 * rise)
    for index, line in enumerate(faulty):
        if first <= line.start_ms < last:
            faulty[index] = replace(line, hitsounds=(NORMAL,) * len(line.hitsounds))
    faults.append(Fault("no hitsounds", first))
    return faulty, tuple(sorted(faults, key=lambda fault: fault.start_ms))


def _find(lines: Sequence[Line], bar: int, kind: str) -> int:
    """The first circle or slider of a bar that does not begin it."""
    for index, line in enumerate(lines):
        if _at_ms(16 * bar) < line.start_ms < _at_ms(16 * (bar + 1)) and (
            line.is_slider == (kind == "slider")
        ):
            return index
    raise LookupError(f"no {kind} in bar {bar}")


def _at_ms(sixteenth: int) -> int:
    return round(score.OFFSET_MS + sixteenth * _SIXTEENTH_MS)


def _break(lines: Sequence[Line], bar: int) -> str:
    """A break as the editor writes it: 200 ms after an object, to the next one's approach."""
    start, end = _at_ms(16 * bar), _at_ms(16 * (bar + 4))
    before = [line for line in lines if line.start_ms < start][-1]
    spans = before.placed.beat.length * _SIXTEENTH_MS
    approach_ms = 750  # AR 8
    return f"2,{round(before.start_ms + spans + 200)},{end - approach_ms}"


def _timing_points() -> list[str]:
    """One red line, and a green one where speed, volume, sample set or kiai change."""
    points = [f"{score.OFFSET_MS},{score.BEAT_MS:g},4,{_SOFT_SET},0,50,1,0"]
    previous: tuple[float, int, int, int] | None = None
    for section in score.SECTIONS:
        chorus = section.name.endswith("chorus")
        if section.name == "lull":
            speed, volume = velocity("bridge"), 40
        else:
            speed, volume = velocity(section.name), 70 if chorus else 50
        state = (speed, _NORMAL_SET if chorus else _SOFT_SET, volume, int(chorus))
        if state != previous:
            at = _at_ms(16 * score.first_bar(section.name))
            points.append(f"{at},{-100 / speed:.12g},4,{state[1]},0,{volume},0,{state[3]}")
        previous = state
    return points
