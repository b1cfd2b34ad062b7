"""Which wishes of ``companion generate`` go together, and which of them have no effect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from companion.cli.map_wish import MapWish

_BOTH = frozenset({Mode.OSU, Mode.CATCH})
_ONLY_IN: Mapping[str, frozenset[Mode]] = {
    "keycount": frozenset({Mode.MANIA}),
    "hold_note_ratio": frozenset({Mode.MANIA}),
    "mania_column_temperature": frozenset({Mode.MANIA}),
    "taiko_hit_temperature": frozenset({Mode.TAIKO}),
    "scroll_speed_ratio": frozenset({Mode.TAIKO, Mode.MANIA}),
    "circle_size": _BOTH,
}
"""Wishes that mean something in some modes only."""
_RANGES: Mapping[str, tuple[float, float]] = {
    "hp_drain_rate": (0, 10),
    "circle_size": (0, 10),
    "overall_difficulty": (0, 10),
    "approach_rate": (0, 10),
    "slider_multiplier": (0.4, 3.6),
    "slider_tick_rate": (0.5, 8),
    "bpm": (1, 2000),
}
_ONE_LINE = ("title", "title_unicode", "artist", "artist_unicode", "creator", "version")
_MAYBE_EMPTY = ("source", "tags")
_OF_THE_FILE = (
    *("gamemode", "keycount", "hp_drain_rate", "circle_size", "overall_difficulty"),
    *("approach_rate", "slider_multiplier", "slider_tick_rate", "background"),
)
_OF_A_NEW_FILE = (*_ONE_LINE, *_MAYBE_EMPTY, "preview_time")
_ONLY_SUPER = ("timer_iterations", "timer_bpm_threshold", "timer_cfg_scale", "timer_num_beams")
_ONLY_DIFFUSION = (
    *("diff_refine_ckpt", "diff_cfg_scale", "timesteps", "refine_iters"),
    *("random_init", "max_seq_len", "overlap_buffer"),
)
_NEVER: Mapping[str, str] = {
    "attn_implementation": "torch chooses the quickest attention itself",
    "use_server": "the model runs in this process",
    "compile": "nothing is compiled",
    "pad_sequence": "only compiled networks would need it",
    "beatmap_idx": "the diffusion checkpoint has its own table",
}
_ATTENTIONS = frozenset({"auto", "eager", "sdpa", "flash_attention_2"})


def verify_wish(wish: MapWish, mode: Mode, *, has_map: bool) -> None:
    """Refuse what cannot be meant, before anything is loaded.

    Raises:
        OptionRefused: Wishes are out of range, or do not go together.
    """
    for reason in (
        *_foreign(wish, mode),
        *_out_of_range(wish),
        *_timing(wish, has_map=has_map),
        *_writing(wish, has_map=has_map),
        *_adding(wish),
        *_texts(wish),
        *_machinery(wish),
    ):
        raise OptionRefused(reason)


def without_effect(wish: MapWish, *, timing_is_given: bool) -> Iterator[str]:
    """Why some of the wishes change nothing, a sentence each; settings files may hold them."""
    given = wish.given
    for name, reason in _NEVER.items():
        if name in given:
            yield f"{_flag(name)} has no effect: {reason}."
    if not wish.super_timing:
        yield from _idle(given, _ONLY_SUPER, "--super-timing")
    if wish.diff_ckpt is None or wish.generate_positions is False:
        yield from _idle(given, _ONLY_DIFFUSION, "diffusion (--diff-ckpt)")
    elif wish.refine_iters is not None and wish.diff_refine_ckpt is None:
        yield from _idle(given, ("refine_iters",), "--diff-refine-ckpt")
    if not (wish.super_timing or wish.parallel):
        yield from _idle(given, ("max_batch_size",), "--parallel or --super-timing")
    if wish.do_sample is False or wish.temperature == 0:
        names = ("top_p", "top_k")
        yield from _idle(given, names, "drawing tokens (--do-sample, --temperature above 0)")
    if timing_is_given:
        names = ("timing_leniency", "timing_temperature")
        yield from _idle(given, names, "timing that is heard")


def _idle(given: Mapping[str, object], names: tuple[str, ...], without: str) -> Iterator[str]:
    found = [_flag(name) for name in names if name in given]
    if found:
        verb = "has" if len(found) == 1 else "have"
        yield f"{' and '.join(found)} {verb} no effect without {without}."


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _foreign(wish: MapWish, mode: Mode) -> Iterator[str]:
    for name, modes in _ONLY_IN.items():
        if getattr(wish, name) is not None and mode not in modes:
            yield f"{_flag(name)} means nothing in {mode.name.lower()} maps; leave it out."


def _out_of_range(wish: MapWish) -> Iterator[str]:
    for name, (low, high) in _RANGES.items():
        value = getattr(wish, name)
        if value is not None and not low <= value <= high:
            yield f"{_flag(name)} has to be between {low:g} and {high:g}."


def _timing(wish: MapWish, *, has_map: bool) -> Iterator[str]:
    if wish.offset is not None and wish.bpm is None:
        yield "--offset goes with --bpm."
    if wish.new_timing and not has_map:
        yield "--new-timing needs a map; a song alone is always timed anew."
    if wish.bpm is not None and has_map and not wish.hears_timing:
        yield "The map has its own timing; --bpm needs --new-timing with it."
    if wish.super_timing and wish.bpm is not None:
        yield "The tempo is either heard (--super-timing) or given (--bpm), not both."


def _adding(wish: MapWish) -> Iterator[str]:
    """Wishes about the file, which is there already."""
    if not wish.add_to_beatmap:
        return
    named = (*_OF_THE_FILE, *(_OF_A_NEW_FILE if wish.overwrite_reference_beatmap else ()))
    for name in named:
        if name in wish.given:
            yield f"{_flag(name)} is settled by the map that is added to; leave it out."
    if wish.start_time is not None or wish.end_time is not None:
        heard = wish.hears_timing or wish.super_timing or wish.bpm is not None
        if heard:
            yield (
                "Red lines are never changed in a part of a map. Time the whole song first, with "
                "“companion timing MAP --in-place”."
            )


def _writing(wish: MapWish, *, has_map: bool) -> Iterator[str]:
    adds = wish.add_to_beatmap
    if adds and not has_map:
        yield "--add-to-beatmap needs a map to add to."
    if wish.overwrite_reference_beatmap and not adds:
        yield "--overwrite-reference-beatmap goes with --add-to-beatmap."
    if wish.overwrite_reference_beatmap and (wish.export_osz or wish.output_path is not None):
        yield "What is written into MAP itself needs neither --out nor --export-osz."
    if wish.background is not None and not wish.background.is_file():
        yield f"There is no background {wish.background}."
    if wish.generate_positions and wish.diff_ckpt is None:
        yield "--generate-positions needs a diffusion checkpoint: --diff-ckpt FOLDER."


def _texts(wish: MapWish) -> Iterator[str]:
    for name in (*_ONE_LINE, *_MAYBE_EMPTY):
        text = getattr(wish, name)
        empty = text is not None and not text.strip() and name not in _MAYBE_EMPTY
        if text is not None and (empty or not text.isprintable()):
            yield f"{_flag(name)} has to be one line of text."


def _machinery(wish: MapWish) -> Iterator[str]:
    if wish.attn_implementation is not None and wish.attn_implementation not in _ATTENTIONS:
        yield f"--attn-implementation is one of {', '.join(sorted(_ATTENTIONS))}."
