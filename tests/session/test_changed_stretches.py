"""Which of the model's findings an edit makes void."""

from __future__ import annotations

import random

from companion.beatmap import Document, TimeRange
from companion.engine.requests import ScoreProgress
from companion.session.board import FindingsBoard


def left_after(new_finding, new_map, changed):
    """Times of the model's findings that stay, of one at each object."""
    board = FindingsBoard()
    findings = tuple(new_finding(1000 + i * 500) for i in range(20))
    board.cover(ScoreProgress(TimeRange(0, 60_000), findings, 1, 1))
    board.forget_changed(changed, Document.parse(new_map()))
    board.changes()
    return sorted(shown.finding.at.start_ms for shown in board.shown)


def test_findings_in_changed_stretches_are_void(new_finding, new_map):
    changed = [TimeRange(4000, 4001), TimeRange(1500, 2000), TimeRange(1501, 2001)]
    left = left_after(new_finding, new_map, changed)
    assert 1000 in left
    assert 2500 in left
    assert not {1500, 2000, 4000} & set(left)


def test_an_empty_stretch_changes_nothing(new_finding, new_map):
    assert len(left_after(new_finding, new_map, [TimeRange(1500, 1500)])) == 20


def test_stretches_count_in_any_order_and_however_they_overlap(new_finding, new_map):
    dice = random.Random(5)
    for _ in range(50):
        starts = [dice.randrange(0, 12_000) for _ in range(dice.randrange(6))]
        changed = [TimeRange(start, start + dice.randrange(0, 2000)) for start in starts]
        expected = [
            at
            for at in range(1000, 11_000, 500)
            if not any(stretch.contains(at) for stretch in changed)
        ]
        assert left_after(new_finding, new_map, changed) == expected
