"""The list of all rule checks, in the order in which they run, and the three ways to run them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from companion.checks import (
    audio,
    catch,
    compose,
    events,
    files,
    hitsound_sets,
    hitsounds,
    lines,
    mania,
    markers,
    metadata,
    osu,
    resources,
    samples,
    settings,
    settings_sets,
    snapping_sets,
    spread,
    taiko,
    timing,
    timing_sets,
    title_markers,
    unused_lines,
    videos,
)
from companion.checks.check import WEIGHTS, WHOLE_MAP, DifficultyCheck, FolderCheck, SetCheck
from companion.checks.difficulty import Difficulty
from companion.findings import Finding, Severity, finding_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from companion.beatmap import Document
    from companion.checks.check import Check
    from companion.checks.level import Level
    from companion.checks.mapset import Folder, Mapset

log = logging.getLogger(__name__)

CHECKS: tuple[Check, ...] = (
    *timing.CHECKS,
    *snapping_sets.CHECKS,
    *lines.CHECKS,
    *unused_lines.CHECKS,
    *timing_sets.CHECKS,
    *compose.CHECKS,
    *events.CHECKS,
    *hitsounds.CHECKS,
    *hitsound_sets.CHECKS,
    *samples.CHECKS,
    *audio.CHECKS,
    *settings.CHECKS,
    *settings_sets.CHECKS,
    *spread.CHECKS,
    *metadata.CHECKS,
    *markers.CHECKS,
    *title_markers.CHECKS,
    *resources.CHECKS,
    *videos.CHECKS,
    *files.CHECKS,
    *osu.CHECKS,
    *taiko.CHECKS,
    *catch.CHECKS,
    *mania.CHECKS,
)
DIFFICULTY_CHECKS = tuple(check for check in CHECKS if isinstance(check, DifficultyCheck))
SET_CHECKS = tuple(check for check in CHECKS if isinstance(check, SetCheck))
FOLDER_CHECKS = tuple(check for check in CHECKS if isinstance(check, FolderCheck))
_TITLES = {check.code: check.title for check in CHECKS}


def rule_title(code: str) -> str:
    """What is found under a code, in a few words; the model's codes say it themselves."""
    words = code.rpartition(".")[2].replace("_", " ")
    return _TITLES.get(code) or f"Model: {words}"


def run_checks(document: Document, level: Level | None = None) -> tuple[Finding, ...]:
    """What the rules have to say about a map that stands alone; nothing if it is unreadable.

    Args:
        document: The map.
        level: What the mapper says how hard it is, whatever its name and star rating say.
    """
    if not document.readable:
        return ()
    return check_difficulty(Difficulty(document, stated_level=level))


def check_difficulty(difficulty: Difficulty) -> tuple[Finding, ...]:
    """Everything the rules have to say about one difficulty, by time.

    Ids are unique: what one check says twice about the same objects is said once.
    """
    return _sorted(
        finding
        for check in DIFFICULTY_CHECKS
        for finding in _spoken(check, check.run(difficulty), difficulty.file_name)
    )


def check_set(mapset: Mapset) -> tuple[Finding, ...]:
    """Everything the rules have to say about a set's difficulties against each other."""
    return _sorted(finding for check in SET_CHECKS for finding in _spoken(check, check.run(mapset)))


def check_folder(folder: Folder) -> tuple[Finding, ...]:
    """Everything the rules have to say about the files of a set."""
    return _sorted(
        finding for check in FOLDER_CHECKS for finding in _spoken(check, check.run(folder))
    )


def _spoken(check: Check, findings: Iterator[Finding], file: str = "") -> Iterator[Finding]:
    """A check's findings; where it fails, what it found until then and a word about it."""
    try:
        yield from findings
    except Exception as error:  # supervisor: one faulty check must not silence the others
        log.exception("the check %s failed", check.code)
        yield Finding(
            id=finding_id(check.code, WHOLE_MAP, detail="failed"),
            code=check.code,
            category=check.category,
            severity=Severity.MINOR,
            at=WHOLE_MAP,
            objects=(),
            message=(
                f"The check “{check.title}” has failed ({type(error).__name__}) and may have "
                "missed "
                "something; the log has the details."
            ),
            weight=WEIGHTS[Severity.MINOR],
            file=file,
        )


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    unique = {(finding.file, finding.id): finding for finding in findings}
    return tuple(sorted(unique.values(), key=lambda f: (f.file, f.at, f.code, f.objects, f.id)))
