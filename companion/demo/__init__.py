"""The demo: a bundled beatmapset, and a scripted mapper who works on it over the real protocol.

Owns `mapset/` (the song and the map, composed for this project), the scratch copy that a demo runs
on, and the client that `companion demo --once` plays. Imports the protocol, nothing of the
daemon: whoever starts the demo starts the daemon beside it.
"""

from __future__ import annotations

from companion.demo.files import MAP_FILE, SCRATCH_PREFIX, unpack
from companion.demo.mapper import ScriptedMapper, table

__all__ = ["MAP_FILE", "SCRATCH_PREFIX", "ScriptedMapper", "table", "unpack"]
