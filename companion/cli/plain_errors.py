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

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Take the command's words apart; notes first whether JSON is wanted."""
        # An option may be refused while the command's own words are still being read.
        ctx.meta["json"] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is asked for."""
        try:
            return super().invoke(ctx)
        except CompanionError as error:
            _complain(ctx, error)
            raise typer.Exit(FAILED) from error
        except KeyboardInterrupt as stop:
            said = stop.args[0] if stop.args else "Stopped."
            _complain(ctx, Cancelled(str(said)))
            raise typer.Exit(INTERRUPTED) from None


def _complain(ctx: Any, error: CompanionError) -> None:
    terminal = terminal_of(ctx)
    terminal.json = terminal.json or ctx.meta["json"]
    terminal.complain(error)


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
