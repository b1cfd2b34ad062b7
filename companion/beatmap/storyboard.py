"""What ``[Events]`` shows and plays, in an ``.osu`` or an ``.osb``: pictures, videos and samples.

Facts (lazer ``LegacyStoryboardDecoder``): a line's first field is a word or its number; lines that
begin with a blank or ``_`` belong to the picture above them; a ``Video`` whose file is a picture is
a background; ``[Variables]`` holds ``$name=text`` lines that are replaced wherever they occur.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from companion.beatmap.numbers import number_or, whole_or

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from companion.beatmap.document import Document

PICTURE_EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif"})
MAX_FRAMES = 1000
"""Of an animation; more are taken for a mistake."""


class Shown(StrEnum):
    """What an event shows or plays."""

    BACKGROUND = "Background"
    VIDEO = "Video"
    SPRITE = "Sprite"
    SAMPLE = "Sample"
    ANIMATION = "Animation"


_NUMBERS = {"0": "Background", "1": "Video", "4": "Sprite", "5": "Sample", "6": "Animation"}
_KINDS = {str(kind): kind for kind in Shown}


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """One picture, video or sample."""

    kind: Shown
    path: str
    """As written, without quotes and with forward slashes."""
    line: int
    start_ms: int = 0
    """Of videos and samples."""
    layer: str = ""
    """Of sprites, animations and samples, as written: a word or a number."""
    offset_px: tuple[float, float] = (0.0, 0.0)
    """Of backgrounds and videos: how far it is moved."""
    volume: int = 100
    """Of samples, in percent."""
    frames: int = 1
    """Of animations."""

    @property
    def files(self) -> Iterator[str]:
        """The names of the files that it needs; an animation has one for each frame."""
        if self.kind is not Shown.ANIMATION:
            yield self.path
            return
        stem, dot, extension = self.path.rpartition(".")
        for frame in range(self.frames):
            yield f"{stem}{frame}{dot}{extension}" if dot else f"{self.path}{frame}"


def storyboard_of(document: Document) -> tuple[StoryEvent, ...]:
    """All pictures, videos and samples of a document, in the order of its lines."""
    variables = _variables(document.statements.get("Variables", ()))
    found: list[StoryEvent] = []
    for line, text in document.statements.get("Events", ()):
        if text[0] in " _":
            continue
        event = _event(_filled_in(text, variables) if "$" in text else text, line)
        if event is not None:
            found.append(event)
    return tuple(found)


def _variables(lines: Sequence[tuple[int, str]]) -> Mapping[str, str]:
    pairs = (text.partition("=") for _, text in lines if text.startswith("$"))
    return {name: value for name, equals, value in pairs if equals}


def _filled_in(text: str, variables: Mapping[str, str]) -> str:
    # Once and no further: a variable that names itself would never end.
    for name in sorted(variables, key=len, reverse=True):
        text = text.replace(name, variables[name])
    return text


def _event(text: str, line: int) -> StoryEvent | None:
    fields = text.split(",")
    word = fields[0].strip()
    kind = _KINDS.get(_NUMBERS.get(word, word))
    needed = 4 if kind in (Shown.SPRITE, Shown.ANIMATION, Shown.SAMPLE) else 3
    if kind is None or len(fields) < needed:
        return None
    path = fields[needed - 1].strip().strip('"').replace("\\", "/").strip()
    match kind:
        case Shown.BACKGROUND | Shown.VIDEO:
            offset = (_number(fields, 3), _number(fields, 4))
            if kind is Shown.VIDEO and f".{path.rpartition('.')[2].lower()}" in PICTURE_EXTENSIONS:
                kind = Shown.BACKGROUND
            start_ms = whole_or(fields[1], 0) if kind is Shown.VIDEO else 0
            return StoryEvent(kind, path, line, start_ms, offset_px=offset)
        case Shown.SAMPLE:
            volume = math.floor(_number(fields, 4, 100.0))
            return StoryEvent(
                kind, path, line, whole_or(fields[1], 0), fields[2].strip(), volume=volume
            )
        case Shown.ANIMATION:
            frames = min(MAX_FRAMES, max(1, math.floor(_number(fields, 6, 1.0))))
            return StoryEvent(kind, path, line, layer=fields[1].strip(), frames=frames)
        case Shown.SPRITE:
            return StoryEvent(kind, path, line, layer=fields[1].strip())


def _number(fields: Sequence[str], index: int, default: float = 0.0) -> float:
    return number_or(fields[index], default) if len(fields) > index else default
