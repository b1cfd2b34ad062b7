"""The commands and their options. What they do is imported when one of them runs."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path  # noqa: TC003 - typer reads annotations when it runs
from typing import Annotated

import typer

from companion import __version__
from companion.cli.evaluate_command import evaluate
from companion.cli.generate_command import GroupedHelp, generate
from companion.cli.models import models
from companion.cli.options import (
    Browser,
    Common,
    DataFolder,
    Device,
    Json,
    MapPath,
    ModelChoice,
    Port,
    Songs,
    spread,
)
from companion.cli.options import settings_of as _settings
from companion.cli.options import terminal_of as _terminal
from companion.cli.plain_errors import PlainErrors
from companion.cli.terminal import Terminal, explain_crash
from companion.cli.training_commands import training
from companion.cli.wizard import wizard
from companion.cli.writing_commands import writing

DEBUG_VARIABLE = "COMPANION_DEBUG"


app = typer.Typer(
    name="companion",
    cls=PlainErrors,
    help="A companion for the osu! beatmap editor: live modding and section regeneration.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: importing rich would take longer than all the rest
    pretty_exceptions_enable=False,
)
app.add_typer(models)
app.add_typer(training)
app.add_typer(writing)
app.command(cls=GroupedHelp)(generate)
app.command()(wizard)

app.command()(evaluate)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"osu! companion {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    ctx: typer.Context,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A companion for the osu! beatmap editor: live modding and section regeneration."""
    ctx.obj = Terminal()
    ctx.meta["config"] = config
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


@app.command()
@spread
def run(
    ctx: typer.Context,
    model: ModelChoice,
    map_path: Annotated[
        Path | None, typer.Option("--map", help="Open this .osu and no other.")
    ] = None,
    songs: Songs = None,
    port: Port = None,
    data: DataFolder = None,
    modding_only: Annotated[
        bool | None,
        typer.Option("--modding-only", help="Refuse to write generated content, for all maps."),
    ] = None,
    browser: Browser = None,
    json_ready: Annotated[
        bool, typer.Option("--json-ready", help="When ready, print port, url and token as JSON.")
    ] = False,
) -> None:
    """Start the companion and its overlay; Ctrl+C ends it."""
    settings = _settings(
        ctx,
        model,
        data_folder=data,
        songs_folder=songs,
        port=port,
        modding_only=modding_only,
        open_browser=browser,
    )
    from companion.cli.serving import serve

    serve(settings, map_path=map_path, json_ready=json_ready)


@app.command()
@spread
def demo(
    ctx: typer.Context,
    model: ModelChoice,
    once: Annotated[
        bool, typer.Option("--once", help="Let a scripted mapper play through it, then exit.")
    ] = False,
    port: Port = None,
    browser: Browser = None,
) -> None:
    """Try it on a map that comes with it, in a scratch folder."""
    if once:  # beside a companion that runs, and without a window
        port = port or 0
        browser = browser or False
    settings = _settings(ctx, model, port=port, open_browser=browser)
    from companion.cli.demonstration import demonstrate

    demonstrate(settings, _terminal(ctx), once=once)


@app.command()
@spread
def mod(
    ctx: typer.Context,
    common: Common,
    model: ModelChoice,
    map_path: Annotated[
        Path, typer.Argument(metavar="MAP", help="The .osu file, or the folder of a set.")
    ],
    rules_only: Annotated[
        bool, typer.Option("--rules-only", help="Only the rules; quick, and needs no song.")
    ] = False,
    fail_on: Annotated[
        str | None,
        typer.Option(metavar="SEVERITY", help="Exit with 1 if there is a problem, warning, minor."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="What is dismissed too.")] = False,
    level: Annotated[
        str | None,
        typer.Option(
            help="Judge it as an easy, normal, hard, insane or expert difficulty, this once.",
            show_default="as said in the overlay, else by name and stars",
        ),
    ] = None,
    lookback: Annotated[
        float | None,
        typer.Option(
            help="Share of a window that is only its past when the model judges.",
            show_default="the model's",
        ),
    ] = None,
    lookahead: Annotated[
        float | None,
        typer.Option(
            help="Share of a window that is only heard then; 0.4 is Mapperatorinator's, and slow.",
            show_default="0.2, or the model's",
        ),
    ] = None,
) -> None:
    """List what rules and model find in a map."""
    settings = _settings(ctx, common, model)
    from companion.cli.modding import ModWish, print_findings

    wish = ModWish(not rules_only, everything, level, fail_on, lookback, lookahead)
    print_findings(settings, _terminal(ctx), map_path, wish)


@app.command()
def rules(
    ctx: typer.Context,
    code: Annotated[str | None, typer.Argument(help="Explain this one.")] = None,
    json: Json = False,
) -> None:
    """List the rules, or explain one."""
    terminal = _terminal(ctx)
    terminal.json = json
    from companion.cli.rules import explain_rule, list_rules

    if code is None:
        list_rules(terminal)
    else:
        explain_rule(terminal, code)


@app.command()
@spread
def analyse(
    ctx: typer.Context,
    common: Common,
    map_path: MapPath,
    rhythm_model: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Weights that judge the rhythm.")
    ] = None,
    style_model: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Weights that know mappers' styles.")
    ] = None,
    device: Device = None,
) -> None:
    """Say how predictable a map's rhythm is, and whose style it resembles."""
    settings = _settings(ctx, common, ModelChoice(device=device))
    from companion.cli.analysing import analyse_map

    analyse_map(settings, _terminal(ctx), map_path, rhythm_model, style_model)


@app.command()
@spread
def undo(ctx: typer.Context, common: Common, map_path: MapPath) -> None:
    """Take back the companion's last write to a map."""
    settings = _settings(ctx, common)
    from companion.cli.regenerating import undo_last_write

    undo_last_write(settings, _terminal(ctx), map_path)


@app.command()
@spread
def doctor(ctx: typer.Context, common: Common, model: ModelChoice) -> None:
    """Say what is installed and where everything lies."""
    settings = _settings(ctx, common, model)
    from companion.cli.examination import print_report

    print_report(settings, _terminal(ctx))


def main() -> None:
    """Run the command line; never shows a traceback unless ``COMPANION_DEBUG`` is set."""
    if not os.environ.get(DEBUG_VARIABLE):
        sys.excepthook = explain_crash
    # not app(): Typer would put its own hook in place of ours
    typer.main.get_command(app)()
