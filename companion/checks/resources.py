"""Checks of a set's pictures: background, storyboard, skin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap.storyboard import Shown
from companion.checks.check import DifficultyCheck, FolderCheck, Issue, SetCheck
from companion.checks.files import bare_name
from companion.checks.media.pictures import picture_of
from companion.checks.skin_files import is_skin_picture
from companion.checks.story import OVERLAY_LAYERS, events_of, shared_events
from companion.checks.wording import counted, listed
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from companion.beatmap.folder_files import FolderFile
    from companion.beatmap.storyboard import StoryEvent
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Folder, Mapset

WIDEST_PX, HIGHEST_PX = 2560, 1440
NARROW_PX, LOW_PX = 1024, 640
SMALLEST_PX = (160, 120)
LARGEST_BYTES = 2.5 * 1024 * 1024
MOST_SPRITE_PIXELS = 17_000_000
GUILD_TAGS = ("mpg", "mappers' guild", "mappers guild")


def background_of(difficulty: Difficulty) -> str:
    """The background's path, or nothing."""
    events = difficulty.fact(events_of)
    return next((event.path for event in events if event.kind is Shown.BACKGROUND), "")


def find_missing_backgrounds(mapset: Mapset) -> Iterator[Issue]:
    """Difficulties without a background."""
    without = [one for one in mapset.difficulties if not one.fact(background_of)]
    for one in without:
        all_of_them = len(without) == len(mapset.difficulties)
        yield Issue(
            severity=Severity.PROBLEM,
            message=(
                "There is no background in any difficulty."
                if all_of_them
                else "There is no background, though other difficulties have one."
            ),
            difficulty=one,
        )


def find_lost_backgrounds(folder: Folder) -> Iterator[Issue]:
    """Backgrounds whose file is not there; one that several difficulties name is told once."""
    users: dict[str, list[Difficulty]] = {}
    for one in folder.mapset.difficulties:
        path = one.fact(background_of)
        if path and folder.file(path) is None:
            users.setdefault(path, []).append(one)
    for path, named_by in users.items():
        alone = len(named_by) == 1
        who = "" if alone else f" of {len(named_by)} difficulties"
        yield Issue(
            severity=Severity.PROBLEM,
            message=f"The background “{path}”{who} is not in the folder.",
            detail=path,
            difficulty=named_by[0] if alone else None,
        )


def find_bad_backgrounds(folder: Folder) -> Iterator[Issue]:
    """Backgrounds that are too large or too small."""
    paths = {one.fact(background_of).lower() for one in folder.mapset.difficulties}
    for file in _files(folder, paths):
        yield from _too_large(file, "background", Severity.PROBLEM)
        picture = file.fact(picture_of)
        if picture is None:
            yield Issue(
                severity=Severity.WARNING,
                message=f"“{file.name}” is no picture that can be read; look at it yourself.",
                file=file.name,
                detail="unknown",
            )
            continue
        tiny = picture.width_px < SMALLEST_PX[0] or picture.height_px < SMALLEST_PX[1]
        if tiny or picture.width_px < NARROW_PX or picture.height_px < LOW_PX:
            yield Issue(
                severity=Severity.PROBLEM if tiny else Severity.WARNING,
                message=(
                    f"The background “{file.name}” has {picture.width_px} × {picture.height_px} "
                    f"px; {NARROW_PX} × {LOW_PX} is little enough."
                ),
                file=file.name,
                detail="small",
            )


def find_bad_skin_pictures(folder: Folder) -> Iterator[Issue]:
    """Skin elements that are too large."""
    for file in folder.files:
        if is_skin_picture(bare_name(file.name)):
            yield from _too_large(file, "skin element", Severity.WARNING)


def _too_large(file: FolderFile, what: str, severity: Severity) -> Iterator[Issue]:
    picture = file.fact(picture_of)
    if picture and (picture.width_px > WIDEST_PX or picture.height_px > HIGHEST_PX):
        yield Issue(
            severity=severity,
            message=(
                f"The {what} “{file.name}” has {picture.width_px} × {picture.height_px} px; "
                f"{WIDEST_PX} × {HIGHEST_PX} is the most."
            ),
            file=file.name,
            detail="large",
        )
    if file.size_bytes > LARGEST_BYTES:
        yield Issue(
            severity=Severity.PROBLEM,
            message=(
                f"The {what} “{file.name}” has {file.size_bytes / 2**20:.1f} MB; 2.5 is the most."
            ),
            file=file.name,
            detail="heavy",
        )


def find_bad_sprites(folder: Folder) -> Iterator[Issue]:
    """Pictures of a storyboard with more pixels than graphics cards take."""
    for file in _files(folder, _sprite_paths(folder)):
        picture = file.fact(picture_of)
        if picture and picture.width_px * picture.height_px > MOST_SPRITE_PIXELS:
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"“{file.name}” has {picture.width_px} × {picture.height_px} px; 17 million "
                    "pixels are the most."
                ),
                file=file.name,
            )


