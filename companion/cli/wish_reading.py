"""What the wishes of ``companion generate`` come to, as values of the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

from companion.beatmap import Mode, TimeRange, TimingPoint
from companion.cli.map_wish import words_of
from companion.cli.wish_checks import verify_wish
from companion.engine.conditioning import Conditioning
from companion.engine.difficulty_wish import DEFAULT_KEYS
from companion.engine.diffusion_options import DiffusionOptions
from companion.engine.events import ContextType
from companion.engine.map_requests import MapOptions, MapRequest, Refinement, SuperTiming
from companion.engine.postprocess import MapHeader
from companion.engine.seeds import chosen_seed
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from companion.beatmap import Beatmap, Document
    from companion.cli.map_wish import MapWish

_T = TypeVar("_T")

CREATOR = "osu! companion"
LONGEST_MS = 86_400_000
"""No song is longer; an end that is left to the song is looked for here."""
_BOTH = frozenset({Mode.OSU, Mode.CATCH})
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
_ENGINES_NAMES: Mapping[str, str] = {"circle_size": "cs"}
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
        header = self._header(mode, audio_path)
        request = MapRequest(
            audio_path,
            header,
            self._conditioning(mode, header),
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

    @property
    def _alike(self) -> Beatmap | None:
        """The map whose settings are taken; those of another mode mean something else."""
        beatmap = self._beatmap
        return beatmap if beatmap is not None and beatmap.mode is self._mode() else None

    def _mode(self) -> Mode:
        number = self.wish.gamemode
        if number is None:
            return Mode.OSU if self._beatmap is None else self._beatmap.mode
        if number not in set(Mode):
            raise OptionRefused("The game mode is 0 (osu!), 1 (taiko), 2 (catch) or 3 (mania).")
        return Mode(number)

    def _header(self, mode: Mode, audio_path: Path) -> MapHeader:
        wish, base, alike, plain = self.wish, self._beatmap, self._alike, MapHeader()
        artist, title = _names(audio_path.stem)
        if base is not None:
            artist, title = base.artist, base.title
        keys = self._keys()
        cs = keys if mode is Mode.MANIA else _first(wish.circle_size, alike and alike.cs, plain.cs)
        stars = "Generated" if wish.difficulty is None else f"{wish.difficulty:g} stars"
        return MapHeader(
            mode=mode,
            audio_filename=_file_name(audio_path, base),
            preview_time_ms=_first(
                wish.preview_time, base and base.preview_time_ms, plain.preview_time_ms
            ),
            title=_first(wish.title, title),
            title_unicode=_first(
                wish.title_unicode, wish.title, base and base.title_unicode, title
            ),
            artist=_first(wish.artist, artist),
            artist_unicode=_first(
                wish.artist_unicode, wish.artist, base and base.artist_unicode, artist
            ),
            creator=_first(wish.creator, base and base.creator, CREATOR),
            version=_first(wish.version, stars).strip(),
            source=_first(wish.source, base and base.source, ""),
            set_id=base.beatmap_set_id if base is not None and base.beatmap_set_id > 0 else None,
            tags=_first(wish.tags, " ".join(base.tags) if base is not None else ""),
            hp=_first(wish.hp_drain_rate, alike and alike.hp, plain.hp),
            cs=cs,
            od=_first(wish.overall_difficulty, alike and alike.od, plain.od),
            ar=_first(wish.approach_rate, alike and alike.ar, plain.ar),
            slider_multiplier=_first(
                wish.slider_multiplier, alike and alike.slider_multiplier, plain.slider_multiplier
            ),
            slider_tick_rate=_first(
                wish.slider_tick_rate, alike and alike.slider_tick_rate, plain.slider_tick_rate
            ),
            background_line=(
                "" if wish.background is None else f'0,0,"{wish.background.name}",0,0\n'
            ),
        )

    def _keys(self) -> int:
        if self.wish.keycount is not None:
            return self.wish.keycount
        alike = self._alike
        return alike.keycount if alike and alike.mode is Mode.MANIA else DEFAULT_KEYS

    def _conditioning(self, mode: Mode, header: MapHeader) -> Conditioning:
        wish = self.wish
        knows_size = mode in _BOTH and (wish.circle_size is not None or self._alike is not None)
        return Conditioning(
            mode=mode,
            difficulty=wish.difficulty,
            mapper_id=wish.mapper_id,
            beatmap_id=wish.beatmap_id,
            year=wish.year,
            hitsounded=wish.hitsounded is not False,
            cs=header.cs if knows_size else None,
            keycount=self._keys(),
            hold_note_ratio=wish.hold_note_ratio,
            scroll_speed_ratio=wish.scroll_speed_ratio,
            slider_multiplier=header.slider_multiplier,
            descriptors=tuple(words_of(wish.descriptors)) or None,
            negative_descriptors=tuple(words_of(wish.negative_descriptors)) or None,
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


def _file_name(audio_path: Path, base: Beatmap | None) -> str:
    """The song's name in the file; a map's own may lie in a folder beside it."""
    own = "" if base is None else base.audio_filename
    return own if PurePath(own).name == audio_path.name else audio_path.name


def _names(stem: str) -> tuple[str, str]:
    """Artist and title, from a file name such as ``Artist - Title``."""
    artist, dash, title = stem.partition(" - ")
    return (artist.strip(), title.strip()) if dash and title.strip() else ("", stem)
