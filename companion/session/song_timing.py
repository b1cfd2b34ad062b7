"""The song's timing as the model hears it, for the mapper to compare and, if wished, to take over.

To hear it writes nothing, so it is let through while modding-only is on; to apply it is not.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from companion.beatmap import compare_timing
from companion.engine.requests import HeardTiming, TimingProgress, TimingRequest
from companion.errors import RequestError, StaleEdit, UnknownId
from companion.session.model_work import ModelWork
from companion.session.news import JobNews, StartTiming, TimingNews
from companion.session.plans import PlannedWrite, plan_timing
from companion.session.values import Job, TimingReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import Beatmap, TimingPoint
    from companion.engine.requests import TimingOptions
    from companion.session.fair_use import FairUse


class SongTiming(ModelWork):
    """Hearings of the open map's song."""

    def __init__(self, fair_use: FairUse | None = None) -> None:
        super().__init__(fair_use)
        self.timing: TimingReport | None = None
        self._asked: tuple[str, TimingOptions] | None = None

    def hear_timing(self, request_id: str, options: TimingOptions) -> str:
        """Start timing the song by ear; whatever is being generated gives way. The job's id."""
        revision = self._require_usable()
        if self.song is None:
            raise RequestError("The map's song cannot be listened to, so it cannot be timed.")
        options.verify()
        self._cancel_generating("Something else was asked for.")
        self._asked = (request_id, options)
        job = Job(self._new_id("j"), "timing", revision.number, request_id=request_id)
        self._add_job(job)
        document = revision.document
        request = TimingRequest(self._audio_path(document), document, options)
        self._put(StartTiming(job.id, request))
        return job.id

    def plan_heard_timing(self, timing_id: str, disk: bytes) -> PlannedWrite:
        """How to put the timing that was heard into the file as it is on the disk.

        Raises:
            ModdingOnly, NoticeNotAcknowledged: Nothing generated may be written.
            UnknownId: It is not the one on show.
            StaleEdit: The file's red lines are not the ones that it is shown beside.
        """
        self.fair_use.require_generating()
        timing = self.timing
        if timing is None or timing.id != timing_id:
            raise UnknownId("This timing is not on show any more. Listen to the song again.")
        shown, current = self._require_usable().document, self._usable_disk(disk)
        if _grids(shown.beatmap.red_lines) != _grids(current.beatmap.red_lines):
            raise StaleEdit(
                "The map's red lines were changed in the meantime. Compare them again, then decide."
            )
        heard = timing.heard
        return self.plan_timing(
            heard.red_lines, round(heard.song_length_ms), timing.options.seed, disk
        )

    def plan_timing(
        self, red_lines: Sequence[TimingPoint], end_ms: int, seed: int, disk: bytes
    ) -> PlannedWrite:
        """How to put heard timing into the file as it is on the disk; it is generated content."""
        self.fair_use.require_generating()
        made = self._generated_by("accepted", seed)
        return plan_timing(red_lines, end_ms, self._usable_disk(disk), made)

    def _job_yielded(self, job: Job, value: object) -> None:
        match value:
            case TimingProgress(done, total):
                self._put(JobNews(self.jobs.put(replace(job, done=done, total=total))))
            case HeardTiming() if self._asked is not None:
                timing = TimingReport(self._new_id("t"), *self._asked, value, None, applied=False)
                self._show_timing(self._compared(timing))
            case _:
                super()._job_yielded(job, value)

    def _compare_timing(self) -> None:
        """The map has a new revision: its red lines may compare otherwise."""
        if self.timing is not None and self._require_revision().document.readable:
            self._show_timing(self._compared(self.timing))

    def _show_timing(self, timing: TimingReport | None) -> None:
        if timing != self.timing:
            self.timing = timing
            self._put(TimingNews(timing))

    def _compared(self, timing: TimingReport) -> TimingReport:
        heard, beatmap = timing.heard, self._require_revision().document.beatmap
        return replace(
            timing,
            agreement=compare_timing(heard.red_lines, beatmap.red_lines, heard.song_length_ms),
            applied=_has_red_lines(beatmap, heard.red_lines),
        )


def _grids(red_lines: Sequence[TimingPoint]) -> list[tuple[float, float, int]]:
    return [(point.time_ms, point.beat_length, point.meter) for point in red_lines]


def _has_red_lines(beatmap: Beatmap, red_lines: Sequence[TimingPoint]) -> bool:
    """Whether a map has just these red lines, which stand in it on whole milliseconds."""
    present = beatmap.red_lines
    return len(present) == len(red_lines) and all(
        round(one.time_ms) == round(other.time_ms)
        and one.meter == other.meter
        and math.isclose(one.beat_length, other.beat_length, rel_tol=1e-9)
        for one, other in zip(present, red_lines, strict=True)
    )
