"""What a check says when it would have too much to say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from companion.checks.check import WHOLE_MAP, Issue
from companion.findings import timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    from companion.checks.difficulty import Difficulty
    from companion.findings import Severity

    T = TypeVar("T")

MOST = 30
"""More findings of one kind about one difficulty are told as one."""
MOST_WITH_FIX = 100
"""The same where each of them has a fix, which the one does not."""


def summarised(
    find: Callable[[T], Iterator[Issue]], most: int = MOST
) -> Callable[[T], Iterator[Issue]]:
    """A check's function that tells many issues of one severity about one difficulty as one.

    The one is about the whole map, quotes the first, and says how many there are.
    """

    def find_few(subject: T) -> Iterator[Issue]:
        groups: dict[tuple[Difficulty | None, Severity], list[Issue]] = {}
        for issue in find(subject):
            groups.setdefault((issue.difficulty, issue.severity), []).append(issue)
        for issues in groups.values():
            if len(issues) <= most:
                yield from issues
            else:
                yield _summary(issues)

    return find_few


def _summary(issues: list[Issue]) -> Issue:
    first = issues[0]
    at_ms = first.at.start_ms if first.at else min((o.start_ms for o in first.objects), default=0.0)
    return replace(
        first,
        message=(f"{len(issues)} times, for the first time at {timestamp(at_ms)}: {first.message}"),
        objects=(),
        at=WHOLE_MAP,
        detail="many",
        fix=(),
        fix_label=None,
    )
