"""The findings on show: what rules and model say, less what the mapper has dismissed.

What the model finds surprising and a rule explains is shown with the rule's finding, and by itself
again when the rule's finding is dismissed or goes away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.folding import Folding
from companion.session.values import ShownFinding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from companion.beatmap import Document, TimeRange
    from companion.engine.requests import ScoreProgress
    from companion.findings import Finding


class FindingsBoard:
    """Findings of one open map, and what changed among those shown since last asked.

    A scan reports dozens of times, and a bad map has thousands of findings: so every change notes
    the ids it touched, and only those are looked at.
    """

    def __init__(self, dismissed: Iterable[str] = ()) -> None:
        self.dismissed: frozenset[str] = frozenset(dismissed)
        self._rules: dict[str, Finding] = {}
        self._set_rules: dict[str, Finding] = {}
        self._model: dict[str, Finding] = {}
        self._folding: Folding | None = (
            None  # of the rules' findings on show; None when they change
        )
        self._rule_of: dict[str, str] = {}  # of the model's findings that are folded
        self._support: dict[str, set[str]] = {}  # the same the other way round
        self._shown: dict[str, ShownFinding] = {}
        self._touched: dict[str, None] = {}  # a set that keeps its order

    @property
    def shown(self) -> tuple[ShownFinding, ...]:
        """What clients show, as of the last `changes`."""
        return tuple(self._shown.values())

    @property
    def dismissed_count(self) -> int:
        """How many findings of this revision are hidden."""
        sources = self._rules, self._set_rules, self._model
        return sum(1 for i in self.dismissed if any(i in source for source in sources))

    def get(self, finding_id: str) -> ShownFinding | None:
        """A finding on show."""
        return self._shown.get(finding_id)

    def replace_rules(self, findings: Iterable[Finding]) -> None:
        """The rules have looked at a new revision."""
        self._touch(self._rules)
        self._rules = {finding.id: finding for finding in findings}
        self._touch(self._rules)
        self._folding = None

    def replace_set_rules(self, findings: Iterable[Finding]) -> None:
        """The rules have looked at the set around the map."""
        self._touch(self._set_rules)
        self._set_rules = {finding.id: finding for finding in findings}
        self._touch(self._set_rules)
        self._folding = None

    def forget_changed(self, changed: Iterable[TimeRange], document: Document) -> None:
        """Drop what the model said about stretches that are no longer what it saw.

        What it said elsewhere stays until it is scored anew, unless an object it named is gone.
        """
        stretches = tuple(changed)
        starts = {round(item.start_ms) for item in document.beatmap.hit_objects}
        self._forget(
            finding.id
            for finding in self._model.values()
            if not starts.issuperset(finding.objects)
            or any(_touches(finding.at, stretch) for stretch in stretches)
        )

    def forget_model(self) -> None:
        """Drop everything the model said."""
        self._forget(self._model)

    def cover(self, progress: ScoreProgress) -> None:
        """A stretch has been scored: what the model said there before is void."""
        covered = progress.covered
        self._forget(f.id for f in self._model.values() if covered.contains(f.at.start_ms))
        for finding in progress.findings:
            self._model[finding.id] = finding
            self._touched[finding.id] = None

    def dismiss(self, finding_id: str) -> None:
        """Hide a finding, in later revisions too."""
        self.dismissed |= {finding_id}
        self._touched[finding_id] = None
        self._folding = None

    def restore(self) -> None:
        """Show everything again."""
        self._touch(self.dismissed)
        self.dismissed = frozenset()
        self._folding = None

    def changes(self) -> tuple[tuple[ShownFinding, ...], tuple[str, ...]]:
        """What was added or changed, and the ids of what is gone, since the last call."""
        self._fold()
        added: list[ShownFinding] = []
        removed: list[str] = []
        for finding_id in self._touched:
            now, before = self._visible(finding_id), self._shown.get(finding_id)
            if now is None:
                if before is not None:
                    del self._shown[finding_id]
                    removed.append(finding_id)
                continue
            self._shown[finding_id] = now
            if now != before:  # a fix that only moved to other lines is no change
                added.append(now)
        self._touched.clear()
        return tuple(added), tuple(removed)

    def _visible(self, finding_id: str) -> ShownFinding | None:
        if finding_id in self.dismissed:
            return None
        for rules in (self._rules, self._set_rules):
            if finding_id in rules:
                support = [self._model[one] for one in self._support.get(finding_id, ())]
                support.sort(key=lambda finding: (-finding.weight, finding.id))
                return ShownFinding(rules[finding_id], "rule", tuple(support))
        if finding_id in self._model and finding_id not in self._rule_of:
            return ShownFinding(self._model[finding_id], "model")
        return None

    def _fold(self) -> None:
        """Look anew for the rule's finding of each of the model's that may have another one now."""
        if self._folding is None:
            rules = (*self._rules.values(), *self._set_rules.values())
            self._folding = Folding(rule for rule in rules if rule.id not in self.dismissed)
            self._touch(self._model)
        for finding_id in list(self._touched):
            before = self._rule_of.pop(finding_id, None)
            if before is not None:
                self._support[before].remove(finding_id)
                if not self._support[before]:
                    del self._support[before]
                self._touched[before] = None
            surprise = self._model.get(finding_id)
            if surprise is None or finding_id in self.dismissed:
                continue
            rule = self._folding.rule_for(surprise)
            if rule is not None:
                self._rule_of[finding_id] = rule.id
                self._support.setdefault(rule.id, set()).add(finding_id)
                self._touched[rule.id] = None

    def _forget(self, ids: Iterable[str]) -> None:
        for finding_id in list(ids):
            del self._model[finding_id]
            self._touched[finding_id] = None

    def _touch(self, ids: Iterable[str]) -> None:
        self._touched.update(dict.fromkeys(ids))


def _touches(at: TimeRange, stretch: TimeRange) -> bool:
    """Whether a finding, which may be a mere moment, lies in a stretch."""
    return at.overlaps(stretch) or stretch.contains(at.start_ms)
