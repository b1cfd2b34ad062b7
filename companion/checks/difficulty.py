"""One difficulty as checks see it: its text, its map, how hard it is, and ways to mend it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from companion.beatmap import Document, TextEdit
from companion.beatmap.edits import edits_of
from companion.beatmap.facts import FactSource
from companion.beatmap.star_rating import star_rating
from companion.checks.level import Level, interpreted_level, level_from_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from companion.beatmap import Beatmap, Mode


@dataclass(frozen=True, eq=False)
class Difficulty(FactSource):
    """One revision of one difficulty, readable.

    What several checks need of how it plays (stacks, slider ticks, hyperdashes …) is a fact: see
    ``companion.checks.gameplay``.
    """

    document: Document
    file_name: str = ""
    """Its name in the set's folder; empty where it stands alone."""
    stated_level: Level | None = None
    """What the mapper says it is, whatever its name and star rating say."""

    @cached_property
    def beatmap(self) -> Beatmap:
        """The typed view."""
        return self.document.beatmap

    @property
    def mode(self) -> Mode:
        """The ruleset it is made for."""
        return self.beatmap.mode

    @property
    def name(self) -> str:
        """What the mapper calls it."""
        return self.beatmap.version

    @cached_property
    def stars(self) -> float | None:
        """Star rating; None when it cannot be calculated."""
        return star_rating(self.document.to_bytes())

    @cached_property
    def level(self) -> Level:
        """How hard it means to be: as stated, else by its name, else by its star rating."""
        if self.stated_level is not None:
            return self.stated_level
        # The star rating takes a while, and most names say enough.
        stated = level_from_name(self.name, self.mode)
        needed = stated is None or stated is Level.INSANE
        return interpreted_level(self.name, self.mode, self.stars if needed else None)

    def replace_line(self, line: int, new: bytes) -> tuple[TextEdit, ...]:
        """A fix that gives a line another text and keeps its ending."""
        old = self.document.lines[line]
        return (TextEdit(line, (old.whole,), (new + old.ending,)),)

    def remove_line(self, line: int) -> tuple[TextEdit, ...]:
        """A fix that takes a line away."""
        return (TextEdit(line, (self.document.lines[line].whole,), ()),)

    def field(self, line: int, index: int) -> str:
        """One comma-separated field of a line; empty where the line is shorter."""
        parts = self.document.lines[line].raw.split(b",")
        return parts[index].decode("utf-8", "replace") if index < len(parts) else ""

    def replace_fields(self, line: int, fields: Mapping[int, str]) -> tuple[TextEdit, ...]:
        """A fix that gives some comma-separated fields of a line another text."""
        parts = self.document.lines[line].raw.split(b",")
        for index, text in fields.items():
            parts[index] = text.encode()
        return self.replace_line(line, b",".join(parts))

    def set_key(self, section: str, key: str, value: str) -> tuple[TextEdit, ...]:
        """A fix that gives a key another value; where there is none, it goes below the others.

        No edit where the document does not even have the section.
        """
        found = self._key_lines(section, key)
        if found:
            line = found[-1]  # of a doubled key the last one counts
            raw = self.document.lines[line].raw
            head = raw[: raw.index(b":") + 1]
            blank = b" " if raw[len(head) : len(head) + 1] == b" " else b""
            return self.replace_line(line, head + blank + value.encode())
        stated = [n for n, line in enumerate(self.document.lines) if line.section == section]
        filled = [n for n in stated if self.document.lines[n].raw.strip()]
        if not filled:
            return ()
        style = ": " if section in ("General", "Editor") else ":"
        return edits_of(self.document, (), {filled[-1] + 1: [f"{key}{style}{value}".encode()]})

    def _key_lines(self, section: str, key: str) -> list[int]:
        statements = self.document.statements.get(section, ())
        return [line for line, text in statements if text.partition(":")[0].strip() == key]
