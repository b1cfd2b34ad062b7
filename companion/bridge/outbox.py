"""What waits to be sent to one client: bounded, so that a slow client costs nothing but itself.

State replaces its predecessor on the same topic and moves to the end, but for a map's newer
revision, which stays ahead of what is about that map; deltas of findings are joined into one;
replies, passages and suggestions are never touched. What a request led to arrives before its reply,
so nothing that waits before a reply moves behind it. A snapshot makes everything before it void,
but for replies.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from itertools import count
from typing import TYPE_CHECKING, Final

from protocol import messages
from protocol.codec import PreparedUpdate

if TYPE_CHECKING:
    from protocol.messages import ServerUpdate

LIMIT: Final = 512
"""Updates that may wait. Only passages and replies can pile up that high."""

_LASTING = (messages.Reply, messages.Provenance)


class OutboxFull(Exception):
    """The client does not keep up."""


class Outbox:
    """A queue of updates, keyed by topic."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._waiting: OrderedDict[str, PreparedUpdate] = OrderedDict()
        self._numbers = count()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, prepared: PreparedUpdate) -> None:
        """Add an update.

        Raises:
            OutboxFull: too many wait already; the client has to be closed.
        """
        update = prepared.update
        if isinstance(update, messages.Snapshot):
            self._void()
        topic = topic_of(update) or f"#{next(self._numbers)}"
        older = self._waiting.get(topic)
        if older is not None:
            prepared = _joined(older, prepared)
            if not _is_same_map(older.update, update):
                del self._waiting[topic]
        if topic not in self._waiting and len(self._waiting) >= self._limit:
            raise OutboxFull
        self._waiting[topic] = prepared
        if isinstance(update, messages.Reply):
            self._settle()
        self._filled.set()

    async def get(self) -> PreparedUpdate:
        """Take the oldest update, waiting for one. When this is cancelled, nothing is lost."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.popitem(last=False)[1]

    def _settle(self) -> None:
        """Let everything that waits stay where it is: what comes now is put behind it."""
        waiting = self._waiting.values()
        self._waiting = OrderedDict((f"#{next(self._numbers)}", one) for one in waiting)

    def _void(self) -> None:
        kept = [(t, p) for t, p in self._waiting.items() if isinstance(p.update, _LASTING)]
        self._waiting = OrderedDict(kept)


def topic_of(update: ServerUpdate) -> str | None:
    """What an update is the newest state of; None for updates that all have to arrive."""
    match update:
        case messages.JobChanged(job=job):
            return f"job {job.id}"
        case messages.ProblemRaised(problem=problem):
            return f"problem {problem.code}"
        case messages.ProblemCleared(code=code):
            return f"problem {code}"
        case (
            messages.Reply()
            | messages.Provenance()
            | messages.PassageAdded()
            | messages.SuggestionChanged()
        ):
            return None
        case _:
            return update.type


def _is_same_map(older: ServerUpdate, newer: ServerUpdate) -> bool:
    """Whether both are revisions of one map; to a client, another map voids its findings."""
    match older, newer:
        case messages.MapRevised(map=before), messages.MapRevised(map=after):
            return before is not None and after is not None and before.map_id == after.map_id
        case _:
            return False


def _joined(older: PreparedUpdate, newer: PreparedUpdate) -> PreparedUpdate:
    """Both updates in one: the newer one, unless they are deltas of the same map's findings."""
    first, second = older.update, newer.update
    if not isinstance(first, messages.FindingsDelta):
        return newer
    if not isinstance(second, messages.FindingsDelta) or first.map_id != second.map_id:
        return newer
    added = {item.id: item for item in first.added}
    for gone in second.removed_ids:
        added.pop(gone, None)
    added |= {item.id: item for item in second.added}
    removed = dict.fromkeys((*first.removed_ids, *second.removed_ids))
    return PreparedUpdate(
        second.model_copy(
            update={
                "added": list(added.values()),
                "removed_ids": [item for item in removed if item not in added],
            }
        )
    )
