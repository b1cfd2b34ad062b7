"""A generated stretch put into an existing map the way Mapperatorinator does it.

Only there to compare with it: the whole file is written anew, so that comments, colours, breaks and
storyboards are lost, and timing points change. The companion itself splices lines
(`companion.engine.postprocess.section`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from companion.beatmap import Document, Slider
from companion.engine.encoding.moments import as_ms, moment
from companion.engine.encoding.slider_spans import anchor_curve
from companion.engine.postprocess.lines import Change, DraftLine, DraftLines
from companion.engine.postprocess.osu_text import format_float, format_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from companion.beatmap import Beatmap, HitObject

FAR_MS = 999 * 86_400_000
SAME_BEAT = 1e-4
NO_SAMPLE = "0:0:0:0:"

_TYPE_BITS = (1, 2, 8, 128)
_COMBO_BITS = 4 | 16 | 32 | 64


def insert_like_original(
    text: str, base: Document, start_ms: float | None, end_ms: float | None
) -> str:
    """Put the objects and timing points of a generated map into another one.

    Args:
        text: The generated map.
        base: The map that it goes into.
        start_ms: Where the generated stretch begins; from the start of the song unless given.
        end_ms: Where it ends, inclusive; at the end of the song unless given.
    """
    new = Document.parse(text.encode())
    start = moment(-FAR_MS if start_ms is None else start_ms)
    end = moment(FAR_MS if end_ms is None else end_ms)

    def inside(time: timedelta) -> bool:
        return start <= time <= end

    old_lines = DraftLines.from_points(base.beatmap.timing_points)
    new_lines = DraftLines.from_points(new.beatmap.timing_points)
    kept = [line for line in old_lines if not inside(line.time)]
    merged = DraftLines([*kept, *(line for line in new_lines if inside(line.time))])
    if len(new_lines) and len(merged):
        _join(merged, new_lines, start)
    hits = [
        *(_Packed.of(hit, base) for hit in base.beatmap.hit_objects if not _is_in(hit, inside)),
        *(_Packed.of(hit, new) for hit in new.beatmap.hit_objects if _is_in(hit, inside)),
    ]
    hits.sort(key=lambda hit: hit.time)
    return _file(
        base,
        [format_line(line, original_quirks=True) for line in merged],
        [hit.text for hit in hits],
    )


def _is_in(hit: HitObject, inside: Callable[[timedelta], bool]) -> bool:
    return inside(moment(hit.start_ms))


def _join(merged: DraftLines, new: DraftLines, start: timedelta) -> None:
    """Carry velocity, volume, kiai and tempo of the generated map over the start of the stretch."""
    ours, theirs = new.at(start), merged.at(start).governing_red
    merged.change(
        ours.time,
        Change(
            beat_length=-100.0 if ours.is_red else ours.beat_length,
            volume=ours.volume,
            effects=ours.effects,
        ),
        lasting=False,
    )
    red = ours.governing_red
    beat = _beat_of_measure(red, start)
    if (
        red.meter != theirs.meter
        or abs(beat - _beat_of_measure(theirs, start)) > SAME_BEAT
        or abs(red.beat_length - theirs.beat_length) > SAME_BEAT
    ):
        merged.change(
            start - timedelta(milliseconds=beat * red.beat_length),
            Change(beat_length=red.beat_length, meter=red.meter, red=True),
            lasting=False,
        )


def _beat_of_measure(red: DraftLine, time: timedelta) -> float:
    return (as_ms(time - red.time) / red.beat_length + SAME_BEAT) % red.meter


@dataclass(frozen=True, slots=True)
class _Packed:
    """An object line in the form that the original's library writes."""

    time: float
    text: str

    @classmethod
    def of(cls, hit: HitObject, document: Document) -> _Packed:
        fields = document.lines[hit.line].raw.decode("utf-8", "replace").strip().split(",")
        bits = int(fields[3])
        kind = next(bit for bit in _TYPE_BITS if bits & bit)
        head = [
            str(int(float(fields[0]))),
            str(int(float(fields[1]))),
            str(int(fields[2])),
            str(kind | bits & _COMBO_BITS),
            str(int(fields[4])),
        ]
        tail = _slider_fields(hit, fields) if isinstance(hit, Slider) else _tail(fields, kind)
        return cls(hit.start_ms, ",".join([*head, *tail]))


def _tail(fields: Sequence[str], kind: int) -> list[str]:
    match kind:
        case 1:
            return [fields[5] if len(fields) > 5 else NO_SAMPLE]
        case 8:
            return [str(int(fields[5])), fields[6] if len(fields) > 6 else NO_SAMPLE]
        case _:
            end, colon, sample = fields[5].partition(":")
            return [f"{int(end)}:{sample if colon else NO_SAMPLE}"]


