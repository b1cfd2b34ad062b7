from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from companion.cli.terminal import parse_time
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from tests.cli.conftest import Commands

COMMANDS = (
    "run", "demo", "mod", "rules", "regenerate", "hitsounds", "guest", "timing", "generate",
    "analyse", "undo", "models", "doctor",
)  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]

REPORT_IMPORTS = """
import sys
sys.argv = ["companion", *{arguments!r}]
from companion.cli import main
try:
    main()
except SystemExit:
    pass
heavy = [n for n in ("torch", "torchaudio", "transformers", "numpy") if n in sys.modules]
print("imported:", heavy, file=sys.stderr)
"""


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )


@pytest.mark.parametrize("arguments", [["--help"], ["regenerate", "--help"], ["--version"]])
def test_help_imports_nothing_heavy(arguments: list[str]):
    result = run_python(REPORT_IMPORTS.format(arguments=arguments))
    assert "imported: []" in result.stderr
    assert "ompanion" in result.stdout


def test_help_is_quick() -> None:
    def seconds(*command: str) -> float:
        def once() -> float:
            started = time.perf_counter()
            subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, check=True)
            return time.perf_counter() - started

        return min(once() for _ in range(5))

    interpreter = seconds("-c", "pass")
    assert seconds("-m", "companion", "--help") - interpreter < 0.4  # 0.13 s on a quiet machine


def test_help_names_every_command(companion: Commands):
    answer = companion("--help")
    assert answer.status == 0
    for command in COMMANDS:
        assert command in answer.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(companion: Commands, command: str):
    from typer.testing import CliRunner

    from companion.cli import app

    assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0


def test_a_wrong_setting_is_one_line_and_status_2(companion: Commands, map_path: Path):
    answer = companion("mod", map_path, "--device", "toaster")
    assert answer.status == 2
    assert answer.err.count("\n") == 1
    assert "engine.device" in answer.err


def test_a_settings_file_that_is_not_there_is_told(companion: Commands, map_path: Path):
    answer = companion("--config", map_path.parent / "none.toml", "mod", map_path)
    assert answer.status == 2
    assert "There is no settings file" in answer.err


def test_a_crash_is_one_line_and_status_1():
    code = """
import sys
sys.argv = ["companion", "doctor"]
import companion.settings
def broken(*_, **__): raise KeyError("a\\nfault")
companion.settings.load_settings = broken
from companion.cli import main
main()
"""
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1
    assert "KeyError" in result.stderr


@pytest.mark.parametrize(
    ("text", "time_ms"),
    [
        ("12340", 12340),
        ("12340.4", 12340),
        ("-5", -5),
        ("00:12:340", 12340),
        ("10:02:001 (1,2) -", 602001),
    ],
)
def test_times_are_milliseconds_or_the_editors(text: str, time_ms: int):
    assert parse_time(text) == time_ms


@pytest.mark.parametrize("text", ["", "soon", "1:2", "a:b:c", "nan", "inf"])
def test_other_times_are_refused(text: str):
    with pytest.raises(OptionRefused, match="not a time"):
        parse_time(text)
