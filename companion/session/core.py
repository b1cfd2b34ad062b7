"""The session's state, and the small parts that everything else in it is made of."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

from companion.beatmap import Document
from companion.checks import interpreted_level
from companion.errors import CompanionError, RequestError, UnknownId
from companion.session.board import FindingsBoard
from companion.session.fair_use import FairUse
from companion.session.news import (
    CancelJob,
    FindingsNews,
    JobNews,
    Output,
    ProblemClearedNews,
    ProblemNews,
    ReviewNews,
    SuggestionNews,
    UndoNews,
)
from companion.session.plans import GeneratedBy
from companion.session.review import MapLevel, Review
from companion.session.state import Jobs, Problems
from companion.session.values import (
    Job,
    JobState,
    MapCandidate,
    ModelStatus,
    OpenMap,
    Revision,
    ShownFinding,
    Song,
    UndoStatus,
)
from companion.suggestions import Suggestions, SuggestionState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.checks import Level
    from companion.journal import UndoStep


class Core:
    """What a session remembers, and how it puts out what has changed."""

    def __init__(self, fair_use: FairUse | None = None) -> None:
        self.fair_use = fair_use or FairUse()
        self.model = ModelStatus()
        self.candidates: tuple[MapCandidate, ...] = ()
        self.open_map: OpenMap | None = None
        self.revision: Revision | None = None
        self.song: Song | None = None
        self.board = FindingsBoard()
        self.suggestions = Suggestions()
        self.jobs = Jobs()
        self.problems = Problems()
        self.undo_steps: tuple[UndoStep, ...] = ()
        self._ids = itertools.count(1)
        self.stated_level: Level | None = None
        self._outputs: list[Output] = []
        self._told_review: Review | None = None

    def drain(self) -> list[Output]:
        """Take what is to be told and done since the last call, in order."""
        outputs, self._outputs = self._outputs, []
        return outputs

    def problem(self, code: str, message: str) -> None:
        """Something is wrong, until `problem_over`."""
        problem = self.problems.raise_(code, message)
        if problem is not None:
            self._put(ProblemNews(problem))

    def problem_over(self, *codes: str) -> None:
        """Something is right again; codes that were not wrong are no news."""
        for code in self.problems.clear(*codes):
            self._put(ProblemClearedNews(code))

    def set_undo_steps(self, steps: Sequence[UndoStep]) -> None:
        """The undo steps of the open map, oldest first."""
        before = self.undo
        self.undo_steps = tuple(steps)
        if self.undo != before:
            self._put(UndoNews(self.undo))

    @property
    def undo(self) -> UndoStatus:
        """What undo would do."""
        steps = self.undo_steps
        return UndoStatus(len(steps), steps[-1].description if steps else None)

    @property
    def review(self) -> Review:
        """What the mapper decided about the findings, and how they compare with those before."""
        return Review(
            self._level(), self.board.hidden, self.board.since_save, self.board.since_opening
        )

    def _level(self) -> MapLevel | None:
        revision = self.revision
        if revision is None or not revision.document.readable:
            return None
        beatmap = revision.document.beatmap
        by_name = interpreted_level(beatmap.version, beatmap.mode, revision.stars)
        return MapLevel(beatmap.mode, by_name, self.stated_level)

    def _put(self, output: Output) -> None:
        self._outputs.append(output)

    def _new_id(self, prefix: str) -> str:
        return f"{prefix}{next(self._ids)}"

    def _publish_findings(self, *, always: bool = False) -> None:
        revision = self._require_revision()
        added, removed_ids = self.board.changes()
        if added or removed_ids or always:
            self._put(FindingsNews(revision.map_id, revision.number, added, removed_ids))
            self._publish_review()

    def _publish_review(self) -> None:
        revision, review = self._require_revision(), self.review
        if review != self._told_review:
            self._told_review = review
            self._put(ReviewNews(revision.map_id, review))

    def _add_job(self, job: Job) -> None:
        self._put(JobNews(self.jobs.put(job)))

    def _cancel_jobs(self) -> None:
        """Call off everything that is waiting or running."""
        for job in self.jobs.live:
            self._end_job(job, JobState.CANCELLED)

    def _cancel_scan(self) -> None:
        """Call off the scan that is waiting or running."""
        for job in self.jobs.live:
            if not job.generates:
                self._end_job(job, JobState.CANCELLED)

    def _cancel_generating(self, note: str) -> None:
        """Call off whatever is being generated or heard."""
        for job in self.jobs.live:
            if job.generates:
                self._end_job(job, JobState.CANCELLED, note=note)

    def _cancel_content(self, note: str) -> None:
        """Call off whatever is being generated to be written into a map."""
        for job in self.jobs.live:
            if job.makes_content:
                self._end_job(job, JobState.CANCELLED, note=note)

    def _end_job(
        self,
        job: Job,
        state: JobState,
        error: CompanionError | None = None,
        *,
        note: str | None = None,
    ) -> None:
        if state is JobState.CANCELLED:
            self._put(CancelJob(job.id))
        ended = replace(job, state=state, error=error, note=note or job.note)
        if state is JobState.DONE:
            ended = replace(ended, done=ended.total)
        self._put(JobNews(self.jobs.put(ended)))
        suggestion = self.suggestions.of_job(job.id)
        if suggestion is not None and suggestion.state is SuggestionState.GENERATING:
            outcome = {
                JobState.DONE: SuggestionState.OFFERED,
                JobState.FAILED: SuggestionState.FAILED,
            }.get(state, SuggestionState.CANCELLED)
            reason = str(error) if error is not None else note
            self._put(SuggestionNews(self.suggestions.end(suggestion, outcome, reason)))

    def _require_map(self) -> OpenMap:
        if self.open_map is None:
            raise RequestError("No map is open. Open one in the editor, or pick one from the list.")
        return self.open_map

    def _require_revision(self) -> Revision:
        self._require_map()
        if self.revision is None:
            raise RequestError("The map has not been read yet.")
        return self.revision

    def _require_usable(self) -> Revision:
        revision = self._require_revision()
        revision.document.require_readable()
        return revision

    def _usable_disk(self, disk: bytes) -> Document:
        """The file's bytes as a document; the open revision's own when it is the same."""
        revision = self._require_revision()
        current = Document.parse(disk)
        current.require_readable()
        return revision.document if current.digest == revision.digest else current

    def _generated_by(self, action: str, seed: int) -> GeneratedBy:
        info = self.model.info
        if info is None:
            return GeneratedBy(action, "unknown", "", seed)
        return GeneratedBy(action, info.name, info.digest, seed)

    def _require_finding(self, finding_id: str) -> ShownFinding:
        shown = self.board.get(finding_id)
        if shown is None:
            raise UnknownId("This finding is not there any more.")
        return shown
