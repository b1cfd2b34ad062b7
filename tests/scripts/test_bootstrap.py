from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import bootstrap

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


class Pip:
    """Stands in for every program that the set-up starts."""

    def __init__(self) -> None:
        self.commands: list[list[str]] = []
        self.status = 0

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        self.commands.append(command)
        if command[1:3] == ["-m", "venv"]:
            python = bootstrap.venv_python()
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()
        return subprocess.CompletedProcess(command, self.status if "pip" in command else 0)

    @property
    def installs(self) -> list[list[str]]:
        return [command for command in self.commands if "install" in command]


@pytest.fixture
def pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pip:
    """A project of its own, without an environment."""
    for name in ("pyproject.toml", "constraints.txt"):
        (tmp_path / name).write_bytes((bootstrap.ROOT / name).read_bytes())
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv" / "companion-setup.json")
    pip = Pip()
    monkeypatch.setattr(subprocess, "run", pip)
    return pip


def test_the_first_start_installs_with_the_tested_versions(pip: Pip):
    python = bootstrap.prepare(dev=False)
    assert python == bootstrap.venv_python()
    (install,) = pip.installs
    assert str(bootstrap.ROOT / "constraints.txt") in install
    assert "pytest>=8.3" not in install


def test_the_second_start_starts_nothing(pip: Pip):
    bootstrap.prepare(dev=False)
    pip.commands.clear()
    bootstrap.prepare(dev=False)
    assert pip.commands == []


def test_tests_need_more_than_the_companion_and_not_the_other_way_round(pip: Pip):
    bootstrap.prepare(dev=False)
    bootstrap.prepare(dev=True)
    assert len(pip.installs) == 2
    assert "pytest>=8.3" in pip.installs[1]
    bootstrap.prepare(dev=False)
    assert len(pip.installs) == 2


def test_other_requirements_are_installed_anew(pip: Pip):
    bootstrap.prepare(dev=False)
    pins = bootstrap.ROOT / "constraints.txt"
    pins.write_text(pins.read_text() + "# another\n")
    bootstrap.prepare(dev=False)
    assert len(pip.installs) == 2


def test_an_installation_that_failed_is_told_and_tried_again(
    pip: Pip, capsys: pytest.CaptureFixture[str]
):
    pip.status = 1
    with pytest.raises(SystemExit):
        bootstrap.prepare(dev=False)
    assert "pip says why above" in capsys.readouterr().err
    assert not bootstrap.STAMP.exists()
    pip.status = 0
    bootstrap.prepare(dev=False)
    assert len(pip.installs) == 2


def test_a_damaged_stamp_counts_as_none(pip: Pip):
    bootstrap.prepare(dev=False)
    bootstrap.STAMP.write_text("{")
    bootstrap.prepare(dev=False)
    assert json.loads(bootstrap.STAMP.read_text())["dev"] is False


def test_a_full_disk_is_told_beforehand(
    pip: Pip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(bootstrap, "NEEDED_BYTES", {sys.platform: 10**18})
    with pytest.raises(SystemExit):
        bootstrap.prepare(dev=False)
    assert "Make room" in capsys.readouterr().err
    assert pip.commands == []


def test_an_old_python_is_told(
    pip: Pip, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    with pytest.raises(SystemExit):
        bootstrap.prepare(dev=False)
    assert "needs Python 3.11 or newer; this is Python 3.10.4" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["bootstrap.py", "run.py", "test.py"])
def test_the_set_up_needs_the_standard_library_alone(name: str):
    tree = ast.parse((SCRIPTS / name).read_text(encoding="utf-8"))
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            modules.add(node.module or "")
    roots = {module.split(".")[0] for module in modules}
    assert roots <= sys.stdlib_module_names | {"bootstrap"}


@pytest.mark.parametrize("name", ["bootstrap.py", "run.py", "test.py"])
def test_an_old_python_can_at_least_read_the_scripts(name: str):
    source = (SCRIPTS / name).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 8))
