"""The list of all rule checks, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.checks import compose, events, hitsounds, timing
from companion.checks.check import Check, CheckContext

if TYPE_CHECKING:
    from companion.beatmap import Document
    from companion.findings import Finding

CHECKS: tuple[Check, ...] = (
    *timing.CHECKS,
    *compose.CHECKS,
    *hitsounds.CHECKS,
    *events.CHECKS,
)


def run_checks(document: Document) -> tuple[Finding, ...]:
    """Everything the rules have to say about a map, by time; nothing about an unreadable file.

    Ids are unique: what one check says twice about the same objects is said once.
    """
    if not document.readable:
        return ()
    context = CheckContext(document, document.beatmap)
    found = {finding.id: finding for check in CHECKS for finding in check.run(context)}
    return tuple(sorted(found.values(), key=lambda f: (f.at, f.code, f.objects, f.id)))
