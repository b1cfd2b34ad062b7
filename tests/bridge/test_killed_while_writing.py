"""Killed at any moment of accepting: the old file or the new one, a backup, and a working undo."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from companion.journal import Journal
from protocol import messages as m

ROOT = Path(__file__).resolve().parents[2]

# Opens a map, generates, accepts, and ends without any clean-up at the chosen moment.
SCRIPT = """
import asyncio, os, sys
from pathlib import Path
from websockets.asyncio.client import connect
from companion.beatmap import storage
from companion.daemon import Daemon
from companion.engine.fake import FakeEngine
from companion.journal import Journal
from companion.settings import Settings
from protocol import messages as m
from protocol.codec import decode_server, encode_client
from protocol.version import PROTOCOL_VERSION

target, data, moment = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]


def die_before(owner, name):
    setattr(owner, name, lambda *args, **kwargs: os._exit(9))


def die_after(owner, name):
    original = getattr(owner, name)

    def wrapped(*args, **kwargs):
        original(*args, **kwargs)
        os._exit(9)

    setattr(owner, name, wrapped)


MOMENTS = {
    "before anything": lambda: die_before(Journal, "keep_undo_steps"),
    "after the undo step": lambda: die_after(Journal, "keep_undo_steps"),
    "after the record": lambda: die_after(Journal, "record"),
    "after the backup": lambda: die_before(storage, "_replace"),
    "after the file": lambda: die_after(storage, "_replace"),
}


async def main():
    settings = Settings(port=0, songs_folder=None, data_folder=data)
    async with Daemon(settings, FakeEngine(), map_path=target, detect=False) as daemon:
        async with connect(f"ws://127.0.0.1:{daemon.port}/ws", max_size=None) as socket:
            hello = m.Hello(protocol_version=PROTOCOL_VERSION, token=daemon.token)
            await socket.send(encode_client(hello))

            async def until(condition):
                while not condition(message := decode_server(await socket.recv())):
                    pass
                return message

            await until(lambda x: x.type == "snapshot")
            await socket.send(encode_client(m.AcknowledgeNotice(request_id="1")))
            await socket.send(encode_client(m.Regenerate(
                request_id="2", base_revision=1, start_ms=5000, end_ms=9000)))
            news = await until(
                lambda x: x.type == "suggestion" and x.suggestion.state == "offered")
            MOMENTS[moment]()
            await socket.send(encode_client(m.Accept(
                request_id="3", suggestion_id=news.suggestion.id)))
            await until(lambda x: x.type == "reply" and x.request_id == "3")


asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        ("before anything", False),
        ("after the undo step", False),
        ("after the record", False),
        ("after the backup", False),
        ("after the file", True),
    ],
)
async def test_killed(start, join, mapset, settings, moment, written):
    before = mapset.map.read_bytes()
    command = [sys.executable, "-c", SCRIPT, str(mapset.map), str(settings.data_folder), moment]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: ASYNC221
    assert result.returncode == 9, result.stderr
    after = mapset.map.read_bytes()
    assert (after != before) is written
    async with start() as daemon, join(daemon) as client:
        assert client.undo.available is written
        assert client.problems == {}
        if written:
            backups = list(Journal(settings.data_folder).backups(mapset.map).iterdir())
            assert [path.read_bytes() for path in backups] == [before]
            assert (await client.ask(m.Undo)).ok
    assert mapset.map.read_bytes() == before
