"""Whether a model can hear where the beats of a song are. Importing it does not import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from companion.engine import checkpoint
from companion.engine.events import ContextType
from companion.engine.templates import Template
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def timing_context(templates: Iterable[Template], *, beats_in_map: bool) -> ContextType:
    """The context in which a model writes the beats that it hears.

    Args:
        templates: What the model was trained to produce.
        beats_in_map: Whether it writes beats among the objects of a map.

    Raises:
        OptionRefused: It writes no beats.
    """
    if any(ContextType.TIMING in template.produced for template in templates):
        return ContextType.TIMING
    if beats_in_map:
        return ContextType.MAP
    raise OptionRefused(
        "This model cannot hear timing: it was trained on maps whose timing is known. Choose a "
        "model that can, for instance a V29 checkpoint, with --model."
    )


def require_hearing(folder: Path) -> None:
    """Refuse a checkpoint that says of itself that it cannot hear timing, before it is loaded.

    A checkpoint that does not say what it produces is let through: its family knows when loaded.

    Raises:
        OptionRefused: It cannot.
        ModelMissing, CheckpointMismatch: There is none, or it is of no known kind.
    """
    checkpoint.family_of(folder)
    data = checkpoint.read_json(folder / checkpoint.CONFIG).get("data")
    if not isinstance(data, dict) or "context_types" not in data:
        return
    stated = cast("dict[str, Any]", data)
    try:
        templates = Template.all_from_train_config(stated)
    except (KeyError, TypeError, ValueError):
        return  # loading says what is wrong with it
    timing_context(templates, beats_in_map=bool(stated.get("add_timing")))
