"""What a sound file is: its format by content, its length, and how it sounds at the beginning."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soundfile

if TYPE_CHECKING:
    from companion.beatmap.folder_files import FolderFile

SAMPLE_BYTES = 8 * 1024 * 1024
"""Larger files are no hit sounds, and not decoded."""
SILENT_PEAK = 0.01
INAUDIBLE_PEAK = 0.001
_DECAY = 0.95
"""Of each millisecond's part in how strong the beginning is."""


@dataclass(frozen=True, slots=True)
class Song:
    """What is known about a sound file without listening to it."""

    format: str
    """``mp3``, ``ogg``, ``wav``, ``flac`` or empty: by content, whatever its name."""
    seconds: float
    """0 where it is not known: the file cannot be decoded."""
    kbps: float
    """Average bit rate of the sound, without tags and pictures."""


@dataclass(frozen=True, slots=True)
class Sample:
    """How a hit sound sounds."""

    seconds: float
    peak: float
    """Greatest amplitude, 0 to 1."""
    silence_ms: int
    """What is inaudible before it begins."""
    rise_ms: int
    """How long it takes from there until it is half as strong as it gets."""
    left: float
    right: float
    """Sums of both sides' amplitudes; equal for a single channel."""


def song_of(file: FolderFile) -> Song | None:
    """What a file is; None when it cannot be read."""
    data = file.read()
    if data is None:
        return None
    kind = format_of(data)
    try:
        seconds = soundfile.info(io.BytesIO(data)).duration
    except (soundfile.LibsndfileError, RuntimeError, ValueError):
        return Song(kind, 0.0, 0.0)
    n_bytes = len(data) - _tag_bytes(data)
    return Song(kind, seconds, n_bytes * 8 / 1000 / seconds if seconds > 0 else 0.0)


def format_of(data: bytes) -> str:
    """A sound file's format by its first bytes; empty where it is none that is known."""
    if data.startswith(b"OggS"):
        return "ogg"
    if data.startswith((b"RIFF", b"RF64")) and data[8:12] == b"WAVE":
        return "wav"
    if data.startswith(b"fLaC"):
        return "flac"
    start = _tag_bytes(data)
    frame = data[start : start + 2]
    # An MPEG frame begins with eleven set bits; layer 3 is written as 01.
    layer3 = len(frame) == 2 and frame[0] == 0xFF and frame[1] & 0xE6 == 0xE2
    return "mp3" if layer3 or data.startswith(b"ID3") else ""


def _tag_bytes(data: bytes) -> int:
    """How long the ID3v2 tag before the sound is: its size has seven bits to the byte."""
    if not data.startswith(b"ID3") or len(data) < 10:
        return 0
    a, b, c, d = struct.unpack("4B", data[6:10])
    return min(len(data), 10 + (a << 21 | b << 14 | c << 7 | d))


def sample_of(file: FolderFile) -> Sample | None:
    """How a hit sound sounds; None when it cannot be decoded."""
    if file.size_bytes > SAMPLE_BYTES:
        return None
    try:
        sound, rate_hz = soundfile.read(
            io.BytesIO(file.read() or b""), dtype="float32", always_2d=True
        )
    except (soundfile.LibsndfileError, RuntimeError, ValueError):
        return None
    loud = np.abs(np.nan_to_num(np.asarray(sound, dtype=np.float32)))
    if not loud.size:
        return Sample(0.0, 0.0, 0, 0, 0.0, 0.0)
    sides = loud.sum(axis=0, dtype=np.float64)
    silence, rise = _beginning(loud.max(axis=1), int(rate_hz))
    return Sample(
        seconds=len(loud) / rate_hz,
        peak=float(loud.max()),
        silence_ms=silence,
        rise_ms=rise,
        left=float(sides[0]),
        right=float(sides[1]) if len(sides) > 1 else float(sides[0]),
    )


def _beginning(loud: np.ndarray[tuple[int], np.dtype[np.float32]], rate_hz: int) -> tuple[int, int]:
    """Milliseconds of silence, and of rising, at the beginning."""
    step = max(1, rate_hz // 1000)
    whole = len(loud) // step * step
    peaks = loud[:whole].reshape(-1, step).max(axis=1) if whole else loud
    heard = np.flatnonzero(peaks >= INAUDIBLE_PEAK)
    if not len(heard):
        return 0, 0
    first, wanted = int(heard[0]), float(peaks.max()) / 2
    strength = 0.0
    for rise, peak in enumerate(peaks[first:]):
        strength = strength * _DECAY + float(peak)
        if strength >= wanted:
            return first, rise
    return first, 0
