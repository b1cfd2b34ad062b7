"""What the wishes of ``companion generate`` come to, as values of the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from companion.beatmap import Mode, TimeRange, TimingPoint
from companion.cli.map_wish import words_of
from companion.cli.wish_checks import verify_wish
from companion.engine.difficulty_wish import DifficultyWish
from companion.engine.diffusion_options import DiffusionOptions
from companion.engine.events import ContextType
from companion.engine.map_requests import MapOptions, MapRequest, Refinement, SuperTiming
from companion.engine.seeds import chosen_seed
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from companion.beatmap import Beatmap, Document
    from companion.cli.map_wish import MapWish
    from companion.engine.conditioning import Conditioning
    from companion.engine.postprocess import MapHeader

_T = TypeVar("_T")

LONGEST_MS = 86_400_000
"""No song is longer; an end that is left to the song is looked for here."""
_RENAMED: Mapping[str, str] = {
    "cfg_scale": "guidance",
    "num_beams": "n_beams",
    "timeshift_bias": "time_bias",
    "timing_leniency": "timing_leniency_ms",
    "resnap_events": "resnap",
    "snap_near_perfect_overlaps": "snap_near_overlaps",
}
"""Fields of `MapOptions` for options that have another name; the others have the same."""
_SAME_OPTIONS = (
    *("do_sample", "temperature", "timing_temperature", "mania_column_temperature"),
    *("taiko_hit_temperature", "top_p", "top_k", "lookback", "lookahead", "parallel"),
    *("max_batch_size", "original_quirks"),
)
_HEADER: Mapping[str, str] = {
    "hp_drain_rate": "hp",
    "circle_size": "cs",
    "overall_difficulty": "od",
    "approach_rate": "ar",
    "preview_time": "preview_time_ms",
    **{
        name: name
        for name in (
            *("title", "artist", "creator", "source", "tags"),
            *("slider_multiplier", "slider_tick_rate"),
        )
    },
}
_CONDITIONING: Mapping[str, str] = {
    "circle_size": "cs",
    **{
        name: name
        for name in (
            *("mapper_id", "beatmap_id", "year", "hitsounded"),
            *("hold_note_ratio", "scroll_speed_ratio"),
        )
    },
}
_DIFFUSION: Mapping[str, str] = {
    "diff_cfg_scale": "guidance",
    "max_seq_len": "max_points",
    "overlap_buffer": "overlap_points",
    "random_init": "random_start",
    "refine_iters": "further_iterations",
}
_SUPER_TIMING: Mapping[str, str] = {
    "timer_iterations": "iterations",
    "timer_bpm_threshold": "tempo_majority",
    "timer_cfg_scale": "guidance",
    "timer_num_beams": "n_beams",
}
_ENGINES_NAMES: Mapping[str, str] = {"circle_size": "cs", **_RENAMED}
"""What the engine calls wishes that have another name there."""


def flag_of(name: str) -> str:
    """The option of a name."""
    return f"--{name.replace('_', '-')}"


def wished_flags(wish: MapWish) -> dict[str, str]:
    """The options that were given, by what the engine calls the wishes."""
    flags = {_ENGINES_NAMES.get(name, name): flag_of(name) for name in wish.given}
    return flags if wish.hitsounded is not False else {**flags, "hitsounded": "--no-hitsounded"}


@dataclass(frozen=True, slots=True)
class Reading:
    """A wish together with the map that it is about, if it is about one."""

    wish: MapWish
    base: Document | None = None

    def request(self, audio_path: Path) -> MapRequest:
        """What the engine is asked for.

        Raises:
            OptionRefused: Wishes are out of range, or do not go together.
            RangeRefused: The range is empty.
        """
        wish, mode = self.wish, self._mode()
        verify_wish(wish, mode, has_map=self.base is not None)
        given = self._given()
        difficulty = self._difficulty(mode)
        header = self._header(difficulty.header(audio_path, self._beatmap))
        request = MapRequest(
            audio_path,
            header,
            self._conditioning(difficulty.conditioning(header, self._beatmap)),
            self.options(),
            self._red_lines(given),
            super_timing=_filled(SuperTiming(), wish, _SUPER_TIMING) if wish.super_timing else None,
            wanted=self._wanted(),
            given=tuple(k for k in given if k not in {ContextType.NONE, ContextType.TIMING}),
            reference=self.base,
            range=self._range(),
            continues_reference=bool(wish.add_to_beatmap),
            refinement=self._refinement(),
            weights_of_mode=wish.auto_select_gamemode_model is not False,
        )
        request.verify()
        return request

    def options(self) -> MapOptions:
        """How to generate.

        Raises:
            OptionRefused: A value is out of range.
        """
        names = {name: name for name in _SAME_OPTIONS} | dict(_RENAMED)
        options = _filled(MapOptions(seed=chosen_seed(self.wish.seed)), self.wish, names)
        options.verify()
        return options

    # What is given and written

    def _given(self) -> tuple[ContextType, ...]:
        """What the model is given, in the words of the original."""
        wish = self.wish
        given = dict.fromkeys(contexts_of("in_context", wish.in_context))
        if wish.new_timing:
            given[ContextType.NONE] = None
        if ContextType.TIMING in given:
            if self.base is None:
                raise OptionRefused("There is no map to take timing from; leave out timing.")
            if ContextType.NONE in given or wish.bpm is not None or wish.super_timing:
                raise OptionRefused(
                    "The timing is either MAP's or a new one: --in-context timing does not go "
                    "with none, --new-timing, --super-timing or --bpm."
                )
        return tuple(given)

    def _wanted(self) -> tuple[ContextType, ...] | None:
        if not self.wish.output_type:
            return None
        return tuple(dict.fromkeys(contexts_of("output_type", self.wish.output_type)))

    def _red_lines(self, given: Sequence[ContextType]) -> tuple[TimingPoint, ...] | None:
        wish = self.wish
        if wish.bpm is not None:
            return (TimingPoint(float(wish.offset or 0), 60_000 / wish.bpm, 4, 2, 0, 100),)
        asked = ContextType.TIMING in (self._wanted() or ()) and ContextType.TIMING not in given
        if self._beatmap is None or ContextType.NONE in given or asked or wish.super_timing:
            return None
        return tuple(line.without_kiai() for line in self._beatmap.red_lines)

    def _range(self) -> TimeRange | None:
        start_ms, end_ms = self.wish.start_time, self.wish.end_time
        if start_ms is None and end_ms is None:
            return None
        return TimeRange(start_ms or 0, LONGEST_MS if end_ms is None else end_ms)

    def _refinement(self) -> Refinement | None:
        wish = self.wish
        if wish.diff_ckpt is None or wish.generate_positions is False:
            return None
        options = _filled(DiffusionOptions(), wish, _DIFFUSION)
        if wish.timesteps:
            try:
                steps = tuple(int(word) for word in words_of(wish.timesteps))
            except ValueError:
                words = "--timesteps takes whole numbers, separated by commas."
                raise OptionRefused(words) from None
            options = replace(options, steps=steps)
        return Refinement(wish.diff_ckpt, wish.diff_refine_ckpt, options)

    # What the map is like

    @property
    def _beatmap(self) -> Beatmap | None:
        return None if self.base is None else self.base.beatmap

    def _mode(self) -> Mode:
        number = self.wish.gamemode
        if number is None:
            return Mode.OSU if self._beatmap is None else self._beatmap.mode
        if number not in set(Mode):
            raise OptionRefused("The game mode is 0 (osu!), 1 (taiko), 2 (catch) or 3 (mania).")
        return Mode(number)

    def _difficulty(self, mode: Mode) -> DifficultyWish:
        wish = self.wish
        return DifficultyWish(
            mode=mode,
            keycount=wish.keycount,
            difficulty=wish.difficulty,
            name=wish.version,
            descriptors=words_of(wish.descriptors),
        )

    def _header(self, usual: MapHeader) -> MapHeader:
        wish, image = self.wish, self.wish.background
        return replace(
            _filled(usual, wish, _HEADER),
            title_unicode=_first(wish.title_unicode, wish.title, usual.title_unicode),
            artist_unicode=_first(wish.artist_unicode, wish.artist, usual.artist_unicode),
            background_line="" if image is None else f'0,0,"{image.name}",0,0\n',
        )

    def _conditioning(self, usual: Conditioning) -> Conditioning:
        unwanted = tuple(words_of(self.wish.negative_descriptors))
        return replace(
            _filled(usual, self.wish, _CONDITIONING), negative_descriptors=unwanted or None
        )


def contexts_of(name: str, values: Iterable[str] | None) -> list[ContextType]:
    """The contexts that an option names, in whatever case.

    Raises:
        OptionRefused: There is no such context.
    """
    kinds: list[ContextType] = []
    for word in words_of(values):
        try:
            kinds.append(ContextType(word.lower()))
        except ValueError:
            known = ", ".join(ContextType)
            raise OptionRefused(
                f"{flag_of(name)} knows {known}, and nothing named “{word}”."
            ) from None
    return kinds


def _filled(options: _T, wish: MapWish, names: Mapping[str, str]) -> _T:
    """Options with what was wished for in place of their defaults."""
    values = {field: getattr(wish, name) for name, field in names.items()}
    stated: dict[str, Any] = {field: value for field, value in values.items() if value is not None}
    return replace(options, **stated)  # type: ignore[type-var]


def _first(*values: _T | None) -> _T:
    """The first value that is there; the last one always is."""
    return next(value for value in values if value is not None)
