"""The options of ``companion generate``, named as in Mapperatorinator's configuration."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path  # noqa: TC003 - typer and pydantic read annotations when they run
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from companion.cli.options import Acknowledge  # noqa: TC001 - as above
from companion.cli.terminal import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable

MAP = "What map"
CONTENT = "What is given, written, and where"
TIMING = "Timing"
SAMPLING = "How tokens are chosen"
ABOUT = "What the file says"
POSITIONS = "Positions by diffusion"
NO_EFFECT = "Known to Mapperatorinator, and without effect here"
_AS_IN_MAP = "as in MAP"


def _option(panel: str, text: str, *names: str, default: bool | str = False, **more: Any) -> Any:
    return typer.Option(*names, help=text, show_default=default, rich_help_panel=panel, **more)


def _degree(panel: str, low: float, high: float, what: str, default: str = _AS_IN_MAP) -> Any:
    return _option(panel, f"{what}, {low:g} to {high:g}.", default=default)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapWish:
    """The command's options; ``None`` means the map's, the model's or the companion's own."""

    # How the table [generate] of a settings file is read into it.
    __pydantic_config__: ClassVar[dict[str, Any]] = {
        "extra": "forbid",
        "coerce_numbers_to_str": True,
    }

    audio_path: Annotated[
        Path | None, _option(CONTENT, "The song, where AUDIO|MAP is a map or left out.")
    ] = None
    beatmap_path: Annotated[
        Path | None, _option(CONTENT, "The map, where AUDIO|MAP is a song or left out.")
    ] = None
    output_path: Annotated[
        Path | None,
        _option(
            CONTENT,
            "What to write: an .osu beside MAP, a new folder, or an .osz.",
            "--out",
            "--output-path",
        ),
    ] = None
    export_osz: Annotated[
        bool | None,
        _option(
            CONTENT, "Write an .osz with song and map.", "--export-osz/--no-export-osz", "--osz"
        ),
    ] = None
    in_context: Annotated[
        list[str] | None,
        _option(
            CONTENT,
            "What the model is given: none (it hears the beats itself), timing, kiai, map or sv of "
            "MAP, gd (MAP as another difficulty of the set), no_hs (MAP without hitsounds). May be "
            "repeated or separated by commas. What is given is kept, not written anew.",
            default="timing with MAP, else none",
            metavar="CONTEXT",
        ),
    ] = None
    output_type: Annotated[
        list[str] | None,
        _option(
            CONTENT,
            "What is written: timing, kiai, map, sv. May be repeated or separated by commas.",
            default="all that the model can, but what is given",
            metavar="CONTEXT",
        ),
    ] = None
    start_time: Annotated[
        int | None,
        _option(
            CONTENT,
            "Where writing begins: ms, or 00:12:340.",
            metavar="MS",
            parser=parse_time,
            default="the song's start",
        ),
    ] = None
    end_time: Annotated[
        int | None,
        _option(
            CONTENT,
            "Where writing ends: ms, or 00:12:340.",
            metavar="MS",
            parser=parse_time,
            default="the song's end",
        ),
    ] = None
    add_to_beatmap: Annotated[
        bool | None,
        _option(
            CONTENT,
            "Put what is written into MAP's objects and lines, in place of what was there between "
            "start and end; the result is a new difficulty.",
        ),
    ] = None
    overwrite_reference_beatmap: Annotated[
        bool | None,
        _option(CONTENT, "With --add-to-beatmap: write into MAP itself, with a backup."),
    ] = None

    gamemode: Annotated[
        int | None, _option(MAP, "0 osu!, 1 taiko, 2 catch, 3 mania.", default=_AS_IN_MAP)
    ] = None
    difficulty: Annotated[float | None, _option(MAP, "Star rating to aim at.")] = None
    mapper_id: Annotated[int | None, _option(MAP, "User id of a mapper to write like.")] = None
    beatmap_id: Annotated[
        int | None, _option(MAP, "Id of a map to write like; for models with style tokens.")
    ] = None
    year: Annotated[int | None, _option(MAP, "Year to write like, 2007 to 2077.")] = None
    hitsounded: Annotated[
        bool | None, _option(MAP, "Whether there are hitsounds.", default="hitsounded")
    ] = None
    hp_drain_rate: Annotated[float | None, _degree(MAP, 0, 10, "HP drain")] = None
    circle_size: Annotated[float | None, _degree(MAP, 0, 10, "Circle size (osu!, catch)")] = None
    overall_difficulty: Annotated[float | None, _degree(MAP, 0, 10, "Overall difficulty")] = None
    approach_rate: Annotated[float | None, _degree(MAP, 0, 10, "Approach rate")] = None
    slider_multiplier: Annotated[float | None, _degree(MAP, 0.4, 3.6, "Base slider velocity")] = (
        None
    )
    slider_tick_rate: Annotated[float | None, _degree(MAP, 0.5, 8, "Slider ticks per beat")] = None
    keycount: Annotated[
        int | None, _option(MAP, "Number of keys, 1 to 18 (mania).", default="4, or as in MAP")
    ] = None
    hold_note_ratio: Annotated[
        float | None, _option(MAP, "Share of hold notes, 0 to 1 (mania).")
    ] = None
    scroll_speed_ratio: Annotated[
        float | None, _option(MAP, "Share of scroll speed changes, 0 to 1 (taiko, mania).")
    ] = None
    descriptors: Annotated[
        list[str] | None,
        _option(
            MAP,
            "What it should be, e.g. “jump aim”. May be repeated or separated by commas.",
            metavar="WORD",
        ),
    ] = None
    negative_descriptors: Annotated[
        list[str] | None,
        _option(
            MAP,
            "What it should not be; needs --cfg-scale above 1. May be repeated, too.",
            metavar="WORD",
        ),
    ] = None

    new_timing: Annotated[
        bool | None,
        _option(
            TIMING,
            "Leave MAP's red lines and hear the beats; the same as none among --in-context.",
        ),
    ] = None
    bpm: Annotated[
        float | None, _option(TIMING, "One tempo for the song, in place of hearing it.")
    ] = None
    offset: Annotated[int | None, _option(TIMING, "Where --bpm begins.", metavar="MS")] = None
    timing_leniency: Annotated[
        float | None,
        _option(
            TIMING, "How far a heard beat may lie from its red line.", metavar="MS", default="10"
        ),
    ] = None
    super_timing: Annotated[
        bool | None, _option(TIMING, "Hear the song many times: slow, and more exact.")
    ] = None
    timer_iterations: Annotated[
        int | None, _option(TIMING, "How often super timing hears it.", default="20")
    ] = None
    timer_bpm_threshold: Annotated[
        float | None,
        _option(TIMING, "More gives fewer tempo changes in super timing.", default="0.1"),
    ] = None
    timer_cfg_scale: Annotated[
        float | None, _option(TIMING, "Guidance of super timing; 1 is off.", default="1")
    ] = None
    timer_num_beams: Annotated[
        int | None, _option(TIMING, "Beams of super timing, as --num-beams.", default="1")
    ] = None

    seed: Annotated[int | None, _option(SAMPLING, "Same seed, same result.", default="random")] = (
        None
    )
    do_sample: Annotated[
        bool | None,
        _option(SAMPLING, "Draw tokens, or always take the likeliest.", default="do-sample"),
    ] = None
    num_beams: Annotated[
        int | None,
        _option(
            SAMPLING,
            "Follow so many continuations and keep each window's likeliest: slower.",
            default="1",
        ),
    ] = None
    temperature: Annotated[
        float | None, _option(SAMPLING, "0 always takes the likeliest.", default="0.9")
    ] = None
    timing_temperature: Annotated[
        float | None,
        _option(SAMPLING, "For the times of beats; 0 takes the likeliest.", default="0.1"),
    ] = None
    mania_column_temperature: Annotated[
        float | None, _option(SAMPLING, "For the columns of mania notes.", default="0.8")
    ] = None
    taiko_hit_temperature: Annotated[
        float | None, _option(SAMPLING, "For the kinds of taiko hits.", default="0.8")
    ] = None
    top_p: Annotated[
        float | None, _option(SAMPLING, "Nucleus size, above 0 to 1.", default="0.9")
    ] = None
    top_k: Annotated[
        int | None, _option(SAMPLING, "Draw from so many tokens; 0 is all.", default="0")
    ] = None
    cfg_scale: Annotated[
        float | None,
        _option(SAMPLING, "Classifier-free guidance; 1 is off, and twice as quick.", default="1"),
    ] = None
    timeshift_bias: Annotated[
        float | None,
        _option(
            SAMPLING,
            "Above 0 more happens, below 0 less; for models that say times first (V30, V32).",
            default="0",
        ),
    ] = None
    lookback: Annotated[
        float | None,
        _option(SAMPLING, "Share of a window that is given as its past.", default="the model's"),
    ] = None
    lookahead: Annotated[
        float | None,
        _option(SAMPLING, "Share of a window that is only heard.", default="the model's"),
    ] = None
    parallel: Annotated[
        bool | None,
        _option(SAMPLING, "Write windows side by side: quicker, and worse where they meet."),
    ] = None
    max_batch_size: Annotated[
        int | None, _option(SAMPLING, "Rows side by side (parallel, super timing).", default="16")
    ] = None
    resnap_events: Annotated[
        bool | None, _option(SAMPLING, "Put objects onto their ticks.", default="resnap-events")
    ] = None
    snap_near_perfect_overlaps: Annotated[
        bool | None,
        _option(
            SAMPLING, "Put objects that nearly overlap onto each other.", default="the model's"
        ),
    ] = None
    auto_select_gamemode_model: Annotated[
        bool | None,
        _option(
            SAMPLING,
            "Use the weights that a model has for the mode alone.",
            default="auto-select-gamemode-model",
        ),
    ] = None
    original_quirks: Annotated[
        bool | None, _option(SAMPLING, "Repeat Mapperatorinator's faults.")
    ] = None

    title: Annotated[str | None, _option(ABOUT, "Title.", default=_AS_IN_MAP)] = None
    title_unicode: Annotated[str | None, _option(ABOUT, "In its own script.")] = None
    artist: Annotated[str | None, _option(ABOUT, "Artist.", default=_AS_IN_MAP)] = None
    artist_unicode: Annotated[str | None, _option(ABOUT, "In its own script.")] = None
    creator: Annotated[str | None, _option(ABOUT, "Mapper.", default=_AS_IN_MAP)] = None
    version: Annotated[
        str | None, _option(ABOUT, "Name of the difficulty.", default="its stars")
    ] = None
    source: Annotated[str | None, _option(ABOUT, "Where the song is from.", default=_AS_IN_MAP)] = (
        None
    )
    tags: Annotated[str | None, _option(ABOUT, "Words to search by.", default=_AS_IN_MAP)] = None
    background: Annotated[Path | None, _option(ABOUT, "Background image.", default=_AS_IN_MAP)] = (
        None
    )
    preview_time: Annotated[
        int | None,
        _option(ABOUT, "Where the song's preview begins.", metavar="MS", default=_AS_IN_MAP),
    ] = None

    diff_ckpt: Annotated[
        Path | None,
        _option(
            POSITIONS,
            "Folder of a diffusion checkpoint that draws the positions anew (osu!, catch).",
            "--diff-ckpt",
            "--diffusion",
        ),
    ] = None
    diff_refine_ckpt: Annotated[
        Path | None, _option(POSITIONS, "Folder of a second one, for the last touch.")
    ] = None
    generate_positions: Annotated[
        bool | None, _option(POSITIONS, "Whether to do it.", default="with --diff-ckpt")
    ] = None
    diff_cfg_scale: Annotated[
        float | None, _option(POSITIONS, "Its guidance; 1 is off.", default="1")
    ] = None
    timesteps: Annotated[
        list[str] | None,
        _option(
            POSITIONS,
            "Steps in each of equal sections of the noise, least noise first, with commas.",
            default="100, then nine 0",
            metavar="N,N,…",
        ),
    ] = None
    refine_iters: Annotated[
        int | None, _option(POSITIONS, "Passes of --diff-refine-ckpt.", default="10")
    ] = None
    random_init: Annotated[
        bool | None, _option(POSITIONS, "Begin with noise, not with the model's positions.")
    ] = None
    max_seq_len: Annotated[
        int | None, _option(POSITIONS, "Points that are seen at once.", default="1024")
    ] = None
    overlap_buffer: Annotated[
        int | None, _option(POSITIONS, "Points of overlap, below half of that.", default="128")
    ] = None

    attn_implementation: Annotated[
        str | None,
        _option(
            NO_EFFECT,
            "There is one attention, torch's, which chooses the quickest kernel itself.",
        ),
    ] = None
    use_server: Annotated[
        bool | None, _option(NO_EFFECT, "The model always runs in this process.")
    ] = None
    compile: Annotated[bool | None, _option(NO_EFFECT, "Nothing is compiled.")] = None
    pad_sequence: Annotated[
        bool | None, _option(NO_EFFECT, "Only of use where networks are compiled.")
    ] = None
    beatmap_idx: Annotated[
        Path | None, _option(NO_EFFECT, "The diffusion checkpoint has its own table.")
    ] = None

    acknowledge: Acknowledge = False

    @property
    def hears_timing(self) -> bool:
        """Whether MAP's red lines are to be left."""
        contexts = {word.lower() for word in words_of(self.in_context)}
        return bool(self.new_timing) or "none" in contexts

    @property
    def given(self) -> dict[str, Any]:
        """The options that were given, by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: value
            for name, value in values.items()
            if value is not None and value is not False and value != []
        }


def words_of(values: Iterable[str] | None) -> list[str]:
    """The words of an option that may be repeated or hold several, with commas or as ``[a,b]``."""
    words = (word.strip("[] \"'") for value in values or () for word in value.split(","))
    return [word for word in words if word]
