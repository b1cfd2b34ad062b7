"""What the engine is asked for when a whole map is wished for, and what it answers.

Importing it does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.requests import MAX_SEED
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from companion.beatmap import TimingPoint
    from companion.engine.conditioning import Conditioning
    from companion.engine.postprocess import MapHeader


STEP_WORDS: Mapping[str, str] = {
    "timing": "hears the beats",
    "kiai": "places kiai",
    "map": "maps",
    "sv": "sets scroll speeds",
    "positions": "refines positions",
}
"""What the model does in each step of `MapProgress`."""


@dataclass(frozen=True, slots=True)
class MapOptions:
    """How tokens are chosen, and how they become a map."""

    seed: int = 0
    guidance: float = 1.0
    """Classifier-free guidance scale; 1 is off."""
    temperature: float = 0.9
    """0 always takes the most likely event."""
    timing_temperature: float = 0.1
    mania_column_temperature: float = 0.8
    taiko_hit_temperature: float = 0.8
    top_p: float = 0.9
    top_k: int = 0
    """Only so many tokens are drawn from; 0 is all."""
    time_bias: float = 0.0
    """Added to the logits of all times; above 0 more happens."""
    timing_leniency_ms: float = 10.0
    """How far a beat that is heard may lie from its red line."""
    original_quirks: bool = False
    """Whether to repeat what Mapperatorinator gets wrong."""

    def verify(self) -> None:
        """Raise `OptionRefused` in plain words when a value is out of its range."""
        for value, low, high, words in (
            (self.seed, 0, MAX_SEED, "The seed has to be a whole number from 0 up."),
            (self.guidance, 0, 20, "Guidance has to be between 0 and 20; 1 is off."),
            (self.temperature, 0, 5, _between("The temperature", 5)),
            (self.timing_temperature, 0, 5, _between("The timing temperature", 5)),
            (self.mania_column_temperature, 0, 5, _between("The mania column temperature", 5)),
            (self.taiko_hit_temperature, 0, 5, _between("The taiko hit temperature", 5)),
            (self.top_p, 0, 1, _between("Top-p", 1)),
            (self.top_k, 0, MAX_SEED, "Top-k has to be a whole number from 0 up; 0 is off."),
            (self.time_bias, -100, 100, "The time bias has to be between -100 and 100."),
            (self.timing_leniency_ms, 0, 100, _between("The leniency in ms", 100)),
        ):
            if not low <= value <= high:
                raise OptionRefused(words)
        if not (self.top_p and self.timing_leniency_ms):
            raise OptionRefused("Top-p and the leniency have to be above 0.")


def _between(what: str, high: int) -> str:
    return f"{what} has to be between 0 and {high}."


@dataclass(frozen=True, slots=True)
class MapRequest:
    """Ask for a whole map of a song."""

    audio_path: Path
    header: MapHeader
    """Settings of the map, its mode among them."""
    conditioning: Conditioning
    """What the map should be like; the song's length is put in."""
    options: MapOptions = field(default_factory=MapOptions)
    red_lines: tuple[TimingPoint, ...] | None = None
    """The song's timing; ``None`` lets the model hear it."""
    diffusion_folder: Path | None = None
    """A diffusion checkpoint that draws the positions anew."""

    def verify(self) -> None:
        """Raise `OptionRefused` when the request cannot be meant as it stands."""
        self.options.verify()
        about, mode = self.conditioning, self.header.mode
        for value, low, high, words in (
            (about.difficulty, 0, 12, _between("The star rating", 12)),
            (about.year, 2007, 2077, "The year has to be between 2007 and 2077."),
            (about.keycount, 1, 18, "The number of keys has to be between 1 and 18."),
            (about.hold_note_ratio, 0, 1, _between("The share of hold notes", 1)),
            (about.scroll_speed_ratio, 0, 1, _between("The scroll speed ratio", 1)),
        ):
            if value is not None and not low <= value <= high:
                raise OptionRefused(words)
        if about.mode is not mode:
            raise OptionRefused("The map's mode and the one that is asked for differ.")
        if about.negative_descriptors and self.options.guidance == 1:
            raise OptionRefused("Descriptors to avoid need guidance above 1.")
        if self.diffusion_folder is not None and mode is not Mode.OSU:
            raise OptionRefused("Diffusion knows positions of osu! maps only; leave it out.")
        if self.red_lines is not None and not self.red_lines:
            raise OptionRefused(
                "The map has no timing yet. Set its BPM and offset first, or let a model hear them."
            )


@dataclass(frozen=True, slots=True)
class MapBegun:
    """The first answer, when the model is loaded; again when the mode's own weights take over."""

    ignored: tuple[str, ...]
    """Wishes that the model knows nothing of: names of fields of `Conditioning` and
    `MapOptions`."""
    song_length_ms: float


@dataclass(frozen=True, slots=True)
class MapProgress:
    """So far one step has come; the song is gone through anew in each."""

    step: str
    """A context, by its name (``timing``, ``kiai``, ``map``, ``sv``), or ``positions``."""
    reached_ms: int


@dataclass(frozen=True, slots=True)
class WrittenMap:
    """The last answer."""

    text: str
    """The ``.osu`` file, without a byte order mark."""
    red_lines: tuple[TimingPoint, ...]
    song_length_ms: float
    n_tokens: int
    """Tokens that were chosen for it."""


MapAnswer = MapBegun | MapProgress | WrittenMap
