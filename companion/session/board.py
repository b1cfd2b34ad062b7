"""The findings on show: what rules and model say, less what the mapper has dismissed.

What the model finds surprising and a rule explains is shown with the rule's finding, and by itself
again when the rule's finding is dismissed or goes away.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from companion.beatmap.ranges import merge
from companion.folding import Folding
from companion.session.history import History, Look
from companion.session.review import MOST_GONE, Comparison, Dismissed, DismissedRule
from companion.session.values import ShownFinding

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from companion.beatmap import Document, TimeRange
    from companion.checks import Level
    from companion.engine.requests import ScoreProgress
    from companion.findings import Finding
    from companion.session.values import Source


class FindingsBoard:
    """Findings of one open map, and what changed among those shown since last asked.

    A scan reports dozens of times, and a bad map has thousands of findings: so every change notes
    the ids it touched, and only those are looked at.
    """

    def __init__(self, dismissed: Iterable[str] = (), dismissed_rules: Iterable[str] = ()) -> None:
        self.dismissed: frozenset[str] = frozenset(dismissed)
        self.dismissed_rules: frozenset[str] = frozenset(dismissed_rules)
        self._history = History()
        self._set_level: Level | None = None
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
    def hidden(self) -> Dismissed:
        """What of this revision is dismissed."""
        if not self.dismissed and not self.dismissed_rules:
            return Dismissed()
        known = [shown for i in self.dismissed if (shown := self._find(i)) is not None]
        findings = [s for s in known if s.finding.code not in self.dismissed_rules]
        findings.sort(key=lambda shown: (shown.finding.at, shown.finding.id))
        counts = Counter(f.code for f in self._all() if f.code in self.dismissed_rules)
        return Dismissed(
            tuple(findings),
            tuple(DismissedRule(code, counts[code]) for code in sorted(self.dismissed_rules)),
            len(self.dismissed) - len(known),
        )

    @property
    def since_save(self) -> Comparison:
        """What came and went since the last save, as of the last `changes`."""
        return self._comparison(*self._history.since_save(self._found))

    @property
    def since_opening(self) -> Comparison:
        """What came and went since the map was opened, as of the last `changes`."""
        return self._comparison(*self._history.since_opening(self._found))

    def get(self, finding_id: str) -> ShownFinding | None:
        """A finding on show."""
        return self._shown.get(finding_id)

    def replace_rules(self, findings: Iterable[Finding]) -> None:
        """The rules have looked at a new revision."""
        self._history.saved()
        self._take_rules(findings)
        self._history.finished(Look.RULES, self._rules)

    def correct_rules(self, findings: Iterable[Finding]) -> None:
        """The rules have looked at the same revision, as one of another level."""
        self._take_rules(findings)
        self._history.corrected(Look.RULES, self._rules)

    def replace_set_rules(self, findings: Iterable[Finding], level: Level | None = None) -> None:
        """The rules have looked at the set around the map, which had this level stated."""
        self._take_set_rules(findings)
        if level is self._set_level:
            self._history.finished(Look.SET, self._set_rules)
        else:
            self._history.corrected(Look.SET, self._set_rules)
        self._set_level = level

    def clear(self) -> None:
        """The newest revision cannot be judged at all; the next one is compared with the last."""
        self._take_rules(())
        self._take_set_rules(())
        self._forget(self._model)
        self._history.pending(*Look)

    def forget_changed(self, changed: Iterable[TimeRange], document: Document) -> None:
        """Drop what the model said about stretches that are no longer what it saw.

        What it said elsewhere stays until it is scored anew, unless an object it named is gone.
        """
        stretches = merge(list(changed))
        begins = [stretch.start_ms for stretch in stretches]
        starts = {round(item.start_ms) for item in document.beatmap.hit_objects}
        self._forget(
            finding.id
            for finding in self._model.values()
            if not starts.issuperset(finding.objects) or _touches(finding.at, stretches, begins)
        )

    def forget_model(self) -> None:
        """Drop everything the model said."""
        self._forget(self._model)
        self._history.pending(Look.MODEL)

    def cover(self, progress: ScoreProgress) -> None:
        """A stretch has been scored: what the model said there before is void."""
        covered = progress.covered
        self._forget(f.id for f in self._model.values() if covered.contains(f.at.start_ms))
        for finding in progress.findings:
            self._model[finding.id] = finding
            self._touched[finding.id] = None

    def scanned(self) -> None:
        """The model has been through all of the newest revision."""
        self._history.finished(Look.MODEL, dict(self._model))

    def dismiss(self, finding_id: str) -> None:
        """Hide a finding, in later revisions too."""
        self.dismissed |= {finding_id}
        self._touched[finding_id] = None
        self._folding = None

    def restore(self, finding_id: str) -> None:
        """Show a dismissed finding again."""
        self.dismissed -= {finding_id}
        self._touched[finding_id] = None
        self._folding = None

    def dismiss_rule(self, code: str) -> None:
        """Hide what a rule says, in later revisions too."""
        self.dismissed_rules |= {code}
        self._touch_rule(code)

    def restore_rule(self, code: str) -> None:
        """Show what a dismissed rule says."""
        self.dismissed_rules -= {code}
        self._touch_rule(code)

    def restore_all(self) -> None:
        """Show everything again."""
        self._touch(self.dismissed)
        for code in self.dismissed_rules:
            self._touch_rule(code)
        self.dismissed = self.dismissed_rules = frozenset()
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

    @property
    def _found(self) -> dict[Look, dict[str, Finding]]:
        return {Look.RULES: self._rules, Look.SET: self._set_rules, Look.MODEL: self._model}

    def _all(self) -> Iterable[Finding]:
        return (self._model | self._set_rules | self._rules).values()

    def _find(self, finding_id: str) -> ShownFinding | None:
        for look, found in self._found.items():
            if finding_id in found:
                return ShownFinding(found[finding_id], _source(look))
        return None

    def _visible(self, finding_id: str) -> ShownFinding | None:
        shown = self._find(finding_id)
        if shown is None or finding_id in self._rule_of or self.is_dismissed(shown.finding):
            return None
        support = [self._model[one] for one in self._support.get(finding_id, ())]
        support.sort(key=lambda finding: (-finding.weight, finding.id))
        return replace(shown, support=tuple(support))

    def _fold(self) -> None:
        """Look anew for the rule's finding of each of the model's that may have another one now."""
        if self._folding is None:
            rules = (*self._rules.values(), *self._set_rules.values())
            self._folding = Folding(rule for rule in rules if not self.is_dismissed(rule))
            self._touch(self._model)
        for finding_id in list(self._touched):
            before = self._rule_of.pop(finding_id, None)
            if before is not None:
                self._support[before].remove(finding_id)
                if not self._support[before]:
                    del self._support[before]
                self._touched[before] = None
            surprise = self._model.get(finding_id)
            if surprise is None or self.is_dismissed(surprise):
                continue
            rule = self._folding.rule_for(surprise)
            if rule is not None:
                self._rule_of[finding_id] = rule.id
                self._support.setdefault(rule.id, set()).add(finding_id)
                self._touched[rule.id] = None

    def is_dismissed(self, finding: Finding) -> bool:
        """Whether the mapper does not want to see it, or anything its rule says."""
        return finding.id in self.dismissed or finding.code in self.dismissed_rules

    def _comparison(self, new: set[str], gone: list[tuple[Look, Finding]]) -> Comparison:
        lost = [(look, f) for look, f in gone if not self.is_dismissed(f)]
        folding = Folding(f for look, f in lost if look is not Look.MODEL)
        missed = [
            (look, f) for look, f in lost if look is not Look.MODEL or not folding.rule_for(f)
        ]
        first = heapq.nsmallest(MOST_GONE, missed, key=lambda item: (item[1].at, item[1].id))
        return Comparison(
            frozenset(new & self._shown.keys()),
            tuple(ShownFinding(finding, _source(look)) for look, finding in first),
            len(missed),
        )

    def _take_rules(self, findings: Iterable[Finding]) -> None:
        self._touch(self._rules)
        self._rules = {finding.id: finding for finding in findings}
        self._touch(self._rules)
        self._folding = None

    def _take_set_rules(self, findings: Iterable[Finding]) -> None:
        self._touch(self._set_rules)
        self._set_rules = {finding.id: finding for finding in findings}
        self._touch(self._set_rules)
        self._folding = None

    def _touch_rule(self, code: str) -> None:
        self._touch(finding.id for finding in self._all() if finding.code == code)
        self._folding = None

    def _forget(self, ids: Iterable[str]) -> None:
        for finding_id in list(ids):
            del self._model[finding_id]
            self._touched[finding_id] = None

    def _touch(self, ids: Iterable[str]) -> None:
        self._touched.update(dict.fromkeys(ids))


def _source(look: Look) -> Source:
    return "model" if look is Look.MODEL else "rule"


def _touches(at: TimeRange, stretches: Sequence[TimeRange], begins: Sequence[int]) -> bool:
    """Whether a finding, which may be a mere moment, lies in one of some merged stretches."""
    before_end = bisect_left(begins, max(at.end_ms, at.start_ms + 1))
    return before_end > 0 and stretches[before_end - 1].end_ms > at.start_ms
