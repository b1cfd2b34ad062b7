"""What the engine is asked for when a whole map is wished for, and what it answers.

Importing it does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from companion.beatmap import Mode
from companion.engine.diffusion_options import DiffusionOptions, require_positions
from companion.engine.events import ContextType
from companion.engine.requests import MAX_ITERATIONS, MAX_SEED
from companion.errors import OptionRefused, RangeRefused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from companion.beatmap import Document, TimeRange, TimingPoint
    from companion.engine.conditioning import Conditioning
    from companion.engine.postprocess import MapHeader


WRITABLE = (ContextType.TIMING, ContextType.KIAI, ContextType.MAP, ContextType.SV)
"""What a map consists of, as far as a family knows it, in the order in which it is written."""
SHOWABLE = (*WRITABLE[1:], ContextType.GD, ContextType.NO_HS)
"""What of a reference map a model can be shown; its timing is given as red lines."""
OF_THE_SAME_MODE = (ContextType.MAP, ContextType.SV, ContextType.NO_HS)
"""What of a reference map only makes sense in its own mode."""
STEP_WORDS: Mapping[str, str] = {
    "timing": "hears the beats",
    "kiai": "places kiai",
    "map": "maps",
    "sv": "sets scroll speeds",
    "positions": "refines positions",
}
"""What the model does in each step of `MapProgress`."""
MAX_BEAMS = 64
_BEAM_WORDS = f"The number of beams has to be between 1 and {MAX_BEAMS}; 1 is off."


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
    do_sample: bool = True
    """Whether tokens are drawn at all; otherwise the most likely one is taken."""
    n_beams: int = 1
    """Continuations that are followed side by side, of which each window's best is kept."""
    time_bias: float = 0.0
    """Added to the logits of all times; above 0 more happens. Only of use where an event's time is
    said before its type."""
    timing_leniency_ms: float = 10.0
    """How far a beat that is heard may lie from its red line."""
    lookback: float | None = None
    """Fraction of a window that is given as the past; the checkpoint's own unless given."""
    lookahead: float | None = None
    """Fraction of a window that is heard but not written; the checkpoint's own unless given."""
    parallel: bool = False
    """Whether windows stand alone, end to end, and are written side by side: quicker, but none
    knows what the one before it has written."""
    max_batch_size: int = 16
    """Rows that are written side by side where windows stand alone; each beam is one."""
    resnap: bool = True
    """Whether objects are put onto the ticks that they name."""
    snap_near_overlaps: bool | None = None
    """Whether objects that nearly lie on another one are moved onto it; as the checkpoint's cells
    are wide or not unless given."""
    original_quirks: bool = False
    """Whether to repeat what Mapperatorinator gets wrong."""

    def verify(self) -> None:
        """Raise `OptionRefused` in plain words when a value is out of its range."""
        for value, low, high, words in self._limits():
            if value is not None and not low <= value <= high:
                raise OptionRefused(words)
        if not (self.top_p and self.timing_leniency_ms):
            raise OptionRefused("Top-p and the leniency have to be above 0.")
        if (self.lookback or 0) + (self.lookahead or 0) >= 1:
            raise OptionRefused("Lookback and lookahead have to leave a part of the window.")
        if self.parallel and (self.lookback or self.lookahead):
            raise OptionRefused(
                "Windows that are written side by side have neither lookback nor lookahead."
            )

    def _limits(self) -> Iterator[tuple[float | None, float, float, str]]:
        yield self.seed, 0, MAX_SEED, "The seed has to be a whole number from 0 up."
        yield self.guidance, 0, 20, "Guidance has to be between 0 and 20; 1 is off."
        for value, high, what in (
            (self.temperature, 5, "The temperature"),
            (self.timing_temperature, 5, "The timing temperature"),
            (self.mania_column_temperature, 5, "The mania column temperature"),
            (self.taiko_hit_temperature, 5, "The taiko hit temperature"),
            (self.top_p, 1, "Top-p"),
            (self.timing_leniency_ms, 100, "The leniency in ms"),
        ):
            yield value, 0, high, _between(what, high)
        yield self.top_k, 0, MAX_SEED, "Top-k has to be a whole number from 0 up; 0 is off."
        yield self.time_bias, -100, 100, "The time bias has to be between -100 and 100."
        yield self.lookback, 0, 0.95, "The lookback has to be between 0 and 0.95."
        yield self.lookahead, 0, 0.95, "The lookahead has to be between 0 and 0.95."
        yield self.n_beams, 1, MAX_BEAMS, _BEAM_WORDS
        yield self.max_batch_size, 1, 1024, "The batch size has to be between 1 and 1024."


