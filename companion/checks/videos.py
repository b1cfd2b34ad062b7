"""Checks of a set's videos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap.storyboard import Shown
from companion.checks.check import FolderCheck, Issue
from companion.checks.media.videos import video_of
from companion.checks.story import events_of, shared_events
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.checks.check import Check
    from companion.checks.mapset import Folder

WIDEST_PX, HIGHEST_PX = 1280, 720


def video_paths(folder: Folder) -> list[str]:
    """The videos that the set shows, as it names them, each once."""
    events = [*shared_events(folder)]
    for one in folder.mapset.difficulties:
        events += one.fact(events_of)
    paths = {e.path.lower(): e.path for e in events if e.kind is Shown.VIDEO}
    return list(paths.values())


def find_bad_videos(folder: Folder) -> Iterator[Issue]:
    """Videos that are lost, too large, or cannot be looked at."""
    for path in folder.fact(video_paths):
        file = folder.file(path)
        if file is None:
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"The video “{path}” is not in the folder.",
                file=path,
                detail="lost",
            )
            continue
        video = file.fact(video_of)
        if video is None or not video.width_px:
            yield Issue(
                severity=Severity.WARNING,
                message=f"The size of “{file.name}” cannot be read; look at it yourself.",
                file=file.name,
                detail="unknown",
            )
        elif video.width_px > WIDEST_PX or video.height_px > HIGHEST_PX:
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"The video “{file.name}” has {video.width_px} × {video.height_px} px; "
                    f"{WIDEST_PX} × {HIGHEST_PX} is the most."
                ),
                file=file.name,
                detail="large",
            )


def find_videos_with_sound(folder: Folder) -> Iterator[Issue]:
    """Videos with a sound track, which nobody hears."""
    for path in folder.fact(video_paths):
        file = folder.file(path)
        video = file.fact(video_of) if file is not None else None
        if file is not None and video is not None and video.has_sound:
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"The video “{file.name}” has a sound track; remove it.",
                file=file.name,
            )


CHECKS: tuple[Check, ...] = (
    FolderCheck(
        code="video_size",
        title="Size of videos",
        category="Resources",
        cause=(
            "A video is not in the folder or over 1280 × 720 px (problem), or its header cannot be "
            "read (warning)."
        ),
        criterion="Videos are 1280 × 720 px at most.",
        answers=("MapsetVerifier:VideoResolution", "lazer:VideoResolution"),
        differs="It reads MP4, MOV, AVI and FLV; others have to be looked at by hand.",
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_bad_videos,
    ),
    FolderCheck(
        code="video_sound",
        title="Sound in videos",
        category="Audio",
        cause="A video file has a sound track.",
        criterion="Videos have no sound track: the song is the map's own.",
        answers=("MapsetVerifier:AudioInVideo", "lazer:AudioInVideo"),
        severities=(Severity.PROBLEM,),
        find=find_videos_with_sound,
    ),
)
