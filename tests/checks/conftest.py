"""Maps, sets and folders for checks, built in code; and what one check finds in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document
from companion.beatmap.folder_files import list_files
from companion.checks import (
    CHECKS,
    Difficulty,
    DifficultyCheck,
    FolderCheck,
    Level,
    Mapset,
    SetCheck,
    read_folder,
)
from companion.findings import Finding, Severity

if TYPE_CHECKING:
    from pathlib import Path

LONG = tuple(f"{100 + n % 2 * 100},100,{n * 500},1,0,0:0:0:0:" for n in range(100))
"""Circles on every beat of half a minute and more."""


def chart(
    objects: Sequence[str] = (),
    *,
    timing: Sequence[str] = ("0,500,4,2,1,60,1,0",),
    general: Sequence[str] = (),
    metadata: Sequence[str] = ("Title:Song", "Artist:Band", "Creator:Mapper", "Version:Hard"),
    difficulty: Sequence[str] = ("CircleSize:4", "OverallDifficulty:7", "SliderMultiplier:1.4"),
    events: Sequence[str] = (),
    colours: Sequence[str] = (),
    mode: int = 0,
    version: int = 14,
    newline: str = "\r\n",
) -> bytes:
    """An ``.osu`` file from the lines of its sections."""
    sections: Mapping[str, Sequence[str]] = {
        "General": ("AudioFilename: song.mp3", f"Mode: {mode}", *general),
        "Metadata": metadata,
        "Difficulty": difficulty,
        "Events": events,
        "TimingPoints": timing,
        "Colours": colours,
        "HitObjects": objects,
    }
    lines = [f"osu file format v{version}", ""]
    for name, content in sections.items():
        if content or name != "Colours":
            lines += [f"[{name}]", *content, ""]
    return newline.join(lines).encode()


def found(code: str, data: bytes, level: Level | None = None) -> list[Finding]:
    """What one rule about difficulties finds in a map."""
    check = CHECK_BY_CODE[code]
    assert isinstance(check, DifficultyCheck)
    findings = list(check.run(Difficulty(Document.parse(data), stated_level=level)))
    assert {finding.severity for finding in findings} <= set(check.severities)
    return findings


def found_in_set(code: str, *maps: bytes) -> list[Finding]:
    """What one rule about sets finds in a set; its files are called 0.osu, 1.osu, …"""
    check = CHECK_BY_CODE[code]
    assert isinstance(check, SetCheck)
    findings = list(check.run(mapset_of(*maps)))
    assert {finding.severity for finding in findings} <= set(check.severities)
    return findings


def mapset_of(*maps: bytes) -> Mapset:
    """A set of maps, in the order given; its files are called 0.osu, 1.osu, …"""
    return Mapset(
        tuple(Difficulty(Document.parse(data), f"{n}.osu") for n, data in enumerate(maps))
    )


def severities(findings: Sequence[Finding]) -> list[Severity]:
    """How grave findings are, in their order."""
    return [finding.severity for finding in findings]


def fixed(data: bytes, finding: Finding) -> bytes:
    """The map with a finding's fix applied."""
    assert finding.fix
    return Document.parse(data).apply(finding.fix).to_bytes()


CHECK_BY_CODE = {check.code: check for check in CHECKS}

FolderFinder = Callable[..., list[Finding]]


@pytest.fixture
def found_in_folder(tmp_path: Path) -> FolderFinder:
    """What one rule about folders finds in a folder with the given files."""

    def find(code: str, files: Mapping[str, bytes]) -> list[Finding]:
        check = CHECK_BY_CODE[code]
        assert isinstance(check, FolderCheck)
        for name, data in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        findings = list(check.run(read_folder(list_files(tmp_path))))
        assert {finding.severity for finding in findings} <= set(check.severities)
        return findings

    return find
