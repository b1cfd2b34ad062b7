"""The bundled mapset's files, and the scratch copy of them that a demo works on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from companion.errors import DemoFailed

MAPSET: Final = Path(__file__).parent / "mapset"
MAP_FILE: Final = "companion - Paper Lanterns (companion) [Demo].osu"
SCRATCH_PREFIX: Final = "companion-demo-"


def unpack(folder: Path) -> Path:
    """Copy the mapset into a folder, as a Songs folder would hold it; gives the map's path."""
    target = folder / "Songs" / "companion - Paper Lanterns"
    try:
        shutil.copytree(MAPSET, target, ignore=shutil.ignore_patterns("README.md"))
    except (OSError, shutil.Error) as error:
        raise DemoFailed(f"The demo's files cannot be copied to {target}: {error}.") from error
    return target / MAP_FILE
