from __future__ import annotations

from companion.beatmap import TimeRange
from companion.cli.rule_report import LISTED, rule_report
from companion.findings import Finding, Severity


def found(severity: Severity, start_ms: int = 1000) -> Finding:
    at = TimeRange(start_ms, start_ms + 1)
    return Finding("i", "code", "Timing", severity, at, (), "Off the beat.", 1.0)


PROBLEM, WARNING, MINOR = (
    found(Severity.PROBLEM),
    found(Severity.WARNING, 500),
    found(Severity.MINOR),
)


def test_what_is_grave_is_listed_the_gravest_first() -> None:
    assert list(rule_report("in it", [WARNING, MINOR, PROBLEM])) == [
        "The rules find 1 problem, 1 warning and 1 minor thing in it:",
        "  00:01:000  problem, Timing: Off the beat.",
        "  00:00:500  warning, Timing: Off the beat.",
    ]
    assert list(rule_report("in it", [MINOR])) == ["The rules find 1 minor thing in it."]


def test_of_very_many_only_the_first_are_listed() -> None:
    lines = list(rule_report("in it", [PROBLEM] * (LISTED + 3)))
    assert len(lines) == 1 + LISTED + 1
    assert lines[-1] == "  … and 3 more. “companion mod” lists all."
