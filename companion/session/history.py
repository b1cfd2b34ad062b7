"""Which findings came and went: since the last save, and since the map was opened."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from companion.findings import Finding


class Look(Enum):
    """Who looks at a revision; each is done at a time of its own."""

    RULES = auto()
    """The rules of one difficulty."""
    SET = auto()
    """The rules of the set and its files."""
    MODEL = auto()
    """The model, stretch by stretch."""


if TYPE_CHECKING:
    Found = Mapping[str, Finding]
    Changes = tuple[set[str], list[tuple[Look, Finding]]]


class History:
    """What each look found at the last save and at the opening, against what it finds now.

    A look is compared with an earlier one only where there was one: what the model says while it
    hears the song for the first time is not new. And a finding is not gone before the look that had
    it is done with the newest revision.
    """

    def __init__(self) -> None:
        self._finished: dict[Look, Found] = {}
        self._at_save: dict[Look, Found] = {}
        self._at_opening: dict[Look, Found] = {}
        self._pending: set[Look] = set()

    def saved(self) -> None:
        """There is a new revision, which the model has yet to look at."""
        self._at_save = dict(self._finished)
        self._pending.add(Look.MODEL)

    def pending(self, *looks: Look) -> None:
        """What these looks found is dropped until they are done anew."""
        self._pending.update(looks)

    def finished(self, look: Look, found: Found) -> None:
        """A look at the newest revision is done."""
        self._finished[look] = found
        self._at_save.setdefault(look, found)
        self._at_opening.setdefault(look, found)
        self._pending.discard(look)

    def corrected(self, look: Look, found: Found) -> None:
        """The same map is judged by another measure: what differs now was so before."""
        earlier = self._finished.get(look, {})
        for before in (self._at_save, self._at_opening):
            if look in before:
                kept = {i: f for i, f in before[look].items() if i not in earlier or i in found}
                before[look] = kept | {i: f for i, f in found.items() if i not in earlier}
        self.finished(look, found)

    def since_save(self, found: Mapping[Look, Found]) -> Changes:
        """Ids of what is new since the last save, and what is gone since then."""
        return self._compare(self._at_save, found)

    def since_opening(self, found: Mapping[Look, Found]) -> Changes:
        """Ids of what is new since the map was opened, and what is gone since then."""
        return self._compare(self._at_opening, found)

    def _compare(self, before: Mapping[Look, Found], found: Mapping[Look, Found]) -> Changes:
        known, present = _ids(before.values()), _ids(found.values())
        compared = _ids(found[look] for look in before)
        new = (present - known) & compared
        gone = [
            (look, findings[i])
            for look, findings in before.items()
            if look not in self._pending
            for i in findings.keys() - present
        ]
        return new, gone


def _ids(all_found: Iterable[Found]) -> set[str]:
    return set[str]().union(*all_found)
