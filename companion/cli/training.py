"""What ``companion train`` does with its options, and how it tells what came of it."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any, cast

from companion.cli.progress import Progress
from companion.errors import Cancelled, OptionRefused

if TYPE_CHECKING:
    from pathlib import Path

    from companion.cli.terminal import Terminal
    from companion.cli.training_options import DataChoice, RunChoice
    from companion.settings import Settings
    from companion.training.finetuning.held_out import Bits, Surprise
    from companion.training.finetuning.jobs import TrainingReport, TrainingWish
    from companion.training.finetuning.loop import Precision, StepReport
    from companion.training.finetuning.lora import LoraOptions
    from companion.training.finetuning.material import Material

ADAPTER_RATE, CHECKPOINT_RATE = 1e-3, 5e-5
"""Highest learning rates where none is given: factors that begin at zero can take more."""
_PROBLEMS_SHOWN = 5


def train_and_report(
    settings: Settings,
    terminal: Terminal,
    out: Path,
    data: DataChoice,
    choice: RunChoice,
    lora: LoraOptions | None,
) -> None:
    """Train, and print what came of it.

    Raises:
        CompanionError: Anything that keeps it from being done.
    """
    import torch

    from companion.training.finetuning.jobs import train

    wish = _wish(settings, out, data, choice, lora)
    if settings.engine.threads is not None:
        torch.set_num_threads(settings.engine.threads)
    watching = _Watching(terminal)
    try:
        with watching:
            report = train(wish, watching)
    except (Cancelled, KeyboardInterrupt):
        words = f"Stopped. The same command with --resume goes on in {out}."
        raise KeyboardInterrupt(words) from None
    terminal.result(report_text(report), report.to_json())


def fetch_and_report(
    terminal: Terminal, dataset: str, subset: str | None, out: Path, n_sets: int, data: DataChoice
) -> None:
    """Stream sets into a folder, and say what is there.

    Raises:
        CompanionError: Anything that keeps it from being done; what is there stays.
    """
    from companion.training.data.hub import fetch_sets, streamed_rows

    if n_sets < 1:
        raise OptionRefused("At least one set has to be fetched.")
    with Progress(terminal, "sets") as progress:
        n, problems = fetch_sets(
            streamed_rows(dataset, subset),
            out,
            data.filter(),
            n_sets,
            lambda done: progress.show(done, n_sets),
        )
    for problem in problems[:_PROBLEMS_SHOWN]:
        terminal.note(f"left out: {problem}")
    value = {"dataset": dataset, "folder": str(out), "sets": n, "problems": problems}
    terminal.result(f"{n} sets of {dataset} lie in {out}.", value)


def _wish(
    settings: Settings, out: Path, data: DataChoice, choice: RunChoice, lora: LoraOptions | None
) -> TrainingWish:
    from companion.beatmap import Mode
    from companion.engine import checkpoint
    from companion.training.finetuning.jobs import TrainingWish
    from companion.training.finetuning.material import MaterialWish

    if settings.songs_folder is None:
        raise OptionRefused("No Songs folder was found; name one with --songs.")
    base, modes = settings.engine.model_folder, data.mode_numbers()
    if len(modes) == 1:
        # Repositories may hold a network of its own for a mode.
        base = checkpoint.folder_for(base, Mode(modes[0]))
    device = settings.engine.device
    rate = CHECKPOINT_RATE if lora is None else ADAPTER_RATE
    return TrainingWish(
        base=base,
        out=out,
        material=MaterialWish(settings.songs_folder, data.filter(), tuple(data.hold_out or ())),
        cache=settings.data_folder / "training",
        lora=lora,
        run=choice.options(rate, on_cpu=checkpoint.choose_device(device).type == "cpu"),
        device=device,
        precision=cast("Precision", choice.precision),
        resume=choice.resume,
    )


class _Watching:
    """Tells how a job goes on stderr, and ends it after Ctrl+C where it can go on later."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._progress: Progress | None = None
        self._n_indexed = 0
        self._stopping = False
        self._handler: Any = None

    def __enter__(self) -> None:
        """Ctrl+C is no exception from here on: in the middle of a step it would spoil the state."""
        if threading.current_thread() is threading.main_thread():
            self._handler = signal.signal(signal.SIGINT, self._interrupted)

    def __exit__(self, *_: object) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)
        if self._progress is not None:
            self._progress.__exit__(None, None, None)

    def _interrupted(self, *_: object) -> None:
        if self._stopping:
            raise KeyboardInterrupt
        self._stopping = True
        self._terminal.note("Stopping after this step; Ctrl+C again stops at once.")

    def _stop_if_asked(self) -> None:
        if self._stopping:
            raise Cancelled("Stopped.")

    def indexed(self, n_sets: int) -> None:
        """See `JobListener`."""
        self._stop_if_asked()
        self._n_indexed = n_sets
        if n_sets % 100 == 0:
            self._terminal.note(f"{n_sets} sets looked through …")

    def gathered(self, material: Material) -> None:
        """See `JobListener`."""
        self._stop_if_asked()
        for problem in material.problems[:_PROBLEMS_SHOWN]:
            self._terminal.note(f"left out: {problem}")
        more = len(material.problems) - _PROBLEMS_SHOWN
        if more > 0:
            self._terminal.note(f"left out: {more} more, see the report")
        n_maps = sum(len(one.maps) for one in material.trained)
        self._terminal.note(
            f"{self._n_indexed} sets looked through. Training on {n_maps} maps of "
            f"{len(material.trained)} songs; judged by {len(material.judged)} others. "
            "Ctrl+C stops, --resume goes on."
        )

    def planned(self, n_steps: int, seconds: float) -> None:
        """See `Listener`."""
        if seconds:
            self._terminal.note(f"{n_steps} steps; about {max(round(seconds / 60), 1)} minutes.")
        self._progress = Progress(self._terminal, "steps")
        self._progress.__enter__()

    def stepped(self, report: StepReport) -> None:
        """See `Listener`."""
        if self._progress is not None and report.clock.n_steps is not None:
            self._progress.show(report.clock.step, report.clock.n_steps)
        self._stop_if_asked()

    def looked(self, step: int, surprise: Surprise) -> None:
        """See `Listener`."""
        self._terminal.note(f"  step {step}: {surprise.every.mean:.3f} bits per event, held out")


