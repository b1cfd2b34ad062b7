"""Window titles from an X server (XWayland included)."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_WINDOWS = 4000
"""A tree walk gives up here."""


class X11Titles:
    """Keeps one connection to the display named by `DISPLAY`, and opens it again when it breaks."""

    def __init__(self) -> None:
        self._display: Any = None
        self._name: str | None = None

    def list(self) -> list[str]:
        """Titles of all windows.

        Raises:
            OSError: there is no display, or it does not answer.
        """
        name = os.environ.get("DISPLAY")
        if not name:
            raise OSError("there is no X display")
        from Xlib.error import ConnectionClosedError, DisplayError, XError

        try:
            if self._display is None or name != self._name:
                self._open(name)
            return [title for window in self._windows() if (title := self._title(window))]
        except (ConnectionClosedError, DisplayError, XError, AttributeError, TypeError) as error:
            # python-xlib also fails with the last two when a reply is cut short.
            self.close()
            raise OSError(f"the X display {name} does not answer: {error}") from error
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        display, self._display = self._display, None
        if display is not None:
            from Xlib.error import ConnectionClosedError, DisplayError

            with contextlib.suppress(OSError, ConnectionClosedError, DisplayError):
                display.close()

    def _open(self, name: str) -> None:
        from Xlib.display import Display

        self.close()
        self._display = Display(name)
        self._name = name

    def _windows(self) -> Iterator[Any]:
        """Top-level windows as the window manager lists them, otherwise the whole tree."""
        from Xlib.error import BadWindow
        from Xlib.X import AnyPropertyType

        root = self._display.screen().root
        clients = root.get_full_property(
            self._display.intern_atom("_NET_CLIENT_LIST"), AnyPropertyType
        )
        if clients is not None:
            for window_id in clients.value:
                yield self._display.create_resource_object("window", window_id)
            return
        waiting = [root]
        for _ in range(MAX_WINDOWS):
            if not waiting:
                return
            window = waiting.pop()
            yield window
            try:
                waiting.extend(window.query_tree().children)
            except BadWindow:
                continue

    def _title(self, window: Any) -> str | None:
        """`_NET_WM_NAME` (UTF-8), otherwise `WM_NAME`."""
        from Xlib.error import BadWindow
        from Xlib.X import AnyPropertyType

        try:
            name = window.get_full_property(
                self._display.intern_atom("_NET_WM_NAME"), AnyPropertyType
            )
            if name is not None and isinstance(name.value, bytes):
                return name.value.decode("utf-8", "replace")
            legacy = window.get_wm_name()
        except BadWindow:
            return None
        if isinstance(legacy, bytes):
            return legacy.decode("latin-1")
        return legacy if isinstance(legacy, str) else None
