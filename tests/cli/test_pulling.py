"""Pulling through the hub's real client, from a server on this machine that answers as the hub."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SHA = "d" * 40
REPOSITORY = "OliBomby/Mapperatorinator-v29.1"
HEADER = json.dumps({"a": {"dtype": "U8", "shape": [99_000], "data_offsets": [0, 99_000]}}).encode()
CONTENT = {
    "config.json": b'{"backbone_model_name": "openai/whisper-small"}',
    "model.safetensors": struct.pack("<Q", len(HEADER)) + HEADER + bytes(99_000),
    "optimizer.pkl": b"cos\nsystem\n",
}


class Hub(ThreadingHTTPServer):
    """Answers for one repository; told to, it holds weights back in the middle."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.holds_back = False
        self.holding = threading.Event()
        self.release = threading.Event()
        self.asked: list[str] = []
        self.tokens: list[str] = []


class Answers(BaseHTTPRequestHandler):
    server: Hub  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.tokens += self.headers.get_all("Authorization") or []
        path = self.path.partition("?")[0]
        file = path.removeprefix(f"/{REPOSITORY}/resolve/{SHA}/")
        if path.startswith(f"/api/models/{REPOSITORY}"):
            siblings = [{"rfilename": name} for name in CONTENT]
            value: dict[str, Any] = {"id": REPOSITORY, "sha": SHA, "siblings": siblings, "tags": []}
            self.send(json.dumps(value).encode())
        elif file in CONTENT:
            self.send(CONTENT[file])
        else:
            self.send_error(404)

    def send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Repo-Commit", SHA)
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.end_headers()
        if self.command == "HEAD":
            return
        if self.server.holds_back and len(body) > 50_000:
            self.wfile.write(body[:50_000])
            self.wfile.flush()
            self.server.holding.set()
            self.server.release.wait(60)
            return
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[Hub]:
    server = Hub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.release.set()
    server.shutdown()
    thread.join()
    server.server_close()


def pulling(hub: Hub, data: Path) -> subprocess.Popen[str]:
    environment = {
        **os.environ,
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
        "HF_HOME": str(data.parent / "hub"),
        "HF_TOKEN": "hf_secret",
        "COMPANION_CONFIG": str(data.parent / "companion.toml"),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "companion", "models", "pull", "v29", "--data", str(data)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heeds_ctrl_c if os.name == "posix" else None,
    )


def _heeds_ctrl_c() -> None:
    """A shell that runs the tests in the background has Ctrl+C ignored, by children too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_a_model_is_pulled_whole_without_token_and_pickles(hub: Hub, tmp_path: Path):
    process = pulling(hub, tmp_path / "data")
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "companion models use v29" in out
    folder = tmp_path / "data" / "models" / "v29"
    origin = json.loads((folder / "origin.json").read_text())
    assert origin == {"repository": REPOSITORY, "revision": SHA}
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.safetensors",
        "origin.json",
    ]
    assert (folder / "model.safetensors").read_bytes() == CONTENT["model.safetensors"]
    assert hub.tokens == []
    assert not any("optimizer" in path for path in hub.asked)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_leaves_nothing_half_done(hub: Hub, tmp_path: Path):
    hub.holds_back = True
    process = pulling(hub, tmp_path / "data")
    assert hub.holding.wait(60)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in err
    assert list((tmp_path / "data" / "models").iterdir()) == []
