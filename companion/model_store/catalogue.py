"""The published checkpoints of Mapperatorinator, and the names they go by here.

Repository ids are those that the original's inference configurations name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from companion.errors import OptionRefused

if TYPE_CHECKING:
    from pathlib import Path

BUNDLED: Final = "bundled"
"""Name of the model that comes with the companion."""
MODELS_FOLDER: Final = "models"
"""Name of the folder, in the data folder, that has a folder per model."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Windows has no files of these names."""


@dataclass(frozen=True, slots=True)
class Published:
    """A checkpoint that can be pulled."""

    name: str
    repository: str
    """Owner and name on the Hugging Face hub."""
    about: str


CATALOGUE: Final = {
    model.name: model
    for model in (
        Published("v28", "OliBomby/Mapperatorinator-v28", "all modes, windows of 8 s"),
        Published("v29", "OliBomby/Mapperatorinator-v29.1", "all modes, windows of 8 s"),
        Published("v30", "OliBomby/Mapperatorinator-v30", "osu! only, windows of 33 s"),
        Published("v31", "OliBomby/Mapperatorinator-v31", "all modes, windows of 33 s"),
        Published("v32", "OliBomby/Mapperatorinator-v32", "all modes, windows of 16 s"),
        Published("v32-mini", "OliBomby/Mapperatorinator-v32-mini", "a smaller v32"),
    )
}
"""All published checkpoints by name, oldest first."""


def verify_name(name: str) -> None:
    """Refuse what cannot be the name of a folder of its own.

    Raises:
        OptionRefused: It leads elsewhere, or no system would take it.
    """
    if not _NAME.fullmatch(name) or name.endswith(".") or _DEVICES.fullmatch(name):
        raise OptionRefused(
            f"“{name}” cannot be a model's name; “companion models list” shows those there are."
        )


def published(name: str) -> Published:
    """A checkpoint by name.

    Raises:
        OptionRefused: None of this name is published.
    """
    verify_name(name)
    if name == BUNDLED:
        raise OptionRefused("The bundled model comes with the companion; use it as it is.")
    if name not in CATALOGUE:
        raise OptionRefused(
            f"No model is published as “{name}”; there are {', '.join(CATALOGUE)}. Another one can "
            "be put into a folder and named with --model FOLDER."
        )
    return CATALOGUE[name]


def pull_hint(folder: Path) -> str:
    """A sentence on how to get the model that belongs into a folder; empty for other folders."""
    if folder.name in CATALOGUE and folder.parent.name == MODELS_FOLDER:
        return f"“companion models pull {folder.name}” fetches it."
    return ""