def _sprite_paths(folder: Folder) -> set[str]:
    events: list[StoryEvent] = [*shared_events(folder)]
    for one in folder.mapset.difficulties:
        events += one.fact(events_of)
    shown = (Shown.SPRITE, Shown.ANIMATION)
    once = {(event.path, event.frames): event for event in events if event.kind in shown}
    return {path.lower() for event in once.values() for path in event.files}


def _files(folder: Folder, paths: Iterable[str]) -> Iterator[FolderFile]:
    for path in sorted(paths):
        file = folder.file(path)
        if file is not None:
            yield file


def find_overlays(difficulty: Difficulty) -> Iterator[Issue]:
    """Sprites in front of the playfield, in the difficulty's own storyboard."""
    yield from _overlays(difficulty.fact(events_of))


def find_shared_overlays(folder: Folder) -> Iterator[Issue]:
    """Sprites in front of the playfield, in the set's storyboard."""
    yield from _overlays(folder.fact(shared_events))


def _overlays(events: Iterable[StoryEvent]) -> Iterator[Issue]:
    shown = (Shown.SPRITE, Shown.ANIMATION)
    front = [
        event.path
        for event in events
        if event.kind in shown and event.layer.lower() in OVERLAY_LAYERS
    ]
    if front:
        names = listed(dict.fromkeys(front))
        yield Issue(
            severity=Severity.WARNING,
            message=(
                f"{counted(len(front), 'picture')} in the Overlay layer may hide objects: {names}."
            ),
        )


def find_guild_tags(mapset: Mapset) -> Iterator[Issue]:
    """Maps of the Mappers' Guild, whose backgrounds need a licence."""
    if any(_names_guild(one) for one in mapset.difficulties):
        yield Issue(
            severity=Severity.MINOR,
            message="Maps of the Mappers' Guild may only use backgrounds that osu! has a right to.",
        )


def _names_guild(difficulty: Difficulty) -> bool:
    text = " ".join(difficulty.beatmap.tags).lower()
    return any(f" {tag} " in f" {text} " for tag in GUILD_TAGS)


CHECKS: tuple[Check, ...] = (
    SetCheck(
        code="missing_background",
        title="Missing background",
        category="Resources",
        cause="A difficulty names no background picture.",
        criterion="Every difficulty has a background.",
        answers=("MapsetVerifier:BgPresence", "lazer:BackgroundPresence"),
        severities=(Severity.PROBLEM,),
        find=find_missing_backgrounds,
    ),
    FolderCheck(
        code="lost_background",
        title="Background not in the folder",
        category="Resources",
        cause="The background that a difficulty names is not in the set's folder.",
        criterion="Every difficulty has a background.",
        answers=("MapsetVerifier:BgPresence", "lazer:BackgroundPresence"),
        severities=(Severity.PROBLEM,),
        find=find_lost_backgrounds,
    ),
    FolderCheck(
        code="background_size",
        title="Size of backgrounds",
        category="Resources",
        cause=(
            "A background is over 2560 × 1440 px, over 2.5 MB or under 160 × 120 px (problem), or "
            "under 1024 × 640 px (warning)."
        ),
        criterion="Backgrounds are sharp enough to look at, and small enough to download.",
        answers=("MapsetVerifier:BgResolution", "lazer:BackgroundQuality"),
        differs="The lower limit is Mapset Verifier's; lazer warns below 960 × 540.",
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_bad_backgrounds,
    ),
    FolderCheck(
        code="skin_picture_size",
        title="Size of skin elements",
        category="Resources",
        cause="A skin element is over 2.5 MB (problem) or over 2560 × 1440 px (warning).",
        criterion="Skin elements are no larger than the screen.",
        answers=("MapsetVerifier:SkinResolution",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_bad_skin_pictures,
    ),
    FolderCheck(
        code="sprite_size",
        title="Size of storyboard pictures",
        category="Resources",
        cause="A picture of a storyboard has more than 17 million pixels.",
        criterion="Storyboards have to run on ordinary graphics cards.",
        answers=("MapsetVerifier:SpriteResolution",),
        severities=(Severity.PROBLEM,),
        find=find_bad_sprites,
    ),
    DifficultyCheck(
        code="overlay_layer",
        title="Overlay layer",
        category="Resources",
        cause="The difficulty's own storyboard has pictures in the Overlay layer.",
        criterion="Nothing may hide what is to be played.",
        answers=("MapsetVerifier:OverlayLayer",),
        severities=(Severity.WARNING,),
        find=find_overlays,
    ),
    FolderCheck(
        code="shared_overlay_layer",
        title="Overlay layer of the set's storyboard",
        category="Resources",
        cause="The set's .osb has pictures in the Overlay layer.",
        criterion="Nothing may hide what is to be played.",
        answers=("MapsetVerifier:OverlayLayer",),
        severities=(Severity.WARNING,),
        find=find_shared_overlays,
    ),
    SetCheck(
        code="guild_background",
        title="Mappers' Guild backgrounds",
        category="Resources",
        cause="The tags say that the map was made for the Mappers' Guild.",
        criterion="Maps of the Mappers' Guild use pictures that osu! has the right to show.",
        answers=("MapsetVerifier:MappersGuildBackground",),
        severities=(Severity.MINOR,),
        find=find_guild_tags,
    ),
)
