"""A lossless ``.osu`` document: a table of raw lines, and typed views made from it on demand.

Nothing is ever printed from a model: what an edit does not name is kept byte for byte, whatever
it is. Reading never fails; a file that cannot be worked with says why in ``problem``.
"""

from __future__ import annotations

import hashlib
import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from companion.beatmap.beatmap import Diagnostic
from companion.beatmap.edits import applied_lines
from companion.beatmap.reading import read_beatmap
from companion.errors import EditConflict, UnreadableBeatmap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from companion.beatmap.beatmap import Beatmap
    from companion.beatmap.edits import TextEdit

LATEST_VERSION = 14
UTF8_BOM = b"\xef\xbb\xbf"

_HEADER = re.compile(r"osu file format v(\d{1,9})\s*$")
_UTF16_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


class Line(NamedTuple):
    """One line of a document."""

    raw: bytes
    """The line without its ending."""
    ending: bytes
    r"""``\r\n``, ``\n`` or ``\r``; empty on a last line that has none."""
    section: str
    """Name of the section it stands in; lines before the first header count as General."""

    @property
    def whole(self) -> bytes:
        """The line with its ending."""
        return self.raw + self.ending


class Document:
    """An immutable ``.osu`` file. Made by ``Document.parse``."""

    def __init__(self, bom: bytes, lines: tuple[Line, ...], encoding: str) -> None:
        self.bom = bom
        self.lines = lines
        self.encoding = encoding

    @staticmethod
    def parse(data: bytes) -> Document:
        """Read a file; never raises, whatever the bytes."""
        encoding = _UTF16_BOMS.get(data[:2])
        if encoding is not None:
            return Document(
                data[:2], _sectioned(_utf16_lines(data[2:], encoding), encoding), encoding
            )
        bom = UTF8_BOM if data.startswith(UTF8_BOM) else b""
        pieces = data[len(bom) :].splitlines(keepends=True)
        return Document(bom, _sectioned([_split_ending(p) for p in pieces], "utf-8"), "utf-8")

    def to_bytes(self) -> bytes:
        """The file's bytes, exactly as they were read."""
        return self._data

    @cached_property
    def _data(self) -> bytes:
        return self.bom + b"".join([raw + ending for raw, ending, _ in self.lines])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file's bytes, in hex."""
        return hashlib.sha256(self._data).hexdigest()

    @cached_property
    def problem(self) -> str | None:
        """Why the file cannot be edited, in a mapper's words; None when it can."""
        data = self._data
        if not data:
            return "The file is empty."
        if not data.strip(b"\0"):
            return (
                "The file holds nothing but zeros; this happens when the computer loses power "
                "during a save. Restore it from a backup."
            )
        if self.encoding != "utf-8":
            return (
                "The file is saved as UTF-16, which osu! cannot work with. "
                "Save it as UTF-8 to edit it here."
            )
        if b"\0" in data:
            return "The file holds zero bytes; it is damaged, or saved in an unusual encoding."
        return None

    @property
    def readable(self) -> bool:
        """Whether the file can be worked with; ``problem`` says why not."""
        return self.problem is None

    def require_readable(self) -> None:
        """Raise ``UnreadableBeatmap`` with the reason when the file cannot be worked with."""
        if self.problem is not None:
            raise UnreadableBeatmap(self.problem)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What could not be understood: the file as a whole (line -1), and single lines."""
        whole = () if self.problem is None else (Diagnostic(-1, self.problem),)
        return whole + self.beatmap.diagnostics

    @cached_property
    def newline(self) -> bytes:
        r"""The line ending that most lines have; ``\r\n``, as stable writes, where none has one."""
        endings = [line.ending for line in self.lines if line.ending]
        return max(set(endings), key=endings.count, default=b"\r\n")

    @cached_property
    def format_version(self) -> int:
        """The version in the first line; the latest one where that line is missing or broken."""
        for line in self.lines:
            text = self.text_of(line).strip()
            if text:
                found = _HEADER.match(text)
                return int(found[1]) if found else LATEST_VERSION
        return LATEST_VERSION

    def text_of(self, line: Line) -> str:
        """A line as text; bytes that are no text become replacement characters."""
        return line.raw.decode(self.encoding, "replace")

    @cached_property
    def statements(self) -> Mapping[str, Sequence[tuple[int, str]]]:
        """What each section says: line numbers and text, less comments and trailing blanks."""
        sections: dict[str, list[tuple[int, str]]] = {}
        encoding = self.encoding
        for index, (raw, _, section) in enumerate(self.lines):
            text = raw.decode(encoding, "replace").rstrip()
            if not text or text[0] == "[":
                continue
            if "//" in text:
                # Comments go to the line's end everywhere but in metadata, where only whole
                # lines are comments: a title may well contain "//".
                if text.lstrip().startswith("//"):
                    continue
                if section != "Metadata":
                    text = text[: text.index("//")].rstrip()
            sections.setdefault(section, []).append((index, text))
        return sections

    @cached_property
    def beatmap(self) -> Beatmap:
        """The typed view."""
        return read_beatmap(self.format_version, self.statements)

    def apply(self, edits: Sequence[TextEdit]) -> Document:
        """The document with all edits made at once.

        Raises ``EditConflict`` when an edit expects other lines than there are, two edits
        overlap, or new lines would run together with others, and ``UnreadableBeatmap`` when the
        file cannot be worked with.
        """
        self.require_readable()
        lines = applied_lines(self, edits)
        result = Document.parse(self.bom + b"".join(lines))
        if len(result.lines) != len(lines):
            raise EditConflict("A new line has no line ending of its own.")
        return result

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Document) and self._data == other._data

    def __hash__(self) -> int:
        return hash(self._data)

    def __repr__(self) -> str:
        return f"Document({len(self.lines)} lines, {self.digest[:12]})"


def _split_ending(piece: bytes) -> tuple[bytes, bytes]:
    if piece.endswith(b"\r\n"):
        return piece[:-2], b"\r\n"
    if piece.endswith((b"\n", b"\r")):
        return piece[:-1], piece[-1:]
    return piece, b""


def _utf16_lines(data: bytes, encoding: str) -> list[tuple[bytes, bytes]]:
    """Split UTF-16 text at its two-byte line ends; an odd last byte stays with the last line."""
    cr, lf = "\r".encode(encoding), "\n".encode(encoding)
    lines: list[tuple[bytes, bytes]] = []
    start = at = 0
    while at + 1 < len(data):
        unit = data[at : at + 2]
        at += 2
        if unit not in (cr, lf):
            continue
        text_end = at - 2
        if unit == cr and data[at : at + 2] == lf:
            at += 2
        lines.append((data[start:text_end], data[text_end:at]))
        start = at
    if start < len(data):
        lines.append((data[start:], b""))
    return lines


def _sectioned(pieces: list[tuple[bytes, bytes]], encoding: str) -> tuple[Line, ...]:
    """Give each line the name of the section it stands in."""
    opening = "[".encode(encoding)
    section = "General"
    lines: list[Line] = []
    for raw, ending in pieces:
        if opening in raw[:2]:
            text = raw.decode(encoding, "replace")
            if section != "Metadata":
                text = text.partition("//")[0]
            text = text.rstrip()
            if text.startswith("[") and text.endswith("]"):
                section = text[1:-1]
        lines.append(Line(raw, ending, section))
    return tuple(lines)
