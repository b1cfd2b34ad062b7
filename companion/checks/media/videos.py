"""The size of a video and whether it has sound, from its header.

Facts: MP4 and MOV are boxes within boxes; each ``trak`` has its size in ``tkhd`` as 16.16 numbers
at the end and says in ``hdlr`` whether it is ``vide`` or ``soun`` (ISO/IEC 14496-12). AVI has the
size in ``avih`` and one ``strh`` for each stream, ``vids`` or ``auds``. FLV has a flag for sound,
and its size in the metadata that comes first.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap.folder_files import FolderFile

HEAD_BYTES = 256 * 1024
MAX_INDEX_BYTES = 64 * 1024 * 1024
MAX_BOXES = 1000
_PARENTS = frozenset({b"moov", b"trak", b"mdia"})


@dataclass(frozen=True, slots=True)
class Video:
    """What a video file holds; the size is 0 where its header does not say."""

    width_px: int
    height_px: int
    has_sound: bool


def video_of(file: FolderFile) -> Video | None:
    """What a file holds; None when it is no video whose header can be read."""
    head = file.head(HEAD_BYTES) or b""
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return _avi(head)
    if head.startswith(b"FLV") and len(head) > 9:
        return _flv(head)
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        index = _index_of(file)
        return None if index is None else _mp4(index)
    return None


def _index_of(file: FolderFile) -> bytes | None:
    """The content of an MP4's ``moov`` box, which may come after gigabytes of pictures."""
    at = 0
    for _ in range(MAX_BOXES):
        header = file.part(at, 16) or b"" if at < file.size_bytes else b""
        if len(header) < 8:
            return None
        size, kind = struct.unpack(">I4s", header[:8])
        start = 8
        if size == 1 and len(header) == 16:
            size, start = int.from_bytes(header[8:], "big"), 16
        if size == 0:
            size = file.size_bytes - at
        if size < start:
            return None
        if kind == b"moov":
            return file.part(at + start, min(size - start, MAX_INDEX_BYTES))
        at += size
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        if size < 8:
            return
        yield kind, data[at + 8 : at + size]
        at += size


def _mp4(index: bytes) -> Video | None:
    width = height = 0
    has_sound = found = False
    for kind, track in _boxes(index):
        if kind != b"trak":
            continue
        header, handler = _inside(track, b"tkhd"), _inside(track, b"hdlr")[8:12]
        has_sound |= handler == b"soun"
        if handler == b"vide" and len(header) >= 8:
            found = True
            wide, high = struct.unpack(">II", header[-8:])
            width, height = max(width, wide >> 16), max(height, high >> 16)
    return Video(width, height, has_sound) if found else None


def _inside(data: bytes, wanted: bytes) -> bytes:
    """The first box of a kind within the ones that may hold it; nothing where there is none."""
    for kind, content in _boxes(data):
        if kind == wanted:
            return content
        if kind in _PARENTS and (found := _inside(content, wanted)):
            return found
    return b""


def _avi(head: bytes) -> Video | None:
    at = head.find(b"avih")
    if at < 0 or len(head) < at + 8 + 40:
        return None
    width, height = struct.unpack("<II", head[at + 8 + 32 : at + 8 + 40])
    sound_at = head.find(b"strh")
    has_sound = False
    while sound_at >= 0:
        has_sound |= head[sound_at + 8 : sound_at + 12] == b"auds"
        sound_at = head.find(b"strh", sound_at + 4)
    return Video(width, height, has_sound)


def _flv(head: bytes) -> Video:
    return Video(_flv_number(head, b"width"), _flv_number(head, b"height"), bool(head[4] & 4))


def _flv_number(head: bytes, key: bytes) -> int:
    """A number of the metadata: the key with its length before it, a zero, and a double."""
    at = head.find(struct.pack(">H", len(key)) + key + b"\0")
    start = at + 2 + len(key) + 1
    if at < 0 or len(head) < start + 8:
        return 0
    (value,) = struct.unpack(">d", head[start : start + 8])
    return int(value) if 0 <= value < 2**31 else 0
