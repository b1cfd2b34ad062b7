"""Runs the real daemon with the fake engine, for browser tests that must not need a model.

Prints one JSON line with port, url and token when it is ready, and ends with SIGTERM.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from companion.daemon import Daemon, run_daemon  # noqa: E402
from companion.engine.fake import FakeEngine  # noqa: E402
from companion.settings import Settings  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.engine.cancellation import CancelToken
    from companion.engine.requests import Passage, RegenerateRequest


_POLL_S = 0.01
OFF_MS = 61
"""No divisor has a tick so far from a beat."""


class PacedEngine(FakeEngine):
    """Takes its time over each passage, so that a browser can be seen to follow.

    An object of the first of several variants stands off the beat; what it says of the map is of a
    matter that rules explain.
    """

    def __init__(self, pace_s: float) -> None:
        super().__init__()
        self.code = "maimod.snap"
        self._pace_s = pace_s
        self._never = threading.Event()

    def regenerate(self, request: RegenerateRequest, token: CancelToken) -> Iterator[Passage]:
        """Yield the fake's passages, one per pace."""
        for passage in super().regenerate(request, token):
            due = time.monotonic() + self._pace_s
            while time.monotonic() < due:
                token.raise_if_cancelled()
                self._never.wait(_POLL_S)
            yield _off_the_beat(passage) if _is_first_of_several(passage, request) else passage


def _is_first_of_several(passage: Passage, request: RegenerateRequest) -> bool:
    starts = passage.range.start_ms == request.range.start_ms
    return starts and passage.variant == 0 and request.options.variants > 1


def _off_the_beat(passage: Passage) -> Passage:
    line = b"256,192,%d,1,0,0:0:0:0:" % (passage.range.start_ms + OFF_MS)
    return replace(passage, lines=(line, *passage.lines[1:]))


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--map", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pace-s", type=float, default=0.0)
    options = parser.parse_args()
    settings = Settings(
        port=options.port, data_folder=options.data, songs_folder=None, open_browser=False
    )
    run_daemon(settings, PacedEngine(options.pace_s), map_path=options.map, on_ready=_announce)


def _announce(daemon: Daemon) -> None:
    ready = {"port": daemon.port, "url": daemon.url, "token": daemon.token}
    print(json.dumps(ready), flush=True)


if __name__ == "__main__":
    main()
