from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, found_in_set, severities

W, M = Severity.WARNING, Severity.MINOR
BPM_200 = ["0,300,4,1,1,60,1,0"]
NAMES = ("Kantan", "Futsuu", "Muzukashii", "Oni", "Inner Oni")


def pattern(level: Level, count: int, gap_ms: int) -> bytes:
    lines = [f"256,192,{n * gap_ms},1,0" for n in range(count)]
    lines += [f"256,192,{count * gap_ms + 3000},1,0"]
    return chart(lines, timing=BPM_200, mode=1, metadata=[f"Version:{NAMES[level]}"])


@pytest.mark.parametrize(
    ("level", "divisor", "most"),
    [
        (Level.EASY, 1, 7), (Level.EASY, 2, 2), (Level.NORMAL, 2, 5), (Level.NORMAL, 3, 2),
        (Level.HARD, 4, 5), (Level.HARD, 6, 4), (Level.INSANE, 4, 9), (Level.INSANE, 6, 4),
        (Level.INSANE, 8, 2),
    ],
)  # fmt: skip
def test_patterns_have_a_longest_length(level: Level, divisor: int, most: int) -> None:
    def of(count: int, gap_ms: int) -> list[Severity]:
        findings = found_in_set("taiko_pattern_length", pattern(level, count, gap_ms))
        return severities([f for f in findings if f"1/{divisor} pattern" in f.message])

    gap_ms = 300 // divisor
    assert of(most, gap_ms) == []
    assert of(most + 1, gap_ms) == [M]
    assert of(most + 2, gap_ms) == [W]
    assert of(most + 2, gap_ms + 3) == []  # a slower pattern


def test_a_futsuu_beside_a_kantan_may_have_longer_patterns() -> None:
    alone = pattern(Level.NORMAL, 7, 150)
    assert len(found_in_set("taiko_pattern_length", alone)) == 1
    kantan = pattern(Level.EASY, 1, 900)
    assert found_in_set("taiko_pattern_length", kantan, alone) == []
    longer = pattern(Level.NORMAL, 8, 150)
    assert [f.file for f in found_in_set("taiko_pattern_length", kantan, longer)] == ["1.osu"]


def test_the_hardest_level_is_free() -> None:
    assert found_in_set("taiko_pattern_length", pattern(Level.EXPERT, 40, 37)) == []


def going_on(beats: int, gap_beats: float = 0.5) -> bytes:
    """Notes for some beats, then a long rest, and a note after it."""
    count = round(beats / gap_beats) + 1
    lines = [f"256,192,{round(n * gap_beats * 300)},1,0" for n in range(count)]
    return chart([*lines, f"256,192,{beats * 300 + 5000},1,0"], timing=BPM_200, mode=1)


@pytest.mark.parametrize(
    ("level", "minor", "warning"),
    [(Level.EASY, 36, 44), (Level.NORMAL, 36, 44), (Level.HARD, 36, 44), (Level.INSANE, 20, 32)],
)
def test_after_some_time_there_is_a_rest(level: Level, minor: int, warning: int) -> None:
    def of(beats: int) -> list[Severity]:
        return severities(found("taiko_rest_moments", going_on(beats), level))

    assert of(minor) == []
    assert of(minor + 1) == [M]
    assert of(warning) == [M]
    assert of(warning + 1) == [W]


@pytest.mark.parametrize(
    ("level", "rests", "n_found"),
    [
        (Level.EASY, [3.0], 0), (Level.EASY, [2.9], 1), (Level.NORMAL, [2.0], 0),
        (Level.NORMAL, [1.9], 1), (Level.HARD, [1.5], 0), (Level.HARD, [1.4], 1),
        (Level.HARD, [1.0, 1.0, 1.0], 0), (Level.HARD, [1.0, 1.0, 0.9], 1),
        (Level.INSANE, [1.0], 0), (Level.INSANE, [0.9], 1),
    ],
)  # fmt: skip
def test_a_rest_is_long_enough_for_its_level(
    level: Level, rests: list[float], n_found: int
) -> None:
    times = [n * 150 for n in range(41)]  # 20 beats on each side of the rest
    for rest in rests:
        times.append(times[-1] + round(rest * 300))
    times += [times[-1] + n * 150 for n in range(1, 41)]
    lines = [f"256,192,{ms},1,0" for ms in times]
    data = chart(lines, timing=BPM_200, mode=1)
    assert len(found("taiko_rest_moments", data, level)) == n_found


def test_nothing_is_said_of_an_empty_map() -> None:
    assert found("taiko_rest_moments", chart(mode=1), Level.EASY) == []
