"""What the mapper decides about findings: what is hidden, and how hard the map means to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.errors import UnknownId
from companion.session.core import Core
from companion.session.news import KeepDismissed, KeepDismissedRules, KeepLevel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from companion.checks import Level
    from companion.findings import Finding
    from companion.session.news import KeepOrder


class Decisions(Core):
    """Dismissed findings and rules, and the level of the open map."""

    def dismiss(self, finding_id: str) -> None:
        """Hide a finding for good."""
        self._require_finding(finding_id)
        self.board.dismiss(finding_id)
        self._decided(KeepDismissed(self.board.dismissed))

    def restore(self, finding_id: str) -> None:
        """Show a dismissed finding again."""
        self._require_map()
        if finding_id not in self.board.dismissed:
            raise UnknownId("This finding is not dismissed.")
        self.board.restore(finding_id)
        self._decided(KeepDismissed(self.board.dismissed))

    def dismiss_rule(self, code: str) -> None:
        """Hide what a rule says, in all difficulties of the set, until it is restored."""
        if all(shown.finding.code != code for shown in self.board.shown):
            raise UnknownId("Nothing that this rule found is there any more.")
        self.board.dismiss_rule(code)
        self._decided(KeepDismissedRules(self.board.dismissed_rules))

    def restore_rule(self, code: str) -> None:
        """Show what a dismissed rule says again."""
        self._require_map()
        if code not in self.board.dismissed_rules:
            raise UnknownId("This rule is not dismissed in this mapset.")
        self.board.restore_rule(code)
        self._decided(KeepDismissedRules(self.board.dismissed_rules))

    def restore_dismissed(self) -> None:
        """Show all dismissed findings of the map again, and what all dismissed rules say."""
        self._require_map()
        self.board.restore_all()
        self._decided(
            KeepDismissed(self.board.dismissed), KeepDismissedRules(self.board.dismissed_rules)
        )

    def set_level(self, level: Level | None, findings: Iterable[Finding]) -> None:
        """The mapper says how hard the map is meant to be; None leaves it to name and stars.

        Args:
            level: The level.
            findings: What the rules say of the newest revision at this level.
        """
        self._require_usable()
        self.stated_level = level
        self.board.correct_rules(findings)
        self._decided(KeepLevel(level))

    def _decided(self, *orders: KeepOrder) -> None:
        for order in orders:
            self._put(order)
        self._publish_findings()
        self._publish_review()
