"""How findings put things into words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MANY = 6


def listed(items: Iterable[object]) -> str:
    """Things as one would read them out: ``a, b and c``; of many, the first ones."""
    texts = [str(item) for item in items]
    if len(texts) > MANY:
        texts = [*texts[: MANY - 1], f"{len(texts) - MANY + 1} more"]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def counted(n: int, one: str, many: str = "") -> str:
    """A number of things: ``1 line``, ``2 lines``."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def plain(value: float, decimals: int = 2) -> str:
    """A number without needless decimals."""
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".") if decimals else f"{value:.0f}"


def clock(ms: float) -> str:
    """A duration as minutes and seconds: ``3:30``."""
    seconds = round(ms / 1000)
    return f"{seconds // 60}:{seconds % 60:02d}"
