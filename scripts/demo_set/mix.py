"""The mix: every part placed in time and space, echoes, a room, and the final level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from demo_set import instruments, score

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

RATE_HZ = instruments.RATE_HZ
PEAK = 0.8
"""-2 dBFS: Vorbis adds up to one decibel to a peak."""

_EIGHTH_S = score.EIGHTH_MS / 1000
_OFFSET_S = score.OFFSET_MS / 1000
_LEAD_LEVEL = {
    "intro": 0.0,
    "verse": 0.18,
    "rise": 0.17,
    "bridge": 0.18,
    "outro": 0.17,
    "chorus": 0.21,
}


class Bus:
    """A stereo track, shape = (n_samples, 2), onto which sounds are placed."""

    def __init__(self) -> None:
        self.samples: Samples = np.zeros((int(score.SONG_MS / 1000 * RATE_HZ), 2))

    def place(self, sound: Samples, at_eighths: float, level: float, pan: float = 0.0) -> None:
        """Add a mono sound; `pan` runs from -1 (left) to 1 (right), at constant power."""
        first = round((_OFFSET_S + at_eighths * _EIGHTH_S) * RATE_HZ)
        sound = sound[: len(self.samples) - first]
        angle = (pan + 1) * np.pi / 4
        stereo = np.stack((np.cos(angle) * sound, np.sin(angle) * sound), axis=1)
        self.samples[first : first + len(sound)] += level * np.sqrt(2) * stereo

    def echoed(self, delay_eighths: float, feedback: float, repeats: int = 4) -> Samples:
        """The track with echoes that jump from side to side."""
        delay = round(delay_eighths * _EIGHTH_S * RATE_HZ)
        total = self.samples.copy()
        copy = self.samples
        for repeat in range(1, repeats + 1):
            copy = copy[:, ::-1]
            total[repeat * delay :] += feedback**repeat * copy[: -repeat * delay]
        return total


def render() -> Samples:
    """The whole song, shape = (n_samples, 2), peak at `PEAK`."""
    melody, chords, low, drums, kicks = Bus(), Bus(), Bus(), Bus(), Bus()
    for section in score.SECTIONS:
        _play_melody(section, melody)
        _play_chords(section, chords, melody)
        _play_bass(section, low)
        _play_drums(section, drums, kicks)
    tuned = melody.echoed(1.5, 0.3)
    ducked = _ducking(kicks)[:, None] * (chords.samples + low.samples)
    wet = _room(tuned + 0.5 * chords.samples + 0.25 * drums.samples)
    mixed = tuned + ducked + drums.samples + kicks.samples + 0.16 * wet
    mixed = np.tanh(0.85 * mixed)
    return PEAK * mixed / np.abs(mixed).max()


def _play_melody(section: score.Section, melody: Bus) -> None:
    chorus = section.name.endswith("chorus")
    level = _LEAD_LEVEL.get("chorus" if chorus else section.name, 0.0)
    for note in score.melody_notes(section):
        seconds = note.length * _EIGHTH_S * 0.96
        if level:
            melody.place(instruments.lead(note.hz, seconds, -4), note.start, level, -0.25)
            melody.place(instruments.lead(note.hz, seconds, 4), note.start, level, 0.25)
        if chorus or section.name in {"intro", "outro"}:
            ringing = instruments.bell(2 * note.hz if chorus else note.hz, max(seconds, 0.8))
            melody.place(ringing, note.start, 0.1 if chorus else 0.3)


def _play_chords(section: score.Section, chords: Bus, melody: Bus) -> None:
    loud = section.name.endswith("chorus")
    start = 8 * score.first_bar(section.name)
    for bar, name in enumerate(section.chords):
        at = start + 8 * bar
        for voice, semitone in enumerate(score.CHORDS[name]):
            hz = 261.63 * 2 ** ((semitone - (12 if semitone > 9 else 0)) / 12)
            for cents, pan in ((-7, -0.7), (6, 0.7)):
                tone = instruments.pad(hz, 8 * _EIGHTH_S, cents)
                chords.place(tone, at, 0.07 if loud else 0.045, pan)
            if section.name in {"lull", "bridge", "verse"}:
                for step in range(voice, 8, 3):  # the three voices take turns: an arpeggio
                    tone = instruments.bell(2 * hz, 0.7)
                    level = 0.16 if section.name == "lull" else 0.06
                    melody.place(tone, at + step, level, 0.5 - 0.5 * voice)
    if section.name in {"lull", "bridge"}:
        last = start + 8 * (section.bars - 1)
        melody.place(instruments.riser(8 * _EIGHTH_S), last, 0.1)


def _play_bass(section: score.Section, low: Bus) -> None:
    if section.name in {"intro", "lull"}:
        return
    start = 8 * score.first_bar(section.name)
    driving = section.name in {"rise", "chorus", "last chorus"}
    for bar, name in enumerate(section.chords):
        hz = 65.41 * 2 ** (score.CHORDS[name][0] / 12)
        hz = hz / 2 if hz > 110 else hz
        final = section.name == "outro" and bar == section.bars - 1
        steps = (0,) if final else range(0, 8, 1 if driving else 2)
        for step in steps:
            octave = 2 if driving and step % 2 else 1
            seconds = 1.6 if final else (0.9 if driving else 1.8) * _EIGHTH_S
            low.place(instruments.bass(octave * hz, seconds), start + 8 * bar + step, 0.26)


def _play_drums(section: score.Section, drums: Bus, kicks: Bus) -> None:
    start = 8 * score.first_bar(section.name)
    if section.crash:
        drums.place(instruments.crash(), start, 0.16, 0.2)
    soft = 0.6 if section.name in {"intro", "lull", "bridge"} else 1.0
    kit = (
        ("kick", section.kick, instruments.kick(), kicks, 0.62, 0.0),
        ("snare", section.snare, instruments.snare(), drums, 0.62, 0.05),
        ("hat", section.hat, instruments.hat(), drums, 0.17 * soft, -0.3),
    )
    for bar in range(section.bars):
        for kind, pattern, sound, bus, level, pan in kit:
            for step, mark in enumerate(score.drum_bar(pattern, section, bar, kind)):
                if mark == "x":
                    ghost = 0.6 if kind == "snare" and step % 4 else 1.0
                    bus.place(sound, start + 8 * bar + step / 2, level * ghost, pan)


def _ducking(kicks: Bus) -> Samples:
    """Makes room for the bass drum: a gain that dips with it, shape = (n_samples,)."""
    power = np.abs(kicks.samples).max(axis=1)
    window = int(0.09 * RATE_HZ)
    smooth = np.convolve(power, np.hanning(window) / (window / 2), mode="same")
    return 1 / (1 + 2.2 * smooth)


def _room(dry: Samples) -> Samples:
    """A medium room, by convolution with decaying noise."""
    count = int(1.3 * RATE_HZ)
    t = np.arange(count) / RATE_HZ
    noise = np.random.default_rng(6).standard_normal((count, 2))
    response = noise * np.exp(-t * 5.5)[:, None]
    response[: int(0.012 * RATE_HZ)] = 0
    response /= np.sqrt((response**2).sum(axis=0))
    size = 1 << (len(dry) + count).bit_length()
    spectrum = np.fft.rfft(dry, size, axis=0) * np.fft.rfft(response, size, axis=0)
    return np.fft.irfft(spectrum, size, axis=0)[: len(dry)]
