"""Run every check of the project, one after the other, and say how each went.

Needs the development environment; ``scripts/test.py`` makes it and then calls this. The overlay's
checks need Node and are left out, with a word about it, where there is none.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
OVERLAY = ROOT / "overlay"
PACKAGES = "overlay packages"
TEST_COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?)\b")

State = Literal["passed", "failed", "left out"]


@dataclass(frozen=True, slots=True)
class Step:
    """One check: a command that exits with 0 when all is well."""

    name: str
    command: tuple[str, ...]
    cwd: Path = ROOT
    needs: str | None = None
    """A program that must be on the PATH, else the step is left out."""
    after: str | None = None
    """A step without whose success this one makes no sense."""
    counts: str | None = None
    """Start of the output line that says how many tests passed; the output is shown live."""


@dataclass(slots=True)
class Result:
    """How a step went."""

    step: Step
    state: State
    seconds: float = 0.0
    note: str = ""
    tests: Counter[str] = field(default_factory=lambda: Counter[str]())


def steps(pytest_args: Sequence[str]) -> list[Step]:
    """All checks, the quick ones first."""
    python = sys.executable
    layers = str(Path(python).parent / "lint-imports")
    return [
        Step("format", (python, "-m", "ruff", "format", "--check", ".")),
        Step("lint", (python, "-m", "ruff", "check", ".")),
        Step("types", (python, "-m", "pyright")),
        Step("layers", (layers, "--no-cache", "--no-logo")),
        Step(PACKAGES, (npm(), "ci", "--no-audit", "--no-fund"), cwd=OVERLAY, needs="npm"),
        Step("wire types", (python, "scripts/generate_protocol_types.py", "--check")),
        overlay_step("overlay types", "run", "types"),
        overlay_step("overlay lint", "run", "lint"),
        overlay_step("overlay tests", "run", "test", counts="Tests "),
        overlay_step("overlay bundle", "run", "build:check"),
        Step("tests", (python, "-m", "pytest", *pytest_args), counts="="),
    ]


def overlay_step(name: str, *npm_args: str, counts: str | None = None) -> Step:
    """A check of the overlay, by one of the scripts in its ``package.json``."""
    command = (npm(), *npm_args)
    return Step(name, command, cwd=OVERLAY, needs="npm", after=PACKAGES, counts=counts)


def npm() -> str:
    """Full path of npm: on Windows it is a script, ``npm.cmd``."""
    return shutil.which("npm") or "npm"


def run(step: Step) -> Result:
    """Run one step; its output is shown live for tests, else only when it fails."""
    if step.needs and shutil.which(step.needs) is None:
        return Result(step, "left out", note=f"{step.needs} is not installed")
    print(f"── {step.name}", flush=True)
    started = time.monotonic()
    result = _execute(step)
    result.seconds = time.monotonic() - started
    return result


def _execute(step: Step) -> Result:
    lines: list[str] = []
    try:
        with subprocess.Popen(
            step.command,
            cwd=step.cwd,
            env=dict(os.environ, NO_COLOR="1", PYTHONUTF8="1"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                lines.append(line)
                if step.counts:
                    print(line, end="", flush=True)
    except OSError as error:
        return Result(step, "failed", note=str(error))
    failed = process.returncode != 0
    if failed and not step.counts:
        print("".join(lines), end="", flush=True)
    return Result(step, "failed" if failed else "passed", tests=_tests(step, lines))


def _tests(step: Step, lines: list[str]) -> Counter[str]:
    """How many tests passed, failed and were skipped, by the last line that says so."""
    for line in reversed(lines):
        found = TEST_COUNT.findall(line)
        if found and step.counts and line.strip().startswith(step.counts):
            return Counter({kind.replace("errors", "error"): int(n) for n, kind in found})
    return Counter()


def summary(results: Sequence[Result]) -> str:
    """A table of the steps; the last line counts the tests."""
    lines = ["", "── summary"]
    tests: Counter[str] = Counter()
    for result in results:
        tests += result.tests
        counted = ", ".join(f"{n} {kind}" for kind, n in result.tests.items())
        note = result.note or counted
        lines.append(f"{result.state:>9}  {result.seconds:6.1f} s  {result.step.name:<17} {note}")
    failed = [result.step.name for result in results if result.state == "failed"]
    total = sum(result.seconds for result in results)
    lines.append(
        f"all checks in {total:.0f} s; " + (f"FAILED: {', '.join(failed)}" if failed else "ok")
    )
    broken = tests["failed"] + tests["error"]
    lines.append(f"{tests['passed']} passed, {broken} failed, {tests['skipped']} skipped")
    return "\n".join(lines)


def main() -> int:
    """Run the chosen steps; 0 when none of them failed."""
    parser = argparse.ArgumentParser(description="Run every check of the project.")
    names = [step.name for step in steps([])]
    parser.add_argument("--only", nargs="+", choices=names, metavar="STEP", help=", ".join(names))
    parser.add_argument("pytest_args", nargs="*", help="after --, handed to pytest")
    options = parser.parse_args()
    chosen = [s for s in steps(options.pytest_args) if not options.only or s.name in options.only]
    results: list[Result] = []
    for step in chosen:
        failed = [result.step.name for result in results if result.state == "failed"]
        if step.after in failed:
            results.append(Result(step, "left out", note=f"{step.after} failed"))
        else:
            results.append(run(step))
    print(summary(results), flush=True)
    return int(any(result.state == "failed" for result in results))


if __name__ == "__main__":
    sys.exit(main())
