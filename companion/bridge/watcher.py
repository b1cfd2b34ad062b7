"""Watching the open map's file, and the Songs folder for whatever is saved last.

File systems report saves in many shapes: one write, several, delete and write, write beside and
replace. So every event that touches the map only starts a timer, and when nothing more has happened
for a moment the file is read until two reads agree. Bytes with the digest that was seen last are no
news, and neither are the companion's own writes.

watchdog's threads hand their events over to the loop; everything else here runs on the loop.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

from companion.beatmap import storage
from companion.errors import UnreadableBeatmap

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchdog.observers.api import BaseObserver, ObservedWatch

log = logging.getLogger(__name__)

SETTLE_S: Final = 0.08
"""Silence after which a save counts as finished."""

CLOSED_SETTLE_S: Final = 0.04
"""The same after an event that ends most saves: the file was closed, or another put in its place.
Not every system reports these."""

POLL_S: Final = 1.0
"""How often folders are looked at that the system cannot watch."""

_SILENT = frozenset({"opened", "closed_no_write"})


@dataclass(frozen=True, slots=True)
class Saved:
    """The open map's file has new content."""

    path: Path
    data: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The open map's file is not there any more."""

    path: Path


@dataclass(frozen=True, slots=True)
class Moved:
    """The open map's file, or its folder, was renamed. Its content is the same."""

    old: Path
    new: Path


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The open map's file is there but the system does not let us read it."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class SavedElsewhere:
    """Some `.osu` under the Songs folder was written."""

    path: Path


@dataclass(frozen=True, slots=True)
class WatchFailed:
    """The system cannot watch a folder."""

    folder: Path
    reason: str


WatchEvent = Saved | Gone | Moved | Unreadable | SavedElsewhere | WatchFailed


