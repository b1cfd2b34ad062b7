"""Small faults put into what a model is given, so that it forgives its own, and changed sound."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from companion.engine.events import EventType

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from companion.engine.conditioning import Conditioning
    from companion.engine.vocabulary import Vocabulary
    from companion.training.data.options import ExampleOptions, Forgetting, SoundOptions

_FRAME = 512
"""Samples of the frames in which a codec works, 32 ms at 16 kHz."""


def forgetful(about: Conditioning, chances: Forgetting, rng: Generator) -> Conditioning:
    """What is said about a map, with some of it withheld."""
    # All chances are drawn always, so that one option does not move another one's dice.
    gone = rng.random(9) < [
        chances.difficulty, chances.mapper, chances.style, chances.year, chances.cs,
        chances.hold_note_ratio, chances.scroll_speed_ratio, chances.descriptors, chances.density,
    ]  # fmt: skip
    names = (
        "difficulty", "mapper_id", "beatmap_id", "year", "cs", "hold_note_ratio",
        "scroll_speed_ratio", "descriptors", "note_density",
    )  # fmt: skip
    withheld = {name: None for name, is_gone in zip(names, gone, strict=True) if is_gone}
    return replace(about, **withheld)


def disturbed(
    ids: NDArray[np.int64],
    since: int,
    vocabulary: Vocabulary,
    options: ExampleOptions,
    rng: Generator,
) -> NDArray[np.int64]:
    """Given ids with noise in their times and snaps, shape unchanged (n_tokens,).

    Args:
        ids: What a model is given.
        since: Where the produced contexts begin; given contexts stay as they are.
        vocabulary: What the ids mean.
        options: How much noise.
        rng: Decides.
    """
    noisy = ids.copy()
    tail = noisy[since:]
    kind = vocabulary.ranges[EventType.TIME_SHIFT]
    times = (tail >= kind.first_id) & (tail < kind.end_id)
    moved = np.zeros(len(tail), dtype=np.int64)
    for steps, size in ((options.time_noise_steps, len(tail)), (options.common_noise_steps, 1)):
        if steps and rng.random() < options.time_noise_share:
            moved = moved + rng.integers(-steps, steps + 1, size=size)
    tail[times] = np.clip((tail + moved)[times], kind.first_id, kind.end_id - 1)
    if options.snap_noise_share and EventType.SNAPPING in vocabulary:
        kind = vocabulary.ranges[EventType.SNAPPING]
        chosen = (tail >= kind.first_id) & (tail < kind.end_id)
        chosen &= rng.random(len(tail)) < options.snap_noise_share
        tail[chosen] = rng.integers(kind.first_id, kind.end_id, size=int(chosen.sum()))
    return noisy


def changed_sound(
    samples: NDArray[np.float32], rate_hz: int, options: SoundOptions, rng: Generator
) -> NDArray[np.float32]:
    """A window's sound through another chain of devices, shape unchanged (n_samples,).

    Loud samples are cut off at one, as they would be in a file.
    """
    dice = rng.random(4)
    sound = samples
    if dice[0] < options.equaliser:
        sound = _equalised(sound, options.most_equaliser_db, rng)
    if dice[1] < options.codec:
        sound = _compressed(sound, rate_hz, rng)
    if dice[2] < options.noise:
        level = float(np.sqrt(np.mean(np.square(sound)))) * _factor(
            -rng.uniform(*options.noise_below_db)
        )
        sound = sound + rng.normal(0.0, 1.0, len(sound)).astype(np.float32) * np.float32(level)
    if dice[3] < options.gain:
        sound = sound * np.float32(_factor(rng.uniform(-1, 1) * options.most_gain_db))
    return sound if sound is samples else np.clip(sound, -1, 1).astype(np.float32)


def _factor(decibels: float) -> float:
    return 10 ** (decibels / 20)


def _equalised(samples: NDArray[np.float32], most_db: float, rng: Generator) -> NDArray[np.float32]:
    """A smooth curve over the octaves, up to ``most_db`` up or down."""
    spectrum = np.fft.rfft(samples)
    place = np.log2(1 + np.arange(len(spectrum))) / np.log2(1 + len(spectrum))
    heights_db = rng.uniform(-most_db, most_db, 6)
    # numpy's types know no result of its interpolation.
    curve_db = np.asarray(np.interp(place, np.linspace(0.4, 1, 6), heights_db), dtype=np.float64)  # pyright: ignore[reportUnknownArgumentType]
    changed = np.fft.irfft(spectrum * np.power(10.0, curve_db / 20), len(samples))
    return changed.astype(np.float32)


def _compressed(samples: NDArray[np.float32], rate_hz: int, rng: Generator) -> NDArray[np.float32]:
    """Without the highest frequencies, and without what louder neighbours in a frame hide."""
    n = len(samples)
    hop = _FRAME // 2
    padded = np.pad(samples, (hop, _FRAME + hop - n % hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::hop]
    # Sine windows before and after: halves that overlap add up to one again.
    shape = np.sin(np.pi * (np.arange(_FRAME) + 0.5) / _FRAME)
    spectra = np.fft.rfft(frames * shape, axis=1)
    loudness = np.abs(spectra)
    hidden = loudness < loudness.max(axis=1, keepdims=True) * _factor(-rng.uniform(30, 50))
    highest_hz = rng.uniform(0.25, 0.5) * rate_hz
    hidden[:, int(highest_hz / rate_hz * _FRAME) + 1 :] = True
    spectra[hidden] = 0
    pieces = np.fft.irfft(spectra, _FRAME, axis=1) * shape
    result = np.zeros(len(padded) + _FRAME)
    for index in (0, 1):
        part = pieces[index::2].reshape(-1)
        result[index * hop : index * hop + len(part)] += part
    return result[hop : hop + n].astype(np.float32)
