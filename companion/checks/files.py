"""Checks of which files lie in a set's folder, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap.new_difficulty import difficulty_file_name
from companion.checks.check import FolderCheck, Issue
from companion.checks.gameplay.sample_names import sample_use
from companion.checks.mapset import DIFFICULTY_EXTENSION, STORYBOARD_EXTENSION
from companion.checks.skin_files import is_skin_file
from companion.checks.story import events_of, shared_events
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Folder

LONGEST_NAME = 130
IGNORED = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})
"""What operating systems leave in folders, and uploading leaves out."""


def bare_name(path: str) -> str:
    """A file's name without its folders."""
    return path.rpartition("/")[2]


def find_unreadable_difficulties(folder: Folder) -> Iterator[Issue]:
    """Difficulty files that hold nothing that can be worked with."""
    for name, problem in folder.unreadable.items():
        yield Issue(severity=Severity.PROBLEM, message=f"“{name}”: {problem}", file=name)


def find_empty_files(folder: Folder) -> Iterator[Issue]:
    """Files of 0 bytes."""
    for file in folder.files:
        if file.size_bytes == 0 and file.name not in folder.unreadable:
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"“{file.name}” is empty; the game cannot use it.",
                file=file.name,
            )


def find_bad_names(folder: Folder) -> Iterator[Issue]:
    """Names that updating the set on the site would trip over."""
    for file in folder.files:
        name = bare_name(file.name)
        if len(name) > LONGEST_NAME:
            yield Issue(
                severity=Severity.WARNING,
                message=f"The name “{name}” has {len(name)} letters; use {LONGEST_NAME} at most.",
                file=file.name,
                detail="long",
            )
    for one in folder.mapset.difficulties:
        wanted = difficulty_file_name(one.beatmap)
        if one.file_name.lower() != wanted.lower():
            yield Issue(
                severity=Severity.WARNING,
                message=f"The file should be called “{wanted}”.",
                difficulty=one,
                detail="name",
            )


def used_files(folder: Folder) -> tuple[frozenset[str], frozenset[str]]:
    """What the set's maps and storyboard name, in lower case: files, and sounds without extension.

    Storyboards and samples may leave a file's extension out.
    """
    names: set[str] = set()
    stems: set[str] = set()
    events = [*shared_events(folder)]
    for one in folder.mapset.difficulties:
        events += one.fact(events_of)
        names.add(one.beatmap.audio_filename.lower())
        stems |= one.fact(_sample_stems)
    # A storyboard may show one animation thousands of times.
    for event in {(event.path, event.frames): event for event in events}.values():
        names.update(path.lower() for path in event.files)
    return frozenset(names), frozenset(stems)


def _sample_stems(difficulty: Difficulty) -> frozenset[str]:
    return difficulty.fact(sample_use).names


def find_unused_files(folder: Folder) -> Iterator[Issue]:
    """Files that nothing in the set refers to."""
    if not folder.mapset.difficulties:
        return
    names, stems = folder.fact(used_files)
    for file in folder.files:
        path = file.name.lower()
        stem = path.removesuffix(file.extension)
        name = bare_name(path)
        if (
            file.extension in (DIFFICULTY_EXTENSION, STORYBOARD_EXTENSION)
            or name in IGNORED
            or path in names
            or stem in names
            or stem in stems
            or is_skin_file(name)
        ):
            continue
        yield Issue(
            severity=Severity.PROBLEM,
            message=f"“{file.name}” is used by no difficulty and no storyboard.",
            file=file.name,
        )


CHECKS: tuple[Check, ...] = (
    FolderCheck(
        code="unreadable_difficulty",
        title="Unreadable difficulties",
        category="Files",
        cause=(
            "A .osu file is empty, holds zeros only, or is saved in an encoding osu! cannot read."
        ),
        criterion="Every difficulty file of a set holds a difficulty.",
        answers=("MapsetVerifier:EmptyDifficultyFile",),
        differs="It also names files that a power failure or an editor has made unreadable.",
        severities=(Severity.PROBLEM,),
        find=find_unreadable_difficulties,
    ),
    FolderCheck(
        code="empty_file",
        title="Empty files",
        category="Files",
        cause="A file has 0 bytes.",
        criterion="There are no files of 0 bytes; the site does not take them.",
        answers=("MapsetVerifier:ZeroBytes", "lazer:ZeroByteFiles"),
        severities=(Severity.PROBLEM,),
        find=find_empty_files,
    ),
    FolderCheck(
        code="file_name",
        title="File names",
        category="Files",
        cause=(
            "A difficulty's file is not called “Artist - Title (Creator) [Version].osu”, or a "
            "file's name has more than 130 letters."
        ),
        criterion="Files have the names that the editor gives them, so that updates find them.",
        answers=("MapsetVerifier:UpdateValidity",),
        severities=(Severity.WARNING,),
        find=find_bad_names,
    ),
    FolderCheck(
        code="unused_file",
        title="Unused files",
        category="Files",
        cause=(
            "A file is no difficulty, storyboard or part of a skin, and no map, storyboard or "
            "hit sound refers to it."
        ),
        criterion="Files that nothing uses make the download larger, and have to go.",
        answers=("MapsetVerifier:UnusedFiles",),
        differs="Skin files count as used, also those that only lazer shows.",
        severities=(Severity.PROBLEM,),
        find=find_unused_files,
    ),
)
