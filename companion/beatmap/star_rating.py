"""Star ratings, as rosu-pp calculates them."""

from __future__ import annotations

import re

import rosu_pp_py as rosu

SECTION_START = re.compile(rb"^(?=\[\w+\]\s*$)", re.MULTILINE)
ORDER = {b"[TimingPoints]": 1, b"[HitObjects]": 2}
"""What has to stand below all other sections."""
LONGEST_WAY_PX = 10_000_000.0
"""Of all sliders together, there and back: no map that anybody plays has a tenth of it."""


def star_rating(data: bytes) -> float | None:
    """Star rating of an ``.osu`` file to two decimals; ``None`` when it cannot be calculated."""
    data = _as_saved_by_the_editor(data)
    try:
        beatmap = rosu.Beatmap(bytes=data)
    except (rosu.ParseError, ValueError):
        return None
    if beatmap.is_suspicious() or _way_px(data) > LONGEST_WAY_PX:  # crafted to take forever
        return None
    return round(rosu.Difficulty().calculate(beatmap).stars, 2)


def _as_saved_by_the_editor(data: bytes) -> bytes:
    """The same map with line feeds and the usual order of sections.

    rosu-pp takes lone carriage returns for no line ends, and reads objects by the mode and
    settings that stand above them; the game reads either.
    """
    text = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    head, *sections = SECTION_START.split(text)
    sections.sort(key=lambda section: ORDER.get(section[: section.find(b"]") + 1], 0))
    return b"\n".join([head, *sections]) if sections else head


def _way_px(data: bytes) -> float:
    """How far the balls of all sliders go; what cannot be read counts for nothing."""
    total = 0.0
    for line in data[data.rfind(b"[HitObjects]") :].splitlines():
        fields = line.split(b",", 8)
        if len(fields) < 8:
            continue
        try:
            total += max(1.0, float(fields[6])) * max(1.0, float(fields[7]))
        except ValueError:
            continue
    return total
