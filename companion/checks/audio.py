"""Checks of a set's song."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.beatmap.storyboard import Shown
from companion.checks.check import FolderCheck, Issue
from companion.checks.media.sounds import song_of
from companion.checks.story import events_of, own_storyboard, shared_events
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from companion.beatmap.folder_files import FolderFile
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.mapset import Folder

SONG_FORMATS = {"mp3": (".mp3",), "ogg": (".ogg",)}
"""With the extensions that they may have."""
LOWEST_KBPS, HIGHEST_KBPS, HIGHEST_OGG_KBPS = 128, 192, 208
MAPPED_SHARE = 0.8


def songs(folder: Folder) -> list[tuple[FolderFile, list[Difficulty]]]:
    """The songs that are there, with the difficulties made for each."""
    uses: dict[str, list[Difficulty]] = {}
    for one in folder.mapset.difficulties:
        uses.setdefault(one.beatmap.audio_filename.lower(), []).append(one)
    found: list[tuple[FolderFile, list[Difficulty]]] = []
    for name, difficulties in uses.items():
        file = folder.file(name) if name else None
        if file is not None:
            found.append((file, difficulties))
    return found


def find_lost_songs(folder: Folder) -> Iterator[Issue]:
    """Difficulties whose song is not there."""
    for one in folder.mapset.difficulties:
        name = one.beatmap.audio_filename
        if name and folder.file(name) is None:
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"The song “{name}” is not in the folder.",
                difficulty=one,
            )


def find_bad_song_formats(folder: Folder) -> Iterator[Issue]:
    """Songs that are neither MP3 nor Ogg, or called otherwise than they are."""
    for file, _ in folder.fact(songs):
        song = file.fact(song_of)
        if song is None or song.seconds == 0:
            yield Issue(
                severity=Severity.PROBLEM,
                message=f"The song “{file.name}” cannot be decoded.",
                file=file.name,
            )
        elif song.format not in SONG_FORMATS:
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"The song “{file.name}” is {song.format.upper() or 'of an unknown format'}; "
                    "it has to be MP3 or Ogg Vorbis."
                ),
                file=file.name,
            )
        elif file.extension not in SONG_FORMATS[song.format]:
            yield Issue(
                severity=Severity.WARNING,
                message=f"The song “{file.name}” is {song.format.upper()}, whatever its name says.",
                file=file.name,
                detail="extension",
            )


def find_bad_bit_rates(folder: Folder) -> Iterator[Issue]:
    """Songs with too low or too high a bit rate."""
    for file, _ in folder.fact(songs):
        song = file.fact(song_of)
        if song is None or song.format not in SONG_FORMATS or song.seconds == 0:
            continue
        highest = HIGHEST_OGG_KBPS if song.format == "ogg" else HIGHEST_KBPS
        if not LOWEST_KBPS <= round(song.kbps) <= highest:
            yield Issue(
                severity=Severity.PROBLEM,
                message=(
                    f"The song “{file.name}” has {song.kbps:.0f} kbit/s; it should have "
                    f"{LOWEST_KBPS} to {highest}."
                ),
                file=file.name,
            )


def find_unused_audio(folder: Folder) -> Iterator[Issue]:
    """Songs that go on long after the last object."""
    for file, difficulties in folder.fact(songs):
        song = file.fact(song_of)
        last_ms = max(one.beatmap.last_ms for one in difficulties)
        if song is None or song.seconds <= 0 or last_ms <= 0:
            continue
        mapped = last_ms / 1000 / song.seconds
        if mapped >= MAPPED_SHARE:
            continue
        shown = any(_shows_something(one) for one in difficulties) or folder.fact(shared_events)
        but = "; cut it, unless storyboard or video need it" if shown else "; cut it"
        yield Issue(
            severity=Severity.WARNING,
            message=f"{(1 - mapped) * 100:.0f} % of the song come after the last object{but}.",
            file=file.name,
        )


def _shows_something(difficulty: Difficulty) -> bool:
    videos = any(event.kind is Shown.VIDEO for event in difficulty.fact(events_of))
    return videos or difficulty.fact(own_storyboard)


CHECKS: tuple[Check, ...] = (
    FolderCheck(
        code="lost_song",
        title="Song not in the folder",
        category="Audio",
        cause="The song that a difficulty names is not in the set's folder.",
        criterion="Every difficulty has a song.",
        answers=("lazer:AudioPresence",),
        severities=(Severity.PROBLEM,),
        find=find_lost_songs,
    ),
    FolderCheck(
        code="song_format",
        title="Format of the song",
        category="Audio",
        cause=(
            "By its content the song is neither MP3 nor Ogg, or cannot be decoded (problem); or "
            "its extension says otherwise (warning)."
        ),
        criterion="Songs are MP3 or Ogg Vorbis.",
        answers=("MapsetVerifier:AudioFormat", "lazer:SongFormat"),
        severities=(Severity.PROBLEM, Severity.WARNING),
        find=find_bad_song_formats,
    ),
    FolderCheck(
        code="bit_rate",
        title="Bit rate of the song",
        category="Audio",
        cause="The song's average bit rate is below 128 or above 192 kbit/s (Ogg: 208).",
        criterion="Songs have 128 to 192 kbit/s; Ogg Vorbis of quality 6 comes out at up to 208.",
        answers=("MapsetVerifier:Bitrate", "lazer:AudioQuality"),
        differs="Tags and embedded pictures do not count.",
        severities=(Severity.PROBLEM,),
        find=find_bad_bit_rates,
    ),
    FolderCheck(
        code="unused_audio",
        title="Unused audio at the end",
        category="Audio",
        cause="More than a fifth of the song comes after the last object of every difficulty.",
        criterion="What is not mapped at the end is cut off, if nothing else is shown there.",
        answers=("MapsetVerifier:AudioUsage", "lazer:UnusedAudioAtEnd"),
        severities=(Severity.WARNING,),
        find=find_unused_audio,
    ),
)
