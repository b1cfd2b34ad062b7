"""The findings on show: what rules and model say, less what the mapper has dismissed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.session.values import ShownFinding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from companion.beatmap import Document, TimeRange
    from companion.engine.requests import ScoreProgress
    from companion.findings import Finding
    from companion.session.values import Source


class FindingsBoard:
    """Findings of one open map, and what changed among those shown since last asked."""

    def __init__(self, dismissed: Iterable[str] = ()) -> None:
        self.dismissed: frozenset[str] = frozenset(dismissed)
        self._rules: dict[str, Finding] = {}
        self._model: dict[str, Finding] = {}
        self._shown: dict[str, ShownFinding] = {}

    @property
    def shown(self) -> tuple[ShownFinding, ...]:
        """What clients show, as of the last `changes`."""
        return tuple(self._shown.values())

    @property
    def dismissed_count(self) -> int:
        """How many findings of this revision are hidden."""
        return len(self.dismissed & (self._rules.keys() | self._model.keys()))

    def get(self, finding_id: str) -> ShownFinding | None:
        """A finding on show."""
        return self._shown.get(finding_id)

    def replace_rules(self, findings: Iterable[Finding]) -> None:
        """The rules have looked at a new revision."""
        self._rules = {finding.id: finding for finding in findings}

    def forget_changed(self, changed: Iterable[TimeRange], document: Document) -> None:
        """Drop what the model said about stretches that are no longer what it saw.

        What it said elsewhere stays until it is scored anew, unless an object it named is gone.
        """
        stretches = tuple(changed)
        starts = {round(item.start_ms) for item in document.beatmap.hit_objects}
        self._model = {
            finding.id: finding
            for finding in self._model.values()
            if starts.issuperset(finding.objects)
            and not any(_touches(finding.at, stretch) for stretch in stretches)
        }

    def forget_model(self) -> None:
        """Drop everything the model said."""
        self._model = {}

    def cover(self, progress: ScoreProgress) -> None:
        """A stretch has been scored: what the model said there before is void."""
        covered = progress.covered
        kept = {i: f for i, f in self._model.items() if not covered.contains(f.at.start_ms)}
        self._model = kept | {finding.id: finding for finding in progress.findings}

    def dismiss(self, finding_id: str) -> None:
        """Hide a finding, in later revisions too."""
        self.dismissed |= {finding_id}

    def restore(self) -> None:
        """Show everything again."""
        self.dismissed = frozenset()

    def changes(self) -> tuple[tuple[ShownFinding, ...], tuple[str, ...]]:
        """What was added or changed, and the ids of what is gone, since the last call."""
        now = dict(self._visible())
        before, self._shown = self._shown, now
        added = tuple(
            shown
            for finding_id, shown in now.items()
            if before.get(finding_id) != shown  # a fix that only moved to other lines is no change
        )
        return added, tuple(finding_id for finding_id in before if finding_id not in now)

    def _visible(self) -> Iterable[tuple[str, ShownFinding]]:
        sources: tuple[tuple[Source, dict[str, Finding]], ...] = (
            ("model", self._model),
            ("rule", self._rules),  # the later one wins, should both use an id
        )
        for source, findings in sources:
            for finding_id, finding in findings.items():
                if finding_id not in self.dismissed:
                    yield finding_id, ShownFinding(finding, source)


def _touches(at: TimeRange, stretch: TimeRange) -> bool:
    """Whether a finding, which may be a mere moment, lies in a stretch."""
    return at.overlaps(stretch) or stretch.contains(at.start_ms)
