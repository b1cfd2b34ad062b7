"""Which sample files the notes of a map play.

A file is named after its set, its sound and the custom index: ``soft-hitclap2``. Index 1 has no
number, and index 0 means the player's own skin. A note may name a file itself, which then plays in
place of all others (in osu!mania).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.beatmap import Beatmap, HitObject
    from companion.checks.difficulty import Difficulty

SETS = {1: "normal", 2: "soft", 3: "drum"}
ADDITIONS = ((2, "whistle"), (4, "finish"), (8, "clap"))
FIRST_NUMBERED_INDEX = 2
HITNORMAL = "hitnormal"


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample as the map asks for it."""

    name: str
    """File name in lower case, without extension unless the note names the file itself."""
    sound: str
    """``hitnormal``, ``hitwhistle``, ``hitfinish`` or ``hitclap``; empty for a named file."""
    index: int
    """Custom index; 0 for the player's skin."""

    @property
    def named(self) -> bool:
        """Whether the note names the file itself."""
        return not self.sound


def note_samples(difficulty: Difficulty) -> tuple[tuple[Sample, ...], ...]:
    """A fact: what the head of each object plays, in the order of the objects."""
    beatmap = difficulty.beatmap
    made: dict[tuple[int, str, int], Sample] = {}
    return tuple(_samples(item, beatmap, made) for item in beatmap.hit_objects)


def _samples(
    item: HitObject, beatmap: Beatmap, made: dict[tuple[int, str, int], Sample]
) -> tuple[Sample, ...]:
    sample = item.sample
    if sample.filename:
        return (Sample(sample.filename.replace("\\", "/").lower(), "", 0),)
    point = beatmap.sample_point_at(item.start_ms)
    line_set = point.sample_set if point else beatmap.default_sample_set
    index = sample.index or (point.sample_index if point else 0)
    normal = sample.normal_set or line_set
    addition = sample.addition_set or normal
    wanted = [(normal, HITNORMAL)]
    wanted += [(addition, f"hit{name}") for bit, name in ADDITIONS if item.hitsound & bit]
    found: list[Sample] = []
    for set_number, sound in wanted:
        key = (set_number, sound, index)
        if key not in made:
            number = str(index) if index >= FIRST_NUMBERED_INDEX else ""
            made[key] = Sample(f"{SETS.get(set_number, 'normal')}-{sound}{number}", sound, index)
        found.append(made[key])
    return tuple(found)
