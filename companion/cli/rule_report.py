"""What the rules say of what has been generated, for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from companion.findings import Severity, counted, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.findings import Finding

LISTED: Final = 20
"""More are not listed; ``companion mod`` has them all."""


def rule_report(what: str, findings: Sequence[Finding]) -> Iterator[str]:
    """Lines that say what the rules find, problems and warnings with their times.

    Args:
        what: Where they find it, e.g. ``in it``.
        findings: What they find.
    """
    grave = [one for one in findings if one.severity in {Severity.PROBLEM, Severity.WARNING}]
    grave.sort(key=lambda finding: (finding.severity.place, finding.at))
    yield f"The rules find {counted(findings)} {what}{':' if grave else '.'}"
    for finding in grave[:LISTED]:
        at = timestamp(finding.at.start_ms)
        yield f"  {at}  {finding.severity}, {finding.category}: {finding.message}"
    if len(grave) > LISTED:
        yield f"  … and {len(grave) - LISTED} more. “companion mod” lists all."
