"""Saying which wishes a model has no ears for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from companion.cli.terminal import Terminal
    from companion.engine.map_requests import Unknown


def tell_ignored(
    terminal: Terminal,
    ignored: Iterable[str],
    unknown: Iterable[Unknown],
    flags: Mapping[str, str],
) -> None:
    """Name what was wished for in vain.

    Args:
        terminal: Where to say it.
        ignored: Wishes that the model knows nothing of.
        unknown: Values of others that it has never met.
        flags: The option of each wish that was made; what nobody wished for is not named.
    """
    named = [flags[name] for name in ignored if name in flags]
    if named:
        terminal.note(f"This model knows nothing of {', '.join(named)}; it writes without.")
    for value in unknown:
        if value.wish in flags:
            terminal.note(
                f"This model has never met “{value.value}” ({flags[value.wish]}); "
                "it writes without."
            )
