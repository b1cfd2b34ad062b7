"""The commands and their options. What they do is imported when one of them runs."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from companion import __version__
from companion.cli.generate_command import generate
from companion.cli.options import DataFolder, Device, Json, ModelFolder, Threads
from companion.cli.options import settings_of as _settings
from companion.cli.options import terminal_of as _terminal
from companion.cli.terminal import Terminal, explain_crash, parse_time
from companion.errors import CompanionError

DEBUG_VARIABLE = "COMPANION_DEBUG"


class _PlainErrors(TyperGroup):
    """Turns errors of the companion into one line and exit status 2."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CompanionError as error:
            _terminal(ctx).complain(error)
            raise typer.Exit(2) from error


app = typer.Typer(
    name="companion",
    cls=_PlainErrors,
    help="A companion for the osu! beatmap editor: live modding and section regeneration.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: importing rich would take longer than all the rest
    pretty_exceptions_enable=False,
)

MapPath = Annotated[Path, typer.Argument(metavar="MAP", help="The .osu file.")]
Songs = Annotated[Path | None, typer.Option(help="osu!'s Songs folder.")]
Port = Annotated[int | None, typer.Option(help="Port of the overlay; 0 takes a free one.")]
Browser = Annotated[
    bool | None, typer.Option("--browser/--no-browser", help="Open the overlay in a browser.")
]


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
def run(
    ctx: typer.Context,
    map_path: Annotated[
        Path | None, typer.Option("--map", help="Open this .osu and no other.")
    ] = None,
    songs: Songs = None,
    port: Port = None,
    model: ModelFolder = None,
    device: Device = None,
    threads: Threads = None,
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
        device,
        threads,
        data,
        songs_folder=songs,
        port=port,
        modding_only=modding_only,
        open_browser=browser,
    )
    from companion.cli.serving import serve

    serve(settings, map_path=map_path, json_ready=json_ready)


@app.command()
def demo(
    ctx: typer.Context,
    once: Annotated[
        bool, typer.Option("--once", help="Let a scripted mapper play through it, then exit.")
    ] = False,
    port: Port = None,
    model: ModelFolder = None,
    device: Device = None,
    threads: Threads = None,
    browser: Browser = None,
) -> None:
    """Try it on a map that comes with it, in a scratch folder."""
    if once:  # beside a companion that runs, and without a window
        port = port or 0
        browser = browser or False
    settings = _settings(ctx, model, device, threads, None, port=port, open_browser=browser)
    from companion.cli.demonstration import demonstrate

    demonstrate(settings, _terminal(ctx), once=once)


@app.command()
def mod(
    ctx: typer.Context,
    map_path: MapPath,
    json: Json = False,
    no_model: Annotated[
        bool, typer.Option("--no-model", help="Only the rules; quick, and needs no song.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Dismissed findings too.")] = False,
    model: ModelFolder = None,
    device: Device = None,
    threads: Threads = None,
    data: DataFolder = None,
) -> None:
    """List what rules and model find in a map."""
    settings = _settings(ctx, model, device, threads, data, json=json)
    from companion.cli.modding import print_findings

    print_findings(
        settings, _terminal(ctx), map_path, with_model=not no_model, with_dismissed=everything
    )


@app.command()
def regenerate(
    ctx: typer.Context,
    map_path: MapPath,
    start: Annotated[str, typer.Option(metavar="MS", help="Start: ms, or 00:12:340.")],
    end: Annotated[str, typer.Option(metavar="MS", help="End: ms, or 00:12:340.")],
    difficulty: Annotated[
        float | None, typer.Option(help="Star rating to aim at.", show_default="the map's own")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same result.", show_default="random")
    ] = None,
    guidance: Annotated[
        float | None, typer.Option(help="Classifier-free guidance scale; 1 is off.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="0 always takes the likeliest.")] = None,
    replace: Annotated[str, typer.Option(help="all, rhythm, positions or hitsounds.")] = "all",
    green_lines: Annotated[
        bool, typer.Option("--green-lines", help="Let green lines in the range change too.")
    ] = False,
    variants: Annotated[int, typer.Option(help="How many alternatives; the best is taken.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Write the map with the new section to a new file.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write the new section into the map, with a backup.")
    ] = False,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="I have read the note on osu!'s AI policy.")
    ] = False,
    json: Json = False,
    model: ModelFolder = None,
    device: Device = None,
    threads: Threads = None,
    data: DataFolder = None,
) -> None:
    """Generate a section anew; prints it unless told to write."""
    settings = _settings(ctx, model, device, threads, data, json=json)
    from companion.cli.regenerating import Wish, regenerate_section

    wish = Wish(
        start_ms=parse_time(start),
        end_ms=parse_time(end),
        difficulty=difficulty,
        seed=seed,
        guidance=guidance,
        temperature=temperature,
        replace=replace,
        change_green_lines=green_lines,
        variants=variants,
        out=out,
        in_place=in_place,
        acknowledge=acknowledge,
    )
    regenerate_section(settings, _terminal(ctx), map_path, wish)


