"""Skins of osu!mania sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.checks.check import FolderCheck
from companion.checks.skin_sets import ElementSet, elements, find_set_issues
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.check import Issue
    from companion.checks.mapset import Folder

GROUPS = (
    ElementSet(
        "hit bursts",
        [
            *elements("mania-hit0-{n}", "mania-hit50-{n}", "mania-hit100-{n}"),
            *elements("mania-hit200-{n}", "mania-hit300-{n}", "mania-hit300g-{n}"),
        ],
    ),
    ElementSet("combo bursts", elements("comboburst-mania-{n}", required=False)),
)


def find_skin_issues(folder: Folder) -> Iterator[Issue]:
    """Incomplete sets of elements, and elements that are no PNG."""
    return find_set_issues(GROUPS, folder)


CHECKS = (
    FolderCheck(
        code="mania_skin",
        title="Incomplete skin",
        category="Skinning",
        cause="A set of skin elements lacks some (problem), or an element is no PNG (warning).",
        criterion="Skinned elements have to come in complete sets.",
        answers=("MapsetVerifier:SkinningMania",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=frozenset({Mode.MANIA}),
        find=find_skin_issues,
    ),
)
