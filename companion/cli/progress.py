"""How far a long command has come in a song: a bar with rate and time left, on stderr."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from types import TracebackType

    from companion.beatmap import TimeRange
    from companion.cli.terminal import Terminal


class SongProgress:
    """A bar over a stretch of a song; where stderr is no terminal, one line at the end."""

    def __init__(self, terminal: Terminal, span: TimeRange, what: str) -> None:
        self._terminal = terminal
        self._span = span
        self._what = what
        self._reached_ms = span.start_ms
        self._began = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task(what, total=span.duration_ms, rate="")

    def __enter__(self) -> Self:
        """Show the bar."""
        if self._bar.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Take the bar away; say how long it took when it was done."""
        self._bar.stop()
        if kind is None:
            seconds = time.monotonic() - self._began
            self._terminal.note(f"{self._what}: done in {seconds:.1f} s, {self._rate()}.")

    def reach(self, time_ms: int) -> None:
        """All of the song up to a moment is done."""
        self._reached_ms = max(self._reached_ms, time_ms)
        self._bar.update(
            self._task, completed=self._reached_ms - self._span.start_ms, rate=self._rate()
        )

    def _rate(self) -> str:
        """Seconds of song per second."""
        done_s = (self._reached_ms - self._span.start_ms) / 1000
        return f"{done_s / max(time.monotonic() - self._began, 1e-3):.1f}x"
