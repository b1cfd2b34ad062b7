"""What an edit of a map brings: findings of the rules that were not there before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from companion.checks.check import WHOLE_MAP
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from companion.beatmap import TimeRange
    from companion.findings import Finding


def findings_brought(
    before: Iterable[Finding], after: Iterable[Finding], span: TimeRange
) -> tuple[Finding, ...]:
    """Findings of the edited map within the edited range, less those that it had already.

    One that was there before and is graver now counts. What is said of the map as a whole does not:
    it has no place in the range. The edits and editor links of findings are left out, for they
    mean nothing in the map as it is.

    Args:
        before: What the rules found in the map.
        after: What they find in the edited one.
        span: What was edited.
    """
    known = {finding.id: finding.severity.place for finding in before}
    return tuple(
        replace(finding, fix=(), fix_label=None, editor_link="")
        for finding in after
        if _lies_in(finding, span) and finding.severity.place < known.get(finding.id, len(Severity))
    )


def _lies_in(finding: Finding, span: TimeRange) -> bool:
    """Whether a finding, which may be a mere moment, lies at least partly in a range."""
    at = finding.at
    return at != WHOLE_MAP and (at.overlaps(span) or span.contains(at.start_ms))
