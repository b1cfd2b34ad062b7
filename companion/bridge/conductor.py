"""Carries out what the session asks for, and tells it what happens outside.

One turn at a time: a save that came in, a request, a change of map. Within a turn the disk may be
read and written; reports from the inference thread may come in while it waits for that, because the
session takes them at any time. After every event the session's outputs are handed out at once: news
to the clients, orders to the worker and the journal.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from companion.beatmap import storage
from companion.bridge.assigning import assign
from companion.bridge.atlas import Atlas
from companion.bridge.detectors import EditorState, LastSaved, rank
from companion.bridge.keeping import keep, level_of
from companion.bridge.proofreader import Proofreader
from companion.bridge.scribe import Scribe
from companion.bridge.song import look_at_song
from companion.bridge.surroundings import SetWatch, Surroundings
from companion.bridge.watcher import (
    Gone,
    Moved,
    Saved,
    SavedElsewhere,
    Unreadable,
    Watcher,
    WatchEvent,
    WatchFailed,
)
from companion.bridge.wire import Wire
from companion.errors import AudioError, UnreadableBeatmap, WriteFailed
from companion.journal import map_key
from companion.session import (
    CancelJob,
    CheckVariants,
    CreateDifficulty,
    Detection,
    KeepDismissed,
    KeepDismissedRules,
    KeepLevel,
    MapCandidate,
    OpenMap,
    StartGuest,
    StartMap,
    StartRegenerate,
    StartScore,
    StartTiming,
    examine,
)
from companion.worker import Worker, internal_error

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from companion.beatmap import Document
    from companion.bridge.detectors import Detector
    from companion.checks import Level
    from companion.journal import Journal
    from companion.session import Examined, KeepOrder, Session
    from companion.worker import EngineSource, Report
    from protocol.messages import ServerUpdate

log = logging.getLogger(__name__)

PROBE_INTERVAL_S: Final = 1.0
"""How often window titles are looked at."""

LARGE_FILE_BYTES: Final = 96 * 1024
"""Files above this are parsed and checked beside the loop, so that requests are not held up."""


class Audience(Protocol):
    """Who hears the news."""

    @property
    def listening(self) -> bool:
        """Whether anybody is connected; if not, nothing has to be made ready."""
        ...

    def publish(self, update: ServerUpdate) -> None:
        """Tell everybody."""
        ...


class Conductor:
    """Runs the session between files, windows, clients and the inference thread.

    Args:
        session: The state machine.
        journal: What survives restarts.
        source: Makes the engine.
        detectors: Ways to find the map that is being edited; none of them for a fixed map.
        given: A map named on the command line.
        songs: The Songs folder to watch for saves.
        idle_unload_s: When the model gives its memory back.
    """

    def __init__(
        self,
        session: Session,
        journal: Journal,
        source: EngineSource,
        *,
        detectors: Sequence[Detector] = (),
        given: Path | None = None,
        songs: Path | None = None,
        idle_unload_s: float = 600.0,
    ) -> None:
        self.session = session
        self.journal = journal
        self.atlas = Atlas()
        self.wire = Wire(session)
        self.turn = asyncio.Lock()
        self.audience: Audience | None = None
        self._detectors = tuple(detectors)
        self._last_saved = LastSaved()
        self._given = given
        self._picked: Path | None = None
        self._songs = songs
        self._detection = Detection("last_saved")  # of the map that is followed
        self._look_again = asyncio.Event()
        self.surroundings = Surroundings(partial(level_of, journal))
        self._set_watch = SetWatch(self)
        self._events: asyncio.Queue[WatchEvent] = asyncio.Queue()
        self._finished: asyncio.Queue[str] = asyncio.Queue()  # jobs that wait for their file
        self._made: dict[Path, str] = {}
        self.scribe = Scribe(self)
        self._proofreader = Proofreader(self)
        self._worker = Worker(source, self._reported, idle_unload_s=idle_unload_s)
        self.watcher = Watcher(self._events.put_nowait)

    async def run(self, ready: asyncio.Event) -> None:
        """Run until cancelled; sets `ready` once the first look for a map has been taken."""
        self._worker.start()
        self.watcher.start()
        try:
            if self._songs is not None:
                self.watcher.watch_songs(self._songs)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._follow_events(), name="watch events")
                tasks.create_task(self._follow_editor(ready), name="detectors")
                tasks.create_task(self._create_difficulties(), name="new difficulties")
                tasks.create_task(self._set_watch.follow(), name="set")
                tasks.create_task(self._proofreader.follow(), name="variants")
        finally:
            await self.watcher.stop()
            await self._worker.close()

    def hand_out(self) -> None:
        """Pass on everything that the session has put out."""
        for output in self.session.drain():
            match output:
                case StartScore() | StartRegenerate() | StartTiming() | StartGuest() | StartMap():
                    assign(self._worker, output)
                case CheckVariants(suggestion):
                    self._proofreader.look_at(suggestion)
                case CreateDifficulty(job_id):
                    self._finished.put_nowait(job_id)
                case CancelJob(job_id):
                    self._worker.cancel(job_id)
                case KeepDismissed() | KeepDismissedRules() | KeepLevel():
                    self._keep(output)
                case _:
                    if self.audience is not None and self.audience.listening:
                        self.audience.publish(self.wire.update(output))
        self._set_watch.revised()

    def _keep(self, order: KeepOrder) -> None:
        if (open_map := self.session.open_map) is not None:
            self.remember(partial(keep, self.journal, order, open_map.path))

    def made(self, path: Path, digest: str) -> None:
        """The companion is about to make this file; to see it saved is no reason to open it."""
        self._made[path] = digest

    def remember(self, keep: Callable[[], None]) -> None:
        """Write something to the journal; a full disk becomes a problem on show, no more."""
        try:
            keep()
        except WriteFailed as error:
            log.warning("%s", error)
            self.session.problem(error.code, str(error))
            self.hand_out()

    def _reported(self, report: Report) -> None:
        self.session.reported(report)
        self.hand_out()

    async def _create_difficulties(self) -> None:
        while True:
            job_id = await self._finished.get()
            async with self.turn:
                try:
                    await self.scribe.create_difficulty(job_id)
                except Exception as error:  # supervisor: as in `_follow_events`
                    log.exception("job %s could not make its file", job_id)
                    self.session.difficulty_not_written(job_id, internal_error(error))
            self.hand_out()

    # ------------------------------------------------------------------ which map

    async def pick(self, path: Path | None) -> None:
        """Open a map by hand, or leave the choice to the detectors again. Needs the turn."""
        self._picked = path
        if path is not None:
            await self._go_to(path, Detection("picked"))
        self._look_again.set()

    async def _follow_editor(self, ready: asyncio.Event) -> None:
        while True:
            self._look_again.clear()
            try:
                states = await asyncio.to_thread(self._probe)
                async with self.turn:
                    await self._choose(states)
            except Exception:  # supervisor: a fault in one look must not end the looking
                log.exception("looking for the map failed")
            ready.set()
            try:
                async with asyncio.timeout(PROBE_INTERVAL_S if self._detectors else None):
                    await self._look_again.wait()
            except TimeoutError:
                continue

    def _probe(self) -> list[EditorState]:
        """Ask everybody; on a thread."""
        states = [state for d in self._detectors if (state := d.probe()) is not None]
        if self._given is not None:
            states.append(EditorState("given", self._given))
        if self._picked is not None:
            states.append(EditorState("picked", self._picked))
        saved = self._last_saved.probe()
        return states if saved is None else [*states, saved]

    async def _choose(self, states: Sequence[EditorState]) -> None:
        ranked = rank(states)
        if ranked and (best := ranked[0]).map_path is not None:
            detection = _detection(best)
            if best.map_path != self.watcher.path:
                await self._go_to(best.map_path, detection)
            elif detection != self._detection:
                self._detection = detection
                self.session.detected(detection)
        self._show_candidates(ranked)

    def _show_candidates(self, ranked: Sequence[EditorState]) -> None:
        following = self.watcher.path
        candidates = [
            MapCandidate(
                self.atlas.id_of(state.map_path),
                state.map_path.stem,
                _detection(state),
                selected=state.map_path == following,
            )
            for state in ranked
            if state.map_path is not None
        ]
        self.session.show_candidates(candidates)
        self.hand_out()

    async def _go_to(self, path: Path, detection: Detection) -> None:
        """Follow another map, and open it if it can be read."""
        self._detection = detection
        self._last_saved.saw(path)  # an older save elsewhere is no reason to leave it
        self.watcher.follow(path)
        try:
            data = await asyncio.to_thread(storage.read, path)
        except UnreadableBeatmap as error:
            log.warning("%s", error)
            self.session.close()
            self.session.problem("map_missing", str(error))
            self.hand_out()
            return
        self.watcher.written(storage.digest_of(data))
        await self._open(path, data)

    async def _open(self, path: Path, data: bytes) -> None:
        level = level_of(self.journal, path)
        examined = await self.examine(data, None, level)
        log.info("open %s", path)
        self.session.open(
            OpenMap(self.atlas.id_of(path), path, self._detection),
            examined,
            dismissed=self.journal.dismissed(path),
            dismissed_rules=self.journal.dismissed_rules(path.parent),
            level=level,
            undo_steps=self.journal.undo_steps(path, examined.document.digest),
            modding_only_mapset=map_key(path.parent)
            in self.journal.fair_use().modding_only_mapsets,
        )
        self.session.problem_over("map_missing")
        self.hand_out()
        await self._look_at_song()

    async def _look_at_song(self) -> None:
        """Find out whether the open map's song can be listened to, if that is not known."""
        open_map, revision = self.session.open_map, self.session.revision
        if open_map is None or revision is None or not revision.document.readable:
            return
        if self.session.song is not None:
            return
        name = revision.document.beatmap.audio_filename
        try:
            song = await asyncio.to_thread(look_at_song, open_map.folder, name)
        except AudioError as error:
            log.warning("%s", error)
            self.session.song_unusable(error)
        else:
            self.session.song_known(song)
        self.hand_out()

    async def examine(self, data: bytes, before: Document | None, level: Level | None) -> Examined:
        """Parse and check a file: at once when it is small, beside the loop when it is large."""
        if len(data) <= LARGE_FILE_BYTES:
            return examine(data, before, level)
        return await asyncio.to_thread(examine, data, before, level)

    # ------------------------------------------------------------------ what the watcher saw

    async def _follow_events(self) -> None:
        while True:
            event = await self._events.get()
            try:
                async with self.turn:
                    await self._take(event)
            except Exception as error:  # supervisor: a fault in one event must not end the watching
                log.exception("%s failed", type(event).__name__)
                fault = internal_error(error)
                self.session.problem(fault.code, str(fault))
                self.hand_out()

    async def _take(self, event: WatchEvent) -> None:
        match event:
            case Saved():
                await self._saved(event)
            case Gone(path):
                log.warning("%s is gone", path)
                if self.session.open_map is not None:
                    self.session.gone()
            case Moved(old, new):
                self._moved(old, new)
            case Unreadable(_, reason):
                log.warning("%s", reason)
                self.session.problem("map_missing", reason)
            case SavedElsewhere(path):
                if not await asyncio.to_thread(_is, path, self._made.get(path)):
                    self._last_saved.saw(path)
                    self._look_again.set()
                self._set_watch.changed()  # it may be a difficulty of this set
            case WatchFailed(folder, reason):
                self.session.problem(
                    "watch_failed",
                    f"The folder {folder.name} cannot be watched ({reason}). Open the map by name: "
                    "companion run --map FILE.",
                )
        self.hand_out()

    async def _saved(self, event: Saved) -> None:
        if event.path != self.watcher.path or event.digest != self.watcher.digest:
            return  # another map by now, or a newer save is on its way
        open_map, revision = self.session.open_map, self.session.revision
        if open_map is None or revision is None or open_map.path != event.path:
            await self._open(event.path, event.data)
            return
        self._last_saved.saw(event.path)
        examined = await self.examine(event.data, revision.document, self.session.stated_level)
        self.session.revised(examined)
        self.hand_out()
        await self._look_at_song()

    def _moved(self, old: Path, new: Path) -> None:
        log.info("%s is now %s", old, new)
        self.atlas.move(old, new)
        self.remember(partial(self.journal.rename, old, new))
        self._last_saved.saw(new)
        if self._given == old:
            self._given = new
        if self._picked == old:
            self._picked = new
        open_map = self.session.open_map
        if open_map is not None and open_map.path == old:
            self.session.moved(new)


def _is(path: Path, digest: str | None) -> bool:
    """Whether a file is still the one that was made here."""
    try:
        return digest is not None and storage.digest_of(path.read_bytes()) == digest
    except OSError:
        return False


def _detection(state: EditorState) -> Detection:
    return Detection(state.probe, state.client, state.editor_open)
