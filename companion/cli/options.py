"""Options that several commands have, and the settings that come of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from companion.cli.terminal import Terminal
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from companion.settings import Settings

MapPath = Annotated[Path, typer.Argument(metavar="MAP", help="The .osu file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.", show_default="auto")]
Threads = Annotated[int | None, typer.Option(help="CPU threads of the model.")]
ModelFolder = Annotated[
    Path | None, typer.Option("--model", help="Folder or name of another model.")
]
Lora = Annotated[
    Path | None, typer.Option("--lora", help="Folder of a LoRA adapter for the model.")
]
DataFolder = Annotated[
    Path | None, typer.Option("--data", help="Folder for backups, undo and provenance.")
]
Songs = Annotated[Path | None, typer.Option(help="osu!'s Songs folder.")]
Port = Annotated[int | None, typer.Option(help="Port of the overlay; 0 takes a free one.")]
Browser = Annotated[
    bool | None, typer.Option("--browser/--no-browser", help="Open the overlay in a browser.")
]
Seed = Annotated[int | None, typer.Option(help="Same seed, same result.", show_default="random")]
Temperature = Annotated[float | None, typer.Option(help="0 always takes the likeliest.")]
Guidance = Annotated[float | None, typer.Option(help="Classifier-free guidance scale; 1 is off.")]
StartOrFirst = Annotated[
    str | None,
    typer.Option(metavar="MS", help="Start: ms, or 00:12:340.", show_default="the first object"),
]
EndOrLast = Annotated[
    str | None,
    typer.Option(metavar="MS", help="End: ms, or 00:12:340.", show_default="the last object"),
]
Acknowledge = Annotated[
    bool, typer.Option("--acknowledge", help="I have read the note on osu!'s AI policy.")
]


def terminal_of(ctx: Any) -> Terminal:
    """Where the command prints."""
    return cast("Terminal", ctx.obj or Terminal())


def settings_of(
    ctx: typer.Context,
    model: Path | None,
    device: str | None,
    threads: int | None,
    data: Path | None,
    *,
    lora: Path | None = None,
    json: bool = False,
    settle: bool = True,
    **flags: object,
) -> Settings:
    """The settings with the given options on top; also says whether JSON is wanted.

    With `settle`, a model's name becomes its folder, and the model in use is filled in.

    Raises:
        OptionRefused: One of them is wrong.
    """
    terminal_of(ctx).json = json
    from companion.settings import load_settings

    config = ctx.meta["config"]
    if config is not None and not config.is_file():
        raise OptionRefused(f"There is no settings file {config}.")
    from companion.model_store import ModelStore

    engine = {"model_folder": model, "lora": lora, "device": device, "threads": threads}
    settings = load_settings({**flags, "data_folder": data, "engine": engine}, file=config)
    return ModelStore(settings.data_folder).settled(settings) if settle else settings
