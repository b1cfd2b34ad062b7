"""Another difficulty of a set, begun from one that is there: its song, timing and settings.

It is written as a passage over all that is mapped, by `companion.engine.guest_writing`. Importing
it does not import torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from companion.beatmap import TimeRange
from companion.beatmap.new_difficulty import begin_difficulty, difficulty_name
from companion.engine.conditioning import Conditioning
from companion.engine.requests import RegenerateOptions, RegenerateRequest
from companion.engine.seeds import chosen_seed
from companion.errors import OptionRefused, RangeRefused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from companion.beatmap import Document
    from companion.engine.map_requests import Unknown

LEAST_LEFT_MS = 2_000
"""A song of which less than this is mapped gives no difficulty."""


@dataclass(frozen=True, slots=True)
class GuestWish:
    """What the difficulty should be; ``None`` means the engine's or the map's own."""

    difficulty: float
    name: str | None = None
    seed: int | None = None
    guidance: float | None = None
    temperature: float | None = None
    mapper_id: int | None = None
    year: int | None = None
    descriptors: Sequence[str] = ()
    negative_descriptors: Sequence[str] = ()
    stats: Mapping[str, float] = field(default_factory=dict[str, float])
    """New values of keys of `new_difficulty.STATS`."""
    green_lines: bool = False

    def options(self) -> RegenerateOptions:
        """The engine's options.

        Raises:
            OptionRefused: One of them is out of range.
        """
        plain = RegenerateOptions()
        options = RegenerateOptions(
            difficulty=self.difficulty,
            seed=chosen_seed(self.seed),
            guidance=plain.guidance if self.guidance is None else self.guidance,
            temperature=plain.temperature if self.temperature is None else self.temperature,
            change_green_lines=self.green_lines,
        )
        options.verify()
        if self.negative_descriptors and options.guidance == 1:
            raise OptionRefused("Descriptors to avoid need guidance above 1.")
        for key, value in self.stats.items():
            if not 0 <= value <= 10:
                raise OptionRefused(f"{key} has to be between 0 and 10.")
        return options

    def version(self) -> str:
        """The difficulty's name.

        Raises:
            OptionRefused: It cannot stand on a line of its own.
        """
        return difficulty_name(self.name, f"{self.difficulty:g} stars")

    @property
    def asked(self) -> frozenset[str]:
        """What of the conditioning was wished for, by its names; the rest is as in the set."""
        names = {"difficulty", "mapper_id", "year", "descriptors", "negative_descriptors"}
        sizes = {"cs"} if "CircleSize" in self.stats else set[str]()
        return frozenset(
            {name for name in names if getattr(self, name) not in (None, (), [])} | sizes
        )

    def request(
        self, document: Document, audio_path: Path, song_length_ms: float, stars: float | None
    ) -> RegenerateRequest:
        """What the engine is asked for.

        Args:
            document: A difficulty of the set.
            audio_path: Its song.
            song_length_ms: How long that is.
            stars: The star rating of the difficulty that is there.

        Raises:
            OptionRefused: A wish is out of range.
            RangeRefused: There is too little of the song, or no timing.
        """
        base = begin_difficulty(document, self.version(), self.stats)
        about = replace(
            Conditioning.of(document.beatmap, song_length_ms, stars),
            difficulty=self.difficulty,
            note_density=None,  # the other difficulty's would contradict the star rating
            beatmap_id=None,
            mapper_id=self.mapper_id,
            year=self.year,
            hitsounded=True,
            cs=base.beatmap.cs,
            descriptors=tuple(self.descriptors) or None,
            negative_descriptors=tuple(self.negative_descriptors) or None,
        )
        wanted = _mapped(document, song_length_ms)
        if base.beatmap.timing_at(wanted.start_ms) is None:
            raise RangeRefused("The map has no timing yet: set its BPM and offset first.")
        request = RegenerateRequest(base, audio_path, wanted, self.options(), about)
        request.verify()
        return request


@dataclass(frozen=True, slots=True)
class GuestBegun:
    """The first answer, when the model is loaded; as `MapBegun`."""

    ignored: tuple[str, ...]
    unknown: tuple[Unknown, ...]


@dataclass(frozen=True, slots=True)
class WrittenDifficulty:
    """The last answer: the difficulty with its objects."""

    document: Document


def _mapped(document: Document, song_length_ms: float) -> TimeRange:
    """From the first to the last object of the other difficulty, or the whole song."""
    mapped = document.beatmap.mapped_range or TimeRange(0, int(song_length_ms))
    wanted = TimeRange(mapped.start_ms, min(mapped.end_ms, int(song_length_ms)))
    if wanted.end_ms - wanted.start_ms < LEAST_LEFT_MS:
        raise OptionRefused("There are less than two seconds of song to map.")
    return wanted
