"""One map on the command line: the daemon's session, journal and engine, without daemon and loop.

The session decides, as it does for the overlay; this carries out what it decides, at once and in
this thread. So a command obeys the same rules, and writes the same backups, undo steps and
provenance.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from companion.beatmap import Document, storage
from companion.bridge.entry import create, now, provenance, write, write_with_undo
from companion.bridge.keeping import level_of
from companion.bridge.song import look_at_song
from companion.bridge.surroundings import Surroundings
from companion.checks import Level, interpreted_level, level_from_name, level_name
from companion.engine.engine import LocalEngine
from companion.errors import CompanionError, OptionRefused, StaleEdit
from companion.journal import Journal, map_key
from companion.session import Detection, FairUse, OpenMap, Session, examine
from companion.worker import JobDone, JobFailed, JobStarted, JobYielded, ModelReady

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from companion.engine.requests import Engine, ModelInfo
    from companion.journal import ProvenanceRecord
    from companion.session import Song
    from companion.session.plans import PlannedWrite
    from companion.settings import Settings


def make_engine(settings: Settings) -> Engine:
    """The engine that the settings describe; its model is loaded when first needed."""
    # read when torch is loaded: its threads sleep while they wait for each other. By default they
    # spin, and beside a game that takes a core, ten seconds of work become minutes
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    engine = settings.engine
    return LocalEngine(
        engine.model_folder, engine.device, engine.threads, engine.lora, engine.precision
    )


@dataclass(frozen=True, slots=True)
class Written:
    """What a write has left on the disk."""

    path: Path
    backup: Path | None


class Workbench:
    """A map, opened.

    Args:
        settings: Where the model and what is remembered lie.
        path: The map.
        level: How hard it is for once, by the name of a level; what is remembered counts otherwise.

    Raises:
        OptionRefused: There is no such level in the map's mode.
        UnreadableBeatmap: The file is gone, or not an ``.osu`` file that can be worked with.
    """

    def __init__(self, settings: Settings, path: Path, level: str | None = None) -> None:
        self.path = path.absolute()
        self.journal = Journal(settings.data_folder)
        self.engine = make_engine(settings)
        self.model: ModelInfo | None = None
        data = storage.read(self.path)
        stated = level_of(self.journal, self.path) if level is None else wanted_level(level, data)
        examined = examine(data, None, stated)
        examined.document.require_readable()
        fair_use = stored_fair_use(settings, self.journal, self.path.parent)
        self.session = Session(replace(fair_use, modding_only_mapset=False))
        self.session.open(
            OpenMap("map", self.path, Detection("given")),
            examined,
            dismissed=self.journal.dismissed(self.path),
            dismissed_rules=self.journal.dismissed_rules(self.path.parent),
            level=stated,
            undo_steps=self.journal.undo_steps(self.path, examined.document.digest),
            modding_only_mapset=fair_use.modding_only_mapset,
        )
        self.document = examined.document
        self.stars = examined.stars
        beatmap = self.document.beatmap
        by_name = interpreted_level(beatmap.version, beatmap.mode, self.stars)
        self.level = by_name if stated is None else stated
        self._stated = stated

    def look_around(self) -> None:
        """Tell the session what the rules find in the set around the map and in its files."""
        surroundings = Surroundings(partial(level_of, self.journal))
        found = surroundings.look(self.path, self.document, self._stated)
        if self.session.revision is not None:
            self.session.set_checked(self.session.revision, found, self._stated)

    def open_song(self) -> Song:
        """Tell the session about the song, which starts its scan.

        Raises:
            AudioError: The song is missing or cannot be opened.
        """
        song = look_at_song(self.path.parent, self.document.beatmap.audio_filename)
        self.session.song_known(song)
        return song

    def load_model(self) -> ModelInfo:
        """Load the model.

        Raises:
            ModelError: There is none, or it does not fit.
        """
        self.model = self.engine.load()
        self.session.reported(ModelReady(self.model))
        return self.model

    def perform(self, job_id: str, values: Iterator[object]) -> Iterator[object]:
        """Run a job, report everything to the session and pass it on."""
        self.session.reported(JobStarted(job_id))
        try:
            for value in values:
                self.session.reported(JobYielded(job_id, value))
                yield value
        except CompanionError as error:
            self.session.reported(JobFailed(job_id, error))
            raise
        self.session.reported(JobDone(job_id))

    def acknowledge(self) -> None:
        """Remember, for good, that the fair-use notice has been read."""
        keep_acknowledgement(self.journal)
        self.session.acknowledge_notice()

    # ------------------------------------------------------------------ writing

    def accept(self, planned: PlannedWrite) -> Written:
        """Write a planned edit into the map, so that it can be undone.

        Raises:
            StaleEdit: The file was saved in the meantime.
            WriteFailed: The disk does not take it; the map is as it was.
        """
        before = self.journal.undo_steps(self.path, planned.expected_digest)
        backup, _ = write_with_undo(self.journal, self.path, planned, before)
        return Written(self.path, backup.copy)

    def take_back(self) -> tuple[PlannedWrite, Written]:
        """Undo the last write.

        Raises:
            RequestError: There is nothing to undo.
            StaleEdit: Its lines have been edited since.
            WriteFailed: The disk does not take it; the map is as it was.
        """
        planned = self.session.plan_undo(storage.read(self.path))
        backup = write(self.journal, self.path, planned)
        self.journal.keep_undo_steps(self.path, self.session.undo_steps[:-1])
        self._record(provenance(self.path, planned))
        return planned, Written(self.path, backup.copy)

    def write_copy(self, planned: PlannedWrite, target: Path) -> Written:
        """Write the map with the planned edit to a new file beside it or elsewhere.

        Raises:
            StaleEdit: There is such a file already.
            WriteFailed: The disk does not take it.
        """
        return write_new(self.journal, planned, target)

    def _record(self, record: ProvenanceRecord | None) -> None:
        if record is not None:
            self.journal.record(record)


def wanted_level(name: str, data: bytes) -> Level:
    """The level of a name as mappers of a map's mode write it, ``hard`` or ``muzukashii``.

    Raises:
        UnreadableBeatmap: The map has no mode: it cannot be read.
        OptionRefused: There is no such level.
    """
    document = Document.parse(data)
    document.require_readable()
    mode = document.beatmap.mode
    level = level_from_name(name, mode)
    if level is None:
        names = ", ".join(level_name(one, mode) for one in Level)
        raise OptionRefused(f"“{name}” is no level; choose one of {names}.")
    return level


def stored_fair_use(settings: Settings, journal: Journal, folder: Path) -> FairUse:
    """What holds for the mapset in a folder."""
    stored = journal.fair_use()
    return FairUse(
        modding_only_global=stored.modding_only_global,
        modding_only_forced=settings.modding_only,
        modding_only_mapset=map_key(folder) in stored.modding_only_mapsets,
        notice_acknowledged=stored.notice_acknowledged is not None,
    )


def keep_acknowledgement(journal: Journal) -> None:
    """Remember that the fair-use notice has been read."""
    journal.keep_fair_use(replace(journal.fair_use(), notice_acknowledged=now()))


def write_new(journal: Journal, planned: PlannedWrite, target: Path) -> Written:
    """Write what is planned to a new file, which is whole or not there.

    Raises:
        StaleEdit: There is such a file already.
        WriteFailed: The disk does not take it.
    """
    target = target.absolute()
    if target.exists():  # before it is recorded
        raise StaleEdit(f"{target} exists already; choose another name.")
    create(journal, target, planned)
    return Written(target, None)
