"""Window titles on Windows, through user32."""

from __future__ import annotations

import ctypes
import sys

_PROTOTYPE_ARGS = (ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)


def list_titles() -> list[str]:
    """Titles of all visible top-level windows.

    Raises:
        OSError: the system refuses, or is not Windows.
    """
    if sys.platform != "win32":
        raise OSError("this is not Windows")
    user32 = ctypes.WinDLL("user32", use_last_error=True)
    titles: list[str] = []
    prototype = ctypes.WINFUNCTYPE(*_PROTOTYPE_ARGS)

    def visit(window: int | None, _: int | None) -> bool:
        handle = ctypes.c_void_p(window)
        if user32.IsWindowVisible(handle):
            length = user32.GetWindowTextLengthW(handle)
            if length > 0:
                buffer = ctypes.create_unicode_buffer(length + 1)
                user32.GetWindowTextW(handle, buffer, length + 1)
                titles.append(buffer.value)
        return True

    if not user32.EnumWindows(prototype(visit), None):
        raise ctypes.WinError(ctypes.get_last_error())
    return titles
