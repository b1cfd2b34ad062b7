"""One client: hello first, then requests in and updates out."""

from __future__ import annotations

import asyncio
import hmac
import logging
from typing import TYPE_CHECKING, Final, Protocol

from websockets.exceptions import ConnectionClosed

from companion.bridge.outbox import Outbox, OutboxFull
from companion.errors import CompanionError
from protocol import messages, values
from protocol.closing import CloseCode
from protocol.codec import (
    BadFrame,
    PreparedUpdate,
    decode_client,
    encode_welcome,
)
from protocol.version import PROTOCOL_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.asyncio.server import ServerConnection

    from protocol.messages import ClientMessage, ClientRequest, ServerUpdate

log = logging.getLogger(__name__)

HELLO_TIMEOUT_S: Final = 5.0
BURST_MESSAGES: Final = 200
MESSAGES_PER_S: Final = 50.0


class Desk(Protocol):
    """Who answers clients."""

    def snapshot(self) -> messages.Snapshot:
        """The whole state."""
        ...

    async def answer(self, request: ClientRequest) -> tuple[ServerUpdate, ...]:
        """Carry a request out; gives what this client alone gets, the reply last.

        Raises:
            CompanionError: it is refused.
        """
        ...


class Refused(Exception):
    """The connection has to be closed."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class RateLimit:
    """A bucket of `burst` messages that refills at a steady rate."""

    def __init__(self, clock: Callable[[], float], burst: float, per_s: float) -> None:
        self._clock = clock
        self._burst = burst
        self._per_s = per_s
        self._left = burst
        self._at = clock()

    def take(self) -> bool:
        """Take one; False when the bucket is empty."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Connection:
    """Speaks with one client until either side closes.

    Args:
        socket: The open WebSocket.
        desk: Answers requests.
        token: What `hello` has to bring.
        version: The companion's version, for `welcome`.
    """

    def __init__(self, socket: ServerConnection, desk: Desk, token: str, version: str) -> None:
        self._socket = socket
        self._desk = desk
        self._token = token
        self._version = version
        self._outbox = Outbox()
        self._greeted = False
        self._overflow = asyncio.Event()

    def publish(self, prepared: PreparedUpdate) -> None:
        """Queue an update; before `hello` it is not needed, for the snapshot will have it."""
        if not self._greeted:
            return
        try:
            self._outbox.put(prepared)
        except OutboxFull:
            self._overflow.set()

    async def serve(self) -> None:
        """Run until the connection is closed. Never raises for anything a client does."""
        try:
            await self._greet()
            await self._talk()
        except Refused as refusal:
            log.info("closing a client: %s", refusal.reason)
            await self._socket.close(refusal.code, refusal.reason)
        except ConnectionClosed:
            log.debug("a client went away")
        except (
            Exception
        ):  # supervisor: one broken connection must not go unseen, nor end the server
            log.exception("a connection failed")
            await self._socket.close(1011, "Something went wrong in the companion.")

    async def _greet(self) -> None:
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                hello = await self._receive()
        except TimeoutError:
            raise Refused(CloseCode.BAD_MESSAGE, "No hello came.") from None
        if not isinstance(hello, messages.Hello):
            raise Refused(CloseCode.BAD_MESSAGE, "The first message has to be hello.")
        if not hmac.compare_digest(hello.token.encode(), self._token.encode()):
            raise Refused(
                CloseCode.WRONG_TOKEN,
                "This page belongs to an earlier start of the companion. Open it from there anew.",
            )
        if hello.protocol_version != PROTOCOL_VERSION:
            raise Refused(
                CloseCode.OTHER_VERSION,
                "This page belongs to another version of the companion. Reload it.",
            )
        welcome = messages.Welcome(protocol_version=PROTOCOL_VERSION, daemon_version=self._version)
        await self._socket.send(encode_welcome(welcome))
        # No pause from here on: nothing happens between the snapshot and the first update.
        self._greeted = True
        self.publish(PreparedUpdate(self._desk.snapshot()))

    async def _talk(self) -> None:
        tasks: list[asyncio.Task[object]] = [
            asyncio.create_task(self._write(), name="client writer"),
            asyncio.create_task(self._read(), name="client reader"),
            asyncio.create_task(self._overflow.wait(), name="client overflow"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._overflow.is_set():
            raise Refused(CloseCode.TOO_SLOW, "The page does not keep up with the updates.")
        for task in done:
            task.result()

    async def _write(self) -> None:
        seq = 0
        while True:
            prepared = await self._outbox.get()
            await self._socket.send(prepared.frame(seq))
            seq += 1

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        limit = RateLimit(loop.time, BURST_MESSAGES, MESSAGES_PER_S)
        while True:
            request = await self._receive()
            if not limit.take():
                raise Refused(CloseCode.TOO_MANY_MESSAGES, "Too many messages.")
            if isinstance(request, messages.Hello):
                raise Refused(CloseCode.BAD_MESSAGE, "hello was said already.")
            for update in await self._answer(request):
                self.publish(PreparedUpdate(update))

    async def _receive(self) -> ClientMessage:
        frame = await self._socket.recv()
        if isinstance(frame, str):
            raise Refused(CloseCode.BAD_MESSAGE, "Frames have to be binary.")
        try:
            return decode_client(frame)
        except BadFrame as error:
            raise Refused(CloseCode.BAD_MESSAGE, str(error)[:100]) from error

    async def _answer(self, request: ClientRequest) -> tuple[ServerUpdate, ...]:
        if isinstance(request, messages.GetSnapshot):
            return self._desk.snapshot(), _good(request)
        try:
            return await self._desk.answer(request)
        except CompanionError as error:
            return (_refusal(request, error.code, str(error)),)
        except Exception:  # supervisor: a fault in one request must not end the connection
            log.exception("%s failed", request.type)
            return (
                _refusal(
                    request,
                    "internal_error",
                    "Something went wrong in the companion. The log file has the details.",
                ),
            )


def _good(request: ClientRequest) -> messages.Reply:
    return messages.Reply(request_id=request.request_id, ok=True)


def _refusal(request: ClientRequest, code: str, message: str) -> messages.Reply:
    error = values.ErrorInfo(code=code, message=message)
    return messages.Reply(request_id=request.request_id, ok=False, error=error)
