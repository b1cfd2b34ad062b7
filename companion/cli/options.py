"""Options that several commands have, groups of them, and the settings that come of them.

A command takes a group (a dataclass whose fields are annotated with `typer.Option`) as one
parameter; `spread` makes an option of each field.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, cast, get_type_hints

import typer

from companion.cli.terminal import Terminal, parse_time
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from companion.settings import Settings

MapPath = Annotated[Path, typer.Argument(metavar="MAP", help="The .osu file.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts.")]
Device = Annotated[str | None, typer.Option(help="auto, cpu, cuda or mps.", show_default="auto")]
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
Time = Annotated[
    int, typer.Option(metavar="MS", parser=parse_time, help="ms, or the editor's 00:12:340.")
]
StartOrFirst = Annotated[
    int | None,
    typer.Option(
        metavar="MS",
        parser=parse_time,
        help="Start: ms, or 00:12:340.",
        show_default="the first object",
    ),
]
EndOrLast = Annotated[
    int | None,
    typer.Option(
        metavar="MS",
        parser=parse_time,
        help="End: ms, or 00:12:340.",
        show_default="the last object",
    ),
]
Acknowledge = Annotated[
    bool, typer.Option("--acknowledge", help="I have read the note on osu!'s AI policy.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every command has that answers."""

    json: Json = False
    data: DataFolder = None

    def flags(self) -> dict[str, Any]:
        """As settings."""
        return {"data_folder": self.data}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Which model, and what it runs on."""

    model: Annotated[
        Path | None,
        typer.Option("--model", "--model-path", help="Folder or name of another model."),
    ] = None
    lora: Annotated[
        Path | None,
        typer.Option("--lora", "--lora-path", help="Folder of a LoRA adapter for the model."),
    ] = None
    device: Device = None
    precision: Annotated[
        str | None,
        typer.Option(
            help="fp32, or quicker and less exact: bf16 (all of it) or amp (products alone).",
            show_default="fp32",
        ),
    ] = None
    threads: Annotated[int | None, typer.Option(help="CPU threads of the model.")] = None

    def flags(self) -> dict[str, Any]:
        """As settings."""
        engine = {
            "model_folder": self.model,
            "lora": self.lora,
            "device": self.device,
            "precision": self.precision,
            "threads": self.threads,
        }
        return {"engine": engine}


class OptionGroup(Protocol):
    """Options that are settings."""

    def flags(self) -> Mapping[str, Any]:
        """The settings, nested like their tree; ``None`` where nothing was given."""
        ...


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each field of the option groups that it takes, those last."""
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    grouped: list[inspect.Parameter] = []
    groups: dict[str, type] = {}
    for name, parameter in inspect.signature(command).parameters.items():
        kind: Any = hints[name]
        if not dataclasses.is_dataclass(kind):
            parameters.append(_keyword(name, kind, parameter.default))
            continue
        groups[name] = cast("type", kind)
        fields = get_type_hints(kind, include_extras=True)
        grouped += [_keyword(f.name, fields[f.name], f.default) for f in dataclasses.fields(kind)]
    parameters += grouped  # what many commands have stands last in their help

    @functools.wraps(command)
    def run(**given: Any) -> None:
        for name, group in groups.items():
            names = [field.name for field in dataclasses.fields(group)]
            given[name] = group(**{field: given.pop(field) for field in names})
        command(**given)

    # Typer reads both, and looks no further.
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _keyword(name: str, kind: Any, default: Any) -> inspect.Parameter:
    if default is dataclasses.MISSING:
        default = inspect.Parameter.empty
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def terminal_of(ctx: Any) -> Terminal:
    """Where the command prints."""
    return cast("Terminal", ctx.obj or Terminal())


def config_of(ctx: typer.Context) -> Path | None:
    """The settings file that was named, if one was.

    Raises:
        OptionRefused: It is not there.
    """
    config: Path | None = ctx.meta["config"]
    if config is not None and not config.is_file():
        raise OptionRefused(f"There is no settings file {config}.")
    return config


def settings_of(
    ctx: typer.Context, *groups: OptionGroup, settle: bool = True, **flags: object
) -> Settings:
    """The settings with the given options on top; also says whether JSON is wanted.

    With `settle`, a model's name becomes its folder, and the model in use is filled in.

    Raises:
        OptionRefused: One of them is wrong.
    """
    given: dict[str, object] = dict(flags)
    for group in groups:
        if isinstance(group, Common):
            terminal_of(ctx).json = group.json
        given |= group.flags()
    from companion.model_store import ModelStore
    from companion.settings import load_settings

    settings = load_settings(given, file=config_of(ctx))
    return ModelStore(settings.data_folder).settled(settings) if settle else settings
