"""The `.osu` under the Songs folder that was written last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.bridge.detectors.editor_state import EditorState

if TYPE_CHECKING:
    from pathlib import Path


class LastSaved:
    """Remembers what the watcher saw last. It cannot tell whether an editor is open."""

    def __init__(self) -> None:
        self._path: Path | None = None

    def saw(self, path: Path) -> None:
        """A file was written."""
        self._path = path

    def probe(self) -> EditorState | None:
        """The file that was written last."""
        return None if self._path is None else EditorState("last_saved", self._path)
