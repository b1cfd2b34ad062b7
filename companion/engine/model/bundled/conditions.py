"""The few facts about a wished map that the bundled network is told apart from its prompt."""

from __future__ import annotations

import math

UNKNOWN_STARS = 22
UNKNOWN_DENSITY = 25
N_CLASSES = (4, UNKNOWN_STARS + 1, UNKNOWN_DENSITY + 1, 19)
"""Classes of mode, stars (halves), objects per second (quarter octaves), keys (0 unknown)."""


def condition_classes(
    mode: int, stars: float | None, density: float | None, keys: int | None
) -> tuple[int, int, int, int]:
    """Class numbers of a condition; ``None`` means that it is left to the network.

    Args:
        mode: 0 osu!, 1 taiko, 2 catch, 3 mania.
        stars: Star rating.
        density: Hit objects per second of drain time.
        keys: Columns, mania only.
    """
    star_class = UNKNOWN_STARS if stars is None else min(max(round(2 * stars), 0), 21)
    density_class = UNKNOWN_DENSITY
    if density is not None and density > 0:
        density_class = min(max(round(4 * math.log2(density)) + 8, 0), UNKNOWN_DENSITY - 1)
    key_class = min(max(keys or 0, 0), 18) if mode == 3 else 0
    return mode, star_class, density_class, key_class
