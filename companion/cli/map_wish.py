"""What ``companion generate`` is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.engine.map_wish import MapWish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FLAGS: Mapping[str, str] = {
    "cs": "--circle-size",
    "hitsounded": "--no-hitsounded",
}
"""Names of options for names of wishes, where they are not the same."""


def flag_of(name: str) -> str:
    """The option that a wish is made with."""
    return FLAGS.get(name, f"--{name.replace('_', '-')}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandWish(MapWish):
    """The command's options."""

    osz: bool = False
    out: Path | None = None
    acknowledge: bool = False

    def named(self, name: str) -> str:
        """See `MapWish`."""
        return flag_of(name)
