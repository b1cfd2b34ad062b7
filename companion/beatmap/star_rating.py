"""Star ratings, as rosu-pp calculates them."""

from __future__ import annotations

import rosu_pp_py as rosu

LONGEST_WAY_PX = 10_000_000.0
"""Of all sliders together, there and back: no map that anybody plays has a tenth of it."""


def star_rating(data: bytes) -> float | None:
    """Star rating of an ``.osu`` file to two decimals; ``None`` when it cannot be calculated."""
    try:
        beatmap = rosu.Beatmap(bytes=data)
    except (rosu.ParseError, ValueError):
        return None
    if beatmap.is_suspicious() or _way_px(data) > LONGEST_WAY_PX:  # crafted to take forever
        return None
    return round(rosu.Difficulty().calculate(beatmap).stars, 2)


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
