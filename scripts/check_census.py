"""Count what the rules find in folders of real maps, to see which of them speak up too often.

Each folder that holds ``.osu`` files is a set. ``.tar.zst`` archives in the given folders are
unpacked into a temporary one first; in them every map stands alone, as they hold no whole sets.
Prints a table of checks, gravest first: how many maps (or sets) each hits, and how often per map.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.beatmap import Document  # noqa: E402
from companion.beatmap.folder_files import list_files  # noqa: E402
from companion.checks import (  # noqa: E402
    CHECKS,
    Difficulty,
    Scope,
    check_difficulty,
    check_folder,
    check_set,
    read_folder,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from companion.findings import Finding


@dataclass
class Census:
    """What was found so far."""

    maps: Counter[str] = field(default_factory=Counter[str])
    """Maps looked at, by mode."""
    sets: int = 0
    seconds: float = 0.0
    hit: Counter[str] = field(default_factory=Counter[str])
    """Maps or sets in which a check found something."""
    findings: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    """By code and severity."""
    failures: list[str] = field(default_factory=list[str])
    undeclared: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    """Severities that a check reports without saying so."""

    def take(self, findings: Iterable[Finding], where: str) -> None:
        """Count the findings of one map or set."""
        codes: set[str] = set()
        for finding in findings:
            if "has failed" in finding.message:
                self.failures.append(f"{finding.code} on {where}: {finding.message}")
                continue
            codes.add(finding.code)
            self.findings[finding.code, finding.severity] += 1
            if finding.severity not in SEVERITIES[finding.code]:
                self.undeclared.add((finding.code, finding.severity))
        self.hit.update(codes)


SEVERITIES = {check.code: check.severities for check in CHECKS}


def take_folder(census: Census, folder: Path) -> None:
    """Check a set as one."""
    started = time.perf_counter()
    read = read_folder(list_files(folder))
    for one in read.mapset.difficulties:
        census.maps[one.mode.name] += 1
        census.take(check_difficulty(one), f"{folder.name}/{one.file_name}")
    census.sets += 1
    census.take([*check_set(read.mapset), *check_folder(read)], folder.name)
    census.seconds += time.perf_counter() - started


def take_alone(census: Census, path: Path) -> None:
    """Check a map without its set."""
    started = time.perf_counter()
    document = Document.parse(path.read_bytes())
    if document.readable:
        census.maps[document.beatmap.mode.name] += 1
        census.take(check_difficulty(Difficulty(document)), str(path))
    census.seconds += time.perf_counter() - started


@contextlib.contextmanager
def unpacked(archive: Path) -> Generator[Path]:
    """An archive's files in a temporary folder."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["tar", "--zstd", "-xf", str(archive), "-C", folder], check=True)
        yield Path(folder)


def take(census: Census, root: Path) -> None:
    """Check everything below a folder."""
    for folder in sorted({path.parent for path in root.rglob("*.osu")}):
        take_folder(census, folder)
    for archive in sorted(root.rglob("*.tar.zst")):
        with unpacked(archive) as folder:
            for path in sorted(folder.rglob("*.osu")):
                take_alone(census, path)


def table(census: Census) -> str:
    """The counts as text."""
    total = sum(census.maps.values())
    lines = [
        f"{total} maps ({', '.join(f'{mode} {n}' for mode, n in census.maps.items())}), "
        f"{census.sets} sets, {census.seconds:.1f} s",
        "",
        f"{'check':32}{'scope':12}{'hit':>5}{'of':>5}{'problem':>9}{'warning':>9}{'minor':>8}"
        f"{'per hit':>9}",
    ]
    for check in CHECKS:
        counts = [census.findings[check.code, s] for s in ("problem", "warning", "minor")]
        hit = census.hit[check.code]
        of = total if check.scope is Scope.DIFFICULTY else census.sets
        per_hit = sum(counts) / hit if hit else 0.0
        lines.append(
            f"{check.code:32}{check.scope:12}{hit:5}{of:5}{counts[0]:9}{counts[1]:9}{counts[2]:8}"
            f"{per_hit:9.1f}"
        )
    lines += ["", *(f"FAILED {failure}" for failure in census.failures)]
    lines += [f"UNDECLARED {code} {severity}" for code, severity in sorted(census.undeclared)]
    return "\n".join(lines)


def main() -> int:
    """Exit status 1 when a check failed or reported what it does not declare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true", help="print one object instead")
    options = parser.parse_args()
    census = Census()
    for folder in options.folders:
        take(census, folder)
    if options.json:
        counts = {f"{code} {severity}": n for (code, severity), n in census.findings.items()}
        print(json.dumps({"maps": census.maps, "hit": census.hit, "findings": counts}))
    else:
        print(table(census))
    return 1 if census.failures or census.undeclared else 0


if __name__ == "__main__":
    sys.exit(main())
