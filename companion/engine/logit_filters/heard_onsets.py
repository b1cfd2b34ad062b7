"""Beginnings where a network hears that something begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from companion.engine.events import HEAD_TYPES, EventType

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.logit_filters.history import TokenHistory
    from companion.engine.vocabulary import Vocabulary

MOST_LOG_ODDS = 6.0
"""However sure the network is, what has been written so far has a say, too."""


class HeardOnsets:
    """For models that say the type first and hear onsets apart from what they write.

    What comes next is predicted from what has been written; so one object too many makes the next
    one likelier. What is heard at a moment does not depend on that.
    """

    def __init__(self, vocabulary: Vocabulary, log_odds: Tensor, weight: float) -> None:
        """Make the rule.

        Args:
            vocabulary: Whose time tokens are weighed.
            log_odds: Of an object that begins in a 10 ms step, shape = (n_windows, n_steps); each
                window is that of as many rows.
            weight: Share of them that is added to the times of beginnings.
        """
        first = vocabulary.ranges[EventType.TIME_SHIFT].first_id
        self._times = slice(first, first + log_odds.shape[1])
        self._added = weight * log_odds.clamp(-MOST_LOG_ODDS, MOST_LOG_ODDS)

    def apply(self, logits: Tensor, history: TokenHistory) -> Tensor:
        """Weigh the times in rows whose last token is the type of a beginning."""
        n, n_windows = len(history), len(self._added)
        rows = [row for row in range(n) if history.kind(row) in HEAD_TYPES]
        if not rows:
            return logits
        logits = logits.clone()
        for row in rows:
            logits[row, self._times] += self._added[row * n_windows // n].to(logits.device)
        return logits
