"""Set-up of the project's own virtual environment, with the standard library alone.

`prepare` is what `run.py` and `test.py` share. It creates ``.venv`` beside ``pyproject.toml``,
installs the project with the versions that were tested (``constraints.txt``) and leaves a stamp, so
that the next start does nothing. A set-up that was interrupted has no stamp and is simply redone.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "companion-setup.json"
OLDEST_PYTHON = (3, 11)
# torch's Linux wheels bring CUDA libraries: 5.5 GB installed, and pip unpacks before it moves
NEEDED_BYTES = {"linux": 8 * 10**9}
NEEDED_BYTES_ELSEWHERE = 3 * 10**9


def prepare(*, dev: bool) -> Path:
    """Make the environment ready and return its Python.

    Args:
        dev: With the tools that the checks need, beside what the companion itself needs.

    Leaves the process with a plain message when the machine cannot be set up.
    """
    if sys.version_info < OLDEST_PYTHON:
        running = ".".join(map(str, sys.version_info[:3]))
        _give_up(f"The companion needs Python 3.11 or newer; this is Python {running}.")
    if not _is_ready(dev):
        started = time.monotonic()
        _say("Setting up .venv: once, some minutes, most of it PyTorch.")
        STAMP.unlink(missing_ok=True)
        _check_space()
        _create_venv()
        _install(dev)
        STAMP.write_text(json.dumps({"digest": _digest(), "dev": dev}), encoding="utf-8")
        _say(f"Set up in {time.monotonic() - started:.0f} s.")
    return venv_python()


def venv_python() -> Path:
    """The environment's interpreter, by the layout of this platform."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def hand_over(command: list[str]) -> NoReturn:
    """Run a command in place of this process, and leave with its exit status."""
    if os.name != "nt":
        os.execv(command[0], command)
    # execv on Windows starts a second process and returns to the shell at once
    try:
        status = subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def _is_ready(dev: bool) -> bool:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    enough = stamp.get("dev") or not dev
    return bool(enough and stamp.get("digest") == _digest() and venv_python().exists())


def _digest() -> str:
    """Hash of everything that decides what belongs into the environment."""
    parts = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        parts.update((ROOT / name).read_bytes())
    return parts.hexdigest()


def _check_space() -> None:
    if (VENV / "pyvenv.cfg").exists():  # most of it is there already
        return
    needed = NEEDED_BYTES.get(sys.platform, NEEDED_BYTES_ELSEWHERE)
    free = shutil.disk_usage(ROOT).free
    if free < needed:
        _give_up(
            f"The set-up needs about {needed / 1e9:.0f} GB on the disk of {ROOT}; "
            f"{free / 1e9:.1f} GB are free. Make room and start again."
        )


def _create_venv() -> None:
    if _works(venv_python()):
        return
    _say(f"Creating {VENV}")
    created = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False)
    if created.returncode != 0 or not _works(venv_python()):
        _give_up(
            "Python could not create a virtual environment. "
            "On Debian and Ubuntu: sudo apt install python3-venv"
        )


def _works(python: Path) -> bool:
    """Whether the environment is whole: a moved or half-made one has no working pip."""
    if not python.exists():
        return False
    probe = [str(python), "-c", "import pip, sys; sys.exit(sys.version_info < (3, 11))"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


def _install(dev: bool) -> None:
    command = [str(venv_python()), "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--constraint", str(ROOT / "constraints.txt"), "--editable", str(ROOT)]
    if dev:
        command += _dev_requirements()
    if subprocess.run(command, check=False, cwd=ROOT).returncode != 0:
        _give_up("The installation failed; pip says why above. Starting again continues it.")


def _dev_requirements() -> list[str]:
    """The ``dev`` dependency group and what training needs, which is tested like all else.

    pip itself knows groups only since version 25.1.
    """
    import tomllib  # since Python 3.11; the version is checked by now

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"].get("optional-dependencies", {})
    return [*project["dependency-groups"]["dev"], *extras.get("train", ())]


def _say(line: str) -> None:
    # stdout belongs to the command that runs afterwards
    print(f"[setup] {line}", file=sys.stderr, flush=True)


def _give_up(line: str) -> NoReturn:
    _say(line)
    sys.exit(1)
