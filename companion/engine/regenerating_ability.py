"""Whether a checkpoint can do what a regeneration asks for. Importing it does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from companion.engine import checkpoint
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from pathlib import Path

    from companion.engine.requests import RegenerateRequest


def require_regenerating(folder: Path, request: RegenerateRequest) -> None:
    """Refuse what a checkpoint cannot do, as far as that is known before it is loaded.

    Raises:
        OptionRefused: It cannot.
        ModelMissing, CheckpointMismatch: There is none, or it is of no known kind.
    """
    checkpoint.family_of(folder)
    data = checkpoint.read_json(folder / checkpoint.CONFIG).get("data")
    stated = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    if request.options.replace == "hitsounds" and stated.get("add_hitsounds") is False:
        raise OptionRefused("This model knows no hitsounds. Choose another one with --model.")
