"""The state machine of one open beatmap: events in, state and outputs out.

Every public method is an event or a request. It changes the state at once and leaves what has to be
told or done in the outputs, which the shell around the session takes with `drain`. Nothing in here
waits, reads or writes; ids and numbers are made here, so that a run can be repeated in a test.

A request that cannot be met raises a `CompanionError` and changes nothing, unless it says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from companion.errors import CompanionError, OptionRefused, RequestError, StaleEdit
from companion.journal import standing_steps
from companion.session.board import FindingsBoard
from companion.session.new_difficulties import NewDifficulties
from companion.session.news import (
    CandidatesNews,
    CheckVariants,
    FairUseNews,
    JobNews,
    MapNews,
    SuggestionNews,
)
from companion.session.plans import (
    PlannedWrite,
    plan_acceptance,
    plan_fix,
    plan_undo,
)
from companion.session.state import Jobs
from companion.session.values import (
    Detection,
    JobState,
    MapCandidate,
    OpenMap,
    Origin,
    Revision,
    Song,
)
from companion.suggestions import Suggestions, SuggestionState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from companion.beatmap import Document
    from companion.checks import Level
    from companion.engine.requests import Aspect
    from companion.findings import Finding
    from companion.journal import UndoStep
    from companion.session.examination import Examined

AUDIO_PROBLEMS: Final = ("audio_missing", "audio_unreadable", "audio_too_short")
MAP_PROBLEMS: Final = (
    "map_unreadable",
    "map_lines",
    "map_missing",
    "write_failed",
    *AUDIO_PROBLEMS,
)


class Session(NewDifficulties):
    """One open beatmap, or none."""

    # ------------------------------------------------------------------ the map

    def show_candidates(self, candidates: Iterable[MapCandidate]) -> None:
        """The detectors know other maps than before."""
        candidates = tuple(candidates)
        if candidates != self.candidates:
            self.candidates = candidates
            self._put(CandidatesNews(candidates))

    def detected(self, detection: Detection) -> None:
        """Another probe found the open map, or its editor was opened or closed.

        Clients learn it from the candidates, of which the open map is one.
        """
        if self.open_map is not None:
            self.open_map = replace(self.open_map, detection=detection)

    def open(
        self,
        open_map: OpenMap,
        examined: Examined,
        *,
        dismissed: Iterable[str] = (),
        dismissed_rules: Iterable[str] = (),
        level: Level | None = None,
        undo_steps: Sequence[UndoStep] = (),
        modding_only_mapset: bool = False,
    ) -> None:
        """A map was opened; whatever was open before is closed."""
        self._leave()
        self.open_map = open_map
        self.board = FindingsBoard(dismissed, dismissed_rules)
        self.stated_level = level
        self.fair_use = replace(self.fair_use, modding_only_mapset=modding_only_mapset)
        self._put(FairUseNews(self.fair_use))
        self._revise(examined, "editor")
        self.set_undo_steps(undo_steps)

    def close(self) -> None:
        """No map is open any more."""
        if self.open_map is None:
            return
        self._leave()
        self.fair_use = replace(self.fair_use, modding_only_mapset=False)
        self._put(MapNews(None, None))
        self._put(FairUseNews(self.fair_use))
        self.set_undo_steps(())

    def revised(self, examined: Examined, origin: Origin = "editor") -> None:
        """The open map was saved."""
        self._require_map()
        self.problem_over("map_missing", "internal_error")
        self._revise(examined, origin)
        self.set_undo_steps(standing_steps(self.undo_steps, examined.document.digest))

    def set_checked(
        self, revision: Revision, findings: Iterable[Finding], level: Level | None = None
    ) -> None:
        """The rules have looked at the set around a revision, at the level stated for it.

        Of an older revision or another level it is no news: a newer look is under way.
        """
        if self.revision is not revision or level is not self.stated_level:
            return
        self.board.replace_set_rules(findings, level)
        self._publish_findings()
        self._publish_review()

    def gone(self) -> None:
        """The open map's file was deleted."""
        path = self._require_map().path
        self._cancel_jobs()
        self.problem(
            "map_missing",
            f"The file “{path.name}” is gone. Put it back, or open another map; "
            "nothing is written until it is there again.",
        )

    def moved(self, path: Path) -> None:
        """The open map's file was renamed."""
        self.open_map = replace(self._require_map(), path=path)
        self._put(MapNews(self.open_map, self.revision))

    def song_known(self, song: Song) -> None:
        """The map's song has been looked at and can be listened to."""
        changed = self.song != song
        self.song = song
        self.problem_over(*AUDIO_PROBLEMS)
        if changed:
            self._show_timing(None)  # that of another song
            self._put(MapNews(self.open_map, self.revision))
            self._score()

    def song_unusable(self, error: CompanionError) -> None:
        """The map's song is missing or cannot be listened to."""
        self.song = None
        self._cancel_jobs()
        self.problem_over(*(code for code in AUDIO_PROBLEMS if code != error.code))
        self.problem(error.code, str(error))

    def _leave(self) -> None:
        """Forget everything about the open map."""
        self._cancel_jobs()
        self.open_map = None
        self.revision = None
        self.song = None
        self._pinned = None
        self._show_timing(None)
        self.suggestions = Suggestions()
        self.jobs = Jobs()
        self.board = FindingsBoard()
        self.stated_level = None
        self._told_review = None
        self.problem_over(*MAP_PROBLEMS)

    def _revise(self, examined: Examined, origin: Origin) -> None:
        open_map = self._require_map()
        before = self.revision
        document = examined.document
        number = before.number + 1 if before else 1
        self._cancel_scan()  # it works on what is no longer there
        self.revision = Revision(
            open_map.map_id, number, document, origin, examined.stars, examined.changed
        )
        if self.song is not None and self.song.file_name != document.beatmap.audio_filename:
            self.song = None
        if before is None:  # of a new map the timeline comes first
            self._put(MapNews(open_map, self.revision))
        self._judge(document, examined)
        self._publish_findings(always=True)
        if before is not None:  # of a known one what is wrong with it
            self._put(MapNews(open_map, self.revision))
        self._rebase_suggestions()
        self._compare_timing()
        self._check_drafts()
        self._score()

    def _judge(self, document: Document, examined: Examined) -> None:
        """Take in what the rules say about a new revision, or that it cannot be used."""
        if not document.readable:
            self.board.clear()
            self.problem_over("map_lines")
            self.problem(
                "map_unreadable",
                f"{document.problem} Save the map again, or put a backup back; until then nothing "
                "is checked or written.",
            )
            return
        self.problem_over("map_unreadable")
        self.board.replace_rules(examined.findings)
        self.board.forget_changed(examined.changed, document)
        bad = document.diagnostics
        if not bad:
            self.problem_over("map_lines")
            return
        count = "One line" if len(bad) == 1 else f"{len(bad)} lines"
        self.problem(
            "map_lines",
            f"{count} of the file cannot be understood and will be left alone; "
            f"line {bad[0].line + 1}: {bad[0].message}.",
        )

    def _rebase_suggestions(self) -> None:
        """Suggestions and their jobs move along to the newest revision, or become stale."""
        revision = self._require_revision()
        for suggestion in self.suggestions.rebase(revision.document, revision.number):
            job = self.jobs.get(suggestion.job_id)
            if job is not None and suggestion.state is SuggestionState.STALE:
                self._end_job(job, JobState.CANCELLED)
            elif job is not None:
                self._put(JobNews(self.jobs.put(replace(job, revision=revision.number))))
            self._put(SuggestionNews(suggestion))
            if suggestion.complete and suggestion.state.open:
                self._put(CheckVariants(suggestion))

    # ------------------------------------------------------------------ suggestions and findings

    def take_part(self, suggestion_id: str, variant: int, take: Aspect) -> None:
        """Make a further variant of a suggestion, of which only a part is new.

        Raises:
            RequestError: The suggestion is not on offer, or has no such variant.
            OptionRefused: This part cannot be taken by itself.
        """
        self.fair_use.require_generating()
        before = self.suggestions.get(suggestion_id)
        suggestion = self.suggestions.take(before, variant, take)
        if suggestion is not before:
            self._put(SuggestionNews(suggestion))
            self._put(CheckVariants(suggestion))

    def plan_accept(self, suggestion_id: str, variant: int, disk: bytes) -> PlannedWrite:
        """How to write a variant into the file as it is on the disk.

        When the ground has changed, the suggestion becomes stale and `StaleEdit` is raised.
        """
        self.fair_use.require_generating()
        suggestion = self.suggestions.get(suggestion_id)
        made = self._generated_by("accepted", suggestion.options.seed)
        try:
            return plan_acceptance(suggestion, variant, self._usable_disk(disk), made)
        except StaleEdit as error:
            stale = self.suggestions.end(suggestion, SuggestionState.STALE, str(error))
            self._put(SuggestionNews(stale))
            raise

    def accepted(self, suggestion_id: str, variant: int) -> None:
        """The variant is in the file; `revised` follows."""
        suggestion = self.suggestions.accept(self.suggestions.get(suggestion_id), variant)
        self._put(SuggestionNews(suggestion))

    def reject(self, suggestion_id: str) -> None:
        """The mapper drops a suggestion; if it is still generated, that is called off."""
        suggestion = self.suggestions.reject(suggestion_id)
        self._put(SuggestionNews(suggestion))
        job = self.jobs.get(suggestion.job_id)
        if job is not None:
            self._end_job(job, JobState.CANCELLED)

    def plan_fix(self, finding_id: str, base_revision: int, disk: bytes) -> PlannedWrite:
        """How to write a finding's fix into the file as it is on the disk.

        A fix that the model proposes is generated content; a rule's is not.
        """
        shown = self._require_finding(finding_id)
        made = None
        if shown.fix_source == "model":
            self.fair_use.require_generating()
            made = self._generated_by("fix_applied", 0)
        if base_revision > self._require_usable().number:
            raise RequestError("This revision of the map does not exist.")
        return plan_fix(shown, self._usable_disk(disk), made)

    def plan_undo(self, disk: bytes) -> PlannedWrite:
        """How to take the last write back, in the file as it is on the disk."""
        current = self._usable_disk(disk)
        if not self.undo_steps:
            raise RequestError("There is nothing to undo on this map.")
        return plan_undo(self.undo_steps[-1], current)

    # ------------------------------------------------------------------ fair use

    def set_modding_only(self, *, everywhere: bool, enabled: bool) -> None:
        """Turn the switch for all maps, or for the open mapset."""
        if everywhere:
            if self.fair_use.modding_only_forced and not enabled:
                raise OptionRefused(
                    "Modding-only is switched on in the companion's settings; change it there."
                )
            self.fair_use = replace(self.fair_use, modding_only_global=enabled)
        else:
            self._require_map()
            self.fair_use = replace(self.fair_use, modding_only_mapset=enabled)
        if self.fair_use.modding_only:
            self._cancel_content("Modding-only was switched on.")
        self._put(FairUseNews(self.fair_use))

    def acknowledge_notice(self) -> None:
        """The mapper has read the notice."""
        self.fair_use = replace(self.fair_use, notice_acknowledged=True)
        self._put(FairUseNews(self.fair_use))