def _slider_fields(hit: Slider, fields: Sequence[str]) -> list[str]:
    points = [f"{int(x)}:{int(y)}" for x, y in hit.control_points[1:]]
    sounds = fields[8] if len(fields) > 8 else ""
    sets = fields[9] if len(fields) > 9 else ""
    return [
        "|".join([anchor_curve(hit), *points]),
        str(int(fields[6])),
        format_float(float(fields[7])),
        "|".join(str(int(sound)) for sound in sounds.split("|") if sound),
        sets,
        fields[10] if len(fields) > 10 else NO_SAMPLE,
    ]


def _file(base: Document, lines: Iterable[str], objects: Iterable[str]) -> str:
    beatmap = base.beatmap
    sections = {
        "General": _general(beatmap.general),
        "Editor": _editor(beatmap.editor),
        "Metadata": _metadata(beatmap),
        "Difficulty": _difficulty(beatmap.difficulty),
        "Events": [
            "// Background and Video events",
            *_backdrops(base),
            "// Break Periods",
            "// Storyboard Layer 0(Background)",
            "// Storyboard Layer 1(Fail)",
            "// Storyboard Layer 2(Pass)",
            "// Storyboard Layer 3(Foreground)",
            "// Storyboard Layer 4(Overlay)",
            "// Storyboard Sound Samples",
        ],
        "TimingPoints": lines,
        "HitObjects": objects,
    }
    parts = ["osu file format v14\n"]
    parts += ["\n".join([f"[{name}]", *texts, ""]) for name, texts in sections.items()]
    return "\n".join([*parts, ""])


def _backdrops(base: Document) -> list[str]:
    """The first background and all videos."""
    texts = [
        line.raw.decode("utf-8", "replace").strip()
        for line in base.lines
        if line.section == "Events"
    ]
    named = [(text, text.split('"')[1]) for text in texts if text.count('"') > 1]
    backgrounds = [f'0,0,"{name}",0,0' for text, name in named if text.startswith("0")]
    videos = [f'Video,0,"{name}"' for text, name in named if text.startswith(("Video", "1"))]
    return backgrounds[:1] + videos


def _general(keys: Mapping[str, str]) -> list[str]:
    return [
        f"AudioFilename:{keys.get('AudioFilename', '')}",
        f"AudioLeadIn:{_whole(keys, 'AudioLeadIn', 0)}",
        f"PreviewTime:{_whole(keys, 'PreviewTime', -1)}",
        f"Countdown:{_flag(keys, 'Countdown')}",
        f"SampleSet:{keys.get('SampleSet', 'Normal')}",
        f"StackLeniency:{_number(keys, 'StackLeniency', 0)}",
        f"Mode:{_whole(keys, 'Mode', 0)}",
        f"LetterboxInBreaks:{_flag(keys, 'LetterboxInBreaks')}",
        f"WidescreenStoryboard:{_flag(keys, 'WidescreenStoryboard')}",
    ]


def _editor(keys: Mapping[str, str]) -> list[str]:
    bookmarks = [str(int(part)) for part in keys.get("Bookmarks", "").split(",") if part.strip()]
    return [
        *([f"Bookmarks:{','.join(bookmarks)}"] if bookmarks else []),
        f"DistanceSpacing:{_number(keys, 'DistanceSpacing', 1)}",
        f"BeatDivisor:{_whole(keys, 'BeatDivisor', 4)}",
        f"GridSize:{_whole(keys, 'GridSize', 4)}",
        f"TimelineZoom:{_number(keys, 'TimelineZoom', 1)}",
    ]


def _metadata(beatmap: Beatmap) -> list[str]:
    keys = beatmap.metadata
    title, artist = keys.get("Title", ""), keys.get("Artist", "")
    ids = [f"{key}:{int(keys[key])}" for key in ("BeatmapID", "BeatmapSetID") if key in keys]
    return [
        f"Title:{title}",
        f"TitleUnicode:{keys.get('TitleUnicode', title)}",
        f"Artist:{artist}",
        f"ArtistUnicode:{keys.get('ArtistUnicode', artist)}",
        f"Creator:{keys.get('Creator', '')}",
        f"Version:{keys.get('Version', '')}",
        f"Source:{keys.get('Source', '')}",
        f"Tags:{' '.join(keys.get('Tags', '').split())}",
        *ids,
    ]


def _difficulty(keys: Mapping[str, str]) -> list[str]:
    od = float(keys.get("OverallDifficulty", "5"))
    return [
        f"HPDrainRate:{_number(keys, 'HPDrainRate', 5)}",
        f"CircleSize:{_number(keys, 'CircleSize', 5)}",
        f"OverallDifficulty:{format_float(od)}",
        f"ApproachRate:{_number(keys, 'ApproachRate', od)}",
        f"SliderMultiplier:{_number(keys, 'SliderMultiplier', 1.4)}",
        f"SliderTickRate:{_number(keys, 'SliderTickRate', 1)}",
    ]


def _whole(keys: Mapping[str, str], key: str, default: int) -> int:
    return int(keys.get(key, default))


def _number(keys: Mapping[str, str], key: str, default: float) -> str:
    return format_float(float(keys.get(key, default)))


def _flag(keys: Mapping[str, str], key: str) -> int:
    return int(bool(int(keys.get(key, 0))))
