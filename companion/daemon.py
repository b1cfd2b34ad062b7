"""The composition root: builds the parts, runs them in one task group, and ends them in order.

::

    async with Daemon(settings, engine, map_path=path) as daemon:
        print(daemon.url)

`run_daemon` does the same from a plain thread, until Ctrl+C or a termination signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
import sys
from importlib import metadata
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Final

from companion.bridge.conductor import Conductor
from companion.bridge.desk import RequestDesk
from companion.bridge.detectors import SongsIndex, WindowTitle, system_titles
from companion.bridge.server import ADDRESS, Server
from companion.bridge.static_files import load_static_files
from companion.errors import DaemonError
from companion.journal import Journal
from companion.session import FairUse, Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from companion.engine.requests import Engine
    from companion.settings import Settings
    from companion.worker import EngineSource
    from protocol.messages import ServerUpdate

log = logging.getLogger(__name__)

STATIC_FOLDER: Final = Path(__file__).parent / "bridge" / "static"
LOG_BYTES: Final = 1_000_000
LOG_FILES: Final = 3


class _ServerAudience:
    """News go to the server's clients."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def listening(self) -> bool:
        return self._server.has_clients

    def publish(self, update: ServerUpdate) -> None:
        self._server.publish(update)


class Daemon:
    """A running companion, between `__aenter__` and `__aexit__`.

    Args:
        settings: What the mapper chose.
        engine: The engine, or a function that makes it. It is called on the inference thread when
            the first work arrives, so that nothing heavy is imported before there is a map.
        map_path: A map to open; otherwise the detectors find one.
        detect: Whether to look at window titles and the Songs folder.
    """

    def __init__(
        self,
        settings: Settings,
        engine: Engine | EngineSource,
        *,
        map_path: Path | None = None,
        detect: bool = True,
    ) -> None:
        self.settings = settings
        self.token = secrets.token_urlsafe(24)
        self._source: EngineSource = engine if callable(engine) else lambda: engine
        self._map_path = None if map_path is None else map_path.absolute()
        self._detect = detect
        self._ready = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._server: Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._running().port

    @property
    def url(self) -> str:
        """The overlay's address, with the token in the fragment, which browsers do not send."""
        return f"http://{ADDRESS}:{self.port}/#token={self.token}"

    async def __aenter__(self) -> Daemon:
        """Start listening and looking for a map.

        Raises:
            PortInUse: another program, probably a second companion, listens on the port.
            DaemonError: the system does not let us listen.
        """
        journal = Journal(self.settings.data_folder)
        stored = journal.fair_use()
        session = Session(
            FairUse(
                modding_only_global=stored.modding_only_global,
                modding_only_forced=self.settings.modding_only,
                notice_acknowledged=stored.notice_acknowledged is not None,
            )
        )
        songs = self.settings.songs_folder if self._detect and self._map_path is None else None
        index = SongsIndex(self.settings.songs_folder) if self.settings.songs_folder else None
        conductor = Conductor(
            session,
            journal,
            self._source,
            detectors=[WindowTitle(system_titles(), index)] if self._detect else [],
            given=self._map_path,
            songs=songs,
            idle_unload_s=self.settings.engine.idle_unload_s,
        )
        files = await asyncio.to_thread(load_static_files, STATIC_FOLDER)
        server = Server(
            RequestDesk(conductor), self.token, files, self.settings.port, companion_version()
        )
        await server.start()
        self._server = server
        conductor.audience = _ServerAudience(server)
        self._task = asyncio.create_task(self._run(conductor), name="conductor")
        await self._ready.wait()
        log.info("listening on port %d", server.port)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End: first no more clients, then the watcher, then the inference thread."""
        await self._running().stop()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        log.info("ended")

    async def wait(self) -> None:
        """Wait until the daemon ends by itself, which it does only when something is broken."""
        if self._task is not None:
            await asyncio.shield(self._task)

    async def _run(self, conductor: Conductor) -> None:
        try:
            await conductor.run(self._ready)
        finally:
            self._ready.set()

    def _running(self) -> Server:
        if self._server is None:
            raise DaemonError("The daemon has not been started.")
        return self._server


def run_daemon(
    settings: Settings,
    engine: Engine | EngineSource,
    *,
    map_path: Path | None = None,
    on_ready: Callable[[Daemon], None] | None = None,
) -> None:
    """Run a daemon until Ctrl+C or a termination signal.

    Args:
        settings: What the mapper chose.
        engine: As for `Daemon`.
        map_path: As for `Daemon`.
        on_ready: Called once it listens, for example to print the address.

    Raises:
        PortInUse: another program, probably a second companion, listens on the port.
    """
    asyncio.run(_run_until_told(settings, engine, map_path, on_ready))


async def _run_until_told(
    settings: Settings,
    engine: Engine | EngineSource,
    map_path: Path | None,
    on_ready: Callable[[Daemon], None] | None,
) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(told.set))
        else:
            loop.add_signal_handler(number, told.set)
    async with Daemon(settings, engine, map_path=map_path) as daemon:
        if on_ready is not None:
            on_ready(daemon)
        waiting: list[asyncio.Task[object]] = [
            asyncio.create_task(told.wait()),
            asyncio.create_task(daemon.wait()),
        ]
        done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        for task in done:
            task.result()


def log_to(folder: Path, *, console: bool = True, level: int = logging.INFO) -> None:
    """Send the companion's log to `companion.log` in a folder, with rotation, and to the console.

    A folder that cannot be written to costs the log file and no more.
    """
    root = logging.getLogger()
    root.setLevel(level)
    if console:
        from rich.logging import RichHandler

        root.addHandler(RichHandler(show_path=False))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            folder / "companion.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
        )
    except OSError as error:
        log.warning("no log file in %s: %s", folder, error.strerror or error)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(handler)


def companion_version() -> str:
    """The installed version."""
    try:
        return metadata.version("osu-companion")
    except metadata.PackageNotFoundError:
        return "0"
