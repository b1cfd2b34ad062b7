from __future__ import annotations

from dataclasses import replace

import pytest

from companion.beatmap import TextEdit, TimeRange
from companion.engine.requests import ScoreProgress
from companion.findings import Finding, Severity, finding_id
from companion.session.board import FindingsBoard

WHOLE = TimeRange(0, 60_000)
FIX = (TextEdit(0, (b"a",), (b"b",)),)


def finding(code: str, start_ms: int, severity: Severity, weight: float = 1.0) -> Finding:
    at = TimeRange(start_ms, start_ms + 1)
    return Finding(
        id=finding_id(code, at, (start_ms,)),
        code=code,
        category="Timing",
        severity=severity,
        at=at,
        objects=(start_ms,),
        message=code,
        weight=weight,
    )


UNSNAPPED = finding("unsnapped_object", 1000, Severity.PROBLEM)
TIME = finding("maimod.time", 1000, Severity.SUGGESTION)
SNAP = finding("maimod.snap", 1000, Severity.SUGGESTION, weight=5.0)
PLACE = finding("maimod.position", 1000, Severity.SUGGESTION)


def scanned(board: FindingsBoard, *findings: Finding) -> None:
    board.cover(ScoreProgress(WHOLE, findings, 1, 1))


@pytest.fixture
def board() -> FindingsBoard:
    board = FindingsBoard()
    board.replace_rules([UNSNAPPED])
    board.changes()
    return board


def shown(board: FindingsBoard) -> dict[str, tuple[str, ...]]:
    """By code of what is shown, the codes of what supports it."""
    return {item.finding.code: tuple(one.code for one in item.support) for item in board.shown}


def test_what_a_rule_explains_is_shown_with_it(board: FindingsBoard) -> None:
    scanned(board, TIME, SNAP, PLACE)
    added, removed = board.changes()
    assert removed == ()
    assert {item.finding.code for item in added} == {"unsnapped_object", "maimod.position"}
    # the most surprising first
    assert shown(board) == {
        "unsnapped_object": ("maimod.snap", "maimod.time"),
        "maimod.position": (),
    }
    assert board.get(TIME.id) is None


def test_a_save_that_brings_the_rule_folds_what_stood_alone() -> None:
    board = FindingsBoard()
    scanned(board, TIME)
    board.changes()
    board.replace_rules([UNSNAPPED])
    added, removed = board.changes()
    assert [item.support for item in added] == [(TIME,)]
    assert removed == (TIME.id,)


def test_what_the_set_says_explains_too() -> None:
    board = FindingsBoard()
    scanned(board, TIME)
    board.replace_set_rules([finding("inconsistent_snapping", 1000, Severity.MINOR)])
    board.changes()
    assert shown(board) == {"inconsistent_snapping": ("maimod.time",)}


def test_a_rule_that_goes_away_leaves_what_the_model_said(board: FindingsBoard) -> None:
    scanned(board, TIME)
    board.changes()
    board.replace_rules([])
    added, removed = board.changes()
    assert [item.finding for item in added] == [TIME]
    assert removed == (UNSNAPPED.id,)


def test_a_dismissed_rule_explains_nothing_until_it_is_restored(board: FindingsBoard) -> None:
    scanned(board, TIME)
    board.changes()
    board.dismiss(UNSNAPPED.id)
    board.changes()
    assert shown(board) == {"maimod.time": ()}
    board.restore(UNSNAPPED.id)
    added, removed = board.changes()
    assert shown(board) == {"unsnapped_object": ("maimod.time",)}
    assert ([item.finding for item in added], removed) == ([UNSNAPPED], (TIME.id,))


def test_what_was_dismissed_supports_nothing(board: FindingsBoard) -> None:
    scanned(board, TIME)
    board.changes()
    board.dismiss(UNSNAPPED.id)
    board.changes()
    board.dismiss(TIME.id)
    board.dismissed -= {UNSNAPPED.id}
    board.replace_rules([UNSNAPPED])
    board.changes()
    assert shown(board) == {"unsnapped_object": ()}


def test_a_new_scan_changes_the_support_alone(board: FindingsBoard) -> None:
    scanned(board, TIME)
    board.changes()
    otherwise = replace(TIME, message="Expected elsewhere.")
    scanned(board, otherwise)
    added, removed = board.changes()
    assert ([item.support for item in added], removed) == ([(otherwise,)], ())
    scanned(board)
    added, removed = board.changes()
    assert ([item.support for item in added], removed) == ([()], ())
    assert board.changes() == ((), ())


def test_the_models_edit_is_offered_where_the_rule_has_none(board: FindingsBoard) -> None:
    scanned(board, TIME, replace(SNAP, fix=FIX))
    board.changes()
    item = board.get(UNSNAPPED.id)
    assert item is not None
    assert (item.fixing, item.fix_source) == (item.support[0], "model")
    board.replace_rules([replace(UNSNAPPED, fix=FIX)])
    board.changes()
    item = board.get(UNSNAPPED.id)
    assert item is not None
    assert (item.fixing, item.fix_source) == (item.finding, "rule")
    scanned(board, TIME)
    board.replace_rules([UNSNAPPED])
    board.changes()
    item = board.get(UNSNAPPED.id)
    assert item is not None
    assert (item.fixing, item.fix_source) == (None, None)


def test_a_rule_that_is_dismissed_as_a_whole_explains_nothing_either(board: FindingsBoard) -> None:
    scanned(board, TIME)
    board.changes()
    board.dismiss_rule(UNSNAPPED.code)
    board.changes()
    assert shown(board) == {"maimod.time": ()}
    board.restore_rule(UNSNAPPED.code)
    board.changes()
    assert shown(board) == {"unsnapped_object": ("maimod.time",)}


def test_what_was_one_finding_is_gone_as_one(board: FindingsBoard) -> None:
    scanned(board, TIME, PLACE)
    board.scanned()
    board.changes()
    board.replace_rules(())
    scanned(board)
    board.scanned()
    board.changes()
    gone = [one.finding.code for one in board.since_save.gone]
    assert sorted(gone) == ["maimod.position", "unsnapped_object"]
