"""The options of ``companion train``, in groups, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from companion.cli.options import Common, Device
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from companion.training.data.selection import MapFilter
    from companion.training.finetuning.loop import RunOptions
    from companion.training.optimizers import OptimizerName

DEFAULT_MINUTES = 20.0
BATCH, CPU_BATCH = 8, 4

Minutes = Annotated[float | None, typer.Option(help="About how long to train.", show_default="20")]
Mode = Annotated[
    list[str] | None,
    typer.Option("--mode", help="Only maps of a mode: osu, taiko, catch, mania; repeatable."),
]
HoldOut = Annotated[
    list[str] | None,
    typer.Option(
        "--hold-out", metavar="SET", help="Judge by this set (part of its name); repeatable."
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with the run in --out.")]
Seed = Annotated[int, typer.Option(help="Same seed, same run.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Common):
    """What a run begins with and what it runs on."""

    base: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME|FOLDER",
            help="Model to start from.",
            show_default="the one in use",
        ),
    ] = None
    songs: Annotated[
        Path | None,
        typer.Option(
            "--songs",
            metavar="DIR",
            help="Songs folder, folder of .osz files, or MMRS folder.",
            show_default="osu!'s Songs folder",
        ),
    ] = None
    device: Device = None
    threads: Annotated[int | None, typer.Option(help="CPU threads.")] = None

    def flags(self) -> dict[str, Any]:
        """As settings."""
        folder = None if self.base is None else Path(self.base)
        engine = {"model_folder": folder, "device": self.device, "threads": self.threads}
        return {"data_folder": self.data, "songs_folder": self.songs, "engine": engine}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataChoice:
    """The options about what is trained on."""

    mapper: Annotated[
        str | None, typer.Option(help="Only maps by this mapper, guest difficulties included.")
    ] = None
    modes: Mode = None
    stars: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="Only maps of these star ratings.")
    ] = None
    years: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="Only maps of these years, where known.")
    ] = None
    statuses: Annotated[
        list[str] | None,
        typer.Option("--status", help="Only maps of a status, where known; repeatable."),
    ] = None
    hold_out: HoldOut = None

    def filter(self) -> MapFilter:
        """Which maps are wanted.

        Raises:
            OptionRefused: An option makes no sense.
        """
        from companion.training.data.selection import MapFilter, statuses_of
        from companion.training.library import TOO_HARD_STARS

        low, high = _span(self.stars, "--stars") if self.stars else (0.0, TOO_HARD_STARS)
        years = _span(self.years, "--years") if self.years else None
        return MapFilter(
            modes=frozenset(self.mode_numbers()) or None,
            mapper=self.mapper,
            stars=(low, high),
            years=None if years is None else (int(years[0]), int(years[1])),
            statuses=statuses_of(self.statuses) if self.statuses else None,
        )

    def mode_numbers(self) -> list[int]:
        """The wanted modes, by number.

        Raises:
            OptionRefused: There is no such mode.
        """
        from companion.training.library import MODES

        for name in self.modes or ():
            if name not in MODES:
                raise OptionRefused(f"“{name}” is not a mode; choose of {', '.join(MODES)}.")
        return [MODES.index(name) for name in self.modes or ()]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChoice:
    """The options about how it is trained."""

    minutes: Minutes = None
    steps: Annotated[
        int | None, typer.Option(help="How many steps to train, instead of minutes.")
    ] = None
    batch: Annotated[
        int | None, typer.Option(help="Windows in a batch.", show_default="8, on a CPU 4")
    ] = None
    accumulate: Annotated[int, typer.Option(help="Batches in a step.")] = 1
    rate: Annotated[float | None, typer.Option("--rate", help="Highest learning rate.")] = None
    optimizer: Annotated[str, typer.Option(help="adamw or muon.")] = "adamw"
    precision: Annotated[str, typer.Option(help="auto, no or bf16.")] = "auto"
    workers: Annotated[int, typer.Option(help="Processes that prepare examples, beside a GPU.")] = 0
    seed: Seed = 0
    resume: Resume = False

    def options(self, default_rate: float, *, on_cpu: bool) -> RunOptions:
        """The run's options.

        Args:
            default_rate: Learning rate where none is given.
            on_cpu: Where batches cost time in proportion, small ones get further.

        Raises:
            OptionRefused: One of them makes no sense.
        """
        from companion.training.finetuning.loop import RunOptions

        if self.optimizer not in {"adamw", "muon"}:
            raise OptionRefused(f"“{self.optimizer}” is no optimizer; choose adamw or muon.")
        if self.precision not in {"auto", "no", "bf16"}:
            raise OptionRefused(f"“{self.precision}” is no precision; choose auto, no or bf16.")
        minutes = self.minutes
        if minutes is None and self.steps is None:
            minutes = DEFAULT_MINUTES
        return RunOptions(
            steps=self.steps,
            minutes=minutes,
            batch=self.batch or (CPU_BATCH if on_cpu else BATCH),
            accumulate=self.accumulate,
            learning_rate=default_rate if self.rate is None else self.rate,
            optimizer=cast("OptimizerName", self.optimizer),
            workers=self.workers,
            seed=self.seed,
        )


def _span(text: str, option: str) -> tuple[float, float]:
    low, dash, high = text.partition("-")
    try:
        span = float(low), float(high if dash else low)
    except ValueError:
        raise OptionRefused(f"{option} takes a span like 3-5.5, not “{text}”.") from None
    if span[0] > span[1]:
        raise OptionRefused(f"{option}: {text} begins after its end.")
    return span
