"""``companion demo``: the companion on its own map, in a scratch folder that is removed again."""

from __future__ import annotations

import asyncio
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from companion.cli.serving import announce, keeping_log
from companion.cli.workbench import make_engine
from companion.daemon import Daemon, run_daemon
from companion.demo import SCRATCH_PREFIX, ScriptedMapper, table, unpack

if TYPE_CHECKING:
    from companion.cli.terminal import Terminal
    from companion.settings import Settings


def demonstrate(settings: Settings, terminal: Terminal, *, once: bool) -> None:
    """Run the demo until Ctrl+C, or with `once` until the scripted mapper has played.

    Raises:
        DemoFailed: A step of the script did not go as it should.
        PortInUse: Another program, probably a second companion, listens on the port.
    """
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX, ignore_cleanup_errors=True) as scratch:
        map_path = unpack(Path(scratch))
        # backups and the journal of a toy do not belong among the mapper's own
        settings = settings.model_copy(
            update={"data_folder": Path(scratch) / "data", "songs_folder": None}
        )
        with keeping_log(settings):
            if once:
                settings = settings.model_copy(update={"modding_only": False})
                asyncio.run(_play(settings, terminal, map_path))
                return
            terminal.line(f"map: {map_path}")
            terminal.line("Change and save it in any editor and watch the overlay. Ctrl+C ends it.")
            run_daemon(
                settings,
                partial(make_engine, settings),
                map_path=map_path,
                on_ready=partial(announce, settings),
            )


async def _play(settings: Settings, terminal: Terminal, map_path: Path) -> None:
    """Start the daemon and let the scripted mapper work with it."""
    started = time.perf_counter()
    daemon = Daemon(settings, partial(make_engine, settings), map_path=map_path, detect=False)
    async with daemon:
        announce(settings, daemon)
        timings = await ScriptedMapper(map_path, terminal.line).play(daemon.port, daemon.token)
    terminal.line("")
    terminal.line(table(timings))
    terminal.line(f"all of it in {time.perf_counter() - started:.1f} s")
