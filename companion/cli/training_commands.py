"""``companion train``: adapters, a mapper's own style, whole checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from companion.cli.options import Json, settings_of, spread, terminal_of
from companion.cli.training_options import (
    DataChoice,
    HoldOut,
    Minutes,
    Mode,
    Resume,
    RunChoice,
    Seed,
    Start,
)

training = typer.Typer(
    name="train",
    help="Train a model further: an adapter (LoRA), a mapper's own style, a whole checkpoint.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the result goes.")]


@training.command()
@spread
def lora(
    ctx: typer.Context,
    start: Start,
    maps: DataChoice,
    choice: RunChoice,
    out: Out,
    rank: Annotated[int, typer.Option(help="Size of the adapter.")] = 16,
    alpha: Annotated[
        float | None, typer.Option(help="Strength of the adapter.", show_default="twice the rank")
    ] = None,
    pissa: Annotated[
        bool, typer.Option("--pissa", help="Begin with the largest singular values.")
    ] = False,
) -> None:
    """Train an adapter in peft's format on a folder of sets; --lora uses it afterwards.

    Some songs are kept apart, and bits per event on them are told before and after.
    """
    settings = settings_of(ctx, start)
    from companion.cli.training import train_and_report
    from companion.training.finetuning.lora import LoraOptions

    how = LoraOptions(rank, alpha, principal=pissa)
    train_and_report(settings, terminal_of(ctx), out, maps, choice, how)


@training.command()
@spread
def style(
    ctx: typer.Context,
    start: Start,
    mapper: Annotated[str, typer.Option(help="The mapper's name, as in the maps.")],
    out: Out,
    minutes: Minutes = None,
    modes: Mode = None,
    hold_out: HoldOut = None,
    seed: Seed = 0,
    resume: Resume = False,
) -> None:
    """Make an adapter that writes as one mapper does, from that mapper's sets in a Songs folder.

    Tells how long it will take once the first steps are done, and at the end how well the mapper's
    maps of songs that were kept apart are foreseen, before and after.
    """
    settings = settings_of(ctx, start)
    from companion.cli.training import train_and_report
    from companion.training.finetuning.lora import LoraOptions

    maps = DataChoice(mapper=mapper, modes=modes, hold_out=hold_out)
    choice = RunChoice(minutes=minutes, seed=seed, resume=resume)
    train_and_report(settings, terminal_of(ctx), out, maps, choice, LoraOptions())


@training.command("checkpoint")
@spread
def whole_checkpoint(
    ctx: typer.Context, start: Start, maps: DataChoice, choice: RunChoice, out: Out
) -> None:
    """Train all weights of a checkpoint further and write a new one; needs much more memory."""
    settings = settings_of(ctx, start)
    from companion.cli.training import train_and_report

    train_and_report(settings, terminal_of(ctx), out, maps, choice, None)


@training.command()
@spread
def fetch(
    ctx: typer.Context,
    maps: DataChoice,
    dataset: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="A dataset on the hub.")],
    out: Out,
    sets: Annotated[int, typer.Option(help="How many sets.")] = 100,
    subset: Annotated[str | None, typer.Option(help="Folder of the dataset.")] = None,
    json: Json = False,
) -> None:
    """Stream beatmap sets from a dataset on the Hugging Face hub into a folder of .osz files.

    Uses the network. “--songs” of the other commands takes the folder.
    """
    terminal_of(ctx).json = json
    from companion.cli.training import fetch_and_report

    fetch_and_report(terminal_of(ctx), dataset, subset, out, sets, maps)
