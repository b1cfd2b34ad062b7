"""How hard a difficulty means to be, as the ranking criteria sort them."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from companion.beatmap import Mode

if TYPE_CHECKING:
    from collections.abc import Mapping


class Level(IntEnum):
    """The five levels; what is harder than Expert counts as Expert."""

    EASY = 0
    NORMAL = 1
    HARD = 2
    INSANE = 3
    EXPERT = 4


ALL_LEVELS = frozenset(Level)

_NAMES: Mapping[Mode, tuple[str, str, str, str, str]] = {
    Mode.OSU: ("Easy", "Normal", "Hard", "Insane", "Expert"),
    Mode.TAIKO: ("Kantan", "Futsuu", "Muzukashii", "Oni", "Inner Oni"),
    Mode.CATCH: ("Cup", "Salad", "Platter", "Rain", "Overdose"),
    Mode.MANIA: ("Easy", "Normal", "Hard", "Insane", "Expert"),
}

# Names that mean one level and no other, as mappers use them. Those of osu! itself are understood
# in every mode; what may be the second hardest or the hardest ("Another", "Lunatic") only in mania.
_EVERYWHERE = {"easy": 0, "normal": 1, "hard": 2, "insane": 3, "expert": 4}
_MEANINGS: Mapping[Mode, Mapping[str, int]] = {
    Mode.OSU: {
        **_EVERYWHERE,
        **dict.fromkeys(("beginner", "novice"), 0),
        **dict.fromkeys(("basic", "medium", "intermediate"), 1),
        "advanced": 2,
        "hyper": 3,
        **dict.fromkeys(("extra", "extreme"), 4),
    },
    Mode.TAIKO: {
        **_EVERYWHERE,
        "kantan": 0,
        "futsuu": 1,
        "muzukashii": 2,
        "oni": 3,
        **dict.fromkeys(("inner oni", "ura oni", "hell oni"), 4),
    },
    Mode.CATCH: {
        **_EVERYWHERE,
        "cup": 0,
        "salad": 1,
        "platter": 2,
        "rain": 3,
        **dict.fromkeys(("overdose", "deluge"), 4),
    },
    Mode.MANIA: {
        **_EVERYWHERE,
        **dict.fromkeys(("ez", "beginner", "beginning", "basic"), 0),
        **dict.fromkeys(("nm", "novice"), 1),
        **dict.fromkeys(("hd", "advanced", "hyper"), 2),
        **dict.fromkeys(("mx", "sc", "another", "exhaust", "lunatic"), 3),
        **dict.fromkeys(("shd", "ex", "black another", "white another", "infinite"), 4),
        **dict.fromkeys(("gravity", "heavenly", "maximum", "extra", "vivid", "exceed"), 4),
    },
}

_STARS = (2.0, 2.7, 4.0, 5.3)
"""Where Normal, Hard, Insane and Expert begin (the star colours of osu!'s own difficulty icons)."""

_OWNER = re.compile(r"^.*?(?:['\u2019]s|s['\u2019])\s+")
_COLLAB = re.compile(r"\b(?:collab(?:oration)?|guest)\b")
_KEYS = re.compile(r"\b\d{1,2}\s?k(?:eys?)?\b")
_SIGNS = re.compile(r"[\W_]+")


def level_name(level: Level, mode: Mode) -> str:
    """What a mode's mappers call the level: ``Kantan`` for an easy taiko difficulty."""
    return _NAMES[mode][level]


def level_called(name: str | None) -> Level | None:
    """The level that is stored under a name, ``hard``; None when it is none."""
    return Level.__members__.get((name or "").upper())


def level_from_name(name: str, mode: Mode) -> Level | None:
    """The level that a difficulty's name states; None when it states none.

    Whose difficulty it is and for how many keys does not matter; apart from that the name has to be
    nothing but the level: "Hard Rain" says nothing.
    """
    text = _OWNER.sub("", name.lower(), count=1)
    text = _SIGNS.sub(" ", _KEYS.sub(" ", _COLLAB.sub(" ", text))).strip()
    meaning = _MEANINGS[mode].get(text)
    return None if meaning is None else Level(meaning)


def level_from_stars(stars: float) -> Level:
    """The level that a star rating falls into."""
    return Level(sum(stars >= edge for edge in _STARS))


def interpreted_level(name: str, mode: Mode, stars: float | None) -> Level:
    """The level by name, else by star rating, and Expert where neither says anything.

    "Oni" is also said of what is much harder; there the star rating may raise it.
    """
    stated = level_from_name(name, mode)
    rated = None if stars is None else level_from_stars(stars)
    if stated is None:
        return Level.EXPERT if rated is None else rated
    if mode is Mode.TAIKO and stated is Level.INSANE and rated is Level.EXPERT:
        return rated
    return stated
