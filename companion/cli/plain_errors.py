"""A group of commands whose failures are one line."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from companion.cli.options import terminal_of
from companion.errors import CompanionError


class PlainErrors(TyperGroup):
    """Turns errors of the companion into one line and exit status 2."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that is asked for."""
        try:
            return super().invoke(ctx)
        except CompanionError as error:
            terminal_of(ctx).complain(error)
            raise typer.Exit(2) from error
