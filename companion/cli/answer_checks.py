"""What an answer to the wizard has to be; a check says what is wrong with one, or ``None``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from companion.cli.terminal import parse_time
from companion.errors import OptionRefused

Check = Callable[[str], str | None]


def is_map(path: str) -> bool:
    """Whether a path names a map."""
    return PurePath(path).suffix.lower() == ".osu"


def needed(check: Check) -> Check:
    """Whatever else is checked, there has to be an answer."""
    return lambda answer: check(answer) if answer.strip() else "An answer is needed here."


def unless_empty(check: Check) -> Check:
    """The check, but an empty answer will do."""
    return lambda answer: check(answer) if answer.strip() else None


def number(low: float, high: float) -> Check:
    """A number in a range."""

    def check(answer: str) -> str | None:
        try:
            fits = low <= float(answer) <= high
        except ValueError:
            fits = False
        return None if fits else f"A number from {low:g} to {high:g}, please."

    return check


def whole(low: int, high: int) -> Check:
    """A whole number in a range."""

    def check(answer: str) -> str | None:
        try:
            fits = low <= int(answer) <= high
        except ValueError:
            fits = False
        return None if fits else f"A whole number from {low} to {high}, please."

    return check


def above_one(answer: str) -> str | None:
    """A guidance scale that does something."""
    return number(0, 20)(answer) or (None if float(answer) > 1 else "Above 1, please.")


def time(answer: str) -> str | None:
    """A time as the other commands take it."""
    try:
        parse_time(answer)
    except OptionRefused as error:
        return str(error)
    return None


def line(answer: str) -> str | None:
    """One line of text."""
    return None if answer.isprintable() else "One line of text, please."


def osu_file(answer: str) -> str | None:
    """The name of an .osu file."""
    return None if is_map(answer.strip()) else "Its name has to end in .osu."
