"""What is wished of another difficulty of a map's set that is written whole, in any mode."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.beatmap import Document, Mode
from companion.beatmap.new_difficulty import difficulty_file_name, difficulty_name
from companion.engine.conditioning import Conditioning
from companion.engine.map_requests import MapOptions, MapRequest
from companion.engine.postprocess import MapHeader
from companion.engine.seeds import chosen_seed
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from companion.beatmap import Beatmap

DEFAULT_KEYS = 4
_WITH_SIZES = frozenset({Mode.OSU, Mode.CATCH})
WORDS: Mapping[str, str] = {
    "cs": "circle size",
    "keycount": "number of keys",
    "mapper_id": "mapper",
    "difficulty": "star rating",
    "hitsounded": "whether there are hitsounds",
}
"""Names of `Conditioning` in plain words, where they are not plain already."""


def words_of(name: str) -> str:
    """A wish in plain words."""
    return WORDS.get(name, name.replace("_", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class DifficultyWish:
    """Wishes; ``None`` means the map's or the engine's own."""

    mode: Mode | None = None
    keycount: int | None = None
    """Of mania alone."""
    difficulty: float | None = None
    """Star rating to aim at."""
    name: str | None = None
    descriptors: Sequence[str] = ()
    seed: int | None = None
    guidance: float | None = None
    temperature: float | None = None

    @property
    def asked(self) -> frozenset[str]:
        """What of the conditioning was wished for, by its names; the rest is the map's."""
        names = ("keycount", "difficulty", "descriptors")
        return frozenset(name for name in names if getattr(self, name) not in (None, (), []))

    def request(self, audio_path: Path, base: Beatmap) -> MapRequest:
        """What the engine is asked for.

        Args:
            audio_path: The song.
            base: The map whose settings and timing are taken.

        Raises:
            OptionRefused: Wishes are out of range, or do not go together.
        """
        mode = base.mode if self.mode is None else self.mode
        if self.keycount is not None and mode is not Mode.MANIA:
            raise OptionRefused("A number of keys means nothing outside of mania; leave it out.")
        header = self._header(mode, base)
        request = MapRequest(
            audio_path,
            header,
            self._conditioning(header, base),
            self._options(),
            tuple(line.without_kiai() for line in base.red_lines),
        )
        request.verify()
        return request

    def _options(self) -> MapOptions:
        given = {
            "seed": chosen_seed(self.seed),
            "guidance": self.guidance,
            "temperature": self.temperature,
        }
        stated = {name: value for name, value in given.items() if value is not None}
        return replace(MapOptions(), **stated)

    def _header(self, mode: Mode, base: Beatmap) -> MapHeader:
        stars = "Generated" if self.difficulty is None else f"{self.difficulty:g} stars"
        header = MapHeader(
            mode=mode,
            audio_filename=base.audio_filename,
            preview_time_ms=base.preview_time_ms,
            title=base.title,
            title_unicode=base.title_unicode or base.title,
            artist=base.artist,
            artist_unicode=base.artist_unicode or base.artist,
            creator=base.creator,
            version=difficulty_name(self.name, stars),
            source=base.source,
            set_id=base.beatmap_set_id if base.beatmap_set_id > 0 else None,
            tags=" ".join(base.tags),
            cs=float(self._keys(base)) if mode is Mode.MANIA else MapHeader().cs,
        )
        if mode is not base.mode:  # settings of another mode mean something else
            return header
        return replace(
            header,
            hp=base.hp,
            cs=header.cs if mode is Mode.MANIA else base.cs,
            od=base.od,
            ar=base.ar,
            slider_multiplier=base.slider_multiplier,
            slider_tick_rate=base.slider_tick_rate,
        )

    def _keys(self, base: Beatmap) -> int:
        if self.keycount is not None:
            return self.keycount
        return base.keycount if base.mode is Mode.MANIA else DEFAULT_KEYS

    def _conditioning(self, header: MapHeader, base: Beatmap) -> Conditioning:
        knows_size = header.mode is base.mode and header.mode in _WITH_SIZES
        return Conditioning(
            mode=header.mode,
            difficulty=self.difficulty,
            hitsounded=True,
            cs=header.cs if knows_size else None,
            keycount=self._keys(base),
            slider_multiplier=header.slider_multiplier,
            descriptors=tuple(self.descriptors) or None,
        )


def file_name_of(header: MapHeader) -> str:
    """The file name that osu! gives a map."""
    name = Document.parse(
        f"osu file format v14\n\n[Metadata]\nTitle:{header.title}\nArtist:{header.artist}\n"
        f"Creator:{header.creator}\nVersion:{header.version}\n".encode()
    )
    return difficulty_file_name(name.beatmap)
