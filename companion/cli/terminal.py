"""What the commands print: results on stdout, everything else on stderr, errors as one line."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from companion.errors import CompanionError, OptionRefused

if TYPE_CHECKING:
    from types import TracebackType


class Terminal:
    """Where a command prints; with `json` set, stdout gets one JSON value and nothing else."""

    def __init__(self) -> None:
        self.json = False

    def result(self, text: str, value: object) -> None:
        """Print the command's result: the text for a person, the value as JSON for a script."""
        print(json.dumps(value, ensure_ascii=False, indent=2) if self.json else text, flush=True)

    def line(self, text: str) -> None:
        """Print a line that belongs to the result; left out of JSON output."""
        if not self.json:
            print(text, flush=True)

    def note(self, text: str) -> None:
        """Print a line for a person, beside the result."""
        print(text, file=sys.stderr, flush=True)

    def complain(self, error: CompanionError) -> None:
        """Print an error; scripts find its code in the JSON."""
        if self.json:
            print(json.dumps({"error": error_json(error)}, ensure_ascii=False), flush=True)
        print(f"companion: {one_line(str(error))}", file=sys.stderr, flush=True)


def error_json(error: CompanionError) -> dict[str, Any]:
    """An error as on the wire."""
    return {"code": error.code, "message": str(error)}


def one_line(text: str) -> str:
    """The text without line breaks."""
    return " ".join(text.split())


def parse_time(text: str) -> int:
    """Milliseconds of ``12340`` or of the editor's ``00:12:340``.

    Raises:
        OptionRefused: It is neither.
    """
    parts = text.strip().split(" ")[0].split(":")  # the editor's copies end in " (1,2) -"
    try:
        if len(parts) == 3:
            minutes, seconds, milliseconds = (int(part) for part in parts)
            return (minutes * 60 + seconds) * 1000 + milliseconds
        return round(float(text))
    except (ValueError, OverflowError):
        raise OptionRefused(
            f"“{text}” is not a time; write milliseconds (12340) or the editor's 00:12:340."
        ) from None


def explain_crash(
    kind: type[BaseException], error: BaseException, _trace: TracebackType | None
) -> None:
    """Say in one line that the companion itself failed; goes into `sys.excepthook`."""
    if issubclass(kind, KeyboardInterrupt):
        return
    print(
        f"companion: something went wrong in the companion itself ({kind.__name__}: "
        f"{one_line(str(error))}). COMPANION_DEBUG=1 shows where.",
        file=sys.stderr,
    )
