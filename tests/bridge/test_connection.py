"""One client: what happens when it is slow, and how fast it may be."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from companion.bridge.connection import Connection, RateLimit
from companion.bridge.outbox import LIMIT
from companion.errors import StaleEdit
from protocol import messages as m
from protocol.closing import CloseCode
from protocol.codec import PreparedUpdate, decode_server, encode_client
from protocol.version import PROTOCOL_VERSION


class StuckSocket:
    """A client that says hello and then reads only as far as a test lets it."""

    closed: Any

    def __init__(self, *frames):
        self.frames = list(frames)
        self.sent = []
        self.blocked = asyncio.Event()
        self.closed = None
        self.stuck = True

    async def recv(self):
        if self.frames:
            return self.frames.pop(0)
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, frame):
        if self.sent and self.stuck:
            self.blocked.set()
            await asyncio.Event().wait()
        self.sent.append(frame)

    async def close(self, code, reason):
        self.closed = (code, reason)


class Desk:
    def snapshot(self):
        return m.Snapshot.model_construct(type="snapshot")

    async def answer(self, request):
        if isinstance(request, m.Undo):
            raise StaleEdit("The map was saved since.")
        if isinstance(request, m.Rescan):
            raise ZeroDivisionError
        return (m.Reply(request_id=request.request_id, ok=True),)


def connect(socket: Any):
    return Connection(socket, Desk(), "t", "0")


def hello():
    return encode_client(m.Hello(protocol_version=PROTOCOL_VERSION, token="t"))


async def test_a_client_that_does_not_keep_up_is_closed():
    socket = StuckSocket(hello())
    connection = connect(socket)
    serving = asyncio.create_task(connection.serve())
    async with asyncio.timeout(20):
        await socket.blocked.wait()
        for number in range(LIMIT + 1):
            connection.publish(PreparedUpdate(m.Reply(request_id=str(number), ok=True)))
        await serving
    assert socket.closed[0] == CloseCode.TOO_SLOW


async def test_updates_before_hello_are_left_to_the_snapshot():
    socket = StuckSocket()
    connection = connect(socket)
    connection.publish(PreparedUpdate(m.Reply(request_id="1", ok=True)))
    assert len(connection._outbox) == 0


async def test_every_request_gets_one_reply_whatever_happens():
    requests = [m.Undo(request_id="1"), m.Rescan(request_id="2"), m.GetProvenance(request_id="3")]
    socket = StuckSocket(hello(), *map(encode_client, requests))
    socket.stuck = False
    serving = asyncio.create_task(connect(socket).serve())
    async with asyncio.timeout(20):
        while len(socket.sent) < 5:
            await asyncio.to_thread(lambda: None)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    replies: list[Any] = [decode_server(frame) for frame in socket.sent[2:]]
    assert [(r.request_id, r.ok) for r in replies] == [("1", False), ("2", False), ("3", True)]
    assert replies[0].error.code == "stale_edit"
    assert replies[1].error.code == "internal_error"


@pytest.mark.parametrize("per_s", [1.0, 10.0])
def test_the_rate_limit_refills(per_s):
    now = [0.0]
    limit = RateLimit(lambda: now[0], burst=2, per_s=per_s)
    assert [limit.take() for _ in range(3)] == [True, True, False]
    now[0] += 1 / per_s
    assert [limit.take(), limit.take()] == [True, False]
    now[0] += 100
    assert [limit.take() for _ in range(3)] == [True, True, False]
