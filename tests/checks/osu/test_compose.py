from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, fixed, found, severities

P, W = Severity.PROBLEM, Severity.WARNING
CS4 = ("CircleSize:4", "OverallDifficulty:7", "ApproachRate:5", "SliderMultiplier:1.4")


@pytest.mark.parametrize(
    ("x", "y", "inside"),
    [(-30, 100, True), (-31, 100, False), (100, -23, True), (100, -24, False),
     (542, 100, True), (543, 100, False), (100, 391, True), (100, 392, False)],
)  # fmt: skip
def test_circles_may_reach_up_to_the_edge_of_the_screen(x: int, y: int, inside: bool) -> None:
    data = chart([f"{x},{y},500,1,0"])
    findings = found("offscreen_object", data)
    assert (findings == []) is inside
    for finding in findings:
        assert found("offscreen_object", fixed(data, finding)) == []


def test_a_stack_may_push_circles_off_the_screen() -> None:
    lines = ["-30,100,500,1,0", "-30,100,600,1,0"]
    (finding,) = found("offscreen_object", chart(lines))
    assert finding.objects == (500,)
    assert "as its stack moves it there" in finding.message
    assert finding.fix == ()


def test_slider_bodies_beyond_the_screen_are_found() -> None:
    def of(*lines: str) -> list[Severity]:
        return severities(found("offscreen_object", chart(lines)))

    (finding,) = found("offscreen_object", chart(["500,100,500,2,0,L|600:100,1,100"]))
    assert "58 px beyond" in finding.message
    assert finding.severity == P
    assert of("500,100,500,2,0,L|543:100,1,42.7") == [W]
    assert of("400,100,500,2,0,L|500:100,1,100", "500,100,900,2,0,L|400:100,1,100") == []
    assert of("500,300,500,2,0,P|541:341|500:382,1,128") == []
    assert of("500,300,500,2,0,P|560:341|500:382,1,170") == [P]
    assert of("500,300,500,2,0,B|640:341|500:382,1,150") == [P]
    assert of("500,300,500,2,0,B|560:341|500:382,1,100") == []


def test_only_osu_has_a_screen_to_leave() -> None:
    assert found("offscreen_object", chart(["-300,100,500,1,0"], mode=2)) == []
    assert found("offscreen_object", chart(["0,0,500,8,0,900"])) == []


@pytest.mark.parametrize(
    ("level", "early_ms", "n_found"),
    [
        # the arrow is reached at 2500; beats are 250 ms, and objects seen for 1200 ms
        (Level.EASY, 999, 1), (Level.EASY, 1000, 0), (Level.NORMAL, 749, 1),
        (Level.NORMAL, 750, 0), (Level.HARD, 499, 1), (Level.HARD, 500, 0),
        (Level.INSANE, 124, 1), (Level.INSANE, 125, 0), (Level.EXPERT, 50, 0),
    ],
)  # fmt: skip
def test_reverse_arrows_must_be_seen_for_some_time(
    level: Level, early_ms: int, n_found: int
) -> None:
    # the slider takes 25 ms for a span, so that its head comes after the circle in any case
    lines = [f"240,100,{2500 - early_ms},1,0", "100,100,2475,2,0,L|240:100,2,140"]
    timing = ["0,250,4,2,1,60,1,0", "2475,-10,4,2,1,60,0,0"]
    data = chart(lines, timing=timing, difficulty=CS4, general=["StackLeniency: 0"])
    assert len(found("covered_reverse_arrow", data, level)) == n_found


@pytest.mark.parametrize(
    ("off_px", "word"), [(0, "covers"), (12, "covers"), (13, "partly"), (20, "partly"), (21, "")]
)
def test_an_arrow_may_be_covered_in_part(off_px: int, word: str) -> None:
    # a third of 36.495 px is 12.2 px, and by 1.75 it is 20.9 px
    lines = [f"{240 + off_px},100,1900,1,0", "100,100,2000,2,0,L|240:100,2,140"]
    data = chart(lines, difficulty=CS4, general=["StackLeniency: 0"])
    findings = found("covered_reverse_arrow", data, Level.EASY)
    assert [word in finding.message for finding in findings] == ([True] if word else [])


def test_sliders_without_a_reverse_have_no_arrow() -> None:
    lines = ["240,100,1900,1,0", "100,100,2000,2,0,L|240:100,1,140"]
    assert found("covered_reverse_arrow", chart(lines, difficulty=CS4), Level.EASY) == []
    spinner = ["256,192,1500,8,0,1900", "100,100,2000,2,0,L|240:192,2,140"]
    assert found("covered_reverse_arrow", chart(spinner, difficulty=CS4), Level.EASY) == []


def test_the_end_of_a_slider_before_can_cover_an_arrow() -> None:
    lines = ["240,240,1400,2,0,L|240:100,1,140", "100,100,2000,2,0,L|240:100,2,140"]
    (finding,) = found("covered_reverse_arrow", chart(lines, difficulty=CS4), Level.EASY)
    assert finding.objects == (1400, 2000)
    assert "600 ms before" in finding.message
