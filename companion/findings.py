"""Findings: what rule checks and MaiMod have to say about a map, and how a set of them changes."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from companion.beatmap import Mode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from companion.beatmap import Beatmap, HitObject, TextEdit, TimeRange


class Severity(StrEnum):
    """How bad a finding is."""

    PROBLEM = "problem"
    """The map cannot be ranked like this."""
    WARNING = "warning"
    """Somebody should look at it; there may be a reason for it."""
    MINOR = "minor"
    """Hardly anybody will notice."""
    SUGGESTION = "suggestion"
    """The model would have done something else."""

    @property
    def place(self) -> int:
        """Its place in this order, 0 for the gravest."""
        return _PLACES[self]


_PLACES = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a mapper may want to look at."""

    id: str
    """Stays the same over saves while the same thing is found in the same objects."""
    code: str
    """The check or the model category that found it, e.g. ``unsnapped_object``."""
    category: str
    severity: Severity
    at: TimeRange
    objects: tuple[int, ...]
    """Start times of the objects it is about, in ms."""
    message: str
    weight: float
    """For ranking within a severity: the more, the more worth a look."""
    surprisal_bits: float | None = None
    """How unlikely the model found what is there; None for rule findings."""
    fix: tuple[TextEdit, ...] = field(default=(), compare=False)
    """A concrete edit that settles it, for the revision it was found in; moves with the lines."""
    fix_label: str | None = None
    """What the fix does, for a button."""
    editor_link: str = ""
    """``osu://edit/…``: jumps there and selects the objects."""
    file: str = ""
    """The file of the set that it is about; empty for the difficulty at hand or the whole set."""


def finding_id(code: str, at: TimeRange, objects: Sequence[int] = (), detail: str = "") -> str:
    """A stable id: from the objects where there are some, else from the place."""
    place = objects or (at.start_ms, at.end_ms)
    key = "|".join([code, ",".join(str(ms) for ms in place), detail])
    return hashlib.sha256(key.encode()).hexdigest()[:16]


_NAMES = {
    Severity.PROBLEM: ("problem", "problems"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.MINOR: ("minor thing", "minor things"),
    Severity.SUGGESTION: ("suggestion", "suggestions"),
}


def counted(findings: Iterable[Finding]) -> str:
    """How many findings there are of each severity, gravest first; “nothing” without any."""
    counts = Counter(finding.severity for finding in findings)
    words = [
        f"{counts[severity]} {_NAMES[severity][counts[severity] != 1]}"
        for severity in Severity
        if counts[severity]
    ]
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:]))) or "nothing"


@dataclass(frozen=True, slots=True)
class FindingsDelta:
    """What is new or reads differently (also under an id known before), and what is gone."""

    added: tuple[Finding, ...]
    removed_ids: tuple[str, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing has changed."""
        return not self.added and not self.removed_ids


def delta(old: Iterable[Finding], new: Iterable[Finding]) -> FindingsDelta:
    """The way from one set of findings to another.

    A finding whose fix has only moved to other lines does not count as changed: whoever applies
    fixes takes them from the newest set.
    """
    known = {finding.id: finding for finding in old}
    present = {finding.id: finding for finding in new}
    return FindingsDelta(
        added=tuple(f for f in present.values() if known.get(f.id) != f),
        removed_ids=tuple(key for key in known if key not in present),
    )


def editor_link(beatmap: Beatmap, at_ms: float, objects: Iterable[HitObject] = ()) -> str:
    """``osu://edit/01:02:345 (1,2)``: combo numbers, or ``time|column`` in mania."""
    parts: list[str] = []
    for item in objects:
        if beatmap.mode == Mode.MANIA:
            parts.append(f"{round(item.start_ms)}|{item.column(beatmap.keycount)}")
        elif item.line in beatmap.combo_number_by_line:
            parts.append(str(beatmap.combo_number_by_line[item.line]))
    stamp = timestamp(at_ms)
    return f"osu://edit/{stamp} ({','.join(parts)})" if parts else f"osu://edit/{stamp}"


def timestamp(ms: float) -> str:
    """A time as the editor shows it, ``mm:ss:mmm``; times before the song count as 0."""
    whole = max(0, int(ms))
    return f"{whole // 60_000:02d}:{whole // 1000 % 60:02d}:{whole % 1000:03d}"
