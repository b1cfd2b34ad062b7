"""A new difficulty of a set, begun from another one: its song, timing and settings, no objects."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Protocol

from companion.beatmap.edits import edits_of
from companion.beatmap.numbers import format_number
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from companion.beatmap.beatmap import Beatmap
    from companion.beatmap.document import Document, Line

NEW_BEATMAP_ID = "0"
"""What the editor writes into a difficulty that was never submitted."""
STATS = ("HPDrainRate", "CircleSize", "OverallDifficulty", "ApproachRate")
"""Keys of ``[Difficulty]`` that a guest difficulty may have other values for."""

_BACKGROUND = re.compile(r"\s*(0|Background)\s*,")
_BREAK = re.compile(r"\s*(2|Break)\s*,")
_UNSAFE_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
"""What osu! leaves out of file names, too."""


class Settings(Protocol):
    """The settings in ``[Difficulty]`` of a map, written or yet to be written."""

    @property
    def hp(self) -> float:
        """HP drain, 0 to 10."""
        ...

    @property
    def cs(self) -> float:
        """Circle size, or the number of keys."""
        ...

    @property
    def od(self) -> float:
        """Overall difficulty, 0 to 10."""
        ...

    @property
    def ar(self) -> float:
        """Approach rate, 0 to 10."""
        ...

    @property
    def slider_multiplier(self) -> float:
        """Base slider velocity, in hundreds of osu! pixels per beat."""
        ...

    @property
    def slider_tick_rate(self) -> float:
        """Slider ticks per beat."""
        ...


def begin_difficulty(
    document: Document,
    name: str,
    stats: Mapping[str, float],
    *,
    others: Mapping[str, Mapping[str, str]] | None = None,
    background: str | None = None,
) -> Document:
    """The document without objects, breaks and bookmarks, under another difficulty name.

    Every other line stays as it is, timing points included. The beatmap id, which stands for the
    old difficulty on the server, becomes 0; the set's id stays.

    Args:
        document: Any difficulty of the set.
        name: The new difficulty's name (``Version``).
        stats: New values for keys of ``[Difficulty]``.
        others: New values for keys of other sections.
        background: File name of another background image.

    Raises:
        UnreadableBeatmap: The document cannot be worked with.
    """
    changes = {section: dict(values) for section, values in (others or {}).items()}
    changes["Difficulty"] = {key: format_number(value) for key, value in stats.items()}
    return renamed(document, name, changes, _left_out(document), background)


def renamed(
    document: Document,
    name: str,
    changes: Mapping[str, Mapping[str, str]] | None = None,
    left_out: Iterable[int] = (),
    background: str | None = None,
) -> Document:
    """The document under another difficulty name, and never submitted.

    Args:
        document: A difficulty.
        name: The new difficulty's name.
        changes: New values for keys of sections.
        left_out: Indices of lines that it does not have.
        background: File name of another background image.

    Raises:
        UnreadableBeatmap: The document cannot be worked with.
    """
    document.require_readable()
    removed, added = set(left_out), dict[int, list[bytes]]()
    named = {"Version": name, "BeatmapID": NEW_BEATMAP_ID}
    wanted = {**(changes or {}), "Metadata": {**(changes or {}).get("Metadata", {}), **named}}
    for section, values in wanted.items():
        texts = [
            (f"{key}:{value}", _line_of(document, section, key)) for key, value in values.items()
        ]
        _put(document, section, texts, removed, added)
    if background is not None:
        line = f'0,0,"{background}",0,0'
        _put(document, "Events", [(line, _background_line(document))], removed, added)
    return document.apply(edits_of(document, removed, added))


def changed_settings(made: Settings, own: Settings) -> dict[str, float]:
    """Values of ``[Difficulty]`` in which a new map is not like another one of its set."""
    values = {
        "HPDrainRate": (made.hp, own.hp),
        "CircleSize": (made.cs, own.cs),
        "OverallDifficulty": (made.od, own.od),
        "ApproachRate": (made.ar, own.ar),
        "SliderMultiplier": (made.slider_multiplier, own.slider_multiplier),
        "SliderTickRate": (made.slider_tick_rate, own.slider_tick_rate),
    }
    return {key: new for key, (new, old) in values.items() if new != old}


def difficulty_name(wished: str | None, usual: str) -> str:
    """The name of a new difficulty.

    Args:
        wished: What was asked for.
        usual: What it is called otherwise.

    Raises:
        OptionRefused: It cannot stand on a line of its own.
    """
    name = usual if wished is None else wished.strip()
    if not name or not name.isprintable():
        raise OptionRefused("The difficulty's name has to be one line of text.")
    return name


def filled_from(document: Document, new: Document) -> Document:
    """Another difficulty of the set, with the settings, timing points and objects of a new map.

    Colours, storyboard, background and whatever else stands in the set's own difficulty stay.

    Args:
        document: Any difficulty of the set.
        new: A map of the same song, of any mode.

    Raises:
        UnreadableBeatmap: One of the documents cannot be worked with.
    """
    new.require_readable()
    own, made = document.beatmap, new.beatmap
    mode = {"General": {"Mode": str(int(made.mode))}} if made.mode is not own.mode else None
    begun = begin_difficulty(document, made.version, changed_settings(made, own), others=mode)
    return with_content(begun, content_lines(new, "TimingPoints"), content_lines(new, "HitObjects"))


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
        free = renamed(document, f"{name} {number}")
    return free


def _put(
    document: Document,
    section: str,
    texts: Iterable[tuple[str, int | None]],
    removed: set[int],
    added: dict[int, list[bytes]],
) -> None:
    """Put lines in the place of others, or at the end of a section, which is made if need be."""
    for text, place in texts:
        at = place if place is not None else _end_of(document, section)
        if place is not None:
            removed.add(place)
        if at is None:
            at = len(document.lines)
            header = f"[{section}]".encode()
            if header not in added.get(at, ()):
                added.setdefault(at, []).append(header)
        added.setdefault(at, []).append(text.encode())


def with_content(
    document: Document, timing_points: Iterable[str], objects: Iterable[str]
) -> Document:
    """The document with all of its timing points and objects replaced by other lines.

    Raises:
        UnreadableBeatmap: The document cannot be worked with.
    """
    document.require_readable()
    removed, added = set[int](), dict[int, list[bytes]]()
    for section, lines in (("TimingPoints", timing_points), ("HitObjects", objects)):
        old = [
            index
            for index, line in _section(document, section)
            if line.raw.strip() and not line.raw.lstrip().startswith(b"[")
        ]
        removed.update(old)
        place = old[0] if old else _end_of(document, section)
        if place is None:
            place = len(document.lines)
            added.setdefault(place, []).append(f"[{section}]".encode())
        added.setdefault(place, []).extend(line.encode() for line in lines)
    return document.apply(edits_of(document, removed, added))


def content_lines(document: Document, section: str) -> list[str]:
    """The lines of a section, without its heading and empty ones."""
    texts = (document.text_of(line).rstrip() for _, line in _section(document, section))
    return [text for text in texts if text and not text.lstrip().startswith("[")]


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


def _background_line(document: Document) -> int | None:
    found = [
        index
        for index, line in _section(document, "Events")
        if _BACKGROUND.match(document.text_of(line))
    ]
    return found[0] if found else None


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
