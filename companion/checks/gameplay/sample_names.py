"""Which sample files a difficulty plays, how often, and which of them answer a press.

Facts (osu! wiki, "Skinning/Sounds"): a file is named ``set-sound`` with the custom index behind it
from 2 on; index 0 is the player's own skin; taiko's files have ``taiko-`` before it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Mode, Slider
from companion.checks.gameplay.sounds import CLAP, FINISH, WHISTLE, sounds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap import Beatmap
    from companion.checks.difficulty import Difficulty

SETS = ("normal", "normal", "soft", "drum")
MAX_POINTS = 64
"""Of those that govern one slider, the first ones have to do."""
ADDITION_NAMES = {WHISTLE: "hitwhistle", FINISH: "hitfinish", CLAP: "hitclap"}


@dataclass(frozen=True, slots=True)
class SampleUse:
    """The samples of a difficulty, by name in lower case without extension."""

    edges: Counter[str]
    """How often each is played by heads, repeats and ends."""
    bodies: frozenset[str]
    """What sliders play along the way."""
    first_press_ms: dict[str, float]
    """When each is first played for something that has to be pressed."""

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.bodies | self.edges.keys()


def sample_name(sample_set: int, sound: str, index: int, mode: Mode) -> str:
    """The name of a sample without its extension."""
    name = f"{SETS[sample_set] if 0 <= sample_set <= 3 else 'normal'}-{sound}"
    number = str(index) if index > 1 else ""
    return f"{'taiko-' if mode is Mode.TAIKO else ''}{name}{number}"


def sample_use(difficulty: Difficulty) -> SampleUse:
    """Which samples of the map's own the difficulty plays."""
    mode = difficulty.mode
    edges: Counter[str] = Counter()
    presses: dict[str, float] = {}
    for sound in difficulty.fact(sounds):
        if sound.custom:
            stem = sound.item.sample.filename.replace("\\", "/").lower()
            names = [stem.rpartition(".")[0] or stem]
        elif sound.custom_index < 1:
            continue
        else:
            names = [sample_name(sound.normal_set, "hitnormal", sound.custom_index, mode)]
            names += [
                sample_name(sound.addition_set, name, sound.custom_index, mode)
                for bit, name in ADDITION_NAMES.items()
                if sound.additions & bit
            ]
        edges.update(names)
        if sound.active:
            for name in names:
                presses.setdefault(name, sound.time_ms)
    bodies: set[str] = set()
    if mode in (Mode.OSU, Mode.CATCH):
        bodies.update(_body_names(difficulty.beatmap))
    return SampleUse(edges, frozenset(bodies), presses)


def _body_names(beatmap: Beatmap) -> Iterator[str]:
    points = beatmap.timing.points
    times = [point.time_ms for point in points]
    seen: set[tuple[int, int, int]] = set()
    for item in beatmap.hit_objects:
        if not isinstance(item, Slider):
            continue
        first = max(0, bisect_right(times, item.start_ms) - 1)
        last = min(first + MAX_POINTS, bisect_right(times, item.end_ms))
        for point in points[first : max(last, first + 1)]:
            chosen = item.sample.normal_set or point.sample_set
            index = item.sample.index or point.sample_index
            seen.add((chosen, index, item.hitsound & WHISTLE))
    for chosen, index, whistle in seen:
        if index < 1:
            continue
        for name in ("slidertick", "sliderslide", *(("sliderwhistle",) if whistle else ())):
            yield sample_name(chosen, name, index, beatmap.mode)