class _Forward(FileSystemEventHandler):
    """Hands events from watchdog's threads to the loop."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, receive: Callable[[str, str, str], None]
    ) -> None:
        self._loop = loop
        self._receive = receive

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in _SILENT:
            return
        source, target = os.fsdecode(event.src_path), os.fsdecode(event.dest_path)
        try:
            self._loop.call_soon_threadsafe(self._receive, event.event_type, source, target)
        except RuntimeError:  # the loop has ended before the observer
            log.debug("an event after the end was dropped")


class Watcher:
    """Follows one map, and optionally a Songs folder.

    Args:
        listen: Called on the loop with every event.
        settle_s: See `SETTLE_S`.
    """

    def __init__(self, listen: Callable[[WatchEvent], None], *, settle_s: float = SETTLE_S) -> None:
        self._listen = listen
        self._settle_s = settle_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handler: _Forward | None = None
        self._observer: BaseObserver | None = None
        self._poller: BaseObserver | None = None
        self._path: Path | None = None
        self._songs: Path | None = None
        self._digest: str | None = None
        self._expected: str | None = None
        self._renamed_to: Path | None = None
        self._watches: dict[Path, tuple[BaseObserver, ObservedWatch]] = {}
        self._timers: dict[Path, asyncio.TimerHandle] = {}
        self._readings: set[asyncio.Task[None]] = set()

    @property
    def path(self) -> Path | None:
        """The map that is followed."""
        return self._path

    @property
    def digest(self) -> str | None:
        """Digest of the newest content that is known of, told or written."""
        return self._digest

    def start(self) -> None:
        """Begin on the running loop."""
        self._loop = asyncio.get_running_loop()
        self._handler = _Forward(self._loop, self._happened)
        self._observer = Observer()
        self._observer.start()

    async def stop(self) -> None:
        """Stop watching; returns when no thread and no task is left."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for reading in self._readings:
            reading.cancel()
        await asyncio.gather(*self._readings, return_exceptions=True)
        observers = [o for o in (self._observer, self._poller) if o is not None]
        for observer in observers:
            observer.stop()
        for observer in observers:
            await asyncio.to_thread(observer.join)

    # ------------------------------------------------------------------ what to watch

    def follow(self, path: Path | None, digest: str | None = None) -> None:
        """Follow another map, or none.

        Args:
            path: The file, absolute.
            digest: SHA-256 of the content that is known already; None for a file that is away.
        """
        self._path = path
        self._digest = digest
        self._expected = None
        self._renamed_to = None
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        # The folder above too: it says when the map's folder is renamed, deleted or comes back.
        wanted = {path.parent, path.parent.parent} if path is not None else set[Path]()
        for folder in [f for f in self._watches if f not in wanted and f != self._songs]:
            self._unwatch(folder)
        for folder in wanted:
            self._watch(folder)

    def watch_songs(self, folder: Path) -> None:
        """Report every `.osu` that is written under a Songs folder."""
        self._songs = folder
        self._watch(folder, recursive=True)

    def expect(self, digest: str | None) -> None:
        """The companion is about to write this content to the map (None: it did not after all)."""
        self._expected = digest

    def written(self, digest: str) -> None:
        """The companion has written this content."""
        self._digest = digest
        self._expected = None

    def check(self) -> None:
        """Look at the map's file now, as if an event had come."""
        if self._path is not None:
            self._settle(self._path)

    # ------------------------------------------------------------------ events

    def _happened(self, kind: str, source: str, target: str) -> None:
        """Something happened to a file or folder; may concern the map, or a song, or nothing."""
        places = [Path(name) for name in (source, target) if name]
        path = self._path
        if path is not None and any(p == path or p in path.parents[:2] for p in places):
            if kind == "moved":
                self._note_rename(Path(source), Path(target), path)
            if path.parent in places and path in self._timers:
                pass  # the folder echoes what happened to the file, even after what ended it
            elif places != [path.parent.parent]:
                ended = kind in {"closed", "moved"}
                self._settle(path, min(self._settle_s, CLOSED_SETTLE_S) if ended else None)
        if self._songs is not None and kind in {"modified", "created", "moved", "closed"}:
            changed = places[-1]
            if changed.suffix.lower() == ".osu" and changed != path:
                self._settle(changed)

    def _note_rename(self, source: Path, target: Path, path: Path) -> None:
        if source == path and target.suffix.lower() == ".osu":
            self._renamed_to = target
        elif source == path.parent:
            self._renamed_to = target / path.name

    def _settle(self, path: Path, settle_s: float | None = None) -> None:
        timer = self._timers.pop(path, None)
        if timer is not None:
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[path] = loop.call_later(settle_s or self._settle_s, self._settled, path)

    def _settled(self, path: Path) -> None:
        self._timers.pop(path, None)
        if path != self._path:
            self._listen(SavedElsewhere(path))
            return
        task = asyncio.create_task(self._look(path), name="read the map")
        self._readings.add(task)
        task.add_done_callback(self._readings.discard)

    async def _look(self, path: Path) -> None:
        """Read the map and tell what is new about it."""
        if path.parent not in self._watches:
            self._watch(path.parent)
        try:
            data, digest = await asyncio.to_thread(_read, path)
        except UnreadableBeatmap as error:
            if isinstance(error.__cause__, FileNotFoundError):
                self._tell_away(path)
            else:
                self._digest = None
                self._listen(Unreadable(path, str(error)))
            return
        if path != self._path or path in self._timers:  # another map, or a newer save
            return
        self._renamed_to = None
        if digest == self._expected:
            self._digest = digest
        if digest == self._digest:
            return
        self._digest = digest
        self._listen(Saved(path, data, digest))

    def _tell_away(self, path: Path) -> None:
        if path != self._path or path in self._timers:
            return
        renamed_to, self._renamed_to = self._renamed_to, None
        if renamed_to is not None and renamed_to.is_file():
            digest = self._digest
            self.follow(renamed_to, digest)
            self._listen(Moved(path, renamed_to))
            self.check()  # it may have been saved anew under its new name
            return
        if not path.parent.is_dir():
            self._unwatch(path.parent)
        if self._digest is not None:
            self._digest = None
            self._listen(Gone(path))

    # ------------------------------------------------------------------ watches

    def _watch(self, folder: Path, *, recursive: bool = False) -> None:
        if folder in self._watches or self._observer is None or self._handler is None:
            return
        if not folder.is_dir():
            return
        try:
            watch = self._observer.schedule(self._handler, str(folder), recursive=recursive)
            self._watches[folder] = (self._observer, watch)
        except OSError as error:
            log.warning("%s cannot be watched: %s", folder, error)
            if recursive:
                self._listen(WatchFailed(folder, error.strerror or str(error)))
            else:
                self._poll(folder)

    def _poll(self, folder: Path) -> None:
        """Look at a folder once in a while: network shares, or no inotify watches left."""
        if self._handler is None:
            return
        if self._poller is None:
            self._poller = PollingObserver(timeout=POLL_S)
            self._poller.start()
        watch = self._poller.schedule(self._handler, str(folder), recursive=False)
        self._watches[folder] = (self._poller, watch)

    def _unwatch(self, folder: Path) -> None:
        entry = self._watches.pop(folder, None)
        if entry is None:
            return
        observer, watch = entry
        try:
            observer.unschedule(watch)
        except (KeyError, OSError):  # its thread has ended with the folder
            log.debug("%s was not watched any more", folder)


def _read(path: Path) -> tuple[bytes, str]:
    data = storage.read(path)
    return data, storage.digest_of(data)
