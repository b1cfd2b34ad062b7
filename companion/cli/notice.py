"""The fair-use notice on the command line."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from companion.session.fair_use import NOTICE

if TYPE_CHECKING:
    from companion.cli.terminal import Terminal
    from companion.session import FairUse


def confirm_notice(fair_use: FairUse, terminal: Terminal, *, acknowledged: bool) -> bool:
    """Show the notice the first time, and ask; says whether it has just been read.

    Where nobody can answer, or the answer is no, whatever generates is refused afterwards.
    """
    if fair_use.modding_only or fair_use.notice_acknowledged:
        return False
    if acknowledged:
        return True
    terminal.note(NOTICE.title.upper())
    for paragraph in (*NOTICE.paragraphs, NOTICE.link):
        terminal.note(f"\n{paragraph}")
    if not sys.stdin.isatty():
        terminal.note("\n--acknowledge says that you have read this.")
        return False
    return typer.confirm("\nI have read this. Go on?", err=True)
