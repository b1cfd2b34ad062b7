"""The sets that a run is trained on and judged by, gathered from a folder."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from companion.errors import AudioError, OptionRefused, UnreadableBeatmap
from companion.training.data.index import Index
from companion.training.data.records import mappers_of
from companion.training.data.selection import MapFilter, songs_of
from companion.training.data.sounds import SoundCache
from companion.training.data.sources import find_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from companion.engine.model.settings import ModelSettings
    from companion.training.data.records import SetRecord
    from companion.training.data.sources import SetSource

INDEX, SOUNDS = "index.jsonl", "sounds"
ENOUGH_TO_WATCH = 4
"""With so many songs, others are watched while training goes on than those that are reported."""
_HELD_SHARE = 0.15
_MOST_HELD = 8
_MAPPERS_NAMED = 5


@dataclass(frozen=True, slots=True)
class MaterialWish:
    """What is asked for."""

    songs: Path
    filter: MapFilter = field(default_factory=MapFilter)
    held_out: tuple[str, ...] = ()
    """Parts of the names of sets to judge by; chosen by chance, always the same, unless given."""


@dataclass(frozen=True, slots=True)
class Material:
    """Sets by what they are for; no song is in two of them (but see `watched_is_judged`)."""

    trained: tuple[SetRecord, ...]
    watched: tuple[SetRecord, ...]
    """Looked at while training goes on; the weights that do best on them are kept."""
    judged: tuple[SetRecord, ...]
    """Looked at before and after alone; what is reported."""
    problems: tuple[str, ...]
    """What was left out, and why."""

    @property
    def watched_is_judged(self) -> bool:
        """There were too few songs to part the two, so the figures flatter a little."""
        return self.watched == self.judged


def gather(
    wish: MaterialWish,
    settings: ModelSettings,
    cache: Path,
    tell: Callable[[int], None] = lambda _: None,
) -> Material:
    """Find the wanted sets, decode their songs and part them.

    Args:
        wish: Which sets.
        settings: Of the model that is trained; maps of modes it does not know are left out.
        cache: Where the index and the decoded songs are kept.
        tell: Called with the number of sets that are known so far.

    Raises:
        OptionRefused: There are too few.
    """
    n_known = 0

    def known(_: SetRecord) -> None:
        nonlocal n_known
        n_known += 1
        tell(n_known)

    mappers = Counter[str]()
    sources = _by_mapper(find_sources(wish.songs), wish.filter.mapper, mappers)
    records = Index(cache / INDEX).records(sources, known)
    problems = [f"{one.name}: {problem}" for one in records for problem in one.problems]
    modes = frozenset(int(mode) for mode in settings.prompts.modes)
    asked = wish.filter.modes
    admitted = replace(wish.filter, modes=modes if asked is None else modes & asked)
    chosen = admitted.chosen(records)
    if not chosen:
        raise OptionRefused(_nothing(wish, mappers, records, problems))
    kept = list(_playable(chosen, SoundCache.of(cache / SOUNDS, settings), problems))
    return _parted(kept, wish, tuple(problems))


def _by_mapper(
    sources: Iterable[SetSource], mapper: str | None, mappers: Counter[str]
) -> Iterator[SetSource]:
    """Sets with a map by a mapper, all of them without one; counts everybody's sets."""
    for source in sources:
        if mapper is not None:
            names = mappers_of(source)
            mappers.update(names)
            if mapper.strip().lower() not in {name.lower() for name in names}:
                continue
        yield source


def _playable(
    records: Iterable[SetRecord], sounds: SoundCache, problems: list[str]
) -> Iterable[SetRecord]:
    for record in records:
        try:
            sounds.song(record)
        except (AudioError, UnreadableBeatmap) as error:
            problems.append(f"{record.name}: {error}")
            continue
        yield record


def _parted(
    records: Sequence[SetRecord], wish: MaterialWish, problems: tuple[str, ...]
) -> Material:
    songs = songs_of(records)
    if len(songs) < 2:
        raise OptionRefused(
            f"There is {'one song' if songs else 'no song'} to train on in {wish.songs}, but one "
            "more is needed to judge by. "
            + (f"What was left out: {problems[0]}" if problems else "Give a folder with more sets.")
        )
    if wish.held_out:
        judged = [song for song in songs if _is_named(song, wish.held_out)]
        if not judged or len(judged) == len(songs):
            raise OptionRefused(
                f"“{'”, “'.join(wish.held_out)}” names {'every set' if judged else 'no set'}; some "
                "are needed to train on and some to judge by."
            )
    else:
        judged = songs[: _n_held(len(songs))]
    others = [song for song in songs if song not in judged]
    watched = judged
    if len(others) >= ENOUGH_TO_WATCH - 1:
        n = _n_held(len(songs))
        watched, others = others[:n], others[n:]
    return Material(_flat(others), _flat(watched), _flat(judged), problems)


def _n_held(n_songs: int) -> int:
    return min(max(round(_HELD_SHARE * n_songs), 1), _MOST_HELD)


def _is_named(song: Sequence[SetRecord], names: Sequence[str]) -> bool:
    return any(name.lower() in record.name.lower() for record in song for name in names)


def _flat(songs: Iterable[Sequence[SetRecord]]) -> tuple[SetRecord, ...]:
    return tuple(record for song in songs for record in song)


def _nothing(
    wish: MaterialWish,
    mappers: Counter[str],
    records: Sequence[SetRecord],
    problems: Sequence[str],
) -> str:
    """Why no map was chosen, with the mappers that there would be."""
    if problems and not any(record.maps for record in records):
        return f"There is nothing to train on in {wish.songs}: {problems[0]}"
    if wish.filter.mapper is not None and not records:
        best = ", ".join(name for name, _ in mappers.most_common(_MAPPERS_NAMED))
        hint = f" Those with the most sets are {best}." if best else ""
        return f"There is no map by {wish.filter.mapper} in {wish.songs}.{hint}"
    return f"There is no map in {wish.songs} that fits the filters."
