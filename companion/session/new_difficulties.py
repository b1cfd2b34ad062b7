"""Difficulties that are written as new files of the open map's set.

A job is done when its file is there. Until then the difficulty is a draft; the shell, told by a
`CreateDifficulty`, asks for its name and writes it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.beatmap import Document, TimeRange
from companion.beatmap.new_difficulty import difficulty_file_name, filled_from, free_difficulty
from companion.beatmap.star_rating import star_rating
from companion.engine.difficulty_wish import file_name_of, words_of
from companion.engine.guest import GuestBegun, WrittenDifficulty
from companion.engine.map_requests import STEP_WORDS, MapBegun, MapProgress, WrittenMap
from companion.engine.requests import Passage
from companion.errors import OptionRefused, UnknownId
from companion.findings import counted
from companion.session.news import CreateDifficulty, JobNews, StartGuest, StartMap
from companion.session.plans import PlannedWrite
from companion.session.song_timing import SongTiming
from companion.session.values import Job, JobState
from companion.worker import JobDone

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from companion.engine.difficulty_wish import DifficultyWish
    from companion.engine.guest import GuestWish
    from companion.errors import CompanionError
    from companion.findings import Finding
    from companion.session.fair_use import FairUse
    from companion.worker import JobReport


@dataclass(frozen=True, slots=True)
class Draft:
    """A difficulty on its way."""

    what: str
    """What it is, for the journal."""
    base: Document
    """The map that it takes song and timing from."""
    at: TimeRange
    seed: int
    asked: frozenset[str]
    """Names of what was wished for."""
    ignored: str = ""
    """A sentence on what of it the model knows nothing of; empty when there is nothing."""
    document: Document | None = None
    """None until it is finished."""


class NewDifficulties(SongTiming):
    """Guest difficulties, and whole maps of the song."""

    def __init__(self, fair_use: FairUse | None = None) -> None:
        super().__init__(fair_use)
        self._drafts: dict[str, Draft] = {}

    def write_guest(
        self, request_id: str, base_revision: int, wish: GuestWish, taken: Collection[str]
    ) -> str:
        """Start writing another difficulty between the map's first and last object.

        Args:
            request_id: Who asked.
            base_revision: The revision that was looked at.
            wish: What it should be.
            taken: Names of the files in the set's folder, in lower case.

        Returns:
            The job's id.

        Raises:
            OptionRefused: A wish is out of range, or there is a difficulty of that name.
        """
        revision, song = self._require_generating(base_revision)
        document = revision.document
        audio_path = self._audio_path(document)
        request = wish.request(document, audio_path, song.length_ms, revision.stars)
        if wish.name is not None:
            _require_free(difficulty_file_name(request.document.beatmap), taken)
        what = f"Guest difficulty “{request.document.beatmap.version}”"
        draft = Draft(what, document, request.range, request.options.seed, wish.asked)
        job_id = self._begin(Job("", "guest", revision.number, request_id=request_id), draft)
        self._put(StartGuest(job_id, request))
        return job_id

    def write_map(
        self, request_id: str, base_revision: int, wish: DifficultyWish, taken: Collection[str]
    ) -> str:
        """Start writing a whole map of the song with the open map's timing; as `write_guest`."""
        revision, song = self._require_generating(base_revision)
        document = revision.document
        audio_path = self._audio_path(document)
        request = wish.request(audio_path, document.beatmap)
        if wish.name is not None:
            _require_free(file_name_of(request.header), taken)
        what = f"Generated difficulty “{request.header.version}”"
        at = TimeRange(0, round(song.length_ms))
        draft = Draft(what, document, at, request.options.seed, wish.asked)
        job_id = self._begin(Job("", "map", revision.number, request_id=request_id), draft)
        self._put(StartMap(job_id, request))
        return job_id

    def plan_new_difficulty(self, job_id: str, taken: Collection[str]) -> tuple[str, PlannedWrite]:
        """The name of a new file for what a job has written, and what to write into it.

        Args:
            job_id: The job of a `CreateDifficulty`.
            taken: As in `write_guest`; a number is added to a name that is among them.

        Raises:
            UnknownId: The job was called off.
            ModdingOnly: The switch was turned on.
        """
        draft = self._drafts.get(job_id)
        if draft is None or draft.document is None:
            raise UnknownId("This job has ended already.")
        self.fair_use.require_generating()
        document = free_difficulty(draft.document, taken)
        made = self._generated_by("accepted", draft.seed)
        planned = PlannedWrite(document, "", (), draft.what, draft.at, made)
        return difficulty_file_name(document.beatmap), planned

    def difficulty_written(
        self, job_id: str, file_name: str, document: Document, findings: Iterable[Finding]
    ) -> None:
        """A job's difficulty is a file now, in which the rules find this."""
        job = self.jobs.get(job_id)
        if job is None:
            return
        stars = star_rating(document.to_bytes())
        n_objects = len(document.beatmap.hit_objects)
        count = "1 object" if n_objects == 1 else f"{n_objects} objects"
        known = "" if stars is None else f", {stars:.2f} stars"
        ignored = self._drafts[job_id].ignored
        note = f"{count}{known}. The rules find {counted(findings)} in it. {ignored}".rstrip()
        self._end_job(replace(job, file_name=file_name, note=note), JobState.DONE)

    def difficulty_not_written(self, job_id: str, error: CompanionError) -> None:
        """A job's difficulty could not become a file."""
        job = self.jobs.get(job_id)
        if job is not None:
            self._end_job(job, JobState.FAILED, error)

    def _begin(self, job: Job, draft: Draft) -> str:
        self._cancel_generating("Something else was asked for.")
        job = replace(job, id=self._new_id("j"), total=draft.at.duration_ms)
        self._drafts[job.id] = draft
        self._add_job(job)
        return job.id

    def _job_reported(self, report: JobReport) -> None:
        draft = self._drafts.get(report.job_id)
        if isinstance(report, JobDone) and draft is not None and draft.document is not None:
            return  # it is done when its file is there
        super()._job_reported(report)

    def _job_yielded(self, job: Job, value: object) -> None:
        draft = self._drafts.get(job.id)
        if draft is None:
            super()._job_yielded(job, value)
            return
        match value:
            case Passage():
                reached_ms = value.range.end_ms - draft.at.start_ms
                self._put(JobNews(self.jobs.put(_reached(job, reached_ms, draft.ignored))))
            case MapBegun(ignored) | GuestBegun(ignored):
                told = _ignoring(name for name in ignored if name in draft.asked)
                self._drafts[job.id] = replace(draft, ignored=told)
            case MapProgress(step, reached_ms):
                words = f"The model {STEP_WORDS.get(step, step)}."
                note = f"{words} {draft.ignored}".strip()
                self._put(JobNews(self.jobs.put(_reached(job, reached_ms, note))))
            case WrittenDifficulty(document):
                self._finish(job, document)
            case WrittenMap(text):
                self._finish(job, filled_from(draft.base, Document.parse(text.encode())))
            case _:
                super()._job_yielded(job, value)

    def _finish(self, job: Job, document: Document) -> None:
        document.require_readable()
        self._drafts[job.id] = replace(self._drafts[job.id], document=document)
        self._put(JobNews(self.jobs.put(replace(job, done=job.total))))
        self._put(CreateDifficulty(job.id))

    def _end_job(
        self,
        job: Job,
        state: JobState,
        error: CompanionError | None = None,
        *,
        note: str | None = None,
    ) -> None:
        super()._end_job(job, state, error, note=note)
        self._drafts.pop(job.id, None)

    def _check_drafts(self) -> None:
        """The map has a new revision: what is written for its old song or timing is of no use."""
        document = self._require_revision().document
        for job_id, draft in list(self._drafts.items()):
            job = self.jobs.get(job_id)
            if job is not None and document.readable and not _same_ground(draft.base, document):
                note = "The map's song or timing was changed; ask for the difficulty again."
                self._end_job(job, JobState.CANCELLED, note=note)


def _ignoring(names: Iterable[str]) -> str:
    words = ", ".join(words_of(name) for name in names)
    return f"This model knows nothing of {words}; it writes without." if words else ""


def _reached(job: Job, reached_ms: int, note: str) -> Job:
    return replace(job, done=max(0, min(reached_ms, job.total)), note=note or None)


def _require_free(name: str, taken: Collection[str]) -> None:
    """Said now, not after minutes of work; the name that was typed is not changed unasked."""
    if name.lower() in taken:
        raise OptionRefused(f"There is a file “{name}” in the set already. Choose another name.")


def _same_ground(one: Document, other: Document) -> bool:
    return _ground(one) == _ground(other)


def _ground(document: Document) -> tuple[object, ...]:
    beatmap = document.beatmap
    points = ((p.time_ms, p.beat_length, p.meter) for p in beatmap.red_lines)
    return beatmap.audio_filename, tuple(points)
