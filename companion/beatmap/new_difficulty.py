"""A new difficulty of a set, begun from another one: its song, timing and settings, no objects."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from companion.beatmap.edits import edits_of
from companion.beatmap.numbers import format_number

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from companion.beatmap.beatmap import Beatmap
    from companion.beatmap.document import Document, Line

NEW_BEATMAP_ID = "0"
"""What the editor writes into a difficulty that was never submitted."""
STATS = ("HPDrainRate", "CircleSize", "OverallDifficulty", "ApproachRate")
"""Keys of ``[Difficulty]`` that a new difficulty may have other values for."""

_BREAK = re.compile(r"\s*(2|Break)\s*,")
_UNSAFE_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
"""What osu! leaves out of file names, too."""


def begin_difficulty(document: Document, name: str, stats: Mapping[str, float]) -> Document:
    """The document without objects, breaks and bookmarks, under another difficulty name.

    Every other line stays as it is, timing points included. The beatmap id, which stands for the
    old difficulty on the server, becomes 0; the set's id stays.

    Args:
        document: Any difficulty of the set.
        name: The new difficulty's name (``Version``).
        stats: New values for keys of `STATS`.

    Raises:
        UnreadableBeatmap: The document cannot be worked with.
    """
    document.require_readable()
    wanted = {
        "Metadata": {"Version": name, "BeatmapID": NEW_BEATMAP_ID},
        "Difficulty": {key: format_number(value) for key, value in stats.items()},
    }
    return _with_values(document, wanted, set(_left_out(document)))


def free_difficulty(document: Document, taken: Collection[str]) -> Document:
    """The difficulty under a name whose file is not there yet: its own, or that with a number.

    Args:
        document: A new difficulty.
        taken: Names of files in the set's folder, in lower case.
    """
    name, free = document.beatmap.version, document
    for number in itertools.count(2):
        if difficulty_file_name(free.beatmap).lower() not in taken:
            break
        free = _with_values(document, {"Metadata": {"Version": f"{name} {number}"}}, set())
    return free


def _with_values(
    document: Document, wanted: Mapping[str, Mapping[str, str]], removed: set[int]
) -> Document:
    """The document with other values of some keys, by section, and without some lines."""
    added: dict[int, list[bytes]] = {}
    for section, values in wanted.items():
        for key, value in values.items():
            at = _line_of(document, section, key)
            if at is not None:
                removed.add(at)
            else:
                at = _end_of(document, section)
            text = f"{key}:{value}".encode()
            if at is None:
                at = len(document.lines)
                added.setdefault(at, []).append(f"[{section}]".encode())
            added.setdefault(at, []).append(text)
    return document.apply(edits_of(document, removed, added))


def difficulty_file_name(beatmap: Beatmap) -> str:
    """The file name that osu! gives a difficulty: ``Artist - Title (Creator) [Version].osu``."""
    name = f"{beatmap.artist} - {beatmap.title} ({beatmap.creator}) [{beatmap.version}]"
    return _UNSAFE_IN_NAMES.sub("", name).strip() + ".osu"


def _left_out(document: Document) -> Iterator[int]:
    for index, line in enumerate(document.lines):
        text = document.text_of(line)
        if (
            (line.section == "HitObjects" and not text.lstrip().startswith("["))
            or (line.section == "Events" and _BREAK.match(text))
            or (line.section == "Editor" and _key(text) == "Bookmarks")
        ):
            yield index


def _line_of(document: Document, section: str, key: str) -> int | None:
    found = [
        index for index, line in _section(document, section) if _key(document.text_of(line)) == key
    ]
    # Of a key that stands there twice, osu! takes the last one.
    return found[-1] if found else None


def _end_of(document: Document, section: str) -> int | None:
    """Behind the section's last line that is not empty."""
    filled = [index for index, line in _section(document, section) if line.raw.strip()]
    return filled[-1] + 1 if filled else None


def _section(document: Document, section: str) -> Iterable[tuple[int, Line]]:
    return (pair for pair in enumerate(document.lines) if pair[1].section == section)


def _key(text: str) -> str:
    return text.partition(":")[0].strip()
