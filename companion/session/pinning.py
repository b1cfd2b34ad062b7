"""Keeping what is said about the whole map steady while the map changes under it.

Star rating and the like stand in every prompt, so a change of one of them voids every score that is
known. They are pinned when the map is opened and move only when they have moved far.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from companion.engine.conditioning import Conditioning

STARS_SLACK: Final = 0.5
"""One class of the difficulty token."""

DENSITY_SLACK: Final = 0.15
"""Relative: one more object in seven."""

RATIO_SLACK: Final = 0.1
"""Of hold notes, and of scroll speed changes."""

LENGTH_SLACK_MS: Final = 1.0

_NAMES: Final = {
    "mode": "the mode",
    "difficulty": "the star rating",
    "hitsounded": "whether the map has hitsounds",
    "cs": "the circle size",
    "keycount": "the key count",
    "hold_note_ratio": "the share of hold notes",
    "scroll_speed_ratio": "how often the scroll speed changes",
    "slider_multiplier": "the base slider velocity",
    "song_length_ms": "the song",
    "note_density": "the note density",
}


def pin(pinned: Conditioning | None, current: Conditioning) -> tuple[Conditioning, str | None]:
    """What to say about the map now, and why that differs from before.

    Args:
        pinned: What was said before; None for a map that was just opened.
        current: What the newest revision says about itself.

    Returns:
        `pinned` itself and None while nothing has moved far, otherwise `current` with the reason as
        a sentence (None for a map that was just opened).
    """
    if pinned is None:
        return current, None
    moved = [f.name for f in fields(current) if _moved(f.name, pinned, current)]
    if not moved:
        return pinned, None
    names = [_NAMES.get(name, name.replace("_", " ")) for name in moved]
    what = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    values = f" (from {pinned.difficulty} to {current.difficulty} stars)"
    detail = values if "difficulty" in moved else ""
    has = "has" if len(names) == 1 else "have"
    return current, (
        f"{what[0].upper()}{what[1:]} {has} changed{detail}, so the whole song is scored anew."
    )


def _moved(name: str, pinned: Conditioning, current: Conditioning) -> bool:
    old, new = getattr(pinned, name), getattr(current, name)
    if old == new:
        return False
    if not isinstance(old, float) or not isinstance(new, float):
        return True
    match name:
        case "difficulty":
            return abs(new - old) > STARS_SLACK
        case "note_density":
            return abs(new - old) > DENSITY_SLACK * max(old, 0.1)
        case "hold_note_ratio" | "scroll_speed_ratio":
            return abs(new - old) > RATIO_SLACK
        case "song_length_ms":
            return abs(new - old) > LENGTH_SLACK_MS
        case _:
            return True
