"""What a check is, and how its issues become findings."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from companion.beatmap import Circle, HoldNote, Mode, Slider, TimeRange
from companion.checks.level import ALL_LEVELS, Level
from companion.findings import Finding, Severity, editor_link, finding_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from companion.beatmap import HitObject, TextEdit
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Folder, Mapset

ALL_MODES = frozenset(Mode)
MAX_EDGES = 64
WHOLE_MAP = TimeRange(0, 0)
"""Where a finding is that has no place in time."""

CIRCLE_NAMES = {Mode.TAIKO: "note", Mode.CATCH: "fruit", Mode.MANIA: "note"}

WEIGHTS = {
    Severity.PROBLEM: 3.0,
    Severity.WARNING: 2.0,
    Severity.MINOR: 1.0,
    Severity.SUGGESTION: 0.5,
}


class Scope(StrEnum):
    """What a check has to look at, and so what makes it run again."""

    DIFFICULTY = "difficulty"
    """One ``.osu``."""
    SET = "set"
    """All difficulties of the set against each other."""
    FILE = "file"
    """The set's folder: storyboard, sounds, pictures, song."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What a check has found; its check makes a finding of it."""

    severity: Severity
    message: str
    objects: tuple[HitObject, ...] = ()
    at: TimeRange | None = None
    """Where it is; the objects' extent if not given, and no place in particular without any."""
    detail: str = ""
    """Tells apart what one check says about the same objects. Should survive unrelated edits."""
    fix: tuple[TextEdit, ...] = ()
    """For the difficulty it is about."""
    fix_label: str | None = None
    difficulty: Difficulty | None = None
    """Of a set or a folder: the difficulty it is about; None for the set as a whole."""
    file: str = ""
    """Of a folder: the file that it is about, where that is not a difficulty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One rule of the catalogue; one of its three kinds says what it looks at."""

    scope: ClassVar[Scope]

    code: str
    title: str
    category: str
    cause: str
    """One sentence: what makes it speak up."""
    criterion: str
    """The sentence of the ranking criteria (or of common sense) it stands for, in our words."""
    answers: tuple[str, ...]
    """Checks of other programs that look for the same, as ``MapsetVerifier:Name``."""
    differs: str = ""
    """Where it judges otherwise than those, and why."""
    severities: tuple[Severity, ...]
    """What it may report, gravest first."""
    modes: frozenset[Mode] = ALL_MODES
    levels: frozenset[Level] = ALL_LEVELS
    """The difficulty levels it applies to."""

    def finding(self, issue: Issue, difficulty: Difficulty | None) -> Finding:
        """An issue as a finding about a difficulty, or about the set or a file of it."""
        at = issue.at or (extent_of(issue.objects) if issue.objects else WHOLE_MAP)
        times = tuple(math.floor(item.start_ms) for item in issue.objects)
        detail = f"{issue.file}|{issue.detail}" if issue.file else issue.detail
        link = ""
        if difficulty is not None and at != WHOLE_MAP:
            link = editor_link(difficulty.beatmap, at.start_ms, issue.objects)
        return Finding(
            id=finding_id(self.code, at, times, detail),
            code=self.code,
            category=self.category,
            severity=issue.severity,
            at=at,
            objects=times,
            message=issue.message,
            weight=WEIGHTS[issue.severity],
            fix=issue.fix,
            fix_label=issue.fix_label if issue.fix else None,
            editor_link=link,
            file=issue.file or (difficulty.file_name if difficulty else ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DifficultyCheck(Check):
    """A rule about one difficulty."""

    scope: ClassVar[Scope] = Scope.DIFFICULTY
    find: Callable[[Difficulty], Iterator[Issue]]

    def run(self, difficulty: Difficulty) -> Iterator[Finding]:
        """Findings of this rule, in no particular order."""
        if difficulty.mode not in self.modes:
            return
        if self.levels != ALL_LEVELS and difficulty.level not in self.levels:
            return
        for issue in self.find(difficulty):
            yield self.finding(issue, difficulty)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCheck(Check):
    """A rule about a set's difficulties; it sees those of its modes."""

    scope: ClassVar[Scope] = Scope.SET
    find: Callable[[Mapset], Iterator[Issue]]

    def run(self, mapset: Mapset) -> Iterator[Finding]:
        """Findings of this rule, in no particular order."""
        concerned = mapset.of_modes(self.modes)
        if not concerned.difficulties:
            return
        for issue in self.find(concerned):
            yield self.finding(issue, issue.difficulty)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderCheck(Check):
    """A rule about the files of a set."""

    scope: ClassVar[Scope] = Scope.FILE
    find: Callable[[Folder], Iterator[Issue]]

    def run(self, folder: Folder) -> Iterator[Finding]:
        """Findings of this rule, in no particular order."""
        if self.modes.isdisjoint(folder.mapset.by_mode) and self.modes != ALL_MODES:
            return
        for issue in self.find(folder):
            yield self.finding(issue, issue.difficulty)


def extent_of(objects: tuple[HitObject, ...]) -> TimeRange:
    """From the first object's head to just after the last one's end."""
    return TimeRange(
        math.floor(min(item.start_ms for item in objects)),
        math.floor(max(item.end_ms for item in objects)) + 1,
    )


def edge_numbers(item: Slider) -> list[int]:
    """Which edges of a slider are worth looking at: 0 for the head, ``slides`` for the tail.

    Of thousands of repeats the first ones and the tail have to do.
    """
    return [*range(min(item.slides, MAX_EDGES)), item.slides]


def name_of(item: HitObject, mode: Mode) -> str:
    """What a mapper of a ruleset calls an object."""
    if isinstance(item, Circle):
        return CIRCLE_NAMES.get(mode, "circle")
    if isinstance(item, Slider):
        return "drumroll" if mode is Mode.TAIKO else "slider"
    return "hold note" if isinstance(item, HoldNote) else "spinner"
