"""Other spellings of a map, and whether fixes hold: what tests of synthetic and real maps share."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from typing import TYPE_CHECKING

from companion.beatmap import Document
from companion.checks import Difficulty, Mapset, check_difficulty, check_set
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.checks import Level
    from companion.findings import Finding

FIXING = {
    "bad_break", "concurrent_lines", "concurrent_objects", "credit_format", "inconsistent_metadata",
    "inconsistent_settings", "offscreen_object", "preview_time", "taiko_close_bar_lines",
    "title_marker", "title_marker_mismatch", "unsnapped_object", "unused_green_line",
    "zero_length_object",
}  # fmt: skip
"""The rules that offer fixes."""
SECTION = re.compile(rb"^\[\w+\]\s*$")
SPELLINGS = (" {}", "{}.0", "{}.000", "{}e0", "+{}")


def found(data: bytes, level: Level | None = None) -> tuple[Finding, ...]:
    """What all rules about a difficulty find."""
    return check_difficulty(Difficulty(Document.parse(data), "a.osu", level))


def heard(data: bytes) -> list[tuple[str, str, str]]:
    """The same, as far as it does not hang on how the file is written."""
    return sorted((finding.id, finding.severity, finding.message) for finding in found(data))


def with_endings(data: bytes, ending: bytes) -> bytes:
    """The map with one line ending throughout."""
    return ending.join(data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))


def with_byte_order_mark(data: bytes) -> bytes:
    """The map as some editors save it."""
    return codecs.BOM_UTF8 + data.removeprefix(codecs.BOM_UTF8)


def with_sections_reversed(data: bytes) -> bytes:
    """The map with its last section first; the line of the format stays on top."""
    head: list[bytes] = []
    sections: list[list[bytes]] = []
    for line in with_endings(data, b"\n").split(b"\n"):
        if SECTION.match(line):
            sections.append([])
        (sections[-1] if sections else head).append(line)
    return b"\r\n".join([*head, *(line for section in reversed(sections) for line in section)])


def with_numbers_respelt(data: bytes, spelling: str) -> bytes:
    """The map with the whole numbers of positions and times spelt in another way."""
    lines = with_endings(data, b"\n").split(b"\n")
    section = b""
    for number, line in enumerate(lines):
        if SECTION.match(line):
            section = line.strip()
        elif section in (b"[TimingPoints]", b"[HitObjects]") and b"," in line:
            n_fields = 1 if section == b"[TimingPoints]" else 3
            fields = line.split(b",")
            for index, text in enumerate(fields[:n_fields]):
                if text.isdigit():
                    fields[index] = spelling.format(text.decode()).encode()
            lines[number] = b",".join(fields)
    return b"\r\n".join(lines)


def unsettled(
    data: bytes, fixes: Sequence[Finding], before: Sequence[Finding], level: Level | None = None
) -> Iterator[str]:
    """What is wrong with fixes of a map: its finding is still there, or there are new problems."""
    document = Document.parse(data)
    problems = Counter(f.code for f in before if f.severity is Severity.PROBLEM)
    for finding in fixes:
        after = found(document.apply(finding.fix).to_bytes(), level)
        if finding.id in {other.id for other in after}:
            yield f"{finding.code} is still there: {finding.message}"
        # What was wrong with an object may now be found where a fix has moved it.
        left = Counter(f.code for f in after if f.severity is Severity.PROBLEM)
        if not left <= problems:
            yield f"{finding.code} makes {left - problems}: {finding.message}"


def unsettled_in_set(mapset: Mapset) -> Iterator[str]:
    """The same for the fixes of rules about sets."""
    findings = check_set(mapset)
    before = Counter(f.code for f in findings if f.severity is Severity.PROBLEM)
    for finding in findings:
        if finding.fix:
            mended = tuple(
                Difficulty(one.document.apply(finding.fix), one.file_name)
                if one.file_name == finding.file
                else one
                for one in mapset.difficulties
            )
            after = check_set(Mapset(mended))
            if (finding.file, finding.id) in {(f.file, f.id) for f in after}:
                yield f"{finding.code} is still there: {finding.message}"
            left = Counter(f.code for f in after if f.severity is Severity.PROBLEM)
            if not left <= before:
                yield f"{finding.code} makes {left - before}: {finding.message}"
