"""Rules that a person could verify by hand, from the ranking criteria and from common sense.

One module per category, each check a function that yields issues and a few words about it; the
rules of one mode have a package of its name. ``catalogue`` lists them all. A check looks at one
difficulty, at the difficulties of a set, or at the files of its folder. Pure code over what was
read: no model, milliseconds per map.
"""

from __future__ import annotations

from companion.checks.catalogue import (
    CHECKS,
    check_difficulty,
    check_folder,
    check_set,
    rule_title,
    run_checks,
)
from companion.checks.changes import findings_brought
from companion.checks.check import Check, DifficultyCheck, FolderCheck, Issue, Scope, SetCheck
from companion.checks.difficulty import Difficulty
from companion.checks.level import (
    Level,
    interpreted_level,
    level_called,
    level_from_name,
    level_name,
)
from companion.checks.mapset import Folder, Mapset, read_folder, stated_levels

__all__ = [
    "CHECKS",
    "Check",
    "Difficulty",
    "DifficultyCheck",
    "Folder",
    "FolderCheck",
    "Issue",
    "Level",
    "Mapset",
    "Scope",
    "SetCheck",
    "check_difficulty",
    "check_folder",
    "check_set",
    "findings_brought",
    "interpreted_level",
    "level_called",
    "level_from_name",
    "level_name",
    "read_folder",
    "rule_title",
    "run_checks",
    "stated_levels",
]
