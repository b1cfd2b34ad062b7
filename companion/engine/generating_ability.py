"""Whether a checkpoint can write a whole map. Importing it does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine import checkpoint
from companion.engine.hearing_ability import require_hearing
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from pathlib import Path

    from companion.engine.map_requests import MapRequest


def require_generating(folder: Path, request: MapRequest) -> None:
    """Refuse what a checkpoint cannot do, as far as that is known before it is loaded.

    Raises:
        OptionRefused: It cannot.
        ModelMissing, CheckpointMismatch: There is none, or it is of no known kind.
    """
    if checkpoint.family_of(folder).name == "v30" and request.header.mode is not Mode.OSU:
        raise OptionRefused("Models of this family know osu! maps only. Choose another one.")
    if request.red_lines is None:
        try:
            require_hearing(folder)
        except OptionRefused as error:
            raise OptionRefused(
                f"{error} Or give a map that has red lines, or the song's tempo."
            ) from None
