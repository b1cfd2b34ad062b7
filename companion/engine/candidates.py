"""From a window's scores to the events of a map that may be worth a mapper's time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from companion.engine.events import ContextType, EventType
from companion.engine.modding import MapModder
from companion.engine.modding.detectors import Fault
from companion.engine.scanning import Reading, judged_event, judged_events

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from companion.beatmap import Document
    from companion.engine.modding import Candidate, JudgedEvent, ModdingSettings
    from companion.engine.modding.suspects import Suspect
    from companion.engine.prompting import Prompting
    from companion.engine.prompts import Context
    from companion.engine.scanning import Scan
    from companion.engine.scoring import JudgedRun, ScoredWindow
    from companion.engine.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True, eq=False)
class CandidateFinder:
    """Goes through the windows of one scan."""

    scan: Scan
    modders: Sequence[MapModder]
    """One per context of the scan."""
    vocabulary: Vocabulary
    settings: ModdingSettings

    @classmethod
    def of(
        cls,
        scan: Scan,
        document: Document,
        prompting: Prompting,
        settings: ModdingSettings,
    ) -> CandidateFinder:
        """For a scan of a document."""
        modders = [
            MapModder(document, context.events, prompting.encoding, settings)
            for context in scan.contexts
        ]
        return cls(scan, modders, prompting.builder.vocabulary, settings)

    def candidates(self, scored: ScoredWindow) -> list[Candidate]:
        """What is surprising in a window by itself, and the objects that detectors suspect."""
        return [*self._surprising(scored), *self._suspected(scored)]

    def _surprising(self, scored: ScoredWindow) -> Iterator[Candidate]:
        score = scored.score
        # Most events are far from any threshold and need not be looked at one by one.
        chosen = self.settings.may_be_worth_showing(score.surprisal_bits, score.entropy_bits)
        if not chosen.any():
            return
        by_context = judged_events(self.scan, scored, self.vocabulary, chosen)
        for context, (modder, judged) in enumerate(zip(self.modders, by_context, strict=True)):
            yield from modder.candidates(judged, context)

    def _suspected(self, scored: ScoredWindow) -> Iterator[Candidate]:
        first = 0
        for run in scored.task.runs:
            if self.scan.contexts[run.context].kind is ContextType.MAP:
                yield from self._suspected_in(scored, run, first)
            first += run.n_events

    def _suspected_in(
        self, scored: ScoredWindow, run: JudgedRun, first: int
    ) -> Iterator[Candidate]:
        if scored.score.kinds is None:
            return
        modder = self.modders[run.context]
        said = scored.score.kinds.part(slice(first, first + run.n_events))
        for suspect in modder.suspects(run.first_event, said):
            place = first + suspect.event - run.first_event
            judged = self._telling(self.scan.contexts[run.context], scored, suspect, place)
            candidate = modder.candidate(judged, suspect, run.context)
            if candidate is not None:
                yield candidate

    def _telling(
        self, context: Context, scored: ScoredWindow, suspect: Suspect, place: int
    ) -> JudgedEvent:
        """The event, beside what the fault says was expected in its place."""
        is_extra = suspect.fault is Fault.COMBO_EXTRA
        reading = Reading.ANY_KIND if is_extra else Reading.SAME_KIND
        judged = judged_event(context, suspect.event, scored, place, self.vocabulary, reading)
        if suspect.fault is Fault.COMBO_MISSING and scored.score.kinds is not None:
            return replace(
                judged,
                expected_kind=EventType.NEW_COMBO,
                expected_value=0,
                expected_probability=float(2.0 ** -scored.score.kinds.combo_bits[place]),
            )
        return judged
