"""How training examples of a family are drawn and disturbed.

The numbers are those that the published checkpoints were trained with, as far as they are known
(Mapperatorinator's training configurations); those of the sound are the companion's own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Forgetting:
    """How often each fact about the map is withheld, so that a model can do without."""

    difficulty: float = 0.2
    mapper: float = 0.2
    style: float = 0.2
    year: float = 0.2
    cs: float = 0.2
    hold_note_ratio: float = 0.2
    scroll_speed_ratio: float = 0.2
    descriptors: float = 0.2
    density: float = 0.0


@dataclass(frozen=True, slots=True)
class SoundOptions:
    """How the sound is changed; each of the ways with its own chance."""

    gain: float = 0.3
    most_gain_db: float = 6.0
    equaliser: float = 0.3
    most_equaliser_db: float = 6.0
    noise: float = 0.15
    noise_below_db: tuple[float, float] = (20.0, 45.0)
    """How far below the song the noise is."""
    codec: float = 0.2
    """Like a low bit rate: nothing above some frequency, and what is masked is gone."""


@dataclass(frozen=True, slots=True)
class ExampleOptions:
    """Everything about the examples; shares are from 0 to 1."""

    context_weights: tuple[float, ...] = (4.0, 1.0)
    """Of templates without given contexts, and of each template with some."""
    speed_share: float = 0.3
    """How often the song is played at another speed."""
    speeds: tuple[float, float] = (1.0, 1.2)
    fast_more_often: bool = False
    """Whether speeds come from the root of an even distribution, as with V32."""
    mirror_x_share: float = 0.0
    mirror_y_share: float = 0.0
    offset_share: float = 1.0
    """How often windows lie anywhere, and not on the grid of windows from the song's start."""
    lookback: float = 0.0
    """Part of a window whose events are only given, not asked for."""
    lookback_share: float = 0.0
    """How often that is so."""
    time_noise_steps: int = 2
    """Each given time is off by up to so many steps of 10 ms."""
    common_noise_steps: int = 0
    """All given times of a window are off by up to so many steps together."""
    time_noise_share: float = 1.0
    snap_noise_share: float = 0.0
    """Which share of the given snaps is replaced by any."""
    forgetting: Forgetting = field(default_factory=Forgetting)
    sound: SoundOptions = field(default_factory=SoundOptions)
    rhythm_weight: float = 1.0
    """Weight of time tokens in the loss."""
    label_smoothing: float = 0.0
    most_tokens: int | None = None
    """Longer examples are cut off at their end; the family's own limit unless given."""


_V29 = ExampleOptions(speed_share=0.5, speeds=(1.25, 1.5), rhythm_weight=3.0)
_LATER = ExampleOptions(
    lookback=0.2,
    lookback_share=0.5,
    offset_share=0.5,
    forgetting=Forgetting(mapper=0.1),
)
OPTIONS = {
    "v29": _V29,
    "v30": replace(_LATER, label_smoothing=0.1),
    "v31": replace(_V29, rhythm_weight=1.0),
    "v32": replace(
        _LATER,
        fast_more_often=True,
        mirror_x_share=0.5,
        mirror_y_share=0.5,
        snap_noise_share=0.25,
        label_smoothing=0.2,
    ),
    # The bundled model points at times; noise in them would only blur what it points with.
    "bundled": ExampleOptions(
        speed_share=0.8,
        speeds=(0.92, 1.08),
        mirror_x_share=0.5,
        mirror_y_share=0.5,
        lookback=0.5,
        lookback_share=0.5,
        time_noise_steps=0,
        forgetting=Forgetting(difficulty=0.1, density=0.1),
        rhythm_weight=2.0,
        most_tokens=512,
    ),
}
"""By family."""


def options_for(family: str) -> ExampleOptions:
    """The options of a family; the defaults for one without its own."""
    return OPTIONS.get(family, ExampleOptions())
