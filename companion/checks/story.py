"""Facts about what a difficulty shows behind its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap.storyboard import Shown, StoryEvent, storyboard_of

if TYPE_CHECKING:
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Folder

OVERLAY_LAYERS = frozenset({"overlay", "4"})


def events_of(difficulty: Difficulty) -> tuple[StoryEvent, ...]:
    """The pictures, videos and samples of the difficulty's own file."""
    return storyboard_of(difficulty.document)


def own_storyboard(difficulty: Difficulty) -> bool:
    """Whether the difficulty's own file has sprites or animations."""
    return any(
        event.kind in (Shown.SPRITE, Shown.ANIMATION) for event in difficulty.fact(events_of)
    )


def shared_events(folder: Folder) -> tuple[StoryEvent, ...]:
    """The pictures, videos and samples of the set's ``.osb``."""
    return storyboard_of(folder.storyboard) if folder.storyboard is not None else ()
