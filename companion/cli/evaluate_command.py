"""The options of ``companion evaluate``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path  # noqa: TC003 - typer reads annotations when it runs
from typing import Annotated

import typer

from companion.cli.options import Common, ModelChoice, settings_of, spread, terminal_of

_Count = Annotated[int, typer.Option(min=1)]


@spread
def evaluate(
    ctx: typer.Context,
    common: Common,
    model: ModelChoice,
    folders: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Folders with a folder per mapset.")
    ],
    checkpoint: Annotated[
        Path | None,
        typer.Option(metavar="NAME|FOLDER", help="The model to be judged; the same as --model."),
    ] = None,
    only: Annotated[
        str, typer.Option(metavar="PARTS", help="Of bits, generation, faults, timing.")
    ] = "bits,generation,faults,timing",
    held_out: Annotated[
        bool, typer.Option("--held-out", help="Only the sets that its training left out.")
    ] = False,
    songs: Annotated[
        int | None, typer.Option(min=2, help="At most so many songs, chosen by the seed.")
    ] = None,
    maps_per_song: _Count = 2,
    windows_per_map: _Count = 6,
    written_windows: Annotated[int, typer.Option(min=1, help="Of a map's windows.")] = 4,
    faults_per_kind: Annotated[int, typer.Option(min=1, help="In each map.")] = 4,
    excerpt_seconds: Annotated[
        float, typer.Option(min=0, help="Of a map, written as the product does; 0 for none.")
    ] = 20.0,
    iterations: Annotated[
        int, typer.Option(min=0, help="Hearings for super timing; 0 for none.")
    ] = 4,
    plain_sections: Annotated[
        bool, typer.Option("--plain-sections", help="Write sections once more without grammar.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same figures.")] = 0,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page with plots.")
    ] = None,
) -> None:
    """Judge a model by mapsets with their songs: what it knows, writes, finds and hears."""
    settings = settings_of(ctx, common, replace(model, model=checkpoint or model.model))
    from companion.cli.evaluating import EvaluationWish, evaluate_model

    wish = EvaluationWish(
        folders=tuple(folders),
        parts=tuple(only.split(",")),
        held_out=held_out,
        songs=songs,
        maps_per_song=maps_per_song,
        windows_per_map=windows_per_map,
        written_windows=written_windows,
        faults_per_kind=faults_per_kind,
        excerpt_s=excerpt_seconds,
        iterations=iterations,
        plain_sections=plain_sections,
        seed=seed,
        report=report,
    )
    evaluate_model(settings, terminal_of(ctx), wish)
