"""Options that several commands have, and the settings that follow from them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from companion.cli.terminal import Terminal
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from companion.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.", show_default="auto")]
Threads = Annotated[int | None, typer.Option(help="CPU threads of the model.")]
ModelFolder = Annotated[
    Path | None, typer.Option("--model", help="Folder of a checkpoint instead of the bundled one.")
]
DataFolder = Annotated[
    Path | None, typer.Option("--data", help="Folder for backups, undo and provenance.")
]


def terminal_of(ctx: Any) -> Terminal:
    """Where a command prints."""
    return cast("Terminal", ctx.obj or Terminal())


def settings_of(
    ctx: typer.Context,
    model: Path | None,
    device: str | None,
    threads: int | None,
    data: Path | None,
    *,
    json: bool = False,
    **flags: object,
) -> Settings:
    """The settings with the given options on top; also says whether JSON is wanted.

    Raises:
        OptionRefused: The settings file that was named is not there.
    """
    terminal_of(ctx).json = json
    from companion.settings import load_settings

    config = ctx.meta["config"]
    if config is not None and not config.is_file():
        raise OptionRefused(f"There is no settings file {config}.")
    engine = {"model_folder": model, "device": device, "threads": threads}
    return load_settings({**flags, "data_folder": data, "engine": engine}, file=config)
