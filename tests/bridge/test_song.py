"""Looking at songs without decoding them."""

from __future__ import annotations

import pytest

from companion.bridge.song import look_at_song
from companion.errors import AudioMissing, AudioTooShort, AudioUnreadable


def test_the_length_is_known(mapset, new_song):
    new_song(mapset.song, seconds=2.5)
    song = look_at_song(mapset.folder, "audio.wav")
    assert (song.file_name, song.length_ms) == ("audio.wav", 2500)


@pytest.mark.parametrize("name", ["", "none.mp3", ".", "..", "sub/none.ogg"])
def test_a_song_that_is_not_there(mapset, name):
    with pytest.raises(AudioMissing):
        look_at_song(mapset.folder, name)


@pytest.mark.parametrize("content", [b"", b"ID3", b"RIFF\0\0\0\0WAVE", b"\xff\xfb" * 50])
def test_a_file_that_is_no_song(mapset, content):
    mapset.song.write_bytes(content)
    with pytest.raises((AudioUnreadable, AudioTooShort)):
        look_at_song(mapset.folder, "audio.wav")


def test_a_song_that_is_too_short(mapset, new_song):
    new_song(mapset.song, seconds=0.4)
    with pytest.raises(AudioTooShort, match=r"0\.40 s"):
        look_at_song(mapset.folder, "audio.wav")
