"""Numbers as ``.osu`` files write them: read leniently, written without noise.

Both clients read numbers in the invariant culture (always ``.`` as decimal mark), accept
exponents such as ``1E-05``, and refuse a line whose number is beyond their limits
(lazer, ``Parsing.cs``: int32 for values, 131072 for coordinates).
"""

from __future__ import annotations

import math

MAX_VALUE = 2_147_483_647.0
"""Largest magnitude of a time or any other plain number."""

MAX_COORDINATE = 131_072.0
"""Largest magnitude of a coordinate or a slider length, in osu! pixels."""


def parse_number(text: str, limit: float = MAX_VALUE) -> float:
    """Read a number; ``ValueError`` when it is none, not finite, or beyond ``limit``."""
    value = float(text)
    if not -limit <= value <= limit:  # also true for NaN
        raise ValueError(f"{text.strip()!r} is out of range")
    if "_" in text:  # Python's own digit grouping; no client reads that
        raise ValueError(f"{text.strip()!r} is not a number")
    return value


def parse_whole(text: str, limit: float = MAX_VALUE) -> int:
    """Read a whole number; decimals are cut off, as stable does."""
    return int(parse_number(text, limit))


def whole_or(text: str, default: int) -> int:
    """Read a whole number, or give ``default`` where there is none."""
    try:
        return parse_whole(text)
    except ValueError:
        return default


def number_or(text: str, default: float) -> float:
    """Read a number, or give ``default`` where there is none."""
    try:
        return parse_number(text)
    except ValueError:
        return default


def format_number(value: float) -> str:
    """Write a number with at most twelve decimals, no exponent and no trailing zeros."""
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be written into a beatmap")
    text = f"{value:.12f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
