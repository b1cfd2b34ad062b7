from __future__ import annotations

import pytest

from companion.beatmap import Document
from companion.checks import Difficulty
from companion.checks.gameplay.mania import main_bpm
from companion.findings import Severity
from tests.checks.conftest import chart, found, found_in_set, severities

P, W = Severity.PROBLEM, Severity.WARNING
NOTES = [f"64,192,{n * 1000},1,0" for n in range(61)]
RED, FAST_RED = "0,500,4,1,1,60,1,0", "40000,400,4,1,1,60,1,0"
"""120 BPM for 40 s, and 150 BPM for 20 s, where 0.8 keeps the speed."""


def mania(*timing: str, version: str = "Easy", keys: int = 4) -> bytes:
    return chart(
        NOTES,
        mode=3,
        timing=timing,
        metadata=[f"Version:{version}"],
        difficulty=[f"CircleSize:{keys}"],
    )


def green(ms: int, speed: float) -> str:
    return f"{ms},{-100 / speed},4,1,1,60,0,0"


def test_the_main_tempo_lasts_longest() -> None:
    def bpm(*timing: str) -> float:
        return Difficulty(Document.parse(mania(*timing))).fact(main_bpm)

    assert bpm(RED, FAST_RED) == 120
    assert bpm(RED, "20000,400,4,1,1,60,1,0") == 150
    assert bpm("0,500,4,1,1,60,1,0", "20000,400,4,1,1,60,1,0", "41000,500,4,1,1,60,1,0") == 120
    assert bpm() == 0
    # the first red line also governs what lies before it
    assert bpm("31000,500,4,1,1,60,1,0", "31001,400,4,1,1,60,1,0") == 120


@pytest.mark.parametrize(
    ("speed", "n_found"), [(1.0, 0), (1.02, 0), (0.98, 0), (1.03, 1), (0.97, 1), (0.5, 1)]
)
def test_easy_scrolls_at_one_speed(speed: float, n_found: int) -> None:
    data = mania(RED, green(10_000, speed))
    assert severities(found_in_set("mania_easy_scroll", data)) == [P] * n_found


def test_another_tempo_has_to_be_normalised_in_easy() -> None:
    (finding,) = found_in_set("mania_easy_scroll", mania(RED, FAST_RED))
    assert "1.00× here; 0.80× would keep it" in finding.message
    assert found_in_set("mania_easy_scroll", mania(RED, FAST_RED, green(40_000, 0.8))) == []


def test_only_a_lowest_normal_of_its_keys_is_held_to_one_speed() -> None:
    changing = RED, green(10_000, 0.5)
    normal = mania(*changing, version="Normal")
    assert len(found_in_set("mania_easy_scroll", normal)) == 1
    assert found_in_set("mania_easy_scroll", mania(RED), normal) == []
    seven = mania(*changing, version="7K Normal", keys=7)
    assert [f.file for f in found_in_set("mania_easy_scroll", mania(RED), seven)] == ["1.osu"]
    assert found_in_set("mania_easy_scroll", mania(*changing, version="Hard")) == []


@pytest.mark.parametrize(
    ("timing", "expected"),
    [
        ((RED, FAST_RED), [W]),
        ((RED, FAST_RED, green(40_000, 0.8)), []),
        ((RED, FAST_RED, green(40_000, 0.5)), []),  # an effect
        ((RED, FAST_RED, green(40_001, 0.8)), [P]),
        ((RED, FAST_RED, green(40_001, 0.82)), [P]),
        ((RED, FAST_RED, green(40_001, 0.83)), [W]),
        ((RED, "40000,496,4,1,1,60,1,0"), []),  # 120.97 BPM
        ((RED, "40000,495,4,1,1,60,1,0"), [W]),  # 121.2 BPM
        ((RED, "60001,400,4,1,1,60,1,0"), []),  # after the last note
        ((), []),
    ],
)
def test_changing_tempos_are_normalised(timing: tuple[str, ...], expected: list[Severity]) -> None:
    assert severities(found("mania_variable_bpm", mania(*timing))) == expected
