"""A command as a person would type it, quoted for the shell that would read it."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PROGRAM = "companion"
_PLAIN_ON_WINDOWS = re.compile(r"[\w./\\:=+@,-]+", re.ASCII)
_BEFORE_QUOTE = re.compile(r'(\\*)"')
_AT_END = re.compile(r"(\\+)$")
_CLIPBOARDS = (("clip",), ("pbcopy",), ("wl-copy",), ("xclip", "-selection", "clipboard"))
"""Programs that put their input onto the clipboard: Windows, macOS, Wayland, X11."""


def command_line(words: Sequence[str], *, windows: bool) -> str:
    """The command with its words quoted where they need it.

    Args:
        words: What stands after the program's name.
        windows: Whether it is for ``cmd.exe`` instead of a POSIX shell. There a word is taken
            apart by the program itself, by the rules of Microsoft's C runtime: backslashes count
            double before a double quote, and only there.
    """
    if not windows:
        return shlex.join([PROGRAM, *words])
    return " ".join([PROGRAM, *(_for_windows(word) for word in words)])


def _for_windows(word: str) -> str:
    if _PLAIN_ON_WINDOWS.fullmatch(word):
        return word
    escaped = _AT_END.sub(r"\1\1", _BEFORE_QUOTE.sub(r'\1\1\\"', word))
    return f'"{escaped}"'


def copy_to_clipboard(text: str) -> bool:
    """Put text onto the clipboard; says whether there was a program that could."""
    for name, *arguments in _CLIPBOARDS:
        program = shutil.which(name)
        if program is None:
            continue
        done = subprocess.run(
            [program, *arguments], input=text.encode(), check=False, capture_output=True
        )
        if done.returncode == 0:
            return True
    return False
