"""How positions are refined, and of which maps. Importing it does not import torch."""

from __future__ import annotations

from dataclasses import dataclass

from companion.beatmap import Mode
from companion.errors import OptionRefused

_MODES = frozenset({Mode.OSU, Mode.CATCH})
MAX_STEPS = 100_000


def require_positions(mode: Mode) -> None:
    """Refuse modes in which positions mean something else than to the network.

    Facts, from the original: it runs one network, trained with osu! maps, for osu! and for catch.

    Raises:
        OptionRefused: It is one of them.
    """
    if mode not in _MODES:
        raise OptionRefused(
            "Diffusion knows positions of osu! and catch maps only, and this is a "
            f"{mode.name.lower()} map; leave it out."
        )


@dataclass(frozen=True, slots=True)
class DiffusionOptions:
    """Choices of refining. The defaults are the original's, except for its faults.

    Raises:
        OptionRefused: There is no refining with these choices.
    """

    steps: tuple[int, ...] = (100, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    """Steps taken in each of as many equal sections of the noise schedule, least noise first."""
    guidance: float = 1.0
    """1 follows the wished-for traits plainly, more than 1 overdoes them."""
    max_points: int = 1024
    """Points that are seen at once; longer maps are worked on in overlapping chunks."""
    overlap_points: int = 128
    """Points at either end of a chunk that only serve as context."""
    random_start: bool = False
    """Whether to begin with noise instead of the positions that are there."""
    further_iterations: int = 10
    """Passes of the refining network after the last step; none without such a network."""
    seed: int = 0
    start_ms: float | None = None
    """Points before this moment stay where they are."""
    end_ms: float | None = None
    """Points from this moment on stay where they are."""
    types_first: bool = True
    has_velocities: bool = True
    """Whether slider heads carry their velocity, from which the slider's end follows."""
    original_quirks: bool = False
    """Whether to do what Mapperatorinator does, to the letter.

    - With no more points than two overlaps nothing is refined.
    - A position with a 0 in it counts as missing, and so does a distance of 0.
    - A point that lies exactly at the end of the range is refined.
    - A random start forgets the points that stay, too.
    - The ends of all sliders are recomputed, even of those that stay where they are.
    - Arcs are followed along few chords.
    - A distance is replaced by a position beside the position that the object has already.
    - Other events of a group that is no point (a kiai change) take the place of the next point.
    - The id of a mapper is looked up among the ids of maps.
    - The further iterations use the main network instead of the refining one.
    """

    def __post_init__(self) -> None:
        if self.overlap_points < 0 or self.max_points <= 2 * self.overlap_points:
            raise OptionRefused(
                f"Chunks of {self.max_points} points cannot overlap by {self.overlap_points} at "
                "either end; choose an overlap of less than half a chunk."
            )
        if not self.steps or min(self.steps) < 0 or not 1 <= sum(self.steps) <= MAX_STEPS:
            raise OptionRefused(
                f"Refining positions takes 1 to {MAX_STEPS} steps, in no section less than none."
            )
        if not 0 <= self.guidance <= 20:
            raise OptionRefused("The guidance of diffusion has to be between 0 and 20; 1 is off.")
        if self.further_iterations < 0:
            raise OptionRefused("The refining network cannot be run less often than not at all.")
