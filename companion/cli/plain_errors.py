"""A group of commands whose failures are one line, Ctrl+C among them."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from companion.cli.options import terminal_of
from companion.errors import Cancelled, CompanionError

if TYPE_CHECKING:
    from collections.abc import Generator

    from companion.engine.cancellation import CancelToken

FAILED = 2
"""Exit status after an error of the companion."""
INTERRUPTED = 130
"""Exit status after Ctrl+C, as a shell has it."""
NOTHING_WRITTEN = "Stopped. Nothing was written."


class PlainErrors(TyperGroup):
    """Turns errors of the companion into one line and exit status 2, Ctrl+C into 130."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is asked for."""
        try:
            return super().invoke(ctx)
        except CompanionError as error:
            terminal_of(ctx).complain(error)
            raise typer.Exit(FAILED) from error
        except KeyboardInterrupt as stop:
            said = stop.args[0] if stop.args else "Stopped."
            terminal_of(ctx).complain(Cancelled(str(said)))
            raise typer.Exit(INTERRUPTED) from None


@contextmanager
def calling_off(token: CancelToken, words: str) -> Generator[None]:
    """Cancel some work at Ctrl+C, which then says so.

    Args:
        token: The work's.
        words: What to say, and what has become of it.
    """
    try:
        yield
    except KeyboardInterrupt:
        token.cancel()
        raise KeyboardInterrupt(words) from None
