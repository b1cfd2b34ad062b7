from __future__ import annotations

import pytest

from companion.checks import Level
from companion.checks.catch.dashes import edge_px
from companion.findings import Severity
from tests.checks.conftest import chart, found, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR
SIZE = ("CircleSize:5", "OverallDifficulty:7", "SliderMultiplier:1.4")
BPM_180 = ("0,333.333333,4,2,1,60,1,0",)


def fruits(*places: tuple[int, float], timing: tuple[str, ...] = BPM_180) -> bytes:
    lines = [f"{x},192,{ms},1,0" for ms, x in places]
    return chart(lines, mode=2, difficulty=SIZE, timing=timing, version=128)


def stream(*rest: str) -> bytes:
    """A stream of 280 px over a second, with a droplet in its middle."""
    lines = ("100,192,1000,2,0,L|380:192,1,280", *rest)
    return chart(lines, mode=2, difficulty=SIZE, version=128)


FAST = chart(
    # 500 px in 100 ms there and back, with droplets each 140 px
    ["0,192,1000,2,0,L|500:192,2,500"],
    mode=2,
    difficulty=("CircleSize:10", "OverallDifficulty:7", "SliderMultiplier:3.6"),
    timing=("0,500,4,2,1,60,1,0", "0,-10,4,2,1,60,0,0"),
)


@pytest.mark.parametrize(
    ("level", "n_found"), [(Level.EASY, 1), (Level.NORMAL, 1), (Level.HARD, 0), (Level.INSANE, 0)]
)
def test_the_easiest_levels_have_no_hyperdash(level: Level, n_found: int) -> None:
    # 149.2 px can be dashed in 100 ms
    assert len(found("catch_hyperdash", fruits((1000, 0), (1100, 150)), level)) == n_found
    assert found("catch_hyperdash", fruits((1000, 0), (1100, 149)), level) == []


def test_platter_has_no_hyperdash_within_a_slider() -> None:
    (repeat,) = found("catch_hyperdash", FAST, Level.HARD)
    assert repeat.message.startswith("The slider repeat is a hyperdash")
    (same,) = found("catch_slider_hyperdash", FAST, Level.INSANE)
    assert same.severity == W
    assert found("catch_slider_hyperdash", FAST, Level.EXPERT) == []
    tail = stream("0,192,2010,1,0")
    assert len(found("catch_hyperdash", tail, Level.EASY)) == 1
    assert found("catch_hyperdash", tail, Level.HARD) == []
    assert found("catch_slider_hyperdash", tail, Level.INSANE) == []


@pytest.mark.parametrize(
    ("level", "gap_ms", "n_found"),
    [
        (Level.HARD, 124, 1), (Level.HARD, 125, 0), (Level.INSANE, 61, 1), (Level.INSANE, 62, 0),
        (Level.EXPERT, 30, 0),
    ],
)  # fmt: skip
def test_hyperdashes_need_some_time(level: Level, gap_ms: int, n_found: int) -> None:
    data = fruits((1000, 0), (1000 + gap_ms, 300))
    assert severities(found("catch_quick_hyperdash", data, level)) == [P] * n_found
    slow = fruits((1000, 0), (1000 + gap_ms, 20))
    assert found("catch_quick_hyperdash", slow, level) == []


def test_an_edge_dash_is_nearer_to_a_hyperdash_the_less_time_there_is() -> None:
    assert [edge_px(ms) for ms in (0, 75, 150, 225, 300, 900)] == [0, 2, 4, 6, 10, 10]


@pytest.mark.parametrize(
    ("level", "severity"),
    [(Level.NORMAL, P), (Level.HARD, P), (Level.INSANE, W), (Level.EXPERT, M)],
)
def test_edge_dashes_are_found(level: Level, severity: Severity) -> None:
    # in 300 ms a dash reaches 349.2 px; what is 10 px short of it or less is on the edge
    for x, expected in ((339, []), (340, [severity]), (349, [severity]), (350, [])):
        data = fruits((1000, 0), (1300, x))
        assert severities(found("catch_edge_dash", data, level)) == expected, x
    assert found("catch_edge_dash", fruits((1000, 0), (1300, 345)), Level.EASY) == []


def test_the_edge_is_narrower_in_slow_songs() -> None:
    slow = ("0,500,4,2,1,60,1,0",)  # 120 BPM: half as much
    for x, n_found in ((344, 0), (345, 1)):
        data = fruits((1000, 0), (1300, x), timing=slow)
        assert len(found("catch_edge_dash", data, Level.HARD)) == n_found
