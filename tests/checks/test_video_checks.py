from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from companion.findings import Severity
from tests.checks.conftest import LONG, FolderFinder, chart, severities

if TYPE_CHECKING:
    from collections.abc import Callable

P, W = Severity.PROBLEM, Severity.WARNING
MAP = chart(LONG, events=('Video,0,"Film.mp4"',))


def box(kind: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def track(handler: bytes, width: int = 0, height: int = 0) -> bytes:
    header = b"\0" * 76 + struct.pack(">II", width << 16, height << 16)
    return box(b"trak", box(b"tkhd", header) + box(b"mdia", box(b"hdlr", b"\0" * 8 + handler)))


def mp4(width: int, height: int, *, sound: bool = False, index_last: bool = False) -> bytes:
    tracks = track(b"vide", width, height) + (track(b"soun") if sound else b"")
    parts = [box(b"moov", box(b"mvhd", b"\0" * 100) + tracks), box(b"mdat", b"x" * 5000)]
    return box(b"ftyp", b"isom") + b"".join(reversed(parts) if index_last else parts)


def avi(width: int, height: int, *, sound: bool = False) -> bytes:
    header = b"avih" + struct.pack("<I", 56) + b"\0" * 32 + struct.pack("<II", width, height)
    streams = b"".join(
        b"strh" + struct.pack("<I", 56) + kind + b"\0" * 52
        for kind in (b"vids", *([b"auds"] if sound else []))
    )
    return b"RIFF\0\0\0\0AVI LIST\0\0\0\0hdrl" + header + b"\0" * 16 + streams


def flv(width: int, height: int, *, sound: bool = False) -> bytes:
    numbers = b"".join(
        struct.pack(">H", len(key)) + key + b"\0" + struct.pack(">d", value)
        for key, value in ((b"width", width), (b"height", height))
    )
    return b"FLV\x01" + bytes([1 + 4 * sound]) + b"\0\0\0\x09" + b"\0" * 20 + numbers


@pytest.mark.parametrize("make", [mp4, avi, flv])
def test_sizes_of_videos(found_in_folder: FolderFinder, make: Callable[..., bytes]) -> None:
    for size, expected in (((1280, 720), []), ((1281, 720), [P]), ((1280, 721), [P])):
        files = {"a.osu": MAP, "film.mp4": make(*size)}
        assert severities(found_in_folder("video_size", files)) == expected


@pytest.mark.parametrize("make", [mp4, avi, flv])
def test_sound_in_videos(found_in_folder: FolderFinder, make: Callable[..., bytes]) -> None:
    for sound, expected in ((False, []), (True, [P])):
        files = {"a.osu": MAP, "film.mp4": make(640, 480, sound=sound)}
        assert severities(found_in_folder("video_sound", files)) == expected


def test_the_index_may_come_last(found_in_folder: FolderFinder) -> None:
    files = {"a.osu": MAP, "film.mp4": mp4(1920, 1080, index_last=True)}
    assert severities(found_in_folder("video_size", files)) == [P]


def test_videos_that_are_not_there(found_in_folder: FolderFinder) -> None:
    (finding,) = found_in_folder("video_size", {"a.osu": MAP})
    assert (finding.severity, finding.file) == (P, "Film.mp4")
    assert found_in_folder("video_sound", {}) == []


@pytest.mark.parametrize(
    "data",
    [
        b"", b"mkv", mp4(1, 1)[:60], box(b"ftyp"), box(b"ftyp") + b"\0\0\0\x02moov",
        b"\0\0\0\x01ftyp" + b"\xff" * 8, avi(1, 1)[:40], b"FLV\x01\0\0\0\0\0\0",
    ],
)  # fmt: skip
def test_videos_that_cannot_be_read_are_left_to_the_mapper(
    found_in_folder: FolderFinder, data: bytes
) -> None:
    files = {"a.osu": MAP, "film.mp4": data}
    assert severities(found_in_folder("video_size", files)) == [W]
