"""What the mapper decided about findings: from the session into the journal, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from companion.checks import level_called
from companion.session import KeepDismissed, KeepDismissedRules, KeepLevel

if TYPE_CHECKING:
    from pathlib import Path

    from companion.checks import Level
    from companion.journal import Journal
    from companion.session import KeepOrder


def keep(journal: Journal, order: KeepOrder, path: Path) -> None:
    """Write down what is to be remembered of a map.

    Raises:
        WriteFailed: The disk does not take it.
    """
    match order:
        case KeepDismissed(ids):
            journal.keep_dismissed(path, ids)
        case KeepDismissedRules(codes):
            journal.keep_dismissed_rules(path.parent, codes)
        case KeepLevel(level):
            journal.keep_level(path, None if level is None else level.name.lower())
        case _:
            assert_never(order)


def level_of(journal: Journal, path: Path) -> Level | None:
    """What the mapper said how hard a map is."""
    return level_called(journal.level(path))
