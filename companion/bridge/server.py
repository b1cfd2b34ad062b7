"""The loopback server: the overlay's files over HTTP, and its WebSocket, on one port.

Who may talk to it: requests whose Host is this very port on this machine (a foreign page that
points its own name here is turned away), WebSockets whose Origin is the overlay's own page or that
have none (a program, not a page), and after that only who knows the token of this start. An HTTP
request is a GET and changes nothing.
"""

from __future__ import annotations

import errno
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from websockets.asyncio.server import Server as WebSocketServer
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers, MultipleValuesError
from websockets.http11 import Request, Response

from companion.bridge.connection import Connection, Desk
from companion.bridge.static_files import StaticFile, security_headers
from companion.errors import DaemonError, PortInUse
from protocol.codec import MAX_CLIENT_FRAME_BYTES, PreparedUpdate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from protocol.messages import ServerUpdate

log = logging.getLogger(__name__)

ADDRESS: Final = "127.0.0.1"
WEBSOCKET_PATH: Final = "/ws"
MAX_CONNECTIONS: Final = 32

_quiet = logging.getLogger(f"{__name__}.handshakes")
_quiet.setLevel(logging.CRITICAL)  # it prints a traceback for every port scan


class Server:
    """Serves clients from `start` to `stop`.

    Args:
        desk: Answers requests.
        token: What a client has to know.
        files: The overlay, by URL path.
        port: Where to listen; 0 takes a free one.
        version: The companion's version.
    """

    def __init__(
        self, desk: Desk, token: str, files: Mapping[str, StaticFile], port: int, version: str
    ) -> None:
        self._desk = desk
        self._token = token
        self._files = files
        self._port = port
        self._version = version
        self._server: WebSocketServer | None = None
        self._connections: set[Connection] = set()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    async def start(self) -> None:
        """Listen.

        Raises:
            PortInUse: another program does already.
            DaemonError: the system does not let us.
        """
        try:
            self._server = await serve(
                self._serve,
                ADDRESS,
                self._port,
                process_request=self._process_request,
                compression=None,
                max_size=MAX_CLIENT_FRAME_BYTES,
                max_queue=8,
                close_timeout=2,
                server_header=None,
                logger=_quiet,
            )
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES, 10048, 10013}:
                raise PortInUse(
                    f"Port {self._port} is in use: the companion is probably running already. "
                    "Use that one, end it, or start this one with another --port."
                ) from error
            raise DaemonError(f"Cannot listen on port {self._port}: {error}.") from error
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and close all clients."""
        if self._server is not None:
            self._server.close()  # with 1001, going away
            await self._server.wait_closed()

    def publish(self, update: ServerUpdate) -> None:
        """Send an update to every client."""
        if not self._connections:
            return
        prepared = PreparedUpdate(update)
        for connection in self._connections:
            connection.publish(prepared)

    @property
    def has_clients(self) -> bool:
        """Whether anybody is connected."""
        return bool(self._connections)

    async def _serve(self, socket: ServerConnection) -> None:
        connection = Connection(socket, self._desk, self._token, self._version)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)

    def _process_request(self, socket: ServerConnection, request: Request) -> Response | None:
        """Answer plain HTTP, and let good upgrades through (None)."""
        try:
            host, origin = request.headers.get("Host"), request.headers.get("Origin")
        except MultipleValuesError:
            return self._respond(HTTPStatus.BAD_REQUEST, b"One Host and one Origin at most.\n")
        names = [f"{name}:{self._port}" for name in ("127.0.0.1", "localhost", "[::1]")]
        if host is None or host.lower() not in names:
            return self._respond(HTTPStatus.FORBIDDEN, b"Not a host name of this server.\n")
        # Older releases of websockets know no other method and drop such requests themselves.
        if getattr(request, "method", "GET") != "GET":
            return self._respond(HTTPStatus.METHOD_NOT_ALLOWED, b"Only GET is answered.\n")
        path = request.path.partition("?")[0]
        if path == WEBSOCKET_PATH:
            if origin is not None and origin.lower() not in [f"http://{name}" for name in names]:
                return self._respond(HTTPStatus.FORBIDDEN, b"Not a page of this server.\n")
            if len(self._connections) >= MAX_CONNECTIONS:
                return self._respond(HTTPStatus.SERVICE_UNAVAILABLE, b"Too many clients.\n")
            return None
        file = self._files.get(path)
        if file is None:
            return self._respond(HTTPStatus.NOT_FOUND, b"There is no such page.\n")
        return self._respond(HTTPStatus.OK, file.body, file.content_type)

    def _respond(
        self, status: HTTPStatus, body: bytes, content_type: str = "text/plain; charset=utf-8"
    ) -> Response:
        headers = Headers(security_headers(self._port))
        headers["Content-Type"] = content_type
        headers["Content-Length"] = str(len(body))
        headers["Connection"] = "close"
        return Response(status.value, status.phrase, headers, body)
