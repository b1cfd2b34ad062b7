from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, found_in_set, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR
NOTES = [f"256,192,{n * 1000},1,0" for n in range(20)]


def taiko(*green: str, version: str = "Oni", beat_ms: float = 300) -> bytes:
    return chart(
        NOTES,
        timing=[f"0,{beat_ms},4,1,1,60,1,0", *green],
        mode=1,
        metadata=[f"Version:{version}"],
    )


def kiai(start_ms: int, end_ms: int) -> tuple[str, str]:
    return f"{start_ms},-100,4,1,1,60,0,1", f"{end_ms},-100,4,1,1,60,0,0"


@pytest.mark.parametrize(
    ("lasting_ms", "expected"), [(100, [W]), (101, [M]), (150, [M]), (151, []), (5000, [])]
)
def test_kiai_flashes_are_found(lasting_ms: int, expected: list[Severity]) -> None:
    data = taiko(*kiai(3000, 3000 + lasting_ms))
    assert severities(found("taiko_kiai_flash", data)) == expected


def test_a_short_pause_of_kiai_is_no_flash() -> None:
    data = taiko(*kiai(3000, 6000), *kiai(6050, 9000))
    assert found("taiko_kiai_flash", data) == []


@pytest.mark.parametrize(("end_ms", "n_found"), [(6000, 0), (6002, 0), (6003, 1)])
def test_kiai_is_the_same_in_all_difficulties(end_ms: int, n_found: int) -> None:
    usual, other = taiko(*kiai(3000, 6000)), taiko(*kiai(3000, end_ms))
    findings = found_in_set("taiko_inconsistent_kiai", other, usual, usual)
    assert [(f.file, f.at.end_ms) for f in findings] == [("0.osu", end_ms)] * n_found
    assert found_in_set("taiko_inconsistent_kiai", usual) == []
    missing = found_in_set("taiko_inconsistent_kiai", usual, usual, taiko())
    assert [f.file for f in missing] == ["2.osu"]


@pytest.mark.parametrize(
    ("value", "n_found"), [(-99.6, 0), (-100, 0), (-100.6, 1), (-50, 1)]
)  # 200 BPM: at -100.6 it scrolls like 198.8
def test_easy_levels_scroll_at_one_speed(value: float, n_found: int) -> None:
    data = taiko(f"15000,{value},4,1,1,60,0,0")
    for level in (Level.EASY, Level.NORMAL):
        assert len(found("taiko_low_level_scroll", data, level)) == n_found
    assert found("taiko_low_level_scroll", data, Level.HARD) == []


def test_the_speed_that_lasts_longest_is_the_usual_one() -> None:
    data = taiko("4000,-50,4,1,1,60,0,0", "16000,-100,4,1,1,60,0,0")
    (finding,) = found("taiko_low_level_scroll", data, Level.EASY)
    assert finding.at.start_ms == 16000
    assert "1.00×; most of the map scrolls like 2.00×" in finding.message


def test_lines_that_keep_the_speed_of_another_tempo_are_fine() -> None:
    data = taiko("10000,150,4,1,1,60,1,0", "10000,-200,4,1,1,60,0,0")
    assert found("taiko_low_level_scroll", data, Level.EASY) == []


def test_what_nobody_sees_may_have_any_speed() -> None:
    data = taiko("15050,-50,4,1,1,60,0,0", "15150,-100,4,1,1,60,0,0")
    assert found("taiko_low_level_scroll", data, Level.EASY) == []
