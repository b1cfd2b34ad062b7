"""``companion evaluate``: a checkpoint judged by folders of mapsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from companion.cli.evaluation_text import evaluation_text
from companion.cli.progress import Progress
from companion.errors import Cancelled, OptionRefused, WriteFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from companion.cli.terminal import Terminal
    from companion.settings import Settings
    from companion.training.evaluation.run import Evaluation, SongFindings
    from companion.training.library import SongSet

INTERRUPTED = 130
"""Exit status after Ctrl+C, as a shell has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationWish:
    """The command's options."""

    folders: tuple[Path, ...]
    parts: tuple[str, ...]
    held_out: bool
    songs: int | None
    maps_per_song: int
    windows_per_map: int
    written_windows: int
    faults_per_kind: int
    excerpt_s: float
    iterations: int
    plain_sections: bool
    seed: int
    report: Path | None


def evaluate_model(settings: Settings, terminal: Terminal, wish: EvaluationWish) -> None:
    """Judge the model in use, and print and write what came out.

    Raises:
        CompanionError: Anything that keeps it from being done.
    """
    evaluation = _evaluation(settings, wish)
    terminal.note(
        f"Evaluating {evaluation.folder.name} on {len(evaluation.sets)} mapsets … Ctrl+C stops."
    )
    found: dict[str, dict[str, SongFindings]] = {}
    try:
        with Progress(terminal, "songs and modes") as progress:
            for step in evaluation.run():
                progress.show(step.done, step.total)
                if step.findings is not None:
                    of_mode = found.setdefault(step.mode.name.lower(), {})
                    of_mode[step.song] = step.findings
    except KeyboardInterrupt:
        terminal.complain(Cancelled("Stopped. There are no figures of a part of the songs."))
        raise typer.Exit(INTERRUPTED) from None
    from companion.training.evaluation.summary import evaluation_value

    value = evaluation_value(evaluation, found)
    if wish.report is not None:
        _write_report(wish.report, value, found)
        terminal.note(f"The report is in {wish.report}.")
    terminal.result(evaluation_text(value), value)


def _evaluation(settings: Settings, wish: EvaluationWish) -> Evaluation:
    if wish.report is not None and wish.report.suffix.lower() not in {".html", ".htm"}:
        raise OptionRefused(f"{wish.report.name} should end in .html.")
    for folder in wish.folders:
        if not folder.is_dir():
            raise OptionRefused(f"There is no folder {folder}.")
    from companion.training.evaluation.run import Evaluation, Part
    from companion.training.evaluation.songs import Effort, chosen_sets

    names = {name.strip() for name in wish.parts}
    unknown = names - {part.value for part in Part}
    if unknown or not names:
        known = ", ".join(Part)
        raise OptionRefused(f"--only knows {known}, and not {', '.join(sorted(unknown))}.")
    engine = settings.engine
    if engine.threads is not None:
        import torch

        torch.set_num_threads(engine.threads)
    sets = _sets(wish, engine.model_folder)
    return Evaluation(
        engine.model_folder,
        sets if wish.songs is None else chosen_sets(sets, wish.songs, wish.seed),
        Effort(
            maps_per_song=wish.maps_per_song,
            windows_per_map=wish.windows_per_map,
            written_windows=wish.written_windows,
            faults_per_kind=wish.faults_per_kind,
            excerpt_s=wish.excerpt_s,
            iterations=wish.iterations,
            plain_sections=wish.plain_sections,
            seed=wish.seed,
        ),
        frozenset(Part(name) for name in names),
        engine.device,
        engine.lora,
    )


def _sets(wish: EvaluationWish, model_folder: Path) -> Sequence[SongSet]:
    from companion.training.evaluation.songs import held_out_names
    from companion.training.library import find_sets

    sets = find_sets(wish.folders)
    if not wish.held_out:
        return sets
    names = held_out_names(model_folder)
    if not names:
        raise OptionRefused("This model does not say which sets its training left out.")
    return tuple(one for one in sets if one.name in names)


def _write_report(path: Path, value: Any, found: Any) -> None:
    from companion.training.evaluation.report import report_html

    try:
        path.write_text(report_html(value, found), encoding="utf-8")
    except OSError as error:
        raise WriteFailed(f"{path} cannot be written: {error.strerror or error}.") from error
