"""Ways to find out which map is being edited, and how to choose among them.

Each detector answers for itself and may say "unknown"; none of them raises, none needs osu! to be
there. They import the session's words for probes and clients, and nothing else of the companion.
"""

from __future__ import annotations

from companion.bridge.detectors.choice import rank
from companion.bridge.detectors.editor_state import Detector, EditorState
from companion.bridge.detectors.last_saved import LastSaved
from companion.bridge.detectors.songs_index import SongsIndex
from companion.bridge.detectors.titles import EditorTitle, read_title
from companion.bridge.detectors.window_title import WindowTitle, system_titles

__all__ = [
    "Detector",
    "EditorState",
    "EditorTitle",
    "LastSaved",
    "SongsIndex",
    "WindowTitle",
    "rank",
    "read_title",
    "system_titles",
]
