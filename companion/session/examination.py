"""Everything about a saved file that follows from its bytes alone, computed in one go.

Pure, so that it can run beside the loop when the file is large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Document, diff
from companion.beatmap.star_rating import star_rating
from companion.checks import run_checks

if TYPE_CHECKING:
    from companion.beatmap import TimeRange
    from companion.checks import Level
    from companion.findings import Finding


@dataclass(frozen=True, slots=True)
class Examined:
    """A saved file: its document, what changed, and what the rules say."""

    document: Document
    changed: tuple[TimeRange, ...]
    """Against the document before; empty when there was none."""
    findings: tuple[Finding, ...]
    stars: float | None
    """None when it cannot be computed."""


def examine(data: bytes, before: Document | None, level: Level | None = None) -> Examined:
    """Parse a file, compare it with the document before, and run the rules over it.

    Never raises for any bytes: a file that cannot be used has a document whose `problem` says why.

    Args:
        data: The file's bytes.
        before: What it was before.
        level: What the mapper says how hard it is.
    """
    document = Document.parse(data)
    if not document.readable:
        return Examined(document, (), (), None)
    changed = diff(before, document) if before is not None and before.readable else ()
    return Examined(document, changed, run_checks(document, level), star_rating(data))
