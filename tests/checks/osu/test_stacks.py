from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, severities

P, W = Severity.PROBLEM, Severity.WARNING
CS4 = ("CircleSize:4", "OverallDifficulty:7", "ApproachRate:8", "SliderMultiplier:1.4")


def pair(apart_ms: int, dx: float = 0, leniency: float = 0.0) -> bytes:
    lines = ["100,100,1000,5,0", f"{100 + dx},100,{1000 + apart_ms},1,0"]
    return chart(lines, difficulty=CS4, general=[f"StackLeniency: {leniency}"], version=128)


@pytest.mark.parametrize(
    ("level", "apart_ms", "expected"),
    [
        (Level.EASY, 374, [P]), (Level.EASY, 375, []),
        (Level.NORMAL, 374, [P]), (Level.NORMAL, 375, []),
        (Level.HARD, 187, [P]), (Level.HARD, 188, []),
        (Level.INSANE, 93, [W]), (Level.INSANE, 94, []), (Level.EXPERT, 50, []),
    ],
)  # fmt: skip
def test_objects_on_one_another_are_found(
    level: Level, apart_ms: int, expected: list[Severity]
) -> None:
    assert severities(found("perfect_stack", pair(apart_ms), level)) == expected


def test_the_needed_stack_leniency_is_named() -> None:
    # at AR 8 objects appear 750 ms before their time
    (finding,) = found("perfect_stack", pair(300), Level.EASY)
    assert "would have to be 0.4 or more" in finding.message
    assert found("perfect_stack", pair(300, leniency=0.4), Level.EASY) == []
    (still,) = found("perfect_stack", pair(301, leniency=0.4), Level.EASY)
    assert "0.5 or more" in still.message


@pytest.mark.parametrize(("dx", "n_found"), [(2.6, 1), (2.7, 0)])
def test_failed_stacks_are_found(dx: float, n_found: int) -> None:
    # a fourteenth of 36.495 px is 2.607 px
    findings = found("perfect_stack", pair(300, dx), Level.EASY)
    assert len(findings) == n_found
    assert all("only 2.6 px apart" in finding.message for finding in findings)


def test_two_objects_at_one_time_are_another_rules() -> None:
    assert found("perfect_stack", pair(0), Level.EASY) == []


def test_spinners_part_stacks() -> None:
    lines = ["100,100,1000,5,0", "256,192,1001,12,0,1050", "100,100,1100,1,0"]
    data = chart(lines, difficulty=CS4, general=["StackLeniency: 0"])
    assert found("perfect_stack", data, Level.EASY) == []


@pytest.mark.parametrize(
    ("apart_ms", "n_found"),
    # 0.3 of 750 ms stacks without the mod, of 450 ms with it
    [(135, 0), (136, 1), (225, 1), (226, 0)],
)
def test_hard_rock_undoes_stacks(apart_ms: int, n_found: int) -> None:
    data = pair(apart_ms, leniency=0.3)
    assert len(found("hard_rock_stack", data, Level.EASY)) == n_found


def test_a_run_of_stacks_is_told_once() -> None:
    lines = [f"100,100,{1000 + n * 150},1,0" for n in range(4)]
    data = chart(lines, difficulty=CS4, general=["StackLeniency: 0.3"])
    (finding,) = found("hard_rock_stack", data, Level.NORMAL)
    assert finding.objects == (1000, 1150, 1300, 1450)
    assert "these 4 objects" in finding.message
    assert found("hard_rock_stack", data, Level.INSANE) == []


def test_a_hundred_stacks_are_told_as_one() -> None:
    lines = [f"{100 + n // 2 * 3},100,{1000 + n * 300},1,0" for n in range(200)]
    data = chart(lines, difficulty=CS4, general=["StackLeniency: 0"])
    (finding,) = found("perfect_stack", data, Level.EASY)
    assert finding.message.startswith("100 times, for the first time at 00:01:300: ")
    assert finding.objects == ()


def test_many_objects_at_one_time_cost_little() -> None:
    data = chart([f"{n % 512},100,1000,1,0" for n in range(2000)], difficulty=CS4)
    assert found("perfect_stack", data, Level.EASY) == []
