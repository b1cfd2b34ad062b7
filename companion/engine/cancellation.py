"""The token by which work on the inference thread is called off."""

from __future__ import annotations

import threading

from companion.errors import Cancelled


class CancelToken:
    """Tells running work that nobody waits for it any more.

    Cancelling is cooperative: the work looks at the token between tokens when it decodes and
    between batches when it scores, so cancelled work may still be running for a moment. One token
    serves one request; once cancelled it stays cancelled. Any thread may cancel.
    """

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Call the work off; calling it off twice is harmless."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether the work has been called off."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Raise `Cancelled` when the work has been called off."""
        if self._event.is_set():
            raise Cancelled("The work was called off.")
