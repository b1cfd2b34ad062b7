"""The commands that let a model write: sections, hitsounds, difficulties, red lines."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads annotations when it runs
from typing import Annotated

import typer

from companion.cli.options import (
    Acknowledge,
    Common,
    EndOrLast,
    Guidance,
    MapPath,
    ModelChoice,
    Seed,
    StartOrFirst,
    Temperature,
    Time,
    settings_of,
    spread,
    terminal_of,
)

writing = typer.Typer(rich_markup_mode=None)


@writing.command()
@spread
def regenerate(
    ctx: typer.Context,
    common: Common,
    model: ModelChoice,
    map_path: MapPath,
    start: Time,
    end: Time,
    difficulty: Annotated[
        float | None, typer.Option(help="Star rating to aim at.", show_default="the map's own")
    ] = None,
    seed: Seed = None,
    guidance: Guidance = None,
    temperature: Temperature = None,
    replace: Annotated[str, typer.Option(help="all, rhythm, positions or hitsounds.")] = "all",
    keep: Annotated[
        list[str] | None,
        typer.Option(
            help="rhythm, positions or hitsounds; may be repeated.", show_default="nothing"
        ),
    ] = None,
    green_lines: Annotated[
        bool, typer.Option("--green-lines", help="Let green lines in the range change too.")
    ] = False,
    variants: Annotated[int, typer.Option(help="How many alternatives; the best is taken.")] = 1,
    diffusion: Annotated[
        Path | None,
        typer.Option(help="Folder of a diffusion model that draws the positions anew."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the map with the new section to a new file.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write the new section into the map, with a backup.")
    ] = False,
    acknowledge: Acknowledge = False,
) -> None:
    """Generate a section anew; prints it unless told to write.

    --keep says what stays, --replace what does not. With the rhythm kept, every object stays when
    and what it is, combos included; sliders keep their shape, and positions, hitsounds, or both are
    chosen anew. Without it there are other objects: kept positions are the cursor's way, which the
    new objects lie on at their times (in osu! and catch); kept hitsounds stay at every moment at
    which something sounded, slider edges included, and the model chooses the rest.

    --diffusion draws the positions, and the shapes of sliders, around what the model has chosen
    (in osu! and catch); the objects around the section are seen and stay.
    """
    settings = settings_of(ctx, common, model)
    from companion.cli.regenerating import Wish, regenerate_section

    wish = Wish(
        start_ms=start,
        end_ms=end,
        difficulty=difficulty,
        seed=seed,
        guidance=guidance,
        temperature=temperature,
        replace=replace,
        keep=keep or (),
        change_green_lines=green_lines,
        variants=variants,
        diffusion=diffusion,
        out=out,
        in_place=in_place,
        acknowledge=acknowledge,
    )
    regenerate_section(settings, terminal_of(ctx), map_path, wish)


@writing.command()
@spread
def hitsounds(
    ctx: typer.Context,
    common: Common,
    model: ModelChoice,
    map_path: MapPath,
    start: StartOrFirst = None,
    end: EndOrLast = None,
    seed: Seed = None,
    temperature: Temperature = None,
    out: Annotated[Path | None, typer.Option(help="Write the map to a new file.")] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Write them into the map, with a backup.")
    ] = False,
    acknowledge: Acknowledge = False,
) -> None:
    """Choose the hitsounds of a map anew; prints the objects unless told to write.

    Only additions and sample sets change: an object's hitSound, a slider's edge sounds and sets,
    and the sets in its hitSample. Volumes, custom samples, timing points and all the rest of the
    file stay byte for byte. A range grows to whole beats. “companion undo” takes it back.
    """
    settings = settings_of(ctx, common, model)
    from companion.cli.regenerating import Wish, regenerate_section

    wish = Wish(
        start_ms=start,
        end_ms=end,
        seed=seed,
        temperature=temperature,
        replace="hitsounds",
        out=out,
        in_place=in_place,
        acknowledge=acknowledge,
    )
    regenerate_section(settings, terminal_of(ctx), map_path, wish)


@writing.command()
@spread
def guest(
    ctx: typer.Context,
    common: Common,
    model: ModelChoice,
    map_path: MapPath,
    difficulty: Annotated[float, typer.Option(help="Star rating to aim at.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the new difficulty.", show_default="its stars")
    ] = None,
    seed: Seed = None,
    guidance: Guidance = None,
    temperature: Temperature = None,
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
    acknowledge: Acknowledge = False,
) -> None:
    """Write another difficulty for MAP's song, with its timing, as a new file in the set."""
    settings = settings_of(ctx, common, model)
    from companion.cli.guest import CommandWish, write_guest

    stats = {"HPDrainRate": hp, "CircleSize": cs, "OverallDifficulty": od, "ApproachRate": ar}
    wish = CommandWish(
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
    write_guest(settings, terminal_of(ctx), map_path, wish)


@writing.command()
@spread
def timing(
    ctx: typer.Context,
    common: Common,
    model: ModelChoice,
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
    seed: Seed = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a new .osu file with the red lines.")
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", help="Put them in place of the map's own, with a backup.")
    ] = False,
    acknowledge: Acknowledge = False,
) -> None:
    """Hear where a song's beats are; reports BPM, offset and errors, and writes only if told."""
    settings = settings_of(ctx, common, model)
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
    time_song(settings, terminal_of(ctx), source, wish)
