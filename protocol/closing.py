"""Why the daemon closes a connection: codes of the WebSocket close frame."""

from __future__ import annotations

from enum import IntEnum


class CloseCode(IntEnum):
    """The daemon's own close codes; the frame's reason says the same in plain words."""

    WRONG_TOKEN = 4401
    """The page belongs to an earlier start of the companion: open it anew from there."""
    OTHER_VERSION = 4402
    """Page and daemon speak different versions: reload the page."""
    BAD_MESSAGE = 4400
    """A frame was not a message, or not the one expected now."""
    TOO_MANY_MESSAGES = 4429
    """The rate limit was passed."""
    TOO_SLOW = 4408
    """The page did not keep up with the updates: connect again for a snapshot."""
    STOPPING = 1001
    """Going away: the daemon ends."""
