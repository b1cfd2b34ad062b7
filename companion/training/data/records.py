"""What is in a set: its song, its maps, and what is wrong with them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from companion.beatmap import Document
from companion.beatmap.star_rating import star_rating
from companion.errors import UnreadableBeatmap
from companion.training.data.sources import MapFacts, noted_facts
from companion.training.library import SOUND_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from companion.beatmap import Beatmap
    from companion.training.data.sources import SetSource

FEWEST_OBJECTS = 20
_HEAD_BYTES = 16_384
_GUEST = re.compile(r"^\s*(?P<mapper>.+?)(?:['’]s|(?<=s)['’])\s+\S")
"""“Somebody's Insane”: how guest difficulties are named."""


@dataclass(frozen=True, slots=True)
class MapRecord:
    """One difficulty that can be trained on."""

    file: str
    mode: int
    version: str
    mapper: str
    """Who made it: the guest whom the difficulty is named after, else the set's creator."""
    beatmap_id: int
    stars: float | None
    year: int | None = None
    status: int | None = None
    mapper_id: int | None = None


@dataclass(frozen=True, slots=True)
class SetRecord:
    """A song of a set with its maps; without maps there is nothing in it to train on."""

    path: Path
    """Folder or archive."""
    artist: str
    title: str
    audio: str
    """Name of the song's file."""
    audio_id: str
    """sha256 of the song's bytes."""
    maps: tuple[MapRecord, ...]
    problems: tuple[str, ...] = ()
    """What is left out, and why."""

    @property
    def name(self) -> str:
        """What reports call it."""
        return self.path.name

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {**asdict(self), "path": str(self.path)}

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`.

        Raises:
            KeyError, TypeError: These are not its values.
        """
        return cls(
            path=Path(values["path"]),
            artist=values["artist"],
            title=values["title"],
            audio=values["audio"],
            audio_id=values["audio_id"],
            maps=tuple(MapRecord(**one) for one in values["maps"]),
            problems=tuple(values["problems"]),
        )


def read_records(source: SetSource) -> tuple[SetRecord, ...]:
    """Look through a set: one record per song, and at least one.

    Whatever is wrong with the set becomes one of the first record's problems.
    """
    try:
        names = source.names()
        facts = noted_facts(source)
    except (UnreadableBeatmap, OSError) as error:
        return (_nothing(source.path, (str(error),)),)
    reader = _Reader(source, names, facts)
    for name in names:
        if name.lower().endswith(".osu"):
            reader.look_at(name)
    return reader.records()


def mappers_of(source: SetSource) -> frozenset[str]:
    """Who made the maps of a set; quick, as only the beginnings of files are looked at."""
    found: set[str] = set()
    try:
        for name in source.names():
            if name.lower().endswith(".osu"):
                head = source.read(name)[:_HEAD_BYTES].decode(errors="replace")
                creator, version = (_stated(head, field) for field in ("Creator", "Version"))
                found.add(mapper_of(creator, version))
    except (UnreadableBeatmap, OSError):
        return frozenset(found)  # looking through the set tells what is wrong with it
    return frozenset(found)


def _stated(head: str, name: str) -> str:
    line = re.search(rf"^{name}\s*:(.*)$", head, re.MULTILINE)
    return line[1].strip() if line else ""


class _Reader:
    def __init__(
        self, source: SetSource, names: tuple[str, ...], facts: Mapping[str, MapFacts]
    ) -> None:
        self._source = source
        # Windows does not tell large letters from small ones, so maps do not either.
        self._files = {name.lower(): name for name in names}
        self._facts = facts
        self._problems: list[str] = []
        self._songs: dict[str, list[MapRecord]] = {}
        self._titles: dict[str, tuple[str, str]] = {}

    def look_at(self, name: str) -> None:
        try:
            data = self._source.read(name)
            document = Document.parse(data)
            document.require_readable()
        except UnreadableBeatmap as error:
            self._problems.append(f"{name}: {error}")
            return
        beatmap, facts = document.beatmap, self._facts.get(name, MapFacts())
        fault = self._fault(beatmap, facts)
        if fault:
            self._problems.append(f"{name}: {fault}")
            return
        audio = self._files[beatmap.audio_filename.lower()]
        self._titles.setdefault(audio, (beatmap.artist, beatmap.title))
        self._songs.setdefault(audio, []).append(
            MapRecord(
                file=name,
                mode=int(beatmap.mode),
                version=beatmap.version,
                mapper=mapper_of(beatmap.creator, beatmap.version),
                beatmap_id=beatmap.beatmap_id,
                stars=star_rating(data),
                year=facts.year,
                status=facts.status,
                mapper_id=facts.mapper_id,
            )
        )

    def _fault(self, beatmap: Beatmap, facts: MapFacts) -> str:
        audio = self._files.get(beatmap.audio_filename.lower())
        if not facts.fits_song:
            return "its objects belong to another cut of the song"
        if len(beatmap.hit_objects) < FEWEST_OBJECTS:
            return f"fewer than {FEWEST_OBJECTS} objects"
        if not beatmap.red_lines:
            return "no timing"
        if audio is None or Path(audio).suffix.lower() not in SOUND_SUFFIXES:
            return f"no song “{beatmap.audio_filename}” that can be decoded"
        return ""

    def records(self) -> tuple[SetRecord, ...]:
        path = self._source.path
        found: list[SetRecord] = []
        for audio, maps in self._songs.items():
            try:
                audio_id = hashlib.sha256(self._source.read(audio)).hexdigest()
            except UnreadableBeatmap as error:
                self._problems.append(str(error))
                continue
            artist, title = self._titles[audio]
            found.append(SetRecord(path, artist, title or path.stem, audio, audio_id, tuple(maps)))
        problems = tuple(self._problems)
        if not found:
            return (_nothing(path, problems or ("no maps",)),)
        return (replace(found[0], problems=problems), *found[1:])


def mapper_of(creator: str, version: str) -> str:
    """Who made a difficulty: the guest that its name begins with, else the set's creator."""
    guest = _GUEST.match(version)
    if guest is None:
        return creator
    named = guest["mapper"].strip()
    return creator if named.lower() == creator.lower() else named


def _nothing(path: Path, problems: tuple[str, ...]) -> SetRecord:
    return SetRecord(path, "", path.stem, "", "", (), problems)