@dataclass(frozen=True, slots=True)
class SuperTiming:
    """How a song is heard many times; see `companion.engine.timing_hearing`."""

    iterations: int = 20
    tempo_majority: float = 0.1
    """Share of the gaps around a beat that have to agree on its tempo; more gives fewer changes."""
    guidance: float = 1.0
    n_beams: int = 1
    """As in `MapOptions`."""

    def verify(self) -> None:
        """Raise `OptionRefused` in plain words when a value is out of its range."""
        if not 1 <= self.n_beams <= MAX_BEAMS:
            raise OptionRefused(_BEAM_WORDS)
        if not 1 <= self.iterations <= MAX_ITERATIONS:
            raise OptionRefused(f"Super timing takes 1 to {MAX_ITERATIONS} iterations.")
        if not 0 <= self.tempo_majority < 1:
            raise OptionRefused("The threshold of tempo changes has to be from 0 to below 1.")
        if not 0 <= self.guidance <= 20:
            raise OptionRefused("The guidance of super timing has to be between 0 and 20.")


@dataclass(frozen=True, slots=True)
class Refinement:
    """Positions drawn anew by a diffusion checkpoint."""

    folder: Path
    refiner: Path | None = None
    """A second checkpoint, for further iterations at the least noise."""
    options: DiffusionOptions = field(default_factory=DiffusionOptions)
    """Of these the seed, the range and what the events are like come from the request."""


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
    super_timing: SuperTiming | None = None
    """How to hear the timing; one careful hearing unless given. Only without red lines."""
    wanted: tuple[ContextType, ...] | None = None
    """What is to be written, of `WRITABLE` and beside the timing that has to be heard; everything
    that the model knows unless given."""
    given: tuple[ContextType, ...] = ()
    """What of the reference the model is shown, of `SHOWABLE`."""
    reference: Document | None = None
    """A map of the same song."""
    range: TimeRange | None = None
    """Where anything may be written; the whole song unless given."""
    continues_reference: bool = False
    """Whether what the reference has before the range is the past of what is written."""
    refinement: Refinement | None = None
    weights_of_mode: bool = True
    """Whether the weights that a checkpoint has for a mode are used for it."""

    def verify(self) -> None:
        """Raise `OptionRefused` when the request cannot be meant as it stands."""
        self.options.verify()
        self._verify_conditioning()
        self._verify_contexts()
        if self.super_timing is not None:
            self.super_timing.verify()
            if self.red_lines is not None:
                raise OptionRefused("Super timing hears the beats, but the timing is given.")
        if self.refinement is not None:
            require_positions(self.header.mode)
        if self.red_lines is not None and not self.red_lines:
            raise OptionRefused(
                "The map has no timing yet. Set its BPM and offset first, or let a model hear them."
            )
        if self.range is not None and self.range.end_ms <= self.range.start_ms:
            raise RangeRefused("The range is empty: its end is not after its start.")

    def _verify_conditioning(self) -> None:
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

    def _verify_contexts(self) -> None:
        if self.given and self.reference is None:
            raise OptionRefused(f"There is no map to take {', '.join(self.given)} from.")
        if self.reference is not None:
            self._verify_given(self.reference.beatmap.mode)
        for kind in self.wanted or ():
            if kind not in WRITABLE:
                raise OptionRefused(f"“{kind}” is nothing that a model writes.")
        hears = self.red_lines is None and ContextType.TIMING in (self.wanted or ())
        if not hears and not self.unfinished(WRITABLE):
            raise OptionRefused("All that is asked for is given already; nothing is left to write.")

    def _verify_given(self, mode: Mode) -> None:
        for kind in self.given:
            if kind not in SHOWABLE:
                raise OptionRefused(f"A model cannot be shown “{kind}” of a map.")
            if kind in OF_THE_SAME_MODE and mode is not self.header.mode:
                raise OptionRefused(f"“{kind}” can only be given by a map of the same mode.")
        if {ContextType.GD, ContextType.NO_HS} <= set(self.given):
            raise OptionRefused("A model is shown either gd or no_hs, not both.")
        if ContextType.SV in self.given and self.header.mode is not Mode.MANIA:
            raise OptionRefused("Scroll speeds are a context of their own in mania maps only.")

    def unfinished(self, known: tuple[ContextType, ...]) -> list[ContextType]:
        """What is to be written beside the timing, of the contexts that a model knows."""
        asked = known if self.wanted is None else self.wanted
        return [
            kind
            for kind in WRITABLE
            if kind in asked and kind not in self.given and kind is not ContextType.TIMING
        ]


@dataclass(frozen=True, slots=True)
class Unknown:
    """One value of a wish that a model has no word for, where it knows of the wish as such."""

    wish: str
    """As in `MapBegun.ignored`."""
    value: str


@dataclass(frozen=True, slots=True)
class MapBegun:
    """The first answer, when the model is loaded; again when the mode's own weights take over."""

    ignored: tuple[str, ...]
    """Wishes that the model knows nothing of: names of fields of `Conditioning` and
    `MapOptions`."""
    song_length_ms: float
    unknown: tuple[Unknown, ...] = ()
    """Descriptors, mappers, maps and contexts that it has never met."""


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
    contexts: tuple[ContextType, ...] = (ContextType.KIAI, ContextType.MAP)
    """What of it is new, the timing included where it was heard."""


MapAnswer = MapBegun | MapProgress | WrittenMap
