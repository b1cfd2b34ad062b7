"""What is wished of a whole difficulty, and the request that it makes of the engine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from companion.beatmap import Document, Mode, TimingPoint
from companion.beatmap.new_difficulty import difficulty_file_name
from companion.engine.conditioning import Conditioning
from companion.engine.map_requests import MapOptions, MapRequest
from companion.engine.postprocess import MapHeader
from companion.engine.seeds import chosen_seed
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from companion.beatmap import Beatmap

_T = TypeVar("_T")

CREATOR = "osu! companion"
DEFAULT_KEYS = 4
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
WORDS: Mapping[str, str] = {
    "cs": "circle size",
    "keycount": "number of keys",
    "mapper_id": "mapper",
    "difficulty": "star rating",
    "hitsounded": "whether there are hitsounds",
    "version": "difficulty's name",
}
"""Wishes by other words than their names."""


def words_of(name: str) -> str:
    """A wish in plain words."""
    return WORDS.get(name, name.replace("_", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class MapWish:
    """Wishes; ``None`` means the map's, the model's or the companion's own.

    They are named as in Mapperatorinator's configuration.
    """

    gamemode: int | None = None
    difficulty: float | None = None
    mapper_id: int | None = None
    year: int | None = None
    hitsounded: bool = True
    hp_drain_rate: float | None = None
    circle_size: float | None = None
    overall_difficulty: float | None = None
    approach_rate: float | None = None
    slider_multiplier: float | None = None
    slider_tick_rate: float | None = None
    keycount: int | None = None
    hold_note_ratio: float | None = None
    scroll_speed_ratio: float | None = None
    descriptors: Sequence[str] = ()
    negative_descriptors: Sequence[str] = ()
    seed: int | None = None
    temperature: float | None = None
    timing_temperature: float | None = None
    mania_column_temperature: float | None = None
    taiko_hit_temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    cfg_scale: float | None = None
    timeshift_bias: float | None = None
    timing_leniency: float | None = None
    original_quirks: bool = False
    new_timing: bool = False
    bpm: float | None = None
    offset: int | None = None
    title: str | None = None
    artist: str | None = None
    creator: str | None = None
    version: str | None = None
    background: Path | None = None
    preview_time: int | None = None
    diffusion: Path | None = None

    def named(self, name: str) -> str:
        """How messages name a wish."""
        return words_of(name)

    def options(self) -> MapOptions:
        """How to generate.

        Raises:
            OptionRefused: A value is out of range.
        """
        same = ("temperature", "timing_temperature", "mania_column_temperature")
        same += ("taiko_hit_temperature", "top_p", "top_k", "original_quirks")
        given: dict[str, Any] = {name: getattr(self, name) for name in same}
        given["seed"] = chosen_seed(self.seed)
        given["guidance"] = self.cfg_scale
        given["time_bias"] = self.timeshift_bias
        given["timing_leniency_ms"] = self.timing_leniency
        stated = {name: value for name, value in given.items() if value is not None}
        options = replace(MapOptions(), **stated)
        options.verify()
        return options

    def request(
        self, audio_path: Path, base: Beatmap | None = None, background_line: str = ""
    ) -> MapRequest:
        """What the engine is asked for.

        Args:
            audio_path: The song.
            base: The map whose settings and timing are taken.
            background_line: The line of that map that names its background.

        Raises:
            OptionRefused: Wishes are out of range, or do not go together.
        """
        mode = self._mode(base)
        self._verify(mode, base)
        # Settings of another mode mean something else.
        alike = base if base is not None and base.mode is mode else None
        header = self._header(mode, audio_path, base, alike)
        if self.background is None:
            header = replace(header, background_line=background_line)
        request = MapRequest(
            audio_path,
            header,
            self._conditioning(mode, header, alike),
            self.options(),
            self._red_lines(base),
            self.diffusion,
        )
        request.verify()
        return request

    def _mode(self, base: Beatmap | None) -> Mode:
        if self.gamemode is None:
            return Mode.OSU if base is None else base.mode
        if self.gamemode not in set(Mode):
            raise OptionRefused("The game mode is 0 (osu!), 1 (taiko), 2 (catch) or 3 (mania).")
        return Mode(self.gamemode)

    def _verify(self, mode: Mode, base: Beatmap | None) -> None:
        for name, modes in _ONLY_IN.items():
            if getattr(self, name) is not None and mode not in modes:
                words, maps = _begun(self.named(name)), f"{mode.name.lower()} maps"
                raise OptionRefused(f"{words} means nothing in {maps}; leave it out.")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                words = _begun(self.named(name))
                raise OptionRefused(f"{words} has to be between {low:g} and {high:g}.")
        self._verify_timing(base)
        for name in ("title", "artist", "creator", "version"):
            text = getattr(self, name)
            if text is not None and not (text.strip() and text.isprintable()):
                words = _begun(self.named(name))
                raise OptionRefused(f"{words} has to be one line of text.")
        if self.background is not None and not self.background.is_file():
            raise OptionRefused(f"There is no background {self.background}.")

    def _verify_timing(self, base: Beatmap | None) -> None:
        if self.offset is not None and self.bpm is None:
            raise OptionRefused(f"{_begun(self.named('offset'))} goes with {self.named('bpm')}.")
        if self.new_timing and base is None:
            words = _begun(self.named("new_timing"))
            raise OptionRefused(f"{words} needs a map; a song alone is always timed anew.")
        if self.bpm is not None and base is not None and not self.new_timing:
            bpm, new_timing = self.named("bpm"), self.named("new_timing")
            raise OptionRefused(f"The map has its own timing; {bpm} needs {new_timing} with it.")

    def _red_lines(self, base: Beatmap | None) -> tuple[TimingPoint, ...] | None:
        if self.bpm is not None:
            return (TimingPoint(float(self.offset or 0), 60_000 / self.bpm, 4, 2, 0, 100),)
        if base is None or self.new_timing:
            return None
        # Kiai belongs to the objects, and those are new.
        return tuple(replace(line, effects=line.effects & ~1) for line in base.red_lines)

    def _header(
        self, mode: Mode, audio_path: Path, base: Beatmap | None, alike: Beatmap | None
    ) -> MapHeader:
        artist, title = _names(audio_path.stem)
        if base is not None:
            artist, title = base.artist, base.title
        plain = MapHeader()
        keys = self._keys(alike)
        cs = keys if mode is Mode.MANIA else _first(self.circle_size, alike and alike.cs, plain.cs)
        stars = "Generated" if self.difficulty is None else f"{self.difficulty:g} stars"
        return MapHeader(
            mode=mode,
            audio_filename=base.audio_filename if base is not None else audio_path.name,
            preview_time_ms=_first(
                self.preview_time, base and base.preview_time_ms, plain.preview_time_ms
            ),
            title=_first(self.title, title),
            title_unicode=_first(self.title, base and base.title_unicode, title),
            artist=_first(self.artist, artist),
            artist_unicode=_first(self.artist, base and base.artist_unicode, artist),
            creator=_first(self.creator, base and base.creator, CREATOR),
            version=_first(self.version, stars).strip(),
            source=_first(base and base.source, ""),
            set_id=_set_id(base),
            tags=" ".join(base.tags) if base is not None else "",
            hp=_first(self.hp_drain_rate, alike and alike.hp, plain.hp),
            cs=cs,
            od=_first(self.overall_difficulty, alike and alike.od, plain.od),
            ar=_first(self.approach_rate, alike and alike.ar, plain.ar),
            slider_multiplier=_first(
                self.slider_multiplier, alike and alike.slider_multiplier, plain.slider_multiplier
            ),
            slider_tick_rate=_first(
                self.slider_tick_rate, alike and alike.slider_tick_rate, plain.slider_tick_rate
            ),
            background_line=(
                "" if self.background is None else f'0,0,"{self.background.name}",0,0\n'
            ),
        )

    def _keys(self, alike: Beatmap | None) -> int:
        if self.keycount is not None:
            return self.keycount
        is_mania = alike is not None and alike.mode is Mode.MANIA
        return alike.keycount if alike is not None and is_mania else DEFAULT_KEYS

    def _conditioning(self, mode: Mode, header: MapHeader, alike: Beatmap | None) -> Conditioning:
        knows_size = mode in _BOTH and (self.circle_size is not None or alike is not None)
        return Conditioning(
            mode=mode,
            difficulty=self.difficulty,
            mapper_id=self.mapper_id,
            year=self.year,
            hitsounded=self.hitsounded,
            cs=header.cs if knows_size else None,
            keycount=self._keys(alike),
            hold_note_ratio=self.hold_note_ratio,
            scroll_speed_ratio=self.scroll_speed_ratio,
            slider_multiplier=header.slider_multiplier,
            descriptors=tuple(self.descriptors) or None,
            negative_descriptors=tuple(self.negative_descriptors) or None,
        )


def file_name_of(header: MapHeader) -> str:
    """The file name that osu! gives a map."""
    name = Document.parse(
        f"osu file format v14\n\n[Metadata]\nTitle:{header.title}\nArtist:{header.artist}\n"
        f"Creator:{header.creator}\nVersion:{header.version}\n".encode()
    )
    return difficulty_file_name(name.beatmap)


def background_line(document: Document) -> str:
    """The line that names a map's background, with its ending; empty without one."""
    for line in document.lines:
        text = document.text_of(line).strip()
        if line.section == "Events" and text.startswith("0,0,"):
            return f"{text}\n"
    return ""


def _begun(words: str) -> str:
    """Words at the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def _set_id(base: Beatmap | None) -> int | None:
    """The online id of a map's set, if it has been submitted."""
    return base.beatmap_set_id if base is not None and base.beatmap_set_id > 0 else None


def _first(*values: _T | None) -> _T:
    """The first value that is there; the last one always is."""
    return next(value for value in values if value is not None)


def _names(stem: str) -> tuple[str, str]:
    """Artist and title, from a file name such as ``Artist - Title``."""
    artist, dash, title = stem.partition(" - ")
    return (artist.strip(), title.strip()) if dash and title.strip() else ("", stem)
