"""What the session asks of the model, and what it makes of the answers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from companion.beatmap import Document, TimeRange, snap_range_outward
from companion.engine.conditioning import Conditioning
from companion.engine.requests import (
    Passage,
    RegenerateOptions,
    RegenerateRequest,
    ScoreProgress,
    ScoreRequest,
    VariantRank,
)
from companion.errors import ModelError, RangeRefused, RequestError, StaleEdit, UnknownId
from companion.session.decisions import Decisions
from companion.session.news import (
    CheckVariants,
    JobNews,
    ModelNews,
    PassageNews,
    StartRegenerate,
    StartScore,
    SuggestionNews,
)
from companion.session.pinning import pin
from companion.session.values import Job, JobKind, JobState, ModelStatus, Revision, Song
from companion.suggestions import Suggestion
from companion.worker import (
    JobDone,
    JobFailed,
    JobReport,
    JobStarted,
    JobYielded,
    ModelFailed,
    ModelLoading,
    ModelReady,
    ModelUnloaded,
    Report,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from companion.session.fair_use import FairUse
    from companion.suggestions import CheckedVariant

MODEL_PROBLEMS: Final = ("model_missing", "checkpoint_mismatch", "out_of_memory", "internal_error")


class ModelWork(Decisions):
    """Scans and regenerations of the open map."""

    def __init__(self, fair_use: FairUse | None = None) -> None:
        super().__init__(fair_use)
        self._pinned: Conditioning | None = None

    def reported(self, report: Report) -> None:
        """The inference thread has something to say."""
        match report:
            case ModelLoading():
                self._set_model(ModelStatus("loading", self.model.info))
            case ModelReady(info):
                self.problem_over(*MODEL_PROBLEMS)
                self._set_model(ModelStatus("ready", info))
            case ModelUnloaded():
                self._set_model(ModelStatus("unloaded", self.model.info))
            case ModelFailed(error):
                state = "absent" if error.code == "model_missing" else "failed"
                self._set_model(ModelStatus(state, self.model.info, error))
                if isinstance(error, ModelError):
                    self.problem(error.code, str(error))
            case _:
                self._job_reported(report)

    def rescan(self) -> str:
        """Score the whole map anew; gives the job's id."""
        self._require_usable()
        if self.song is None:
            raise RequestError("The map's song cannot be listened to, so it cannot be scored.")
        self._pinned = None
        self.board.forget_model()
        self._publish_findings()
        job_id = self._score()
        if job_id is None:
            raise RequestError("There is nothing to score: the map has no objects or no timing.")
        return job_id

    def regenerate(
        self, request_id: str, base_revision: int, wanted: TimeRange, options: RegenerateOptions
    ) -> Suggestion:
        """Start generating a passage; whatever is being generated gives way to it."""
        return self._suggest("regenerate", request_id, base_revision, wanted, options)

    def choose_hitsounds(
        self,
        request_id: str,
        base_revision: int,
        start_ms: int | None,
        end_ms: int | None,
        options: RegenerateOptions,
    ) -> Suggestion:
        """Start choosing hitsounds anew; whatever is being generated gives way to it.

        Args:
            request_id: Who asked.
            base_revision: The revision that was looked at.
            start_ms: Where to begin; ``None`` is at the first object.
            end_ms: Where to end; ``None`` is after the last object.
            options: How; what it says of star rating, guidance and green lines means nothing here.

        Raises:
            RangeRefused: The map has no objects, or there is none of the song in the range.
        """
        self.fair_use.require_generating()
        mapped = self._require_usable().document.beatmap.mapped_range
        if mapped is None:
            raise RangeRefused("The map has no objects yet, so there is nothing to sound.")
        wanted = TimeRange(
            mapped.start_ms if start_ms is None else start_ms,
            mapped.end_ms if end_ms is None else end_ms,
        )
        options = RegenerateOptions(
            seed=options.seed,
            temperature=options.temperature,
            replace="hitsounds",
            variants=options.variants,
        )
        return self._suggest("hitsounds", request_id, base_revision, wanted, options)

    def _suggest(
        self,
        kind: JobKind,
        request_id: str,
        base_revision: int,
        wanted: TimeRange,
        options: RegenerateOptions,
    ) -> Suggestion:
        revision, song = self._require_generating(base_revision)
        _verify_range(wanted, revision, song)
        options.verify()
        self._cancel_generating("Something else was asked for.")
        suggestion = self.suggestions.add(
            Suggestion(
                id=self._new_id("s"),
                request_id=request_id,
                job_id=self._new_id("j"),
                base_revision=revision.number,
                base=revision.document,
                range=snap_range_outward(wanted, revision.document.beatmap),
                options=options,
            )
        )
        self._put(SuggestionNews(suggestion))
        self._start_regenerate(kind, suggestion, revision, song)
        return suggestion

    def _require_generating(self, base_revision: int) -> tuple[Revision, Song]:
        """Let something be generated for the newest revision, which is the one that was meant."""
        self.fair_use.require_generating()
        revision = self._require_usable()
        if base_revision != revision.number:
            raise StaleEdit(
                "The map was saved in the meantime. Look at it again, then ask once more."
            )
        if self.song is None:
            raise RequestError("The map's song cannot be listened to, so nothing can be generated.")
        return revision, self.song

    def cancel(self, job_id: str) -> None:
        """Call a job off."""
        job = self.jobs.get(job_id)
        if job is None:
            raise UnknownId("This job has ended already.")
        self._end_job(job, JobState.CANCELLED)

    def _start_regenerate(
        self, kind: JobKind, suggestion: Suggestion, revision: Revision, song: Song
    ) -> None:
        span, options = suggestion.range, suggestion.options
        self._add_job(
            Job(
                suggestion.job_id,
                kind,
                revision.number,
                total=span.duration_ms * options.variants,
                request_id=suggestion.request_id,
                suggestion_id=suggestion.id,
            )
        )
        request = RegenerateRequest(
            revision.document,
            self._audio_path(revision.document),
            span,
            options,
            self._conditioning(revision, song)[0],
        )
        self._put(StartRegenerate(suggestion.job_id, request))

    def variants_checked(self, suggestion: Suggestion, checked: Iterable[CheckedVariant]) -> None:
        """The rules have looked at the variants of a suggestion, which is to be offered now.

        Args:
            suggestion: As it was when they were asked; what has changed since voids the answer.
            checked: What they say; nothing of variants that they could not look at.
        """
        if not self.awaits_check(suggestion):
            return
        seen = [
            replace(one, findings=tuple(f for f in one.findings if not self.board.is_dismissed(f)))
            for one in checked
        ]
        suggestion = self.suggestions.check(suggestion, seen)
        job = self.jobs.get(suggestion.job_id)
        if job is None:
            self._put(SuggestionNews(suggestion))
        else:
            self._end_job(replace(job, note=None), JobState.DONE)

    def awaits_check(self, suggestion: Suggestion) -> bool:
        """Whether what the rules say of a suggestion, as it is here, is still of interest."""
        return self.suggestions.of_job(suggestion.job_id) is suggestion and suggestion.state.open

    def _job_reported(self, report: JobReport) -> None:
        job = self.jobs.get(report.job_id)
        if job is None:  # called off here while the report was on its way
            return
        match report:
            case JobStarted():
                self._put(JobNews(self.jobs.put(replace(job, state=JobState.RUNNING))))
            case JobYielded(_, value):
                self._job_yielded(job, value)
            case JobDone():
                if not job.generates:
                    self.board.scanned()
                    self._publish_review()
                self.problem_over("out_of_memory", "internal_error")
                suggestion = self.suggestions.of_job(job.id)
                if suggestion is None:
                    self._end_job(job, JobState.DONE)
                    return
                note = "The rules look at what was written."
                self._put(JobNews(self.jobs.put(replace(job, note=note))))
                self._put(CheckVariants(self.suggestions.complete(suggestion)))
            case JobFailed(_, error):
                self._end_job(job, JobState.FAILED, error)
                if not isinstance(error, RequestError):
                    self.problem(error.code, str(error))

    def _job_yielded(self, job: Job, value: object) -> None:
        match value:
            case ScoreProgress():
                self.board.cover(value)
                self._publish_findings()
                running = replace(job, done=value.done, total=value.total)
                self._put(JobNews(self.jobs.put(running)))
            case Passage():
                self._passage(job, value)
            case VariantRank():
                suggestion = self.suggestions.of_job(job.id)
                if suggestion is not None:
                    self.suggestions.rank(suggestion, value)
            case _:
                raise TypeError(f"a job cannot yield {value!r}")

    def _passage(self, job: Job, passage: Passage) -> None:
        suggestion = self.suggestions.of_job(job.id)
        if suggestion is None:
            return
        suggestion = self.suggestions.extend(suggestion, passage)
        done = sum(p.range.duration_ms for p in suggestion.passages)
        self._put(PassageNews(suggestion, passage))
        self._put(JobNews(self.jobs.put(replace(job, done=min(done, job.total)))))

    def _score(self) -> str | None:
        """Start scoring the newest revision, if it can be scored; the job's id."""
        revision, song = self.revision, self.song
        if revision is None or song is None or not revision.document.readable:
            return None
        beatmap = revision.document.beatmap
        if not beatmap.hit_objects or not beatmap.red_lines:
            return None
        conditioning, note = self._conditioning(revision, song)
        self._pinned = conditioning
        self._cancel_scan()
        job = Job(self._new_id("j"), "score", revision.number, note=note)
        near_ms = revision.changed[0].start_ms if revision.changed else None
        request = ScoreRequest(
            revision.document, self._audio_path(revision.document), conditioning, near_ms
        )
        self._add_job(job)
        self._put(StartScore(job.id, request))
        return job.id

    def _conditioning(self, revision: Revision, song: Song) -> tuple[Conditioning, str | None]:
        current = Conditioning.of(revision.document.beatmap, song.length_ms, revision.stars)
        return pin(self._pinned, current)

    def _audio_path(self, document: Document) -> Path:
        return self._require_map().folder / document.beatmap.audio_filename

    def _set_model(self, model: ModelStatus) -> None:
        self.model = model
        self._put(ModelNews(model))


def _verify_range(wanted: TimeRange, revision: Revision, song: Song) -> None:
    if wanted.duration_ms <= 0:
        raise RangeRefused("The range is empty: drag over the section to regenerate.")
    if not revision.document.beatmap.red_lines:
        raise RangeRefused("The map has no timing yet: set a BPM and offset first.")
    if wanted.start_ms >= song.length_ms or wanted.end_ms <= 0:
        raise RangeRefused("The range lies outside the song.")
