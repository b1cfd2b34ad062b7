"""``[Colours]``: combo colours and the slider's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap.numbers import parse_whole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from companion.beatmap.document import Document

Colour = tuple[int, int, int]

_COMBO = re.compile(r"Combo(\d{1,3})$")


@dataclass(frozen=True, slots=True)
class Colours:
    """The custom colours of a map."""

    combos: Mapping[int, Colour]
    """By the number in the file, ascending."""
    slider_border: Colour | None = None
    slider_track: Colour | None = None

    def combo(self, place: int) -> int:
        """The number of the colour that a combo has: combos are counted from 0, map-wide."""
        numbers = tuple(self.combos)
        return numbers[place % len(numbers)]


def colours_of(document: Document) -> Colours:
    """The colours a document states; lines that are none are left out."""
    combos: dict[int, Colour] = {}
    others: dict[str, Colour] = {}
    for _, text in document.statements.get("Colours", ()):
        key, _, value = text.partition(":")
        colour = _colour(value)
        if colour is None:
            continue
        combo = _COMBO.match(key.strip())
        if combo:
            combos[int(combo[1])] = colour
        else:
            others[key.strip()] = colour
    return Colours(
        dict(sorted(combos.items())), others.get("SliderBorder"), others.get("SliderTrackOverride")
    )


def _colour(text: str) -> Colour | None:
    parts = text.split(",")
    if len(parts) < 3:
        return None
    try:
        red, green, blue = (min(255, max(0, parse_whole(part))) for part in parts[:3])
    except ValueError:
        return None
    return red, green, blue
