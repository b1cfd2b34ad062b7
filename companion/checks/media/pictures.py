"""The size of a picture, from its header.

Facts: PNG has width and height in its first chunk (RFC 2083); JPEG in its start-of-frame segment
(ITU T.81, B.2.2); GIF and BMP near the beginning.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.beatmap.folder_files import FolderFile

HEAD_BYTES = 512 * 1024
"""A JPEG's frame comes after its comments and previews."""

_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture file holds."""

    format: str
    """``png``, ``jpg``, ``gif`` or ``bmp``: by content, whatever its name."""
    width_px: int
    height_px: int


def picture_of(file: FolderFile) -> Picture | None:
    """What a file holds; None when it is no picture that the game can show."""
    return read_picture(file.head(HEAD_BYTES) or b"")


def read_picture(data: bytes) -> Picture | None:
    """The same for the first bytes of a file."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and data[12:16] == b"IHDR" and len(data) >= 24:
        return Picture("png", *struct.unpack(">II", data[16:24]))
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    if data.startswith((b"GIF87a", b"GIF89a")) and len(data) >= 10:
        return Picture("gif", *struct.unpack("<HH", data[6:10]))
    if data.startswith(b"BM") and len(data) >= 26:
        width, height = struct.unpack("<ii", data[18:26])
        return Picture("bmp", abs(width), abs(height))
    return None


def _jpeg(data: bytes) -> Picture | None:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            return None
        kind = data[at + 1]
        if kind == 0xFF:  # padding
            at += 1
        elif kind in _ALONE:
            at += 2
        elif kind in _START_OF_FRAME:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return Picture("jpg", width, height)
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return None
