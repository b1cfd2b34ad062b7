"""Saves in all the shapes in which file systems report them."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from companion.bridge.watcher import (
    Gone,
    Moved,
    Saved,
    SavedElsewhere,
    Unreadable,
    Watcher,
    WatchFailed,
)

PATIENCE_S = 20


class Ears:
    """Takes watch events in and lets a test wait for the next."""

    def __init__(self):
        self._events = asyncio.Queue()

    def __call__(self, event):
        self._events.put_nowait(event)

    async def next(self, kind):
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(event := await self._events.get(), kind):
                pass
        return event

    @property
    def silent(self):
        return self._events.empty()


def digest_of(data):
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
async def ears():
    return Ears()


@pytest.fixture
async def watcher(ears):
    made = Watcher(ears, settle_s=0.03)
    made.start()
    yield made
    await made.stop()


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "Songs" / "set" / "map.osu"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"one")
    return path


async def test_a_write_is_told_once_with_its_bytes(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    path.write_bytes(b"two")
    assert await ears.next(Saved) == Saved(path, b"two", digest_of(b"two"))
    assert watcher.digest == digest_of(b"two")


async def test_the_same_bytes_are_no_news(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    path.write_bytes(b"one")
    watcher.check()
    path.write_bytes(b"three")
    assert (await ears.next(Saved)).data == b"three"
    assert ears.silent


async def test_replacing_the_file_is_a_save(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    other = path.with_name("new.tmp")
    other.write_bytes(b"two")
    other.replace(path)
    assert (await ears.next(Saved)).data == b"two"


async def test_saving_by_way_of_a_backup_name_is_a_save(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    path.rename(path.with_name("map.osu.bak"))
    path.write_bytes(b"two")
    assert (await ears.next(Saved)).data == b"two"


async def test_deleting_and_writing_anew_is_a_save(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    path.unlink()
    path.write_bytes(b"two")
    assert (await ears.next(Saved)).data == b"two"


async def test_own_writes_are_no_news(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    watcher.expect(digest_of(b"mine"))
    path.write_bytes(b"mine")
    watcher.written(digest_of(b"mine"))
    watcher.check()
    path.write_bytes(b"two")
    assert (await ears.next(Saved)).data == b"two"
    assert ears.silent


async def test_going_back_to_what_was_before_an_own_write_is_news(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    watcher.expect(digest_of(b"mine"))
    path.write_bytes(b"mine")
    watcher.written(digest_of(b"mine"))
    path.write_bytes(b"one")
    assert (await ears.next(Saved)).data == b"one"
    path.write_bytes(b"mine")  # by the mapper this time
    assert (await ears.next(Saved)).data == b"mine"


async def test_a_deleted_file_is_told_once_and_its_return_too(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    path.unlink()
    assert await ears.next(Gone) == Gone(path)
    path.write_bytes(b"one")
    assert (await ears.next(Saved)).data == b"one"
    assert ears.silent


async def test_a_renamed_file_is_followed(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    new = path.with_name("other.osu")
    path.rename(new)
    assert await ears.next(Moved) == Moved(path, new)
    new.write_bytes(b"two")
    assert (await ears.next(Saved)).path == new


async def test_a_renamed_folder_is_followed(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    folder = path.parent.with_name("renamed")
    path.parent.rename(folder)
    assert (await ears.next(Moved)).new == folder / "map.osu"
    (folder / "map.osu").write_bytes(b"two")
    assert (await ears.next(Saved)).data == b"two"


async def test_a_deleted_folder_and_its_return_are_seen(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    path.unlink()
    path.parent.rmdir()
    await ears.next(Gone)
    path.parent.mkdir()
    path.write_bytes(b"two")
    assert (await ears.next(Saved)).data == b"two"
    path.write_bytes(b"three")
    assert (await ears.next(Saved)).data == b"three"


async def test_a_file_that_becomes_a_folder_cannot_be_read(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    path.unlink()
    path.mkdir()
    assert (await ears.next(Unreadable)).reason


async def test_other_files_beside_the_map_are_no_news(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    path.with_name("other.osu").write_bytes(b"x")
    path.with_name("background.png").write_bytes(b"x")
    path.write_bytes(b"two")
    assert (await ears.next(Saved)).path == path
    assert ears.silent


async def test_following_nothing_is_silent(ears, watcher, path):
    watcher.follow(path, digest_of(b"one"))
    watcher.follow(None)
    watcher.check()
    path.write_bytes(b"two")
    watcher.follow(path, digest_of(b"one"))
    path.write_bytes(b"three")
    assert (await ears.next(Saved)).data == b"three"


async def test_saves_anywhere_under_songs_are_told(ears, watcher, path):
    watcher.watch_songs(path.parent.parent)
    path.write_bytes(b"two")
    assert await ears.next(SavedElsewhere) == SavedElsewhere(path)
    new = path.parent.parent / "new set" / "deep.osu"
    new.parent.mkdir()
    new.write_bytes(b"x")
    new.write_bytes(b"y")
    assert (await ears.next(SavedElsewhere)).path == new


async def test_songs_that_cannot_be_watched_are_a_failure(ears, watcher, path, monkeypatch):
    def no_watches_left(*_args, **_kwargs):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(watcher._observer, "schedule", no_watches_left)
    watcher.watch_songs(path.parent.parent)
    assert "inotify" in (await ears.next(WatchFailed)).reason


async def test_a_map_that_cannot_be_watched_is_polled(ears, watcher, path, monkeypatch):
    def no_watches_left(*_args, **_kwargs):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(watcher._observer, "schedule", no_watches_left)
    monkeypatch.setattr("companion.bridge.watcher.POLL_S", 0.02)
    watcher.follow(path, digest_of(b"one"))
    path.write_bytes(b"two, and of another size")
    assert (await ears.next(Saved)).data == b"two, and of another size"
