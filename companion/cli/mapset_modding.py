"""``companion mod FOLDER``: what the rules find in a whole set."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from companion.beatmap.folder_files import list_files
from companion.bridge.keeping import level_of
from companion.checks import (
    check_difficulty,
    check_folder,
    check_set,
    level_name,
    read_folder,
    stated_levels,
)
from companion.cli.modding import HEADINGS, rule_values
from companion.cli.rules import MODE_NAMES
from companion.errors import UnreadableBeatmap
from companion.findings import Severity, timestamp

if TYPE_CHECKING:
    from pathlib import Path

    from companion.checks import Difficulty, Folder
    from companion.cli.terminal import Terminal
    from companion.findings import Finding
    from companion.journal import Journal


def print_set_findings(
    terminal: Terminal, path: Path, journal: Journal, *, with_dismissed: bool
) -> list[Finding]:
    """Print what the rules find in a folder's difficulties, in the set and in its files.

    What the mapper said of the difficulties' levels counts, and dismissed rules stay silent.

    Raises:
        UnreadableBeatmap: There is no difficulty in the folder.
    """
    files = list_files(path)
    levels = stated_levels(path, files, partial(level_of, journal))
    folder = read_folder(files, levels=levels)
    if not folder.mapset.difficulties and not folder.unreadable:
        raise UnreadableBeatmap(f"There is no .osu file in {path}.")
    findings = [*check_set(folder.mapset), *check_folder(folder)]
    for difficulty in folder.mapset.difficulties:
        findings += check_difficulty(difficulty)
    silent = frozenset[str]() if with_dismissed else journal.dismissed_rules(path)
    told = [finding for finding in findings if finding.code not in silent]
    hidden = len(findings) - len(told)
    terminal.result(_text(folder, told, hidden), _value(path, folder, told, hidden))
    return told


def _text(folder: Folder, findings: list[Finding], hidden: int) -> str:
    names = {one.file_name: f"[{one.name}]" for one in folder.mapset.difficulties}
    lines = [_heading(one) for one in folder.mapset.difficulties]
    # Metadata is the same in all difficulties, and so is what is wrong with it.
    everywhere = Counter((f.code, f.severity, f.message) for f in findings if not f.editor_link)
    for severity in Severity:
        of_kind = [finding for finding in findings if finding.severity is severity]
        if of_kind:
            lines += ["", f"{HEADINGS[severity]} ({len(of_kind)})"]
        told: set[tuple[str, Severity, str]] = set()
        for finding in of_kind:
            what = finding.code, finding.severity, finding.message
            if what in told:
                continue
            where = names.get(finding.file, finding.file)
            if everywhere[what] > 1:
                told.add(what)
                where = f"{everywhere[what]} difficulties"
            at = f" {timestamp(finding.at.start_ms)}" if finding.editor_link else ""
            lines.append(f"  {f'{where}{at}  '.lstrip()}{finding.category}: {finding.message}")
    if not findings:
        lines += ["", "Nothing to complain about."]
    if hidden:
        lines += ["", f"{hidden} of dismissed rules; --all shows them."]
    return "\n".join(lines)


def _heading(one: Difficulty) -> str:
    stars = f"{one.stars:.2f} stars" if one.stars is not None else "star rating unknown"
    return (
        f"[{one.name}] {MODE_NAMES[one.mode]}, {level_name(one.level, one.mode)}: "
        f"{len(one.beatmap.hit_objects)} objects, {stars}"
    )


def _value(path: Path, folder: Folder, findings: list[Finding], hidden: int) -> dict[str, Any]:
    return {
        "folder": str(path),
        "dismissed_count": hidden,
        "difficulties": [
            {
                "file": one.file_name,
                "difficulty_name": one.name,
                "mode": MODE_NAMES[one.mode],
                "level": one.level.name.lower(),
                "star_rating": one.stars,
                "objects": len(one.beatmap.hit_objects),
            }
            for one in folder.mapset.difficulties
        ],
        "findings": rule_values(findings),
    }
