"""A mapset in a scratch folder, a real daemon over loopback with a fake engine, and a client."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import wave
from typing import TYPE_CHECKING

import pytest
from websockets.asyncio.client import connect

from companion.daemon import Daemon
from companion.engine.fake import FakeEngine
from companion.settings import EngineSettings, Settings
from protocol import messages
from protocol.codec import decode_server, encode_client
from protocol.version import PROTOCOL_VERSION

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 20.0
"""A test that waits this long has failed."""

HEAD = """osu file format v14

[General]
AudioFilename: audio.wav
Mode: 0

[Metadata]
Title:Song
Artist:Band
Creator:Mapper
Version:Hard

[Difficulty]
HPDrainRate:5
CircleSize:4
OverallDifficulty:8
ApproachRate:9
SliderMultiplier:1.4
SliderTickRate:1

[TimingPoints]
0,500,4,2,0,50,1,0

[HitObjects]
"""


def map_bytes(n_objects=40, moved=None, *, head=HEAD, newline="\r\n"):
    """A map with a circle every 500 ms; `moved` shifts some, by index, in ms."""
    moved = moved or {}
    rows = [
        f"{64 + i % 24 * 16},{96 + i % 9 * 24},{1000 + i * 500 + moved.get(i, 0)},1,0,0:0:0:0:"
        for i in range(n_objects)
    ]
    return (head + "\n".join(rows) + "\n").replace("\n", newline).encode()


def write_song(path, seconds=30.0):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * int(8000 * seconds))


class Mapset:
    """A folder with a song and a map."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.map = folder / "Band - Song (Mapper) [Hard].osu"
        self.song = folder / "audio.wav"
        folder.mkdir(parents=True)
        write_song(self.song)
        self.save()

    def save(self, *args, **kwargs):
        data = map_bytes(*args, **kwargs)
        self.map.write_bytes(data)
        return data


@pytest.fixture
def mapset(tmp_path):
    return Mapset(tmp_path / "Songs" / "1 Band - Song")


@pytest.fixture
def new_map():
    return map_bytes


@pytest.fixture
def new_song():
    return write_song


@pytest.fixture
def settings(tmp_path):
    return Settings(
        port=0,
        songs_folder=None,
        data_folder=tmp_path / "data",
        open_browser=False,
        engine=EngineSettings(idle_unload_s=600),
    )


@pytest.fixture
def start(settings, mapset):
    """Starts a daemon on the map: `async with start() as daemon`."""

    def make(fake=None, *, map_path=mapset.map, detect=False, **changes):
        chosen = settings.model_copy(update=changes)
        return Daemon(chosen, fake or FakeEngine(), map_path=map_path, detect=detect)

    return make


class Client:
    """Keeps what a page would show, and every message that led there."""

    def __init__(self, socket):
        self.socket = socket
        self.seen = []
        self.map = None
        self.findings = {}
        self.review = None
        self.jobs = {}
        self.suggestions = {}
        self.problems = {}
        self.candidates = []
        self.undo = None
        self.fair_use = None
        self.model = None
        self.timing = None
        self._numbers = itertools.count(1)
        self._seq = 0

    async def hello(self, token):
        await self.socket.send(
            encode_client(messages.Hello(protocol_version=PROTOCOL_VERSION, token=token))
        )
        async with asyncio.timeout(PATIENCE_S):
            welcome = decode_server(await self.socket.recv())
        assert isinstance(welcome, messages.Welcome)
        await self.receive()

    async def receive(self):
        async with asyncio.timeout(PATIENCE_S):
            message = decode_server(await self.socket.recv())
        assert not isinstance(message, messages.Welcome)
        assert message.seq == self._seq, "a frame is missing"
        self._seq += 1
        self.seen.append(message)
        self._show(message)
        return message

    async def until(self, condition):
        """Receive until `condition(client)` holds; gives its value."""
        while not (value := condition(self)):
            await self.receive()
        return value

    async def ask(self, kind, **fields):
        """Send a request and receive up to its reply."""
        request_id = str(next(self._numbers))
        await self.socket.send(encode_client(kind(request_id=request_id, **fields)))
        while True:
            message = await self.receive()
            if isinstance(message, messages.Reply) and message.request_id == request_id:
                return message

    async def scanned(self):
        """Receive until the newest revision has been scored."""
        await self.until(
            lambda c: any(
                j.kind == "score" and j.state == "done" and j.revision == c.map.revision
                for j in c.jobs.values()
            )
        )

    async def offered(self, suggestion_id):
        return await self.until(
            lambda c: (s := c.suggestions.get(suggestion_id)) and s.state == "offered" and s
        )

    def _show(self, message):  # noqa: C901
        match message:
            case messages.Snapshot():
                self.map = message.map
                self.findings = {f.id: f for f in message.findings}
                self.review = message.review
                self.jobs = {j.id: j for j in message.jobs}
                self.suggestions = {s.id: s for s in message.suggestions}
                self.problems = {p.code: p for p in message.problems}
                self.candidates, self.timing = message.candidates, message.timing
                self.undo, self.fair_use, self.model = message.undo, message.fair_use, message.model
            case messages.MapRevised(map=new):
                if self.map is None or new is None or self.map.map_id != new.map_id:
                    self.findings, self.suggestions = {}, {}
                self.map = new
            case messages.FindingsDelta():
                for gone in message.removed_ids:
                    self.findings.pop(gone, None)
                self.findings |= {f.id: f for f in message.added}
            case messages.ReviewChanged():
                self.review = message.review
            case messages.JobChanged(job=job):
                self.jobs[job.id] = job
            case messages.SuggestionChanged(suggestion=suggestion):
                self.suggestions[suggestion.id] = suggestion
            case messages.ProblemRaised(problem=problem):
                self.problems[problem.code] = problem
            case messages.ProblemCleared(code=code):
                self.problems.pop(code, None)
            case messages.CandidatesChanged(candidates=candidates):
                self.candidates = candidates
            case messages.TimingChanged(timing=timing):
                self.timing = timing
            case messages.UndoChanged(undo=undo):
                self.undo = undo
            case messages.FairUseChanged(fair_use=fair_use):
                self.fair_use = fair_use
            case messages.ModelChanged(model=model):
                self.model = model
            case _:
                pass


@pytest.fixture
def join():
    """Connects a client: `async with join(daemon) as client`."""

    @contextlib.asynccontextmanager
    async def make(daemon, **options):
        address = f"ws://127.0.0.1:{daemon.port}/ws"
        async with connect(address, max_size=None, compression=None, **options) as socket:
            client = Client(socket)
            await client.hello(daemon.token)
            yield client

    return make


@pytest.fixture(autouse=True)
def _nothing_left_running():
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and "asyncio" not in t.name]
    assert not left, f"threads left running: {left}"
