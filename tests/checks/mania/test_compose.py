from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, severities

P, W = Severity.PROBLEM, Severity.WARNING


def mania(*lines: str, keys: int = 4, hp: float = 5, od: float = 5) -> bytes:
    settings = [f"CircleSize:{keys}", f"HPDrainRate:{hp}", f"OverallDifficulty:{od}"]
    return chart(lines, mode=3, difficulty=settings)


def columns(*counts: int) -> bytes:
    width = 512 / len(counts)
    lines = [
        f"{int((column + 0.5) * width)},192,{column * 100_000 + n * 100},1,0"
        for column, count in enumerate(counts)
        for n in range(count)
    ]
    return mania(*lines, keys=len(counts))


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((100, 100, 100, 100), []),
        ((0, 100, 100, 100), [P]),  # the others are a third above the average of 75
        ((135, 88, 88, 89), [W]),  # 35 % more than 100
        ((134, 89, 88, 89), []),
        ((65, 111, 112, 112), [W]),
        ((66, 111, 111, 112), []),
        ((20, 6, 6, 8), [W, W, W]),
        ((19, 5, 5, 10), []),  # fewer than ten for each column
        ((1, 0, 0, 0), [P, P, P]),
        ((), []),
    ],
)
def test_columns_are_used_alike(counts: tuple[int, ...], expected: list[Severity]) -> None:
    data = columns(*counts) if counts else mania()
    assert severities(found("mania_column_distribution", data)) == expected


@pytest.mark.parametrize(
    ("duration_ms", "expected"), [(19, [P]), (20, [W]), (29, [W]), (30, []), (500, [])]
)
def test_long_notes_are_held_for_some_time(duration_ms: int, expected: list[Severity]) -> None:
    data = mania(f"64,192,1000,128,0,{1000 + duration_ms}:0:0:0:0:")
    assert severities(found("mania_short_hold", data)) == expected


@pytest.mark.parametrize(
    ("level", "keys", "most", "severity"),
    [
        (Level.EASY, 4, 2, W), (Level.EASY, 7, 2, W), (Level.NORMAL, 4, 2, W),
        (Level.NORMAL, 6, 2, W), (Level.NORMAL, 7, 3, W), (Level.HARD, 6, 3, W),
        (Level.HARD, 7, 4, W), (Level.INSANE, 7, 6, P), (Level.INSANE, 9, 6, P),
    ],
)  # fmt: skip
def test_chords_have_a_largest_size(level: Level, keys: int, most: int, severity: Severity) -> None:
    def of(size: int) -> list[Severity]:
        lines = [f"{int((n + 0.5) * 512 / keys)},192,1000,1,0" for n in range(size)]
        return severities(found("mania_chord_size", mania(*lines, keys=keys), level))

    assert of(most) == []
    assert of(most + 1) == [severity]


def test_chords_of_experts_and_of_few_keys_are_free() -> None:
    lines = [f"{n * 60 + 10},192,1000,1,0" for n in range(8)]
    assert found("mania_chord_size", mania(*lines, keys=8), Level.EXPERT) == []
    assert found("mania_chord_size", mania(*lines[:3], keys=3), Level.EASY) == []


@pytest.mark.parametrize(
    ("level", "highest"), [(Level.EASY, 7), (Level.NORMAL, 7.5), (Level.HARD, 8)]
)
def test_easier_levels_have_highest_settings(level: Level, highest: float) -> None:
    for fine, high in (
        (mania(hp=highest), mania(hp=highest + 0.1)),
        (mania(od=highest), mania(od=highest + 0.1)),
    ):
        assert found("mania_settings_range", fine, level) == []
        assert severities(found("mania_settings_range", high, level)) == [W]
        assert found("mania_settings_range", high, Level.INSANE) == []
