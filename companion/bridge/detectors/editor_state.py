"""What a detector can say about the editor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path

    from companion.session.values import Client, Probe


@dataclass(frozen=True, slots=True)
class EditorState:
    """A detector's answer. Whatever is None is unknown."""

    probe: Probe
    map_path: Path | None = None
    file_name: str | None = None
    """Name of the map's file, for detectors that cannot tell its folder."""
    client: Client | None = None
    editor_open: bool | None = None


class Detector(Protocol):
    """One way to find out which map is being edited."""

    def probe(self) -> EditorState | None:
        """Look once; None means "cannot tell". May block for some milliseconds, never raises."""
        ...
