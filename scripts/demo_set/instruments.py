"""The instruments: each function gives one note or one hit as mono samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

RATE_HZ = 44_100
_HIGHEST_HZ = 15_000


def _time(seconds: float) -> Samples:
    return np.arange(int(seconds * RATE_HZ)) / RATE_HZ


def _envelope(t: Samples, attack_s: float, release_s: float) -> Samples:
    """Rises, holds, and is back at zero at the end."""
    end = t[-1]
    return np.clip(t / attack_s, 0, 1) * np.clip((end - t) / release_s, 0, 1)


def _partials(phase: Samples, hz: float, weights: Sequence[float], fade: Samples) -> Samples:
    """Overtones of a phase; the higher ones fade faster, as on a string."""
    total = np.zeros_like(phase)
    brightness = np.ones_like(phase)
    for number, weight in enumerate(weights, start=1):
        if number * hz > _HIGHEST_HZ:
            break
        if weight:
            total += weight * brightness * np.sin(number * phase)
        brightness = brightness * fade
    return total


def lead(hz: float, seconds: float, cents: float = 0.0) -> Samples:
    """A hollow singing voice with a late vibrato."""
    t = _time(seconds)
    vibrato = 0.0035 * np.clip((t - 0.2) / 0.3, 0, 1) * np.sin(2 * np.pi * 5.4 * t)
    frequency = hz * 2 ** (cents / 1200) * (1 + vibrato)
    phase = 2 * np.pi * np.cumsum(frequency) / RATE_HZ
    weights = (1.0, 0.25, 0.45, 0.12, 0.25, 0.08, 0.14, 0.05, 0.08)
    voice = _partials(phase, hz, weights, 0.78 + 0.22 * np.exp(-t * 6))
    return voice * _envelope(t, 0.007, 0.05) * (0.65 + 0.35 * np.exp(-t * 5))


def bell(hz: float, seconds: float) -> Samples:
    """A soft music box."""
    t = _time(seconds)
    tone = np.zeros_like(t)
    for ratio, weight, decay in ((1, 1.0, 4.0), (2, 0.45, 6.5), (3, 0.2, 9.0), (5.4, 0.1, 16.0)):
        tone += weight * np.exp(-decay * t) * np.sin(2 * np.pi * hz * ratio * t)
    return tone * _envelope(t, 0.002, 0.02)


def bass(hz: float, seconds: float) -> Samples:
    """A round plucked bass."""
    t = _time(seconds)
    phase = 2 * np.pi * hz * t
    tone = _partials(phase, hz, (1, 0.6, 0.35, 0.2, 0.12, 0.08), 0.55 + 0.4 * np.exp(-t * 14))
    return tone * _envelope(t, 0.004, 0.03) * np.exp(-t * 1.6)


def pad(hz: float, seconds: float, cents: float) -> Samples:
    """A slow string-like voice."""
    t = _time(seconds)
    phase = 2 * np.pi * hz * 2 ** (cents / 1200) * t
    weights = [1 / number**1.6 for number in range(1, 9)]
    return _partials(phase, hz, weights, np.ones_like(t)) * _envelope(t, 0.12, 0.25)


def kick() -> Samples:
    """A bass drum: a falling sine under a short click."""
    t = _time(0.28)
    hz = 46 + 120 * np.exp(-t * 38)
    body = np.sin(2 * np.pi * np.cumsum(hz) / RATE_HZ) * np.exp(-t * 13)
    click = 0.3 * _noise(len(t), 1) * np.exp(-t * 400)
    return (body + click) * _envelope(t, 0.001, 0.02)


def snare() -> Samples:
    """A snare drum: two tones and a burst of bright noise."""
    t = _time(0.22)
    tones = np.sin(2 * np.pi * 188 * t) + 0.6 * np.sin(2 * np.pi * 331 * t)
    rattle = _brighten(_noise(len(t), 2), 0.7)
    drum = 0.55 * tones * np.exp(-t * 34) + 0.75 * rattle * np.exp(-t * 21)
    return drum * _envelope(t, 0.001, 0.02)


def hat(seconds: float = 0.06) -> Samples:
    """A closed hi-hat."""
    t = _time(seconds)
    metal = _brighten(_brighten(_noise(len(t), 3), 0.95), 0.95)
    return metal * np.exp(-t * 75) * _envelope(t, 0.001, 0.01)


def crash() -> Samples:
    """A crash cymbal."""
    t = _time(1.6)
    metal = _brighten(_noise(len(t), 4), 0.9)
    return metal * np.exp(-t * 3.2) * _envelope(t, 0.001, 0.3)


def riser(seconds: float) -> Samples:
    """Noise that swells into the next section."""
    t = _time(seconds)
    return _brighten(_noise(len(t), 5), 0.8) * (t / seconds) ** 3 * _envelope(t, 0.01, 0.02)


def _noise(count: int, seed: int) -> Samples:
    return np.random.default_rng(seed).uniform(-1, 1, count)


def _brighten(samples: Samples, amount: float) -> Samples:
    """A first difference: takes the low end away."""
    return samples - amount * np.concatenate(([0.0], samples[:-1]))
