"""The options of ``companion generate``, named as in Mapperatorinator's configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from companion.cli.options import (
    Acknowledge,
    DataFolder,
    Device,
    Guidance,
    Json,
    Lora,
    ModelFolder,
    Seed,
    Temperature,
    Threads,
    settings_of,
    terminal_of,
)

_AS_IN_MAP = "as in MAP"
_Number = Annotated[float | None, typer.Option(show_default=_AS_IN_MAP)]
_Source = Annotated[
    Path, typer.Argument(metavar="AUDIO|MAP", help="A song, or an .osu file with its song.")
]
_Text = Annotated[str | None, typer.Option(show_default=_AS_IN_MAP)]


def generate(
    ctx: typer.Context,
    source: _Source,
    gamemode: Annotated[
        int | None, typer.Option(help="0 osu!, 1 taiko, 2 catch, 3 mania.", show_default=_AS_IN_MAP)
    ] = None,
    difficulty: Annotated[float | None, typer.Option(help="Star rating to aim at.")] = None,
    mapper_id: Annotated[
        int | None, typer.Option(help="User id of a mapper to write like.")
    ] = None,
    year: Annotated[int | None, typer.Option(help="Year to write like, 2007 to 2077.")] = None,
    hitsounded: Annotated[
        bool, typer.Option("--hitsounded/--no-hitsounded", help="Whether there are hitsounds.")
    ] = True,
    hp_drain_rate: _Number = None,
    circle_size: _Number = None,
    overall_difficulty: _Number = None,
    approach_rate: _Number = None,
    slider_multiplier: _Number = None,
    slider_tick_rate: _Number = None,
    keycount: Annotated[int | None, typer.Option(help="Number of keys (mania).")] = None,
    hold_note_ratio: Annotated[
        float | None, typer.Option(help="Share of hold notes, 0 to 1 (mania).")
    ] = None,
    scroll_speed_ratio: Annotated[
        float | None, typer.Option(help="Share of scroll speed changes, 0 to 1 (taiko, mania).")
    ] = None,
    descriptors: Annotated[
        list[str] | None, typer.Option(help="A word for what it should be; may be repeated.")
    ] = None,
    negative_descriptors: Annotated[
        list[str] | None,
        typer.Option(help="A word for what it should not be; needs --cfg-scale. May be repeated."),
    ] = None,
    seed: Seed = None,
    temperature: Temperature = None,
    timing_temperature: Temperature = None,
    mania_column_temperature: Temperature = None,
    taiko_hit_temperature: Temperature = None,
    top_p: Annotated[float | None, typer.Option(help="Nucleus size, above 0 to 1.")] = None,
    top_k: Annotated[int | None, typer.Option(help="Draw from so many tokens; 0 is all.")] = None,
    cfg_scale: Guidance = None,
    timeshift_bias: Annotated[
        float | None, typer.Option(help="Above 0 more happens, below 0 less.")
    ] = None,
    timing_leniency: Annotated[
        float | None,
        typer.Option(metavar="MS", help="How far a heard beat may lie from its red line."),
    ] = None,
    original_quirks: Annotated[
        bool, typer.Option("--original-quirks", help="Repeat Mapperatorinator's faults.")
    ] = False,
    new_timing: Annotated[
        bool, typer.Option("--new-timing", help="Leave MAP's red lines and hear the beats.")
    ] = False,
    bpm: Annotated[
        float | None, typer.Option(help="One tempo for the song, in place of hearing it.")
    ] = None,
    offset: Annotated[int | None, typer.Option(metavar="MS", help="Where --bpm begins.")] = None,
    title: _Text = None,
    artist: _Text = None,
    creator: _Text = None,
    version: Annotated[
        str | None, typer.Option(help="Name of the difficulty.", show_default="its stars")
    ] = None,
    background: Annotated[Path | None, typer.Option(help="Background image.")] = None,
    preview_time: Annotated[
        int | None, typer.Option(metavar="MS", help="Where the song's preview begins.")
    ] = None,
    diffusion: Annotated[
        Path | None, typer.Option(help="Folder of a diffusion checkpoint that refines positions.")
    ] = None,
    osz: Annotated[bool, typer.Option("--osz", help="Write an .osz with song and map.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="What to write: an .osu beside MAP, a new folder, or an .osz."),
    ] = None,
    acknowledge: Acknowledge = False,
    json: Json = False,
    model: ModelFolder = None,
    lora: Lora = None,
    device: Device = None,
    threads: Threads = None,
    data: DataFolder = None,
) -> None:
    """Write a whole difficulty: for MAP's song with its timing, or for a song alone."""
    settings = settings_of(ctx, model, device, threads, data, lora=lora, json=json)
    from companion.cli.generating import generate_map
    from companion.cli.map_wish import CommandWish

    wish = CommandWish(
        gamemode=gamemode,
        difficulty=difficulty,
        mapper_id=mapper_id,
        year=year,
        hitsounded=hitsounded,
        hp_drain_rate=hp_drain_rate,
        circle_size=circle_size,
        overall_difficulty=overall_difficulty,
        approach_rate=approach_rate,
        slider_multiplier=slider_multiplier,
        slider_tick_rate=slider_tick_rate,
        keycount=keycount,
        hold_note_ratio=hold_note_ratio,
        scroll_speed_ratio=scroll_speed_ratio,
        descriptors=descriptors or (),
        negative_descriptors=negative_descriptors or (),
        seed=seed,
        temperature=temperature,
        timing_temperature=timing_temperature,
        mania_column_temperature=mania_column_temperature,
        taiko_hit_temperature=taiko_hit_temperature,
        top_p=top_p,
        top_k=top_k,
        cfg_scale=cfg_scale,
        timeshift_bias=timeshift_bias,
        timing_leniency=timing_leniency,
        original_quirks=original_quirks,
        new_timing=new_timing,
        bpm=bpm,
        offset=offset,
        title=title,
        artist=artist,
        creator=creator,
        version=version,
        background=background,
        preview_time=preview_time,
        diffusion=diffusion,
        osz=osz,
        out=out,
        acknowledge=acknowledge,
    )
    generate_map(settings, terminal_of(ctx), source, wish)
