"""What a check is, what it may look at, and how its issues become findings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import Circle, HoldNote, Mode, Slider, TextEdit, TimeRange
from companion.findings import Finding, Severity, editor_link, finding_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from companion.beatmap import Beatmap, Document, HitObject

ALL_MODES = frozenset(Mode)
MAX_EDGES = 64

WEIGHTS = {
    Severity.PROBLEM: 3.0,
    Severity.WARNING: 2.0,
    Severity.MINOR: 1.0,
    Severity.SUGGESTION: 0.5,
}


@dataclass(frozen=True, slots=True)
class CheckContext:
    """One revision of one difficulty."""

    document: Document
    beatmap: Beatmap

    def replace_line(self, line: int, new: bytes) -> tuple[TextEdit, ...]:
        """A fix that gives a line another text and keeps its ending."""
        old = self.document.lines[line]
        return (TextEdit(line, (old.whole,), (new + old.ending,)),)

    def remove_line(self, line: int) -> tuple[TextEdit, ...]:
        """A fix that takes a line away."""
        return (TextEdit(line, (self.document.lines[line].whole,), ()),)

    def field(self, line: int, index: int) -> str:
        """One comma-separated field of a line; empty where the line is shorter."""
        parts = self.document.lines[line].raw.split(b",")
        return parts[index].decode("utf-8", "replace") if index < len(parts) else ""

    def replace_fields(self, line: int, fields: Mapping[int, str]) -> tuple[TextEdit, ...]:
        """A fix that gives some comma-separated fields of a line another text."""
        parts = self.document.lines[line].raw.split(b",")
        for index, text in fields.items():
            parts[index] = text.encode()
        return self.replace_line(line, b",".join(parts))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a check has found; its check makes a finding of it."""

    severity: Severity
    message: str
    objects: tuple[HitObject, ...] = ()
    at: TimeRange | None = None
    """Where it is; the objects' extent if not given."""
    detail: str = ""
    """Tells apart what one check says about the same objects."""
    fix: tuple[TextEdit, ...] = ()
    fix_label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule of the catalogue."""

    code: str
    title: str
    category: str
    criterion: str
    """The sentence of the ranking criteria (or of common sense) it stands for, in our words."""
    answers: tuple[str, ...]
    """Checks of other programs that look for the same, as ``MapsetVerifier:Name``."""
    modes: frozenset[Mode] = ALL_MODES
    find: Callable[[CheckContext], Iterator[Issue]]

    def run(self, context: CheckContext) -> Iterator[Finding]:
        """Findings of this rule, in no particular order."""
        if context.beatmap.mode not in self.modes:
            return
        for issue in self.find(context):
            yield self._finding(context, issue)

    def _finding(self, context: CheckContext, issue: Issue) -> Finding:
        at = issue.at or extent_of(issue.objects)
        times = tuple(math.floor(item.start_ms) for item in issue.objects)
        return Finding(
            id=finding_id(self.code, at, times, issue.detail),
            code=self.code,
            category=self.category,
            severity=issue.severity,
            at=at,
            objects=times,
            message=issue.message,
            weight=WEIGHTS[issue.severity],
            fix=issue.fix,
            fix_label=issue.fix_label,
            editor_link=editor_link(context.beatmap, at.start_ms, issue.objects),
        )


def extent_of(objects: tuple[HitObject, ...]) -> TimeRange:
    """From the first object's head to just after the last one's end."""
    return TimeRange(
        math.floor(min(item.start_ms for item in objects)),
        math.floor(max(item.end_ms for item in objects)) + 1,
    )


def edge_numbers(item: Slider) -> Iterable[int]:
    """Which edges of a slider are worth looking at: 0 for the head, ``slides`` for the tail.

    Of thousands of repeats the first ones and the tail have to do.
    """
    return (*range(min(item.slides, MAX_EDGES)), item.slides)


def name_of(item: HitObject) -> str:
    """What a mapper calls an object."""
    if isinstance(item, Circle):
        return "circle"
    if isinstance(item, Slider):
        return "slider"
    return "hold note" if isinstance(item, HoldNote) else "spinner"
