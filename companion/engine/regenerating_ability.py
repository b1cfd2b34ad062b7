"""Whether a checkpoint can do what a regeneration asks for. Importing it does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from companion.engine import checkpoint
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from pathlib import Path

    from companion.engine.requests import RegenerateOptions, RegenerateRequest


def require_choosing(options: RegenerateOptions) -> None:
    """Refuse what no model can do.

    Raises:
        OptionRefused: Only the rhythm is to be replaced, or guidance goes with one aspect.
    """
    if options.replace == "rhythm":
        raise OptionRefused(
            "This model cannot change the rhythm alone. Replace everything, or only the "
            "positions or the hitsounds."
        )
    if options.replace != "all" and options.guidance != 1:
        raise OptionRefused("Guidance works only when everything is replaced; set it to 1 here.")


def require_regenerating(folder: Path, request: RegenerateRequest) -> None:
    """Refuse what a checkpoint cannot do, as far as that is known before it is loaded.

    Raises:
        OptionRefused: It cannot.
        ModelMissing, CheckpointMismatch: There is none, or it is of no known kind.
    """
    require_choosing(request.options)
    checkpoint.family_of(folder)
    data = checkpoint.read_json(folder / checkpoint.CONFIG).get("data")
    stated = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    if request.options.replace == "hitsounds" and stated.get("add_hitsounds") is False:
        raise OptionRefused("This model knows no hitsounds. Choose another one with --model.")
