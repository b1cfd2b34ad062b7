"""A client of the daemon that remembers everything it was told, and when.

It is what the overlay is, without a screen: it says hello, sends requests and receives updates. The
demo plays its script through it.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

from companion.errors import DemoFailed
from protocol.codec import MAX_SERVER_FRAME_BYTES, BadFrame, decode_server, encode_client
from protocol.messages import Hello, Reply, Welcome
from protocol.version import PROTOCOL_VERSION

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from websockets.asyncio.client import ClientConnection

    from protocol.messages import ClientRequest, ServerMessage

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, and when it came, on the `time.perf_counter` clock."""

    at_s: float
    message: ServerMessage


class DaemonClient:
    """One connection to the daemon. Use `connected` to get one."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._heard: list[Heard] = []
        self._news = asyncio.Event()
        self._closed = False
        self._ids = itertools.count(1)
        self.listeners: list[Callable[[ServerMessage], None]] = []
        """Called with every message as it comes."""

    @property
    def mark(self) -> int:
        """A place in what was heard so far; `wait_for` can look from there on."""
        return len(self._heard)

    def new_id(self) -> str:
        """An id for a request."""
        return f"demo-{next(self._ids)}"

    async def ask(self, request: ClientRequest, *, timeout_s: float = 30.0) -> Reply:
        """Send a request and wait for its reply.

        Raises:
            DemoFailed: The daemon refused it, or did not answer in time.
        """
        mark = self.mark
        await self._connection.send(encode_client(request))

        def reply(message: ServerMessage) -> Reply | None:
            if isinstance(message, Reply) and message.request_id == request.request_id:
                return message
            return None

        _, answer = await self.wait_for(reply, f"a reply to {request.type}", mark, timeout_s)
        if not answer.ok:
            reason = answer.error.message if answer.error else "no reason given"
            raise DemoFailed(f"The daemon refused {request.type}: {reason}")
        return answer

    async def wait_for(
        self,
        pick: Callable[[ServerMessage], T | None],
        what: str,
        mark: int = 0,
        timeout_s: float = 30.0,
    ) -> tuple[float, T]:
        """The first message since `mark` that `pick` makes something of, and when it came.

        Raises:
            DemoFailed: It did not come in time, or the daemon went away.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    self._news.clear()
                    while mark < len(self._heard):
                        heard = self._heard[mark]
                        mark += 1
                        picked = pick(heard.message)
                        if picked is not None:
                            return heard.at_s, picked
                    if self._closed:
                        raise DemoFailed(f"The daemon went away before {what} came.")
                    await self._news.wait()
        except TimeoutError as error:
            raise DemoFailed(f"After {timeout_s:.0f} s there was still no {what}.") from error

    async def listen(self) -> None:
        """Receive until the connection ends; runs beside whoever asks."""
        try:
            async for frame in self._connection:
                message = decode_server(frame if isinstance(frame, bytes) else frame.encode())
                self._heard.append(Heard(time.perf_counter(), message))
                for listener in self.listeners:
                    listener(message)
                self._news.set()
        except (ConnectionClosed, BadFrame):
            pass  # whoever waits for something learns it below
        finally:
            self._closed = True
            self._news.set()


@asynccontextmanager
async def connected(port: int, token: str) -> AsyncGenerator[DaemonClient]:
    """Connect to the daemon on this machine, and say hello.

    Raises:
        DemoFailed: There is no daemon, or it did not let us in.
    """
    origin = Origin(f"http://127.0.0.1:{port}")
    try:
        connection = await connect(
            f"ws://127.0.0.1:{port}/ws", origin=origin, max_size=MAX_SERVER_FRAME_BYTES, proxy=None
        )
    except (OSError, InvalidHandshake) as error:
        raise DemoFailed(f"The daemon on port {port} cannot be reached: {error}.") from error
    client = DaemonClient(connection)
    listening = asyncio.create_task(client.listen())
    try:
        hello = Hello(protocol_version=PROTOCOL_VERSION, token=token)
        await connection.send(encode_client(hello))
        await client.wait_for(lambda m: m if isinstance(m, Welcome) else None, "welcome")
        yield client
    finally:
        await connection.close()
        await listening
