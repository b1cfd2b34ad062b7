"""The seed of whatever is generated: the one that was asked for, or any."""

from __future__ import annotations

import secrets

SEEDS = 2**31


def chosen_seed(wanted: int | None) -> int:
    """The wanted seed, or a random one below `SEEDS`."""
    return secrets.randbelow(SEEDS) if wanted is None else wanted
