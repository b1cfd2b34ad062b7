from __future__ import annotations

import pytest

from companion.checks import Level
from tests.checks.conftest import chart, found

RANGES = {
    "ApproachRate": [(0, 5), (4, 6), (6, 8), (7, 9.3), (8, 10)],
    "OverallDifficulty": [(1, 3), (3, 5), (5, 7), (7, 9), (8, 10)],
    "HPDrainRate": [(1, 3), (3, 5), (4, 6), (5, 8), (5, 10)],
    "CircleSize": [(0, 4), (0, 5), (0, 6), (0, 7), (0, 7)],
}


def settings(level: Level, **changed: float) -> bytes:
    values = {key: ranges[level][1] for key, ranges in RANGES.items()} | changed
    return chart(["1,1,0,1,0"], difficulty=[f"{key}:{value}" for key, value in values.items()])


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("key", list(RANGES))
def test_settings_have_a_range_for_each_level(level: Level, key: str) -> None:
    low, high = RANGES[key][level]
    for value, n_found in (
        (low, 0), (low - 0.1, low > 0), (high, 0), (high + 0.1, high < 10),
    ):  # fmt: skip
        data = settings(level, **{key: round(value, 1)})
        assert len(found("osu_settings_range", data, level)) == n_found, value


def test_the_message_names_range_and_level() -> None:
    (finding,) = found("osu_settings_range", settings(Level.HARD, ApproachRate=8.5), Level.HARD)
    assert finding.message == "The approach rate is 8.5; 6 to 8 is recommended for Hard."
