"""What is said about the whole map in every prompt: mode, star rating, mapper, style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from companion.beatmap import HoldNote, Mode
from companion.engine.encoding.scroll_speeds import scroll_speed_ratio

if TYPE_CHECKING:
    from companion.beatmap import Beatmap
    from companion.engine.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Conditioning:
    """Facts and wishes about a map; ``None`` is unknown, which every model accepts."""

    mode: Mode = Mode.OSU
    difficulty: float | None = None
    """Star rating."""
    mapper_id: int | None = None
    """User id of the mapper whose style is asked for."""
    beatmap_id: int | None = None
    """For models with style tokens: the map whose style is asked for."""
    year: int | None = None
    hitsounded: bool = True
    cs: float | None = None
    keycount: int = 4
    hold_note_ratio: float | None = None
    """Share of hold notes among the objects (mania)."""
    scroll_speed_ratio: float | None = None
    """Scroll speed changes per moment with an object (taiko and mania)."""
    slider_multiplier: float = 1.4
    descriptors: tuple[str | int, ...] | None = None
    negative_descriptors: tuple[str | int, ...] | None = None
    """Only used with guidance: what the map should not be."""
    song_length_ms: float = 0.0
    note_density: float | None = None
    """Hit objects per second of drain time; only the bundled model uses it."""

    @classmethod
    def of(
        cls,
        beatmap: Beatmap,
        song_length_ms: float,
        stars: float | None,
        vocabulary: Vocabulary | None = None,
    ) -> Conditioning:
        """What an existing map says about itself.

        With a vocabulary, mapper and descriptors are looked up in the tables of its training set by
        beatmap id; the year is never known from an ``.osu`` file.
        """
        mode = beatmap.mode
        beatmap_id = beatmap.beatmap_id
        return cls(
            mode=mode,
            difficulty=stars,
            mapper_id=vocabulary.mapper_of_beatmap.get(beatmap_id) if vocabulary else None,
            beatmap_id=beatmap_id,
            hitsounded=any(hit.hitsound != 0 for hit in beatmap.hit_objects),
            cs=beatmap.cs,
            keycount=beatmap.keycount if mode is Mode.MANIA else 4,
            hold_note_ratio=_hold_note_ratio(beatmap) if mode is Mode.MANIA else None,
            scroll_speed_ratio=(
                scroll_speed_ratio(beatmap) if mode in {Mode.TAIKO, Mode.MANIA} else None
            ),
            slider_multiplier=beatmap.slider_multiplier,
            descriptors=vocabulary.descriptors_of(beatmap_id) if vocabulary else None,
            song_length_ms=song_length_ms,
            note_density=note_density(beatmap),
        )


def note_density(beatmap: Beatmap) -> float | None:
    """Hit objects per second of drain time (breaks left out); ``None`` without any."""
    hits = beatmap.hit_objects
    if not hits:
        return None
    drain_ms = max(hit.end_ms for hit in hits) - hits[0].start_ms
    drain_ms -= sum(pause.end_ms - pause.start_ms for pause in beatmap.breaks)
    return len(hits) * 1000 / max(drain_ms, 1000.0)


def _hold_note_ratio(beatmap: Beatmap) -> float | None:
    hits = beatmap.hit_objects
    if not hits:
        return None
    return sum(isinstance(hit, HoldNote) for hit in hits) / len(hits)
