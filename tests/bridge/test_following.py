"""Which map is open: the Songs folder, window titles, and a choice by hand."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import Any

import pytest

from companion.bridge.conductor import Conductor
from companion.bridge.detectors import EditorState
from companion.engine.fake import FakeEngine
from companion.journal import Journal
from companion.session import CandidatesNews, Session
from protocol import messages as m


class Titles:
    """A detector that says what a test tells it."""

    def __init__(self):
        self.state: Any = None
        self.broken = False
        self.failed = threading.Event()

    def probe(self):
        if self.broken:
            self.failed.set()
            raise ZeroDivisionError
        return self.state


class Room:
    """A conductor without a server, and its news."""

    def __init__(self, conductor):
        self.conductor = conductor
        self.session: Any = conductor.session
        self.listening = True
        self._news = asyncio.Event()

    def publish(self, _update):
        self._news.set()

    async def until(self, condition):
        async with asyncio.timeout(20):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def opened(self, path):
        await self.until(lambda: (o := self.session.open_map) is not None and o.path == path)


@pytest.fixture
def room(tmp_path, mapset):
    @contextlib.asynccontextmanager
    async def make(*detectors):
        conductor = Conductor(
            Session(),
            Journal(tmp_path / "data"),
            FakeEngine,
            detectors=detectors,
            songs=mapset.folder.parent,
        )
        made: Any = Room(conductor)
        conductor.audience = made
        ready = asyncio.Event()
        running = asyncio.create_task(conductor.run(ready))
        await ready.wait()
        yield made
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    return make


@pytest.fixture(autouse=True)
def _quick_probes(monkeypatch):
    monkeypatch.setattr("companion.bridge.conductor.PROBE_INTERVAL_S", 0.02)


def another(mapset, new_map, name="Other.osu"):
    path = mapset.folder / name
    path.write_bytes(new_map(5))
    return path


async def test_the_last_saved_map_is_opened(room, mapset, new_map):
    async with room() as here:
        assert not here.session.board.shown
        mapset.save(moved={1: 3})
        await here.opened(mapset.map)
        assert here.session.open_map.detection.probe == "last_saved"
        other = another(mapset, new_map)
        await here.opened(other)
        mapset.save(moved={1: 4})
        await here.opened(mapset.map)


async def test_the_editors_title_beats_the_last_save(room, mapset, new_map):
    titles = Titles()
    other = another(mapset, new_map)
    async with room(titles) as here:
        mapset.save(moved={1: 3})
        await here.opened(mapset.map)
        titles.state = EditorState("window_title", other, other.name, "stable", editor_open=True)
        await here.opened(other)
        detection = here.session.open_map.detection
        assert detection.client == "stable"
        # The editor is closed: the map stays, it was opened after the other one was saved.
        titles.state = None
        await here.until(
            lambda: (
                [(c.detection.probe, c.selected) for c in here.session.candidates]
                == [("last_saved", True)]
            )
        )
        assert here.session.open_map.path == other


async def test_a_map_picked_by_hand_stays(room, mapset, new_map):
    titles = Titles()
    other = another(mapset, new_map)
    async with room(titles) as here:
        titles.state = EditorState("window_title", other, other.name, "stable", editor_open=True)
        await here.opened(other)
        async with here.conductor.turn:
            await here.conductor.pick(mapset.map)
        assert here.session.open_map.path == mapset.map
        await here.until(
            lambda: (
                [(c.detection.probe, c.selected) for c in here.session.candidates]
                == [("picked", True), ("window_title", False)]
            )
        )
        async with here.conductor.turn:
            await here.conductor.pick(None)
        await here.opened(other)


async def test_a_detector_that_breaks_is_survived(room, mapset, new_map):
    titles = Titles()
    async with room(titles) as here:
        titles.broken = True
        other = another(mapset, new_map)
        assert await asyncio.to_thread(titles.failed.wait, 20)
        titles.broken = False
        await here.opened(other)


async def test_candidates_are_told_only_when_they_change(room, mapset):
    async with room(Titles()) as here:
        mapset.save(moved={1: 3})
        await here.opened(mapset.map)
        await here.until(lambda: len(here.session.candidates) == 1)
        assert not [o for o in here.session.drain() if isinstance(o, CandidatesNews)]


async def test_clients_pick_by_id_only(start, join):
    async with start() as daemon, join(daemon) as client:
        await client.until(lambda c: c.candidates)
        (candidate,) = client.candidates
        assert "/" not in candidate.map_id
        assert (await client.ask(m.SelectMap, map_id=candidate.map_id)).ok
        assert client.map.detection.probe == "picked"
        assert (await client.ask(m.FollowEditor)).ok
        await client.until(lambda c: c.candidates[0].detection.probe == "given")
        refused = await client.ask(m.SelectMap, map_id="m99")
        assert refused.error.code == "unknown_id"
