from __future__ import annotations

import pytest
import torch

from companion.engine.events import ContextType, EventType
from companion.engine.logit_filters import HeardOnsets, TokenHistory
from companion.engine.logit_filters.heard_onsets import MOST_LOG_ODDS
from companion.engine.vocabulary import EventRange, Vocabulary

E = EventType
V = Vocabulary(
    (
        EventRange(E.TIME_SHIFT, 5, 0, 3),
        EventRange(E.CIRCLE, 9, 0, 0),
        EventRange(E.SLIDER_END, 10, 0, 0),
    ),
    (),
    {ContextType.MAP: 3},
    {ContextType.MAP: 4},
    11,
    11,
)
CIRCLE, SLIDER_END = V.token(E.CIRCLE), V.token(E.SLIDER_END)


def weighed(rows: list[list[int]], log_odds: list[list[float]]) -> torch.Tensor:
    rule = HeardOnsets(V, torch.tensor(log_odds), 0.5)
    logits = torch.zeros(len(rows), V.size_out)
    result = rule.apply(logits, TokenHistory(V, rows))
    assert not logits.any()
    return result


def test_what_begins_does_so_where_it_is_heard() -> None:
    [row] = weighed([[3, CIRCLE]], [[-2.0, 0.0, 4.0, 1.0]])
    assert row[5:9].tolist() == [-1.0, 0.0, 2.0, 0.5]
    assert not row[:5].any()
    assert not row[9:].any()


@pytest.mark.parametrize("last", [3, SLIDER_END, 6])
def test_ends_and_what_is_no_time_are_left_alone(last: int) -> None:
    assert not weighed([[3, CIRCLE, 6, last]], [[-2.0, 0.0, 4.0, 1.0]]).any()


def test_each_window_serves_as_many_rows() -> None:
    rows = weighed([[3, CIRCLE], [3, SLIDER_END], [3, CIRCLE], [3, CIRCLE]], [[2.0] * 4, [4.0] * 4])
    assert rows[:, 5].tolist() == [1.0, 0.0, 2.0, 2.0]


def test_nobody_is_surer_than_may_be() -> None:
    [row] = weighed([[3, CIRCLE]], [[-50.0, 50.0, 0.0, 0.0]])
    assert row[5:7].tolist() == [-MOST_LOG_ODDS / 2, MOST_LOG_ODDS / 2]
