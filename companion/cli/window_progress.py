"""How many windows of a song a long command has been through, on stderr: rate and time left."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TERMINAL_PAUSE_S = 0.2
FILE_PAUSE_S = 10.0
"""Between two lines where they are kept, as in a log."""


class WindowProgress:
    """One line that is written over on a terminal; elsewhere a new line now and then.

    Args:
        clock: Gives seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started_s = clock()
        self._shown_s: float | None = None
        self._is_terminal = sys.stderr.isatty()
        self._width = 0

    def show(self, done: int, total: int) -> None:
        """Say how far it is, unless that was said a moment ago; the end is always said."""
        now_s = self._clock()
        pause_s = TERMINAL_PAUSE_S if self._is_terminal else FILE_PAUSE_S
        if done < total and self._shown_s is not None and now_s - self._shown_s < pause_s:
            return
        self._shown_s = now_s
        text = f"  {done}/{total} windows, {self._pace(done, total, now_s)}"
        if not self._is_terminal:
            print(text, file=sys.stderr, flush=True)
            return
        print(f"\r{text:<{self._width}}", end="", file=sys.stderr, flush=True)
        self._width = len(text)

    def close(self) -> None:
        """Leave the line that is written over."""
        if self._is_terminal and self._width:
            print(file=sys.stderr, flush=True)
            self._width = 0

    def _pace(self, done: int, total: int, now_s: float) -> str:
        elapsed_s = now_s - self._started_s
        if not done or elapsed_s <= 0:
            return "just begun"
        rate = done / elapsed_s
        left_s = round((total - done) / rate)
        pace = f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each"
        return f"{pace}, {left_s // 60}:{left_s % 60:02d} left"
