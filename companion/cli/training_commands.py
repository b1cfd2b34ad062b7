"""``companion train``: adapters, a mapper's own style, whole checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from companion.cli.options import DataFolder, Device, Json, Threads, settings_of, terminal_of

if TYPE_CHECKING:
    from companion.settings import Settings

training = typer.Typer(
    name="train",
    help="Train a model further: an adapter (LoRA), a mapper's own style, a whole checkpoint.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

From = Annotated[
    str | None,
    typer.Option(
        "--from", metavar="NAME|FOLDER", help="Model to start from.", show_default="the one in use"
    ),
]
SongsToTrainOn = Annotated[
    Path | None,
    typer.Option(
        "--songs",
        metavar="DIR",
        help="Songs folder, folder of .osz files, or MMRS folder.",
        show_default="osu!'s Songs folder",
    ),
]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the result goes.")]
Minutes = Annotated[float | None, typer.Option(help="About how long to train.", show_default="20")]
Steps = Annotated[int | None, typer.Option(help="How many steps to train, instead of minutes.")]
Rank = Annotated[int, typer.Option(help="Size of the adapter.")]
Alpha = Annotated[
    float | None, typer.Option(help="Strength of the adapter.", show_default="twice the rank")
]
Batch = Annotated[
    int | None, typer.Option(help="Windows in a batch.", show_default="8, on a CPU 4")
]
Accumulate = Annotated[int, typer.Option(help="Batches in a step.")]
Rate = Annotated[float | None, typer.Option("--rate", help="Highest learning rate.")]
Optimizer = Annotated[str, typer.Option(help="adamw or muon.")]
Precision = Annotated[str, typer.Option(help="auto, no or bf16.")]
Mapper = Annotated[
    str | None, typer.Option(help="Only maps by this mapper, guest difficulties included.")
]
Mode = Annotated[
    list[str] | None,
    typer.Option(help="Only maps of a mode: osu, taiko, catch, mania; repeatable."),
]
Stars = Annotated[
    str | None, typer.Option(metavar="FROM-TO", help="Only maps of these star ratings.")
]
Years = Annotated[
    str | None, typer.Option(metavar="FROM-TO", help="Only maps of these years, where known.")
]
Status = Annotated[
    list[str] | None, typer.Option(help="Only maps of a status, where known; repeatable.")
]
HoldOut = Annotated[
    list[str] | None,
    typer.Option(
        "--hold-out", metavar="SET", help="Judge by this set (part of its name); repeatable."
    ),
]
Workers = Annotated[int, typer.Option(help="Processes that prepare examples, beside a GPU.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
Seed = Annotated[int, typer.Option(help="Same seed, same run.")]


@training.command()
def lora(
    ctx: typer.Context,
    out: Out,
    base: From = None,
    songs: SongsToTrainOn = None,
    rank: Rank = 16,
    alpha: Alpha = None,
    pissa: Annotated[
        bool, typer.Option("--pissa", help="Begin with the largest singular values.")
    ] = False,
    minutes: Minutes = None,
    steps: Steps = None,
    batch: Batch = None,
    accumulate: Accumulate = 1,
    rate: Rate = None,
    optimizer: Optimizer = "adamw",
    precision: Precision = "auto",
    mapper: Mapper = None,
    mode: Mode = None,
    stars: Stars = None,
    years: Years = None,
    status: Status = None,
    hold_out: HoldOut = None,
    workers: Workers = 0,
    seed: Seed = 0,
    resume: Resume = False,
    json: Json = False,
    device: Device = None,
    threads: Threads = None,
    data: DataFolder = None,
) -> None:
    """Train an adapter in peft's format on a folder of sets; --lora uses it afterwards.

    Some songs are kept apart, and bits per event on them are told before and after.
    """
    settings = _settings(ctx, base, songs, device, threads, data, json=json)
    from companion.cli.training import DataChoice, RunChoice, train_and_report
    from companion.training.finetuning.lora import LoraOptions

    train_and_report(
        settings,
        terminal_of(ctx),
        out,
        DataChoice(mapper, mode, stars, years, status, hold_out),
        RunChoice(
            minutes, steps, batch, accumulate, rate, optimizer, precision, workers, seed, resume
        ),
        LoraOptions(rank, alpha, principal=pissa),
    )


@training.command()
def style(
    ctx: typer.Context,
    mapper: Annotated[str, typer.Option(help="The mapper's name, as in the maps.")],
    out: Out,
    base: From = None,
    songs: SongsToTrainOn = None,
    minutes: Minutes = None,
    mode: Mode = None,
    hold_out: HoldOut = None,
    seed: Seed = 0,
    resume: Resume = False,
    json: Json = False,
    device: Device = None,
    threads: Threads = None,
    data: DataFolder = None,
) -> None:
    """Make an adapter that writes as one mapper does, from that mapper's sets in a Songs folder.

    Tells how long it will take once the first steps are done, and at the end how well the mapper's
    maps of songs that were kept apart are foreseen, before and after.
    """
    settings = _settings(ctx, base, songs, device, threads, data, json=json)
    from companion.cli.training import DataChoice, RunChoice, train_and_report
    from companion.training.finetuning.lora import LoraOptions

    train_and_report(
        settings,
        terminal_of(ctx),
        out,
        DataChoice(mapper, mode, hold_out=hold_out),
        RunChoice(minutes, seed=seed, resume=resume),
        LoraOptions(),
    )


@training.command("checkpoint")
def whole_checkpoint(
    ctx: typer.Context,
    out: Out,
    base: From = None,
    songs: SongsToTrainOn = None,
    minutes: Minutes = None,
    steps: Steps = None,
    batch: Batch = None,
    accumulate: Accumulate = 1,
    rate: Rate = None,
    optimizer: Optimizer = "adamw",
    precision: Precision = "auto",
    mapper: Mapper = None,
    mode: Mode = None,
    stars: Stars = None,
    years: Years = None,
    status: Status = None,
    hold_out: HoldOut = None,
    workers: Workers = 0,
    seed: Seed = 0,
    resume: Resume = False,
    json: Json = False,
    device: Device = None,
    threads: Threads = None,
    data: DataFolder = None,
) -> None:
    """Train all weights of a checkpoint further and write a new one; needs much more memory."""
    settings = _settings(ctx, base, songs, device, threads, data, json=json)
    from companion.cli.training import DataChoice, RunChoice, train_and_report

    train_and_report(
        settings,
        terminal_of(ctx),
        out,
        DataChoice(mapper, mode, stars, years, status, hold_out),
        RunChoice(
            minutes, steps, batch, accumulate, rate, optimizer, precision, workers, seed, resume
        ),
        None,
    )


@training.command()
def fetch(
    ctx: typer.Context,
    dataset: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="A dataset on the hub.")],
    out: Out,
    sets: Annotated[int, typer.Option(help="How many sets.")] = 100,
    subset: Annotated[str | None, typer.Option(help="Folder of the dataset.")] = None,
    mapper: Mapper = None,
    mode: Mode = None,
    stars: Stars = None,
    years: Years = None,
    status: Status = None,
    json: Json = False,
) -> None:
    """Stream beatmap sets from a dataset on the Hugging Face hub into a folder of .osz files.

    Uses the network. “--songs” of the other commands takes the folder.
    """
    terminal_of(ctx).json = json
    from companion.cli.training import DataChoice, fetch_and_report

    fetch_and_report(
        terminal_of(ctx), dataset, subset, out, sets, DataChoice(mapper, mode, stars, years, status)
    )


def _settings(
    ctx: Any,
    base: str | None,
    songs: Path | None,
    device: str | None,
    threads: int | None,
    data: Path | None,
    *,
    json: bool,
) -> Settings:
    folder = None if base is None else Path(base)
    return settings_of(ctx, folder, device, threads, data, json=json, songs_folder=songs)
