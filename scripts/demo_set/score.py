"""“Paper Lanterns”: 44 bars in D major at 150 BPM, written for this project.

Melodies are written per bar as ``note:length`` in eighths (``-`` is a rest, eight eighths a bar),
drums per bar on a grid of sixteenths. Everything else follows from the chords.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

TITLE = "Paper Lanterns"
BPM = 150
BEAT_MS = 60_000 / BPM
EIGHTH_MS = BEAT_MS / 2
BAR_MS = 4 * BEAT_MS
OFFSET_MS = 1200
"""Time of the first beat in the file."""

_PITCH_CLASSES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}

CHORDS = {
    "D": (2, 6, 9),
    "Em": (4, 7, 11),
    "F#m": (6, 9, 13),
    "G": (7, 11, 14),
    "A": (9, 13, 16),
    "Bm": (11, 14, 18),
}
"""Semitones above C; the first is the root."""


@dataclass(frozen=True, slots=True)
class Note:
    """A melody note; times in eighths since the first beat."""

    start: int
    length: int
    midi: int

    @property
    def hz(self) -> float:
        """Frequency in equal temperament."""
        return 440.0 * 2 ** ((self.midi - 69) / 12)


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the song; `melody` and `chords` have one entry per bar."""

    name: str
    chords: tuple[str, ...]
    melody: tuple[str, ...]
    kick: str
    snare: str
    hat: str
    crash: bool = False

    @property
    def bars(self) -> int:
        """Length in bars."""
        return len(self.chords)


_REST = "-:8"

_CHORUS_MELODY = (
    "D5:3 E5:1 F#5:2 D5:2",
    "E5:3 F#5:1 E5:2 A4:2",
    "C#5:2 A4:1 C#5:1 F#5:2 E5:2",
    "D5:4 -:1 B4:1 C#5:1 D5:1",
    "D5:3 E5:1 F#5:2 G5:2",
    "A5:3 G5:1 F#5:2 E5:2",
    "F#5:2 D5:1 E5:1 F#5:2 A5:2",
    "D5:6 -:2",
)
_LAST_CHORUS_MELODY = (*_CHORUS_MELODY[:6], "F#5:2 G5:1 A5:1 B5:2 A5:1 F#5:1", "D5:6 A4:1 D5:1")
_CHORUS_CHORDS = ("G", "A", "F#m", "Bm", "G", "A", "D", "D")

SECTIONS = (
    Section(
        "intro",
        ("G", "A", "Bm", "D"),
        (
            "D5:2 E5:2 F#5:4",
            "E5:2 F#5:2 A4:4",
            "D5:2 C#5:2 B4:4",
            "A4:2 B4:2 D5:2 -:2",
        ),
        kick="................",
        snare="................",
        hat="....x.......x...",
    ),
    Section(
        "verse",
        ("Bm", "G", "D", "A") * 2,
        (
            "-:1 B4:1 C#5:1 D5:1 C#5:2 B4:2",
            "A4:2 B4:2 G4:4",
            "-:1 F#4:1 G4:1 A4:1 A4:2 B4:2",
            "A4:4 E4:2 -:2",
            "-:1 B4:1 C#5:1 D5:1 E5:2 D5:2",
            "B4:2 D5:2 G4:3 A4:1",
            "F#4:1 G4:1 A4:2 D5:2 C#5:2",
            "E5:4 C#5:2 -:2",
        ),
        kick="x.......x.x.....",
        snare="....x.......x...",
        hat="x.x.x.x.x.x.x.x.",
        crash=True,
    ),
    Section(
        "rise",
        ("Em", "F#m", "G", "A"),
        (
            "E4:1 G4:1 B4:2 E4:1 G4:1 B4:2",
            "F#4:1 A4:1 C#5:2 F#4:1 A4:1 C#5:2",
            "G4:1 B4:1 D5:2 B4:1 D5:1 G5:2",
            "A5:3 -:1 A4:1 B4:1 C#5:1 E5:1",
        ),
        kick="x...x...x...x...",
        snare="....x.......x.xx",
        hat="x.x.x.x.x.x.x.x.",
    ),
    Section(
        "chorus",
        _CHORUS_CHORDS,
        _CHORUS_MELODY,
        kick="x...x...x...x...",
        snare="....x.......x...",
        hat="..x...x...x...xx",
        crash=True,
    ),
    Section(
        "lull",
        ("G", "A", "Bm", "A"),
        (_REST, _REST, _REST, _REST),
        kick="................",
        snare="................",
        hat="........x.......",
        crash=True,
    ),
    Section(
        "bridge",
        ("G", "A", "Bm", "A"),
        (
            "B4:4 D5:4",
            "C#5:4 E5:4",
            "D5:4 F#5:4",
            "E5:2 F#5:2 G5:2 A5:2",
        ),
        kick="x.........x.....",
        snare="........x.......",
        hat="x...x...x...x...",
    ),
    Section(
        "last chorus",
        _CHORUS_CHORDS,
        _LAST_CHORUS_MELODY,
        kick="x...x...x...x...",
        snare="....x.......x...",
        hat="..x...x...x...xx",
        crash=True,
    ),
    Section(
        "outro",
        ("G", "A", "D", "D"),
        (
            "D5:2 E5:2 F#5:4",
            "E5:2 F#5:2 A4:4",
            "B4:2 C#5:2 D5:4",
            "D5:8",
        ),
        kick="x.......x.......",
        snare="....x.......x...",
        hat="x...x...x...x...",
        crash=True,
    ),
)

TOTAL_BARS = sum(section.bars for section in SECTIONS)
SONG_MS = OFFSET_MS + TOTAL_BARS * BAR_MS + 2400


def first_bar(name: str) -> int:
    """The bar in which a section begins, counted from 0."""
    bar = 0
    for section in SECTIONS:
        if section.name == name:
            return bar
        bar += section.bars
    raise KeyError(name)


def midi_number(name: str) -> int:
    """``A4`` is 69."""
    found = re.fullmatch(r"([A-G])(#?)(\d)", name)
    if not found:
        raise ValueError(name)
    letter, sharp, octave = found.groups()
    return 12 * (int(octave) + 1) + _PITCH_CLASSES[letter] + len(sharp)


def melody_notes(section: Section) -> tuple[Note, ...]:
    """The section's melody, in eighths since the first beat of the song."""
    notes: list[Note] = []
    at = 8 * first_bar(section.name)
    for bar in section.melody:
        filled = 0
        for token in bar.split():
            name, length = token.split(":")
            if name != "-":
                notes.append(Note(at + filled, int(length), midi_number(name)))
            filled += int(length)
        if filled != 8:
            raise ValueError(f"a bar of {filled} eighths: {bar}")
        at += 8
    return tuple(notes)


def drum_bar(pattern: str, section: Section, bar: int, kind: str) -> str:
    """The drums of one bar, with the fills that lead into the next section."""
    last = bar == section.bars - 1
    if kind == "snare" and last and section.name in {"rise", "bridge"}:
        return "x...x...x.x.xxxx"
    if kind == "snare" and section.name.endswith("chorus") and bar in {3, 7}:
        return "....x.......x.xx"
    if section.name == "outro" and last:
        return "x..............." if kind == "kick" else "." * 16
    return pattern
