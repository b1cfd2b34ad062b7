"""Whether a checkpoint can write a whole map. Importing it does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine import checkpoint
from companion.engine.hearing_ability import require_hearing
from companion.engine.understanding import plan_contexts
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from pathlib import Path

    from companion.engine.map_requests import MapRequest


def require_generating(folder: Path, request: MapRequest) -> None:
    """Refuse what a checkpoint cannot do, before its weights are loaded.

    Raises:
        OptionRefused: It cannot.
        ModelMissing, CheckpointMismatch: There is none, or it is of no known kind.
    """
    if request.red_lines is None:
        try:
            require_hearing(folder)
        except OptionRefused as error:
            raise OptionRefused(
                f"{error} Or give a map that has red lines, or the song's tempo."
            ) from None
    settings = checkpoint.settings_of(folder)
    mode, modes = request.header.mode, settings.prompts.modes
    if mode not in modes and not request.options.original_quirks:
        names = ("osu!" if known is Mode.OSU else known.name.lower() for known in modes)
        known = ", ".join(names)
        raise OptionRefused(f"This model knows {known} maps only. Choose another one.")
    plan_contexts(settings, request)
