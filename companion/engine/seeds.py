"""Seeds of whatever is generated: the one that was asked for, or any, and those of its parts."""

from __future__ import annotations

import secrets

SEEDS = 2**31
_STRIDE = 0x9E3779B97F4A7C15
"""Seeds of parts lie far apart, so that neighbouring seeds of requests share none."""


def chosen_seed(wanted: int | None) -> int:
    """The wanted seed, or a random one below `SEEDS`."""
    return secrets.randbelow(SEEDS) if wanted is None else wanted


def seed_of_part(seed: int, part: int) -> int:
    """The seed of a variant or a window, by its number; the first one's is the request's own."""
    return (seed + part * _STRIDE) % 2**63
