"""Which maps of a song are looked at, and how much of each."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from companion.beatmap import Document, Mode
from companion.beatmap.star_rating import star_rating
from companion.engine import checkpoint
from companion.engine.audio import Waveform
from companion.errors import AudioError
from companion.training.library import TOO_HARD_STARS
from companion.training.measures import spread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from companion.engine.conditioning import Conditioning
    from companion.engine.loaded_model import LoadedModel, Song
    from companion.training.library import SongSet


SIMILAR_STARS = 1.0
"""Difficulties of a set no further apart than this are alike."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much of each song is looked at."""

    maps_per_song: int = 2
    """Per mode, spread over the star ratings."""
    windows_per_map: int = 6
    written_windows: int = 4
    """Windows per map that are written, with a first half given and without."""
    faults_per_kind: int = 4
    """Per map."""
    excerpt_s: float = 20.0
    """Length of the stretch that is written as the product does it, once per song and mode; 0 for
    none."""
    iterations: int = 4
    """Hearings for super timing; 0 for none."""
    plain_sections: bool = False
    """Whether second halves are written once more without any grammar."""
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A map to judge by."""

    path: Path
    document: Document
    conditioning: Conditioning
    stars: float


@dataclass(frozen=True, slots=True, eq=False)
class Examinee:
    """One song in one mode."""

    song_set: SongSet
    mode: Mode
    song: Song
    other: Song
    """Another song, whose sound is lent for comparison."""
    cases: tuple[Case, ...]
    siblings: tuple[Case, ...]
    """All maps of the song in this mode, those of `cases` among them; by stars."""

    def like(self, case: Case) -> Case | None:
        """The other difficulty whose stars are nearest, if they are near at all."""
        others = [
            other
            for other in self.siblings
            if other is not case and abs(other.stars - case.stars) <= SIMILAR_STARS
        ]
        return min(others, key=lambda other: abs(other.stars - case.stars), default=None)


def examinee(
    model: LoadedModel, sets: Sequence[SongSet], index: int, mode: Mode, effort: Effort
) -> Examinee | None:
    """A song's maps in a mode; None when it has none that can be used.

    Raises:
        AudioError: The song cannot be listened to.
    """
    one = sets[index]
    files = [file for file in one.maps if file.mode == mode]
    if not files:
        return None
    song = model.listen(one.audio)
    lent = _lent(model, sets, index, song)
    found: list[Case] = []
    for file in files:
        data = file.path.read_bytes()
        stars = star_rating(data)
        if stars is None or stars >= TOO_HARD_STARS:
            continue
        document = Document.parse(data)
        found.append(Case(file.path, document, model.conditioning_of(document, song), stars))
    found.sort(key=lambda case: case.stars)
    chosen = tuple(found[index] for index in spread(len(found), effort.maps_per_song))
    if not chosen:
        return None
    return Examinee(one, mode, song, lent, chosen, tuple(found))


def repeated(lent: Song, song: Song) -> Song:
    """Another song's sound, over and over until it is as long as the song.

    Beyond its end there would be silence, which says nothing where wrong sound misleads; its first
    and last tenth, which are often as good as silent, are left out for the same reason.
    """
    samples, n = lent.waveform.samples, len(song.waveform.samples)
    edge = len(samples) // 10
    sound = np.resize(samples[edge : len(samples) - edge], n)
    waveform = Waveform(sound, lent.waveform.rate_hz, f"{lent.waveform.audio_id}, {n} samples")
    return replace(lent, waveform=waveform)


def lenders(sets: Sequence[SongSet], index: int) -> list[SongSet]:
    """The sets of other titles, the next one first; their sound may be lent to this one."""
    others = (*sets[index + 1 :], *sets[:index])
    return [other for other in others if other.title != sets[index].title]


def _lent(model: LoadedModel, sets: Sequence[SongSet], index: int, song: Song) -> Song:
    """The sound of the first other set that can be heard; the song's own if there is none."""
    for other in lenders(sets, index):
        with suppress(AudioError):
            return repeated(model.listen(other.audio), song)
    return song


def chosen_sets(sets: Sequence[SongSet], at_most: int, seed: int) -> tuple[SongSet, ...]:
    """So many of the sets, always the same for a seed, in their order."""
    if len(sets) <= at_most:
        return tuple(sets)
    order = np.random.default_rng(seed).permutation(len(sets))
    picks: list[int] = order[:at_most].tolist()
    return tuple(sets[index] for index in sorted(picks))


def held_out_names(folder: Path) -> frozenset[str]:
    """Names of the sets that a checkpoint's training left out, as far as it tells."""
    training: object = checkpoint.read_json(folder / checkpoint.CONFIG).get("training")
    if not isinstance(training, dict):
        return frozenset()
    named = cast("dict[str, object]", training).get("held_out")
    return (
        frozenset(map(str, cast("list[object]", named))) if isinstance(named, list) else frozenset()
    )
