from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, severities

P, W = Severity.PROBLEM, Severity.WARNING


def spinner(od: float, duration_ms: int) -> bytes:
    return chart(
        [f"256,192,0,12,0,{duration_ms}"], difficulty=[f"OverallDifficulty:{od}", "CircleSize:4"]
    )


@pytest.mark.parametrize(
    ("od", "duration_ms", "expected"),
    [
        (5, 449, [P]), (5, 450, [W]), (5, 499, [W]), (5, 500, []),
        (10, 534, [P]), (10, 535, [W]), (10, 599, [W]), (10, 600, []),
        (0, 364, [P]), (0, 365, [W]), (0, 390, [W]), (0, 391, []),
    ],
)  # fmt: skip
def test_spinners_have_to_last_for_autos_bonus(
    od: float, duration_ms: int, expected: list[Severity]
) -> None:
    assert severities(found("short_spinner", spinner(od, duration_ms))) == expected


@pytest.mark.parametrize(
    ("level", "duration_ms", "expected"),
    [
        (Level.EASY, 999, [P]), (Level.EASY, 1000, [W]), (Level.EASY, 1199, [W]),
        (Level.EASY, 1200, []), (Level.NORMAL, 749, [P]), (Level.NORMAL, 750, [W]),
        (Level.NORMAL, 900, []), (Level.HARD, 499, [P]), (Level.HARD, 500, [W]),
        (Level.HARD, 600, []), (Level.INSANE, 100, []), (Level.EXPERT, 100, []),
    ],
)  # fmt: skip
def test_easier_levels_need_longer_spinners(
    level: Level, duration_ms: int, expected: list[Severity]
) -> None:
    assert severities(found("spinner_recovery", spinner(5, duration_ms), level)) == expected


@pytest.mark.parametrize(
    ("level", "pause_ms", "beat_ms", "expected"),
    [
        (Level.EASY, 999, 333.333, [P]), (Level.EASY, 1000, 333.333, [W]),
        (Level.EASY, 1200, 333.333, []), (Level.NORMAL, 499, 333.333, [P]),
        (Level.NORMAL, 500, 333.333, [W]), (Level.NORMAL, 600, 333.333, []),
        (Level.HARD, 249, 333.333, [P]), (Level.HARD, 250, 333.333, [W]),
        (Level.HARD, 300, 333.333, []), (Level.INSANE, 1, 333.333, []),
        # at 120 BPM half as much will do, and at 240 BPM no more is asked for
        (Level.NORMAL, 249, 500, [P]), (Level.NORMAL, 250, 500, [W]), (Level.NORMAL, 300, 500, []),
        (Level.NORMAL, 500, 250, [W]), (Level.NORMAL, 600, 250, []),
    ],
)  # fmt: skip
def test_after_a_spinner_there_is_time_to_recover(
    level: Level, pause_ms: int, beat_ms: float, expected: list[Severity]
) -> None:
    lines = ["256,192,0,12,0,4000", f"100,100,{4000 + pause_ms},5,0"]
    data = chart(lines, timing=[f"0,{beat_ms},4,2,1,60,1,0"])
    assert severities(found("spinner_recovery", data, level)) == expected


def test_a_spinner_may_follow_another_one() -> None:
    lines = ["256,192,0,12,0,4000", "256,192,4100,12,0,8000"]
    assert found("spinner_recovery", chart(lines), Level.EASY) == []
