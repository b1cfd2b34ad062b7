from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, severities

P, W = Severity.PROBLEM, Severity.WARNING
SIZE = ("CircleSize:10", "OverallDifficulty:7", "SliderMultiplier:1.4")
"""A catcher 32 px wide, so that a few hundred pixels make a hyperdash."""


def hops(*gaps_ms: int, far: bool = True) -> bytes:
    """Fruits at the left and the right border in turn; then one that is near the last."""
    ms, x = 1000, 0
    lines = [f"{x},192,{ms},1,0"]
    for gap in gaps_ms:
        ms, x = ms + gap, (500 - x) if far else x
        lines.append(f"{x},192,{ms},1,0")
    lines.append(f"{x},192,{ms + 1000},1,0")
    return chart(lines, mode=2, difficulty=SIZE)


@pytest.mark.parametrize(
    ("level", "gap_ms", "count", "n_found"),
    [
        (Level.HARD, 250, 2, 0), (Level.HARD, 250, 3, 1), (Level.HARD, 249, 1, 0),
        (Level.HARD, 249, 2, 1), (Level.INSANE, 125, 4, 0), (Level.INSANE, 125, 5, 1),
        (Level.INSANE, 124, 1, 0), (Level.INSANE, 124, 2, 1), (Level.EXPERT, 124, 9, 0),
    ],
)  # fmt: skip
def test_hyperdashes_in_a_row_are_counted(
    level: Level, gap_ms: int, count: int, n_found: int
) -> None:
    data = hops(*[gap_ms] * count)
    findings = found("catch_hyperdash_chain", data, level)
    assert severities(findings) == [P] * n_found
    assert all(f"{count} " in finding.message for finding in findings)


def test_one_quick_hyperdash_makes_the_whole_row_quick() -> None:
    (finding,) = found("catch_hyperdash_chain", hops(300, 200), Level.HARD)
    assert "higher-snapped" in finding.message
    assert found("catch_hyperdash_chain", hops(300, 300), Level.HARD) == []


@pytest.mark.parametrize(("slides", "n_found"), [(2, 0), (3, 1)])
def test_within_sliders_there_are_fewer(slides: int, n_found: int) -> None:
    # 500 px in 200 ms for each span, and no ticks
    timing = ("0,2000,4,2,1,60,1,0", "0,-10,4,2,1,60,0,0")
    difficulty = ("CircleSize:10", "SliderMultiplier:2.5", "SliderTickRate:0.5")
    line = f"0,192,1000,2,0,L|500:192,{slides},500"
    data = chart([line], mode=2, difficulty=difficulty, timing=timing)
    assert len(found("catch_hyperdash_chain", data, Level.INSANE)) == n_found


@pytest.mark.parametrize(
    ("gaps", "n_found"),
    [((200, 204), 0), ((200, 205), 1), ((200, 120), 0), ((200,), 0), ((200, 200, 150, 150), 1)],
)
def test_rain_keeps_one_snap_in_a_row(gaps: tuple[int, ...], n_found: int) -> None:
    findings = found("catch_mixed_hyperdash_snaps", hops(*gaps), Level.INSANE)
    assert severities(findings) == [W] * n_found
    assert found("catch_mixed_hyperdash_snaps", hops(*gaps), Level.HARD) == []


@pytest.mark.parametrize(
    ("gap_ms", "x", "n_found"),
    # after the hyperdash to 400 there are 300 ms, in which 60 px back are easy
    [(200, 340, 0), (200, 339, 1), (200, 460, 0), (200, 500, 0), (250, 200, 0), (124, 200, 0)],
)
def test_after_a_quick_hyperdash_the_way_goes_on(gap_ms: int, x: int, n_found: int) -> None:
    lines = ["0,192,1000,1,0", f"400,192,{1000 + gap_ms},1,0", f"{x},192,{1300 + gap_ms},1,0"]
    data = chart(lines, mode=2, difficulty=SIZE)
    assert severities(found("catch_hyperdash_antiflow", data, Level.HARD)) == [W] * n_found
    assert found("catch_hyperdash_antiflow", data, Level.INSANE) == []
