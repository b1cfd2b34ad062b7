"""How far a long command has come, with rate and time left, on stderr.

A terminal gets a bar; a log gets a line now and then. Results go to stdout, so neither is ever
among them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from companion.beatmap import TimeRange
    from companion.cli.terminal import Terminal

LOG_PAUSE_S = 10.0
"""Between two lines in a log."""


class Progress:
    """Counts what is done of some work.

    Args:
        terminal: Where lines go that are kept.
        unit: What is counted, in the plural.
        clock: Gives seconds.
        began_s: When the work began, by the clock; now unless given.
    """

    def __init__(
        self,
        terminal: Terminal,
        unit: str,
        clock: Callable[[], float] = time.monotonic,
        began_s: float | None = None,
    ) -> None:
        self._terminal = terminal
        self._unit = unit
        self._clock = clock
        self._told_s = clock()
        self._began_s = self._told_s if began_s is None else began_s
        self._bar = Bar(
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.description}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Self:
        """Show the bar where it can be written over."""
        if self._bar.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self._bar.live.is_started:  # stopping one that was never shown prints an empty line
            self._bar.stop()

    def show(self, done: float, total: float) -> None:
        """So much is done by now."""
        now_s = self._clock()
        text = f"{done:.0f}/{total:.0f} {self._unit}, {self._pace(done, now_s)}"
        self._bar.update(self._task, completed=done, total=total, description=text)
        is_over = done >= total
        if not self._bar.console.is_terminal and (is_over or now_s - self._told_s >= LOG_PAUSE_S):
            self._told_s = now_s
            left_s = round((now_s - self._began_s) * (total - done) / done) if done else 0
            self._terminal.note(f"  {text}, {left_s // 60}:{left_s % 60:02d} left")

    def _pace(self, done: float, now_s: float) -> str:
        elapsed_s = now_s - self._began_s
        if not done or elapsed_s <= 0:
            return "just begun"
        rate = done / elapsed_s
        return f"{rate:.1f}/s" if rate >= 1 else f"{1 / rate:.1f} s each"


class SongProgress(Progress):
    """Counts the seconds of a stretch of a song."""

    def __init__(self, terminal: Terminal, span: TimeRange, began_s: float | None = None) -> None:
        super().__init__(terminal, "s of song", began_s=began_s)
        self._span = span
        self._reached_ms = span.start_ms

    def reach(self, time_ms: int) -> None:
        """All of the song up to a moment is done; of several streams the furthest counts."""
        self._reached_ms = max(self._reached_ms, time_ms)
        done_ms = self._reached_ms - self._span.start_ms
        self.show(done_ms / 1000, self._span.duration_ms / 1000)
