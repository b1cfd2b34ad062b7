from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR


def slider(duration_ms: float, slides: int = 1) -> bytes:
    length = duration_ms / slides * 140 / 500
    return chart([f"100,100,0,6,0,L|300:100,{slides},{length}"])


@pytest.mark.parametrize(("duration_ms", "n_found"), [(124, 1), (125, 0)])
def test_short_sliders_of_easy_are_found(duration_ms: float, n_found: int) -> None:
    assert len(found("short_slider", slider(duration_ms), Level.EASY)) == n_found
    assert len(found("short_slider", slider(duration_ms, slides=2), Level.EASY)) == n_found
    assert found("short_slider", slider(duration_ms), Level.NORMAL) == []


@pytest.mark.parametrize(
    ("level", "duration_ms", "expected"),
    [
        (Level.EASY, 249, [P]), (Level.EASY, 251, [W]), (Level.EASY, 333, [W]),
        (Level.EASY, 334, []), (Level.NORMAL, 124, [P]), (Level.NORMAL, 126, [W]),
        (Level.NORMAL, 166, [W]), (Level.NORMAL, 167, []), (Level.HARD, 50, []),
    ],
)  # fmt: skip
def test_several_reverses_need_time(
    level: Level, duration_ms: float, expected: list[Severity]
) -> None:
    assert severities(found("multiple_reverses", slider(duration_ms, 3), level)) == expected
    assert found("multiple_reverses", slider(duration_ms, 2), level) == []


@pytest.mark.parametrize(
    ("count", "step_ms", "n_found"), [(6, 1000, 0), (7, 1000, 1), (7, 750, 0), (8, 750, 1)]
)
def test_long_stretches_of_sliders_are_found(count: int, step_ms: int, n_found: int) -> None:
    # sliders of half a second: the last one ends at (count - 1) * step_ms + 500
    lines = [f"100,100,{n * step_ms},2,0,L|240:100,1,140" for n in range(count)]
    for level in (Level.EASY, Level.NORMAL):
        assert len(found("slider_only_section", chart(lines), level)) == n_found
        ended = chart([*lines, f"100,100,{count * step_ms},1,0"])
        assert len(found("slider_only_section", ended, level)) == n_found
    assert found("slider_only_section", chart(lines), Level.HARD) == []


def test_a_circle_ends_a_stretch_of_sliders() -> None:
    lines = [f"100,100,{n * 1000},2,0,L|240:100,1,140" for n in range(9)]
    lines[4] = "100,100,4000,1,0"
    assert found("slider_only_section", chart(lines), Level.EASY) == []
