from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR
SPINNER = "256,192,{},12,0,{}"


def test_a_map_without_a_spinner_is_mentioned() -> None:
    assert severities(found("catch_no_spinner", chart(["0,0,0,1,0"], mode=2))) == [M]
    assert found("catch_no_spinner", chart([SPINNER.format(0, 9)], mode=2)) == []
    assert found("catch_no_spinner", chart(mode=2)) == []


@pytest.mark.parametrize(
    ("level", "before_ms", "after_ms"),
    [
        (Level.EASY, 250, 250), (Level.NORMAL, 250, 250), (Level.HARD, 125, 250),
        (Level.INSANE, 125, 125), (Level.EXPERT, 62, 125),
    ],
)  # fmt: skip
def test_around_spinners_there_is_a_gap(level: Level, before_ms: int, after_ms: int) -> None:
    def of(before: int, after: int) -> list[tuple[int, ...]]:
        lines = [f"0,0,{2000 - before},1,0", SPINNER.format(2000, 3000), f"0,0,{3000 + after},1,0"]
        findings = found("catch_spinner_gap", chart(lines, mode=2), level)
        assert severities(findings) == [P] * len(findings)
        return [finding.objects for finding in findings]

    assert of(before_ms, after_ms) == []
    assert of(before_ms - 1, after_ms) == [(2001 - before_ms, 2000)]
    assert of(before_ms, after_ms - 1) == [(2000, 2999 + after_ms)]


def test_spinners_may_follow_one_another() -> None:
    lines = [SPINNER.format(0, 900), SPINNER.format(910, 1900)]
    assert found("catch_spinner_gap", chart(lines, mode=2), Level.EASY) == []


@pytest.mark.parametrize(
    ("level", "most"),
    [(Level.EASY, 8), (Level.NORMAL, 10), (Level.HARD, 12), (Level.INSANE, 16), (Level.EXPERT, 16)],
)
def test_combos_should_not_be_long(level: Level, most: int) -> None:
    def of(count: int) -> list[Severity]:
        lines = [f"0,0,{n * 500},{5 if n == 0 else 1},0" for n in range(count)]
        return severities(found("catch_long_combo", chart(lines, mode=2), level))

    assert of(most) == []
    assert of(most + 1) == [M]
    assert of(most * 3 // 2) == [M]
    assert of(most * 3 // 2 + 1) == [W]


def test_the_fruits_of_streams_count_and_spinners_end_a_combo() -> None:
    streams = [f"0,0,{n * 2000},2,0,L|140:0,2,140" for n in range(3)]  # three fruits each
    (finding,) = found("catch_long_combo", chart(streams, mode=2), Level.EASY)
    assert finding.message == "The combo has 9 fruits; 8 are recommended for Cup."
    circles = [f"0,0,{n * 500},1,0" for n in range(8)]
    later = [f"0,0,{9000 + n * 500},1,0" for n in range(8)]
    lines = [*circles, SPINNER.format(5000, 8000), *later]
    assert found("catch_long_combo", chart(lines, mode=2), Level.EASY) == []


RANGES = {
    "ApproachRate": [(0, 6), (0, 7), (0, 8), (0, 9), (9, 10)],
    "OverallDifficulty": [(0, 6), (0, 7), (0, 8), (0, 9), (9, 10)],
    "HPDrainRate": [(2, 3), (3, 4), (4, 5), (5, 6), (5, 10)],
    "CircleSize": [(0, 2.5), (0, 3), (0, 3.5), (0, 4), (4, 10)],
}


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("key", list(RANGES))
def test_settings_have_a_range_for_each_level(level: Level, key: str) -> None:
    low, high = RANGES[key][level]
    for value, n_found in (
        (low, 0), (low - 0.1, low > 0), (high, 0), (high + 0.1, high < 10),
    ):  # fmt: skip
        values = {name: ranges[level][1] for name, ranges in RANGES.items()}
        values[key] = round(value, 1)
        data = chart(mode=2, difficulty=[f"{name}:{number}" for name, number in values.items()])
        assert len(found("catch_settings_range", data, level)) == n_found, value
