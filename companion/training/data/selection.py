"""Which maps are trained on, and which songs are left to judge by."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.errors import OptionRefused
from companion.training.library import TOO_HARD_STARS, title_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from companion.training.data.records import MapRecord, SetRecord

STATUSES = {
    "graveyard": -2, "wip": -1, "pending": 0, "ranked": 1, "approved": 2, "qualified": 3,
    "loved": 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MapFilter:
    """What maps have to be like; ``None`` admits all, and what is unknown of a map is refused."""

    modes: frozenset[int] | None = None
    mapper: str | None = None
    """By name, whatever the case."""
    stars: tuple[float, float] = (0.0, TOO_HARD_STARS)
    """From and to; maps whose rating cannot be calculated are let through."""
    years: tuple[int, int] | None = None
    """First and last."""
    statuses: frozenset[int] | None = None

    def admits(self, one: MapRecord) -> bool:
        """Whether a map is wanted."""
        if self.modes is not None and one.mode not in self.modes:
            return False
        if self.mapper is not None and one.mapper.lower() != self.mapper.strip().lower():
            return False
        if one.stars is not None and not self.stars[0] <= one.stars <= self.stars[1]:
            return False
        if self.years is not None and not (
            one.year is not None and self.years[0] <= one.year <= self.years[1]
        ):
            return False
        return self.statuses is None or one.status in self.statuses

    def chosen(self, records: Iterable[SetRecord]) -> list[SetRecord]:
        """Sets with the wanted maps alone; those without any are left out."""
        kept = (
            replace(record, maps=tuple(one for one in record.maps if self.admits(one)))
            for record in records
        )
        return [record for record in kept if record.maps]


def statuses_of(names: Iterable[str]) -> frozenset[int]:
    """Numbers of ranked statuses.

    Raises:
        OptionRefused: One of them is none.
    """
    unknown = [name for name in names if name.lower() not in STATUSES]
    if unknown:
        raise OptionRefused(f"“{unknown[0]}” is not a status; choose of {', '.join(STATUSES)}.")
    return frozenset(STATUSES[name.lower()] for name in names)


def songs_of(records: Sequence[SetRecord]) -> list[list[SetRecord]]:
    """Sets of the same song together: by artist and title, or by the very same file.

    The artist counts because packs of songs by several artists share one title. Songs come in the
    order of a hash, which is a random one that never changes.
    """
    groups: list[list[SetRecord]] = []
    group_of: dict[str, list[SetRecord]] = {}
    for record in records:
        keys = (f"title {_title(record)}", f"audio {record.audio_id}")
        found = [group_of[key] for key in keys if key in group_of]
        group = found[0] if found else []
        if not found:
            groups.append(group)
        for other in found[1:]:
            if other is not group:
                group.extend(other)
                groups = [one for one in groups if one is not other]
                group_of.update({key: group for key, one in group_of.items() if one is other})
        group.append(record)
        group_of.update(dict.fromkeys(keys, group))
    return sorted(groups, key=_rank)


def split_songs(
    records: Sequence[SetRecord], n_held: int
) -> tuple[list[SetRecord], list[SetRecord]]:
    """Sets to train on, and the sets of some songs to judge by; no song is in both."""
    songs = songs_of(records)
    held = {id(record) for song in songs[:n_held] for record in song}
    return (
        [record for record in records if id(record) not in held],
        [record for record in records if id(record) in held],
    )


def _rank(song: Sequence[SetRecord]) -> str:
    name = min(_title(record) for record in song)
    return hashlib.sha256(name.encode()).hexdigest()


def _title(record: SetRecord) -> str:
    # Vowels go, as in titles: the same artist goes by several romanisations.
    artist = re.sub(r"[\W_aeiou]", "", record.artist.lower())
    return f"{artist or record.artist} {title_key(record.title)}"