def report_text(report: TrainingReport) -> str:
    """The report for a person."""
    whose = f" by {report.mapper}" if report.mapper else ""
    lines = [
        f"Trained {report.n_trained_weights / 1e6:.2f} M weights of {report.base} for "
        f"{report.n_steps} steps ({report.minutes:.1f} minutes) on {len(report.trained_on)} songs"
        f"{whose}; kept those of step {report.kept_step}.",
        "",
        f"Bits per event on maps{whose} of songs that were kept apart (fewer is better):",
        _row("", "before", "after", "change", "events"),
        _figure("all", report.before.every, report.after.every),
    ]
    for title, part in (("by kind", "by_kind"), ("by map", "by_map")):
        lines += ["", title]
        before = cast("dict[str, Bits]", getattr(report.before, part))
        after = cast("dict[str, Bits]", getattr(report.after, part))
        lines += [
            _figure(name, bits, after[name])
            for name, bits in sorted(before.items(), key=lambda item: -item[1].n)
            if name in after
        ]
    if report.watched_is_judged:
        lines += [
            "",
            "There were too few songs to choose the best step by others than these, so the figures "
            "flatter a little.",
        ]
    lines += ["", f"{report.out} holds the result; use it with {_use(report)}."]
    return "\n".join(lines)


def _use(report: TrainingReport) -> str:
    return f"--lora {report.out}" if report.is_adapter else f"--model {report.out}"


def _figure(name: str, before: Bits, after: Bits) -> str:
    change = after.mean - before.mean
    return _row(name, f"{before.mean:.3f}", f"{after.mean:.3f}", f"{change:+.3f}", str(before.n))


def _row(name: str, *values: str) -> str:
    return f"  {name[:44]:<44}" + "".join(f"{value:>9}" for value in values)
