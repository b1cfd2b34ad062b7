from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.cli.conftest import Commands

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals")


@contextmanager
def running(folder: Path, *arguments: str) -> Generator[tuple[subprocess.Popen[str], Any]]:
    """A companion in a process of its own, once it is ready."""
    command = [
        sys.executable, "-m", "companion", "run", "--json-ready", "--no-browser",
        "--data", str(folder / "data"), *arguments,
    ]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COMPANION_")}
    environment["COMPANION_CONFIG"] = str(folder / "none.toml")
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def test_it_serves_the_overlay_until_it_is_told_to_end(tmp_path: Path):
    with running(tmp_path, "--port", "0") as (process, ready):
        assert ready["url"] == f"http://127.0.0.1:{ready['port']}/#token={ready['token']}"
        with urllib.request.urlopen(f"http://127.0.0.1:{ready['port']}/", timeout=30) as page:
            assert b"<html" in page.read().lower()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_without_a_map_it_does_not_load_torch(tmp_path: Path):
    with running(tmp_path, "--port", "0") as (process, _):
        libraries = {Path(m.path).name for m in psutil.Process(process.pid).memory_maps()}
        assert not {name for name in libraries if "torch" in name}


def test_a_second_companion_on_the_port_says_so(tmp_path: Path, companion: Commands):
    with running(tmp_path, "--port", "0") as (_, ready):
        answer = companion("run", "--no-browser", "--port", ready["port"])
        assert answer.status == 2
        assert answer.err.count("\n") == 1
        assert str(ready["port"]) in answer.err


def test_a_map_that_is_not_there_is_told(tmp_path: Path, companion: Commands):
    answer = companion("run", "--no-browser", "--map", tmp_path / "none.osu")
    assert answer.status == 2
    assert answer.err.startswith("companion: There is no map at")
