"""Which samples the notes of an osu!mania map play.

A note that names a file plays that one in place of all others.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from companion.beatmap import Mode
from companion.checks.gameplay.sample_names import ADDITION_NAMES, sample_name
from companion.checks.gameplay.sounds import sounds

if TYPE_CHECKING:
    from companion.beatmap import HitObject
    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.sounds import Sound

FIRST_NUMBERED_INDEX = 2
HITNORMAL = "hitnormal"


class Sample(NamedTuple):
    """A sample as the map asks for it."""

    name: str
    """File name in lower case, without extension unless the note names the file itself."""
    named: bool
    """Whether the note names the file itself."""
    custom_index: int
    """Custom index; 0 for the player's skin."""

    @property
    def plain(self) -> bool:
        """Whether it is the sound that every note has."""
        return HITNORMAL in self.name


def note_samples(difficulty: Difficulty) -> tuple[tuple[HitObject, tuple[Sample, ...]], ...]:
    """A fact: the notes by time, and what their heads play."""
    return tuple((sound.item, _samples(sound)) for sound in difficulty.fact(sounds) if sound.active)


def _samples(sound: Sound) -> tuple[Sample, ...]:
    if sound.custom:
        return (Sample(sound.item.sample.filename.replace("\\", "/").lower(), True, 0),)
    return _set_samples(sound.normal_set, sound.addition_set, sound.additions, sound.custom_index)


@lru_cache(maxsize=512)
def _set_samples(
    normal_set: int, addition_set: int, additions: int, index: int
) -> tuple[Sample, ...]:
    names = [sample_name(normal_set, HITNORMAL, index, Mode.MANIA)]
    names += [
        sample_name(addition_set, name, index, Mode.MANIA)
        for bit, name in ADDITION_NAMES.items()
        if additions & bit
    ]
    return tuple(Sample(name, False, index) for name in names)
