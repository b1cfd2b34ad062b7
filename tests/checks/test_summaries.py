from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import TimeRange
from companion.checks import Issue
from companion.checks.check import WHOLE_MAP
from companion.checks.summaries import MOST, summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator


def some(count: int, severity: Severity = Severity.WARNING) -> Iterator[Issue]:
    for n in range(count):
        yield Issue(severity=severity, message=f"No {n}.", at=TimeRange(n * 1000, n * 1000 + 1))


def test_a_few_issues_stay_as_they_are() -> None:
    assert list(summarised(some)(MOST)) == list(some(MOST))


def test_more_of_them_become_one() -> None:
    (issue,) = summarised(some)(MOST + 1)
    assert issue.message == "31 times, for the first time at 00:00:000: No 0."
    assert (issue.at, issue.severity, issue.objects) == (WHOLE_MAP, Severity.WARNING, ())


def test_each_severity_is_counted_for_itself() -> None:
    def mixed(count: int) -> Iterator[Issue]:
        yield from some(count)
        yield from some(2, Severity.PROBLEM)

    issues = list(summarised(mixed)(MOST + 1))
    assert [issue.severity for issue in issues] == ["warning", "problem", "problem"]
