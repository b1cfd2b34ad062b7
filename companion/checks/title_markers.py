"""Checks of the markers that say which version of a song a map has: ``(TV Size)`` and kin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.checks.check import DifficultyCheck, Issue
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty

NAMES = {"Title": "romanised title", "TitleUnicode": "original title"}

_VERSION = r"(?:size|edit|ver(?:sion)?\.?)"
_OPENING, _CLOSING = r"(?:[(\[（~～\-–]\s*)?", r"(?:\s*[)\]）~～\-–])?"


@dataclass(frozen=True, slots=True)
class TitleMarker:
    """A marker as it has to be written, and a pattern for everything that is meant to be one."""

    right: str
    like: re.Pattern[str]


def _marker(right: str, words: str) -> TitleMarker:
    return TitleMarker(right, re.compile(f"{_OPENING}\\b(?:{words}){_CLOSING}", re.IGNORECASE))


# The longer ones first: what one has taken is not looked at by the others.
MARKERS = (
    _marker("(Sped Up & Cut Ver.)", rf"(?:sped|speed)[\s-]*up\s*(?:&|and)\s*cut(?:\s*{_VERSION})?"),
    _marker("(Nightcore & Cut Ver.)", rf"night\s?core\s*(?:&|and)\s*cut(?:\s*{_VERSION})?"),
    _marker("(TV Size)", rf"tv[\s-]*{_VERSION}"),
    _marker("(Game Ver.)", rf"game[\s-]+{_VERSION}"),
    _marker("(Short Ver.)", rf"short[\s-]+{_VERSION}"),
    _marker("(Movie Ver.)", rf"movie[\s-]+{_VERSION}"),
    _marker("(Extended Edit)", r"extended[\s-]+edit"),
    _marker("(Cut Ver.)", rf"cut[\s-]+{_VERSION}"),
    _marker("(Sped Up Ver.)", rf"(?:sped|speed)[\s-]*up[\s-]+{_VERSION}"),
    _marker("(Nightcore Mix)", rf"night\s?core[\s-]+(?:mix|{_VERSION})"),
)
TV_SIZE = "(TV Size)"
_SWAPPED = {"(Sped Up Ver.)": "(Nightcore Mix)", "(Sped Up & Cut Ver.)": "(Nightcore & Cut Ver.)"}
_GENERIC = re.compile(r"\(([^()]+?)\s+version\)|\((long)\)", re.IGNORECASE)
_OP_VERSION = re.compile(r"\bOP\s+Version\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Use:
    """A marker in a title."""

    marker: TitleMarker
    start: int
    end: int
    text: str

    def well_written(self, title: str) -> bool:
        """Whether it is as it has to be; a title all in small or big letters may keep its way."""
        if self.text == self.marker.right:
            return title[: self.start].endswith((" ", "　")) or self.start == 0
        rest = title[: self.start] + title[self.end :]
        same_letters = self.text.lower() == self.marker.right.lower()
        stylised = (rest + self.text).islower() or (rest + self.text).isupper()
        return same_letters and stylised and any(letter.isalpha() for letter in rest)


def uses_of(title: str) -> list[Use]:
    """The version markers of a title, from left to right."""
    found: list[Use] = []
    for marker in MARKERS:
        for match in marker.like.finditer(title):
            taken = any(match.start() < use.end and use.start < match.end() for use in found)
            live = _inside_live(title, match.start())
            if not taken and not live:
                found.append(Use(marker, match.start(), match.end(), match[0].strip()))
    return sorted(found, key=lambda use: use.start)


def _inside_live(title: str, at: int) -> bool:
    """Whether a place is in brackets that name a concert: its version is part of the name."""
    opening, closing = title.rfind("(", 0, at + 1), title.find(")", at)
    inside = title[opening:closing] if -1 < opening < closing else ""
    return re.search(r"\blive\b", inside, re.IGNORECASE) is not None


def titles_of(difficulty: Difficulty) -> dict[str, str]:
    """The titles to look at: the original one only where it differs from the romanised."""
    metadata = difficulty.beatmap.metadata
    titles = {key: metadata.get(key, "") for key in NAMES}
    if titles["TitleUnicode"] in ("", titles["Title"]):
        del titles["TitleUnicode"]
    return titles


def find_bad_title_markers(difficulty: Difficulty) -> Iterator[Issue]:
    """Version markers that are written in another way, or in the wrong place."""
    for key, title in titles_of(difficulty).items():
        for use in uses_of(title):
            if not use.well_written(title):
                yield _misspelt(difficulty, key, title, use)
            elif use.marker.right == TV_SIZE and title[use.end :].strip():
                yield Issue(
                    severity=Severity.WARNING,
                    message=f"{TV_SIZE} is not at the end of the {NAMES[key]} “{title}”.",
                    detail=f"{key} place",
                )
        yield from _generic(difficulty, key, title)


def _misspelt(difficulty: Difficulty, key: str, title: str, use: Use) -> Issue:
    before, after = title[: use.start].rstrip(), title[use.end :].strip()
    # A marker without brackets in the middle of a title may be part of its words.
    certain = not after or not use.text[0].isalnum()
    mended = " ".join(part for part in (before, use.marker.right, after) if part)
    return Issue(
        severity=Severity.PROBLEM,
        message=f"“{use.text}” in the {NAMES[key]} “{title}” is written “{use.marker.right}”.",
        detail=f"{key} {use.marker.right}",
        fix=difficulty.set_key("Metadata", key, mended) if certain else (),
        fix_label=f"Write “{use.marker.right}”" if certain else None,
    )


def _generic(difficulty: Difficulty, key: str, title: str) -> Iterator[Issue]:
    for match in _GENERIC.finditer(title):
        if any(marker.like.search(match[0]) for marker in MARKERS):
            continue
        words = match[1] or match[2]
        if re.search(r"remix|edition|\blive\b|[\"“”'‘’]", words, re.IGNORECASE):
            continue
        yield Issue(
            severity=Severity.WARNING,
            message=(
                f"“{match[0]}” in the {NAMES[key]} “{title}” is usually written "
                f"“({words.title() if words.islower() else words} Ver.)”."
            ),
            detail=f"{key} {match[0]}",
        )
    if _OP_VERSION.search(title) and "game" in " ".join(difficulty.beatmap.tags).lower():
        yield Issue(
            severity=Severity.WARNING,
            message=f"“OP Version” in the {NAMES[key]} of a game's song is usually “(Game Ver.)”.",
            detail=f"{key} OP",
        )


def find_lone_title_markers(difficulty: Difficulty) -> Iterator[Issue]:
    """Version markers that only one of the two titles has, or that the tags contradict."""
    titles = titles_of(difficulty)
    marked = {key: {use.marker.right for use in uses_of(title)} for key, title in titles.items()}
    if len(marked) == 2:
        for key, other in (("Title", "TitleUnicode"), ("TitleUnicode", "Title")):
            for right in sorted(marked[key] - marked[other]):
                yield Issue(
                    severity=Severity.PROBLEM,
                    message=f"The {NAMES[key]} has {right}, but the {NAMES[other]} has not.",
                    detail=f"{other} {right}",
                    fix=difficulty.set_key("Metadata", other, f"{titles[other].rstrip()} {right}"),
                    fix_label=f"Add {right} to the {NAMES[other]}",
                )
    if any("nightcore" in tag.lower() for tag in difficulty.beatmap.tags):
        for key, rights in marked.items():
            for right in sorted(rights & _SWAPPED.keys()):
                yield Issue(
                    severity=Severity.WARNING,
                    message=(
                        f"The tags say nightcore, so {right} in the {NAMES[key]} should probably "
                        f"be {_SWAPPED[right]}."
                    ),
                    detail=f"{key} nightcore",
                )


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="title_marker",
        title="Title markers",
        category="Metadata",
        cause=(
            "A title has a version marker in another spelling than (TV Size), (Game Ver.), (Short "
            "Ver.), (Movie Ver.), (Cut Ver.), (Extended Edit), (Sped Up Ver.), (Nightcore Mix) "
            "(problem), (TV Size) before its end, or another “… Version” (warning)."
        ),
        criterion="Versions of a song are marked in one way, at the end of the title.",
        answers=("MapsetVerifier:TitleMarkers", "lazer:TitleMarkers"),
        differs=(
            "A word alone (“short”) is no marker; lazer does not accept titles that are all in "
            "small or big letters."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_bad_title_markers,
    ),
    DifficultyCheck(
        code="title_marker_mismatch",
        title="Title markers in one title only",
        category="Metadata",
        cause=(
            "One of the two titles has a version marker that the other has not (problem), or it "
            "says sped up where the tags say nightcore (warning)."
        ),
        criterion="Romanised and original title have to name the same version.",
        answers=("MapsetVerifier:TitleMarkers",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_lone_title_markers,
    ),
)
