"""Generated variants, looked at by the rules before they are offered, and anew after each save."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from companion.suggestions import check_variants

if TYPE_CHECKING:
    from companion.bridge.conductor import Conductor
    from companion.suggestions import Suggestion

log = logging.getLogger(__name__)


class Proofreader:
    """Has the rules look at suggestions, one after the other, on a thread beside the loop."""

    def __init__(self, conductor: Conductor) -> None:
        self._conductor = conductor
        self._waiting: asyncio.Queue[Suggestion] = asyncio.Queue()

    def look_at(self, suggestion: Suggestion) -> None:
        """A suggestion is complete, or lies in another revision of the map."""
        self._waiting.put_nowait(suggestion)

    async def follow(self) -> None:
        """Look at what comes, leaving out what has changed again in the meantime."""
        session = self._conductor.session
        while True:
            suggestion = await self._waiting.get()
            open_map = session.open_map
            if open_map is None or not session.awaits_check(suggestion):
                continue
            look = self._conductor.surroundings.judge
            judge = partial(look, open_map.path, level=session.stated_level)
            try:
                checked = await asyncio.to_thread(check_variants, suggestion, judge)
            except Exception:  # supervisor: what cannot be checked is offered all the same
                log.exception("looking at suggestion %s failed", suggestion.id)
                checked = ()
            session.variants_checked(suggestion, checked)
            self._conductor.hand_out()
