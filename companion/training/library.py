"""Folders of beatmap sets: which songs and maps there are, and which are left out of training."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from companion.beatmap import Document

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MODES = ("osu", "taiko", "catch", "mania")
TOO_HARD_STARS = 9.5
"""Maps beyond this are jokes or aspire maps more often than not."""
HELD_OUT = {0: 6, 3: 5}
"""Songs left out of training, at least, per mode that is judged."""
SOUND_SUFFIXES = frozenset({".mp3", ".ogg", ".wav", ".flac"})


@dataclass(frozen=True, slots=True)
class MapFile:
    """One ``.osu`` file worth training on or judging by."""

    path: Path
    mode: int
    title: str


@dataclass(frozen=True, slots=True)
class SongSet:
    """A song and its maps."""

    name: str
    title: str
    audio: Path
    maps: tuple[MapFile, ...]

    @property
    def modes(self) -> frozenset[int]:
        """Modes that have a map."""
        return frozenset(one.mode for one in self.maps)


def find_sets(folders: Iterable[Path]) -> tuple[SongSet, ...]:
    """All sets in the folders: one folder per set with a song and its ``.osu`` files.

    A ``set.json`` is optional; maps that it calls misaligned are left out. Maps of another song
    than the folder's first one, and folders without a song, are left out as well.
    """
    found = [
        one
        for folder in folders
        for path in sorted(folder.iterdir())
        if path.is_dir() and (one := _read_set(path)) is not None
    ]
    return tuple(found)


def title_key(title: str) -> str:
    """What titles are compared by: letters and digits without vowels.

    Without vowels, because the same song goes by several romanisations.
    """
    plain = re.sub(r"\(.*?\)|\[.*?\]", "", title.lower())
    kept = re.sub(r"[\W_]", "", plain)
    return re.sub(r"[aeiou]", "", kept) or kept or title.lower()


def split(sets: Sequence[SongSet]) -> tuple[tuple[SongSet, ...], tuple[SongSet, ...]]:
    """Sets to train on, and sets to judge by; no title is in both.

    Titles are put in the order of the hash of their key, and taken one by one to judge by as long
    as they add a song to a mode that still needs one.
    """
    groups: dict[str, list[SongSet]] = {}
    for one in sets:
        groups.setdefault(title_key(one.title), []).append(one)
    missing = dict(HELD_OUT)
    held: set[str] = set()
    for key in sorted(groups, key=lambda key: hashlib.sha256(key.encode()).hexdigest()):
        modes = frozenset[int]().union(*(one.modes for one in groups[key]))
        if any(missing.get(mode, 0) > 0 for mode in modes):
            held.add(key)
            for mode in modes & missing.keys():
                missing[mode] -= 1
    return (
        tuple(one for one in sets if title_key(one.title) not in held),
        tuple(one for one in sets if title_key(one.title) in held),
    )


def find_unpaired(folder: Path, without: Iterable[SongSet]) -> tuple[MapFile, ...]:
    """Maps without a song anywhere below a folder, except those with a title of ``without``."""
    banned = {title_key(one.title) for one in without}
    maps = (_read_map(path) for path in sorted(folder.rglob("*.osu")))
    return tuple(one for one in maps if one is not None and title_key(one.title) not in banned)


def _read_set(folder: Path) -> SongSet | None:
    description = _description(folder)
    doubtful = {
        str(one.get("file")) for one in description.get("maps", []) if one.get("align_ok") is False
    }
    maps: list[MapFile] = []
    audio_name = ""
    for path in sorted(folder.glob("*.osu")):
        if path.name in doubtful or (one := _read_map(path)) is None:
            continue
        name = Document.parse(path.read_bytes()).beatmap.audio_filename
        if not audio_name and (folder / name).is_file():
            audio_name = name
        if name == audio_name:
            maps.append(one)
    audio = folder / audio_name
    if not maps or audio.suffix.lower() not in SOUND_SUFFIXES:
        return None
    title = str(description.get("title") or maps[0].title or folder.name)
    return SongSet(folder.name, title, audio, tuple(maps))


def _description(folder: Path) -> dict[str, Any]:
    path = folder / "set.json"
    if not path.is_file():
        return {}
    return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))


def _read_map(path: Path) -> MapFile | None:
    document = Document.parse(path.read_bytes())
    if not document.readable:
        return None
    beatmap = document.beatmap
    if len(beatmap.hit_objects) < 20 or not beatmap.red_lines:
        return None
    return MapFile(path, int(beatmap.mode), beatmap.title)
