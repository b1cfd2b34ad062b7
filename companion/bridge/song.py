"""What can be known about a song file without decoding it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from companion.errors import AudioMissing, AudioTooShort, AudioUnreadable
from companion.session import Song

if TYPE_CHECKING:
    from pathlib import Path

SHORTEST_MS: Final = 500
"""A song shorter than this is a sound effect or a broken file."""


def look_at_song(folder: Path, file_name: str) -> Song:
    """Check that a map's song is there and can be opened.

    Reads the disk; meant for a thread. A file that can be opened may still fail to decode later.

    Raises:
        AudioMissing: the map names no song, or one that is not there.
        AudioUnreadable: the file is no song that can be opened.
        AudioTooShort: it has less than half a second.
    """
    import soundfile  # loads a shared library: only once there is a map

    if not file_name:
        raise AudioMissing(
            "The map names no song (AudioFilename). Rules are checked; the model needs a song."
        )
    path = folder / file_name
    if not path.is_file():
        raise AudioMissing(
            f"The song “{file_name}” is not in the map's folder. Put it back or correct "
            "AudioFilename in the map. Rules are still checked."
        )
    try:
        info = cast("Any", soundfile).info(str(path))
        length_ms = float(info.frames) * 1000.0 / float(info.samplerate)
    except (soundfile.SoundFileError, OSError, ValueError, RuntimeError) as error:
        raise AudioUnreadable(
            f"The song “{file_name}” cannot be opened. It should be an mp3, ogg, wav or flac "
            "file; try exporting it again. Rules are still checked."
        ) from error
    if length_ms < SHORTEST_MS:
        raise AudioTooShort(
            f"The song “{file_name}” is only {length_ms / 1000:.2f} s long; there is nothing to "
            "listen to. Rules are still checked."
        )
    return Song(file_name, length_ms)
