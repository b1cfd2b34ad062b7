"""``companion run``: the daemon with its overlay, until Ctrl+C."""

from __future__ import annotations

import json
import logging
import threading
import webbrowser
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from companion.cli.examination import find_browser
from companion.cli.workbench import make_engine
from companion.daemon import Daemon, log_to, run_daemon
from companion.errors import UnreadableBeatmap

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from companion.settings import Settings


def serve(settings: Settings, *, map_path: Path | None, json_ready: bool) -> None:
    """Run the daemon until Ctrl+C or a termination signal.

    Raises:
        UnreadableBeatmap: The map named on the command line is not there.
        PortInUse: Another program, probably a second companion, listens on the port.
    """
    if map_path is not None and not map_path.is_file():
        raise UnreadableBeatmap(f"There is no map at {map_path}.")
    with keeping_log(settings):
        run_daemon(
            settings,
            partial(make_engine, settings),
            map_path=map_path,
            on_ready=partial(announce, settings, json_ready=json_ready),
        )


@contextmanager
def keeping_log(settings: Settings) -> Generator[None]:
    """Send the log to the data folder meanwhile."""
    root = logging.getLogger()
    before, level = set(root.handlers), root.level
    for handler in before:
        handler.setLevel(max(level, handler.level))  # stderr stays as quiet as it was
    log_to(settings.data_folder, console=False, level=min(logging.INFO, level))
    try:
        yield
    finally:
        root.setLevel(level)
        for handler in set(root.handlers) - before:
            root.removeHandler(handler)
            handler.close()


def announce(settings: Settings, daemon: Daemon, *, json_ready: bool = False) -> None:
    """Print where the overlay is, and open it."""
    if json_ready:
        ready = {"port": daemon.port, "url": daemon.url, "token": daemon.token}
        print(json.dumps(ready), flush=True)
    else:
        print(f"overlay: {daemon.url}", flush=True)
    if settings.open_browser and find_browser() is not None:
        # in a thread: some browsers' launchers do not return before the browser ends
        threading.Thread(target=webbrowser.open, args=(daemon.url,), daemon=True).start()
