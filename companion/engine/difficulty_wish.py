"""What is wished of another difficulty of a map's set that is written whole, in any mode."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath
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

CREATOR = "osu! companion"
"""Who has made a map of a song alone."""
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
        header = self.header(audio_path, base)
        if self.keycount is not None and header.mode is not Mode.MANIA:
            raise OptionRefused("A number of keys means nothing outside of mania; leave it out.")
        request = MapRequest(
            audio_path,
            header,
            self.conditioning(header, base),
            self._options(),
            tuple(line.without_kiai() for line in base.red_lines),
        )
        request.verify()
        return request

    def header(self, audio_path: Path, base: Beatmap | None) -> MapHeader:
        """What the difficulty says about itself.

        Args:
            audio_path: The song; without a map its name tells artist and title.
            base: The map whose set it belongs to, and whose settings it has in the same mode.

        Raises:
            OptionRefused: The name cannot stand on a line of its own.
        """
        stars = "Generated" if self.difficulty is None else f"{self.difficulty:g} stars"
        version = difficulty_name(self.name, stars)
        if base is None:
            header = _header_of_song(audio_path, Mode.OSU if self.mode is None else self.mode)
        else:
            mode = base.mode if self.mode is None else self.mode
            header = _header_of_set(audio_path, base, mode)
        cs = float(self._keys(base)) if header.mode is Mode.MANIA else header.cs
        return replace(header, version=version, cs=cs)

    def conditioning(self, header: MapHeader, base: Beatmap | None) -> Conditioning:
        """What the model is told of a difficulty with this header."""
        alike = base is not None and header.mode is base.mode
        return Conditioning(
            mode=header.mode,
            difficulty=self.difficulty,
            cs=header.cs if alike and header.mode in _WITH_SIZES else None,
            keycount=self._keys(base),
            slider_multiplier=header.slider_multiplier,
            descriptors=tuple(self.descriptors) or None,
        )

    def _options(self) -> MapOptions:
        given = {
            "seed": chosen_seed(self.seed),
            "guidance": self.guidance,
            "temperature": self.temperature,
        }
        stated = {name: value for name, value in given.items() if value is not None}
        return replace(MapOptions(), **stated)

    def _keys(self, base: Beatmap | None) -> int:
        if self.keycount is not None:
            return self.keycount
        return base.keycount if base is not None and base.mode is Mode.MANIA else DEFAULT_KEYS


def _header_of_song(audio_path: Path, mode: Mode) -> MapHeader:
    """Artist and title from a file name such as ``Artist - Title``."""
    before, dash, after = audio_path.stem.partition(" - ")
    artist, title = before.strip(), after.strip()
    if not (dash and title):
        artist, title = "", audio_path.stem
    return MapHeader(
        mode=mode,
        audio_filename=audio_path.name,
        title=title,
        title_unicode=title,
        artist=artist,
        artist_unicode=artist,
        creator=CREATOR,
    )


def _header_of_set(audio_path: Path, base: Beatmap, mode: Mode) -> MapHeader:
    # The map's own song may lie in a folder beside it.
    is_own = PurePath(base.audio_filename).name == audio_path.name
    header = MapHeader(
        mode=mode,
        audio_filename=base.audio_filename if is_own else audio_path.name,
        preview_time_ms=base.preview_time_ms,
        title=base.title,
        title_unicode=base.title_unicode or base.title,
        artist=base.artist,
        artist_unicode=base.artist_unicode or base.artist,
        creator=base.creator,
        source=base.source,
        set_id=base.beatmap_set_id if base.beatmap_set_id > 0 else None,
        tags=" ".join(base.tags),
    )
    if mode is not base.mode:  # settings of another mode mean something else
        return header
    return replace(
        header,
        hp=base.hp,
        cs=base.cs,
        od=base.od,
        ar=base.ar,
        slider_multiplier=base.slider_multiplier,
        slider_tick_rate=base.slider_tick_rate,
    )


def file_name_of(header: MapHeader) -> str:
    """The file name that osu! gives a map."""
    name = Document.parse(
        f"osu file format v14\n\n[Metadata]\nTitle:{header.title}\nArtist:{header.artist}\n"
        f"Creator:{header.creator}\nVersion:{header.version}\n".encode()
    )
    return difficulty_file_name(name.beatmap)
