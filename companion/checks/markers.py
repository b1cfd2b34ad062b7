"""Checks of the markers in artist and title: ``CV:``, ``feat.``, ``vs.``, ``(TV Size)`` and kin."""

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

NAMES = {
    "Artist": "romanised artist",
    "ArtistUnicode": "original artist",
    "Title": "romanised title",
    "TitleUnicode": "original title",
}


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker as it has to be written, and how else it is."""

    right: str
    like: re.Pattern[str]
    exact: re.Pattern[str]


# In front of a marker stands a blank or a bracket, behind it no letter: "Havsmusik" has no "vs".
CREDITS = (
    Marker("CV:", re.compile(r"(?<=[\s(（])cv[:：.]?(?=[\s(（]|$)", re.I), re.compile(r"CV[:：]")),
    Marker(
        "feat.",
        re.compile(r"(?<=[\s(（])(?:ft|feat|featuring)\.?(?=[\s(（]|$)", re.I),
        re.compile(r"feat\."),
    ),
    Marker("vs.", re.compile(r"(?<=\s)(?:vs|versus)\.?(?=\s|$)", re.I), re.compile(r"vs\.")),
)

_CJK = "\u3040-\u30ff\u4e00-\u9fff"
# What has to stand apart from letters and digits, before (if listed) and after.
_GLUED: tuple[tuple[str, re.Pattern[str], Severity], ...] = (
    ("a blank after “CV:”", re.compile(r"CV:(?=[A-Za-z0-9])"), Severity.PROBLEM),
    ("a blank before “(CV:”", re.compile(r"[A-Za-z0-9]\(CV:"), Severity.PROBLEM),
    ("a bracket before “CV:”", re.compile(r"(?<![(（])CV:"), Severity.PROBLEM),
    ("a blank after “vs.”", re.compile(r"\bvs\.(?=[A-Za-z0-9])"), Severity.PROBLEM),
    ("a blank before “vs.”", re.compile(r"[A-Za-z0-9)]vs\.(?=\s)"), Severity.PROBLEM),
    ("a blank after “feat.”", re.compile(r"\bfeat\.(?=[A-Za-z0-9])"), Severity.PROBLEM),
    ("a blank before “feat.”", re.compile(r"[A-Za-z0-9)]feat\."), Severity.PROBLEM),
    ("a blank before “(feat.”", re.compile(r"[A-Za-z0-9]\(feat\."), Severity.WARNING),
    ("a blank after “,”", re.compile(r",(?=[A-Za-z])"), Severity.PROBLEM),
    ("blanks around “&”", re.compile(rf"[^\s{_CJK}]&|&[^\s{_CJK}]"), Severity.WARNING),
)


def find_bad_credits(difficulty: Difficulty) -> Iterator[Issue]:
    """Credits written in another way than the criteria want."""
    for key, name in NAMES.items():
        value = difficulty.beatmap.metadata.get(key, "")
        for marker in CREDITS:
            found = marker.like.search(value)
            if found is None or marker.exact.search(value):
                continue
            mended = value[: found.start()] + marker.right + value[found.end() :]
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"“{found[0]}” in the {name} “{value}” is written “{marker.right}”.",
                detail=f"{key} {marker.right}",
                fix=difficulty.set_key("Metadata", key, mended),
                fix_label=f"Write “{marker.right}”",
            )


def find_glued_credits(difficulty: Difficulty) -> Iterator[Issue]:
    """Credits that lack a blank or a bracket."""
    for key in ("Artist", "ArtistUnicode"):
        value = difficulty.beatmap.metadata.get(key, "")
        for lacking, pattern, severity in _GLUED:
            if pattern.search(value):
                yield Issue(
                    severity=severity,
                    message=f"There should be {lacking} in the {NAMES[key]} “{value}”.",
                    detail=f"{key} {lacking}",
                )


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="credit_format",
        title="Credit markers",
        category="Metadata",
        cause="Artist or title has “CV:”, “feat.” or “vs.” in another spelling.",
        criterion="Credits are written “(CV: …)”, “feat. …” and “… vs. …”.",
        answers=("MapsetVerifier:MarkerFormat",),
        severities=(Severity.PROBLEM,),
        find=find_bad_credits,
    ),
    DifficultyCheck(
        code="credit_spacing",
        title="Blanks around credits",
        category="Metadata",
        cause=(
            "A credit marker, a comma or an ampersand in the artist is glued to the word beside "
            "it, or “CV:” has no bracket."
        ),
        criterion="Credits stand apart from names, and a voice actor stands in brackets.",
        answers=("MapsetVerifier:MarkerSpacing",),
        differs=(
            "Japanese letters beside a marker are fine everywhere; Mapset Verifier warns for some "
            "of them."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_glued_credits,
    ),
)
