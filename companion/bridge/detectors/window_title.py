"""The map in the title of osu!'s editor window."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Final

from companion.bridge.detectors.editor_state import EditorState
from companion.bridge.detectors.titles import EditorTitle, read_title

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from companion.bridge.detectors.songs_index import SongsIndex

log = logging.getLogger(__name__)

HOLD_S: Final = 4.0
"""The title changes for a moment while the editor saves or test-plays."""


class WindowTitle:
    """Looks through window titles; keeps the last editor title for `HOLD_S`.

    Args:
        titles: Lists the titles of all windows; raises OSError when that is not possible.
        songs: Finds the folder of a file name; without it only the name is known.
        clock: Seconds, monotonic.
    """

    def __init__(
        self,
        titles: Callable[[], Iterable[str]],
        songs: SongsIndex | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._titles = titles
        self._songs = songs
        self._clock = clock
        self._last: tuple[float, EditorTitle] | None = None
        self._complained = False

    def probe(self) -> EditorState | None:
        """Look once."""
        found = self._find()
        now = self._clock()
        if found is not None:
            self._last = (now, found)
        elif self._last is not None and now - self._last[0] <= HOLD_S:
            found = self._last[1]
        if found is None:
            return None
        path = self._songs.find(found.file_name) if self._songs is not None else None
        return EditorState("window_title", path, found.file_name, found.client, editor_open=True)

    def _find(self) -> EditorTitle | None:
        try:
            titles = list(self._titles())
        except OSError as error:
            if not self._complained:
                log.info("window titles cannot be read: %s", error)
                self._complained = True
            return None
        self._complained = False
        return next((found for title in titles if (found := read_title(title))), None)


def system_titles() -> Callable[[], Iterable[str]]:
    """The way to list window titles on this system; where there is none it lists nothing."""
    if sys.platform == "win32":
        from companion.bridge.detectors.windows_titles import list_titles

        return list_titles
    if sys.platform.startswith("linux"):
        from companion.bridge.detectors.x11_titles import X11Titles

        return X11Titles().list
    return tuple
