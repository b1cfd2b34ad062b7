"""Star ratings, as rosu-pp calculates them."""

from __future__ import annotations

import rosu_pp_py as rosu


def star_rating(data: bytes) -> float | None:
    """Star rating of an ``.osu`` file to two decimals; ``None`` when it cannot be calculated."""
    try:
        beatmap = rosu.Beatmap(bytes=data)
    except (rosu.ParseError, ValueError):
        return None
    if beatmap.is_suspicious():  # crafted to take forever
        return None
    return round(rosu.Difficulty().calculate(beatmap).stars, 2)
