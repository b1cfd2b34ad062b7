from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from companion.demo import SCRATCH_PREFIX, mapper

if TYPE_CHECKING:
    from companion.engine.fake import FakeEngine
    from tests.cli.conftest import Commands

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_demo_plays_to_its_end(companion: Commands, engine: FakeEngine):
    answer = companion("demo", "--once")
    assert answer.status == 0
    assert "end: the file is what it was in the beginning, byte for byte" in answer.out
    assert "regenerate to the first objects" in answer.out
    assert [type(request).__name__ for request in engine.requests].count("RegenerateRequest") == 1


def test_the_demo_leaves_nothing_behind(companion: Commands, scratch: Path):
    handlers = list(logging.getLogger().handlers)
    companion("demo", "--once")
    assert not list(scratch.glob(f"{SCRATCH_PREFIX}*"))
    assert logging.getLogger().handlers == handlers
    assert not companion.data.exists()


def test_the_demo_ignores_modding_only(companion: Commands, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COMPANION_MODDING_ONLY", "true")
    assert companion("demo", "--once").status == 0


@pytest.mark.slow
def test_the_demo_plays_with_the_bundled_model():
    result = subprocess.run(
        [sys.executable, "-m", "companion", "demo", "--once"],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if "COMPANION_" not in name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "byte for byte" in result.stdout


def test_a_step_that_fails_is_told_with_status_2(
    companion: Commands, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(mapper, "SNAPPED", b",11003,")  # not where it belongs
    answer = companion("demo", "--once")
    assert answer.status == 2
    assert answer.err == ("companion: The circle was moved, but a rule still complains about it.\n")
