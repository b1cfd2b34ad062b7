"""Starting, logging, and what an idle daemon does not do."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from companion.daemon import Daemon, companion_version, log_to, run_daemon
from companion.engine.fake import FakeEngine
from companion.errors import DaemonError
from companion.settings import Settings

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def settings(tmp_path):
    return Settings(port=0, songs_folder=None, data_folder=tmp_path / "data")


@pytest.fixture
def root_logger():
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield root
    for handler in [h for h in root.handlers if h not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


async def test_there_is_no_port_before_it_is_started(settings):
    with pytest.raises(DaemonError):
        _ = Daemon(settings, FakeEngine()).port


async def test_it_starts_without_a_songs_folder_and_without_a_display(settings, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    async with Daemon(settings, FakeEngine) as daemon:
        assert daemon.url.startswith(f"http://127.0.0.1:{daemon.port}/#token=")


async def test_it_starts_with_a_songs_folder_that_is_away(settings, tmp_path):
    away = settings.model_copy(update={"songs_folder": tmp_path / "none"})
    async with Daemon(away, FakeEngine()) as daemon:
        assert daemon.port > 0


def test_an_idle_daemon_imports_nothing_heavy(tmp_path):
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from companion.daemon import Daemon\n"
        "from companion.engine.engine import LocalEngine\n"
        "from companion.settings import Settings\n"
        "async def main():\n"
        "    settings = Settings(port=0, songs_folder=None, data_folder=Path(sys.argv[1]))\n"
        "    async with Daemon(settings, LocalEngine()):\n"
        "        pass\n"
        "asyncio.run(main())\n"
        "print([m for m in ('torch', 'torchaudio', 'transformers') if m in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_order(settings, number):
    ports = []

    def ready(daemon):
        ports.append(daemon.port)
        os.kill(os.getpid(), number)

    run_daemon(settings, FakeEngine(), on_ready=ready)
    assert ports
    assert not [t for t in threading.enumerate() if t.name == "inference"]


def test_the_log_goes_to_a_file_that_is_rotated(tmp_path, root_logger, monkeypatch):
    monkeypatch.setattr("companion.daemon.LOG_BYTES", 2000)
    log_to(tmp_path / "logs", console=False)
    for number in range(100):
        logging.getLogger("companion.test").info("line %d of many", number)
    files = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert files == ["companion.log", "companion.log.1", "companion.log.2", "companion.log.3"]
    assert "line 99" in (tmp_path / "logs" / "companion.log").read_text(encoding="utf-8")


def test_a_log_folder_that_cannot_be_made_costs_only_the_file(tmp_path, root_logger):
    (tmp_path / "file").write_bytes(b"")
    before = len(root_logger.handlers)
    log_to(tmp_path / "file" / "logs")
    assert len(root_logger.handlers) == before + 1


def test_the_version_is_text():
    assert companion_version()