@app.command()
def guest(
    ctx: typer.Context,
    map_path: MapPath,
    difficulty: Annotated[float, typer.Option(help="Star rating to aim at.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the new difficulty.", show_default="its stars")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same result.", show_default="random")
    ] = None,
    guidance: Annotated[
        float | None, typer.Option(help="Classifier-free guidance scale; 1 is off.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="0 always takes the likeliest.")] = None,
    mapper_id: Annotated[
        int | None, typer.Option(help="User id of a mapper to write like.")
    ] = None,
    year: Annotated[int | None, typer.Option(help="Year to write like, 2007 to 2077.")] = None,
    descriptors: Annotated[
        list[str] | None, typer.Option(help="A word for what it should be; may be repeated.")
    ] = None,
    negative_descriptors: Annotated[
        list[str] | None,
        typer.Option(help="A word for what it should not be; needs guidance. May be repeated."),
    ] = None,
    hp: Annotated[float | None, typer.Option(help="HP drain.", show_default="as in MAP")] = None,
    cs: Annotated[float | None, typer.Option(help="Circle size.", show_default="as in MAP")] = None,
    od: Annotated[
        float | None, typer.Option(help="Overall difficulty.", show_default="as in MAP")
    ] = None,
    ar: Annotated[
        float | None, typer.Option(help="Approach rate.", show_default="as in MAP")
    ] = None,
    green_lines: Annotated[
        bool, typer.Option("--green-lines", help="Let the model write green lines of its own.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="File to write.", show_default="in the set's folder")
    ] = None,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="I have read the note on osu!'s AI policy.")
    ] = False,
    json: Json = False,
    model: ModelFolder = None,
    device: Device = None,
    threads: Threads = None,
    data: DataFolder = None,
) -> None:
    """Write another difficulty for MAP's song, with its timing, as a new file in the set."""
    settings = _settings(ctx, model, device, threads, data, json=json)
    from companion.cli.guest import GuestWish, write_guest

    stats = {"HPDrainRate": hp, "CircleSize": cs, "OverallDifficulty": od, "ApproachRate": ar}
    wish = GuestWish(
        difficulty=difficulty,
        name=name,
        seed=seed,
        guidance=guidance,
        temperature=temperature,
        mapper_id=mapper_id,
        year=year,
        descriptors=descriptors or (),
        negative_descriptors=negative_descriptors or (),
        stats={key: value for key, value in stats.items() if value is not None},
        green_lines=green_lines,
        out=out,
        acknowledge=acknowledge,
    )
    write_guest(settings, _terminal(ctx), map_path, wish)


app.command()(generate)


@app.command()
def timing(
    ctx: typer.Context,
    source: Annotated[
        Path, typer.Argument(metavar="AUDIO|MAP", help="A song, or an .osu file with its song.")
    ],
    super_timing: Annotated[
        bool, typer.Option("--super", help="Hear the song many times; slow, and finer.")
    ] = False,
    iterations: Annotated[
        int | None, typer.Option(help="Hearings of --super.", show_default="20")
    ] = None,
    leniency: Annotated[
        float | None,
        typer.Option(metavar="MS", help="How far a beat may lie from its red line."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Same seed, same result.", show_default="random")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a new .osu file with the red lines.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Put them in place of the map's own, with a backup.")
    ] = False,
    acknowledge: Annotated[
        bool, typer.Option("--acknowledge", help="I have read the note on osu!'s AI policy.")
    ] = False,
    json: Json = False,
    model: ModelFolder = None,
    device: Device = None,
    threads: Threads = None,
    data: DataFolder = None,
) -> None:
    """Hear where a song's beats are; reports BPM, offset and errors, and writes only if told."""
    settings = _settings(ctx, model, device, threads, data, json=json)
    from companion.cli.timing import TimingWish, time_song

    wish = TimingWish(
        iterations=20 if super_timing and iterations is None else iterations,
        super_timing=super_timing,
        leniency_ms=leniency,
        seed=seed,
        out=out,
        in_place=in_place,
        acknowledge=acknowledge,
    )
    time_song(settings, _terminal(ctx), source, wish)


@app.command()
def undo(
    ctx: typer.Context, map_path: MapPath, json: Json = False, data: DataFolder = None
) -> None:
    """Take back the companion's last write to a map."""
    settings = _settings(ctx, None, None, None, data, json=json)
    from companion.cli.regenerating import undo_last_write

    undo_last_write(settings, _terminal(ctx), map_path)


@app.command()
def doctor(
    ctx: typer.Context,
    json: Json = False,
    model: ModelFolder = None,
    device: Device = None,
    data: DataFolder = None,
) -> None:
    """Say what is installed and where everything lies."""
    settings = _settings(ctx, model, device, None, data, json=json)
    from companion.cli.examination import print_report

    print_report(settings, _terminal(ctx))


def main() -> None:
    """Run the command line; never shows a traceback unless ``COMPANION_DEBUG`` is set."""
    if not os.environ.get(DEBUG_VARIABLE):
        sys.excepthook = explain_crash
    # not app(): Typer would put its own hook in place of ours
    typer.main.get_command(app)()
