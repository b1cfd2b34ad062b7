from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import LONG, chart, fixed, found, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR
RED = "0,500,4,2,1,60,1,0"
SLIDER = "100,100,{ms},2,0,L|240:100,1,140"


# Lines just after an object


@pytest.mark.parametrize(
    ("line_ms", "count"), [(1000, 0), (1001, 1), (1005, 1), (1006, 0), (999, 0)]
)
def test_a_velocity_change_just_after_a_slider_is_late(line_ms: int, count: int) -> None:
    timing = (RED, f"{line_ms},-50,4,2,1,60,0,0")
    assert len(found("late_line", chart([SLIDER.format(ms=1000)], timing=timing))) == count


@pytest.mark.parametrize(("mode", "count"), [(0, 0), (1, 1), (2, 0), (3, 0)])
def test_for_circles_that_matters_in_taiko_only(mode: int, count: int) -> None:
    timing = (RED, "1003,-50,4,2,1,60,0,0")
    data = chart(["100,100,1000,1,0"], timing=timing, mode=mode)
    assert len(found("late_line", data)) == count


def test_late_lines_that_change_no_velocity_are_fine() -> None:
    timing = (RED, "1003,-100,4,2,1,30,0,0")
    assert found("late_line", chart([SLIDER.format(ms=1000)], timing=timing)) == []
    # 120 BPM times 1.008 is less than one BPM more, times 1.009 more than that
    for multiplier, count in ((1.008, 0), (1.009, 1)):
        timing = (RED, f"1003,{-100 / multiplier},4,2,1,60,0,0")
        assert len(found("late_line", chart([SLIDER.format(ms=1000)], timing=timing))) == count


def test_a_slider_off_the_grid_is_not_judged_by_a_line() -> None:
    timing = (RED, "1005,-50,4,2,1,60,0,0")
    assert found("late_line", chart([SLIDER.format(ms=1002)], timing=timing)) == []


# Lines at one time


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("0,500,4,2,1,60,1,0", "1000,400,4,2,1,60,1,0"), []),
        (("0,500,4,2,1,60,1,0", "0,400,4,2,1,60,1,0"), [P]),
        (("0,500,4,2,1,60,1,0", "0,-50,4,2,1,60,0,0"), []),
        (("0,500,4,2,1,60,1,0", "0,-50,4,2,1,61,0,0"), [M]),
        (("0,500,4,2,1,60,1,0", "0,-50,4,1,1,60,0,0"), [M]),
        (("0,500,4,2,1,60,1,0", "0,-50,4,2,2,60,0,0"), [M]),
        (("0,500,4,2,1,60,1,0", "0,-50,4,2,1,60,0,1"), [M]),
        (("0,500,4,2,1,60,1,0", "500,-50,4,2,1,60,0,0", "500,-80,4,2,1,60,0,0"), [P]),
        (("0,500,4,2,1,60,1,0", "500,-50,4,2,1,60,0,0", "501,-80,4,2,1,60,0,0"), []),
    ],
)
def test_lines_at_one_time(lines: tuple[str, ...], expected: list[Severity]) -> None:
    assert severities(found("concurrent_lines", chart(LONG, timing=lines))) == expected


def test_of_doubled_green_lines_the_last_one_can_be_kept() -> None:
    green, later = "500,-50,4,2,1,60,0,0", "500,-80,4,2,1,60,0,0"
    data = chart(LONG, timing=(RED, green, later))
    (finding,) = found("concurrent_lines", data)
    assert fixed(data, finding) == chart(LONG, timing=(RED, later))


def test_doubled_red_lines_are_only_removed_when_they_say_the_same() -> None:
    data = chart(LONG, timing=(RED, RED))
    (finding,) = found("concurrent_lines", data)
    assert fixed(data, finding) == chart(LONG, timing=(RED,))
    (finding,) = found("concurrent_lines", chart(LONG, timing=(RED, "0,400,4,2,1,60,1,0")))
    assert finding.fix == ()


# First line


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ((), "no timing"),
        (("0,-100,4,2,1,60,0,0", "500,500,4,2,1,60,1,0"), "green one"),
        (("0,500,4,2,1,60,1,1",), "Kiai"),
        (("0,500,4,2,1,60,1,0", "500,-100,4,2,1,60,0,1"), None),
        (("0,500,4,2,1,60,1,0", "0,-100,4,2,1,60,0,0"), None),
    ],
)
def test_the_first_line(lines: tuple[str, ...], words: str | None) -> None:
    messages = [f.message for f in found("bad_first_line", chart(LONG, timing=lines))]
    assert len(messages) == (words is not None)
    assert words is None or words in messages[0]


# Volume


@pytest.mark.parametrize(("volume", "count"), [(4, 1), (5, 0), (100, 0), (101, 1), (0, 1)])
def test_volumes_of_lines(volume: int, count: int) -> None:
    data = chart(LONG, timing=(f"0,500,4,2,1,{volume},1,0",))
    assert len(found("line_volume", data)) == count


def test_neighbouring_lines_with_bad_volumes_are_one_finding() -> None:
    lines = (RED, "500,-100,4,2,1,0,0,0", "900,-100,4,2,1,2,0,0", "1500,-100,4,2,1,9,0,0")
    (finding,) = found("line_volume", chart(LONG, timing=lines))
    assert "2 lines in a row have a volume of 0 to 2 %" in finding.message
    assert (finding.at.start_ms, finding.at.end_ms) == (500, 901)


# Kiai


@pytest.mark.parametrize(
    ("mode", "start_ms", "end_ms", "expected"),
    [
        (0, 1000, 2000, []),
        (0, 1001, 2000, [M]),
        (0, 1009, 2000, [M]),
        (0, 1010, 2000, [W]),
        (1, 1004, 2000, [M]),
        (1, 1005, 2000, [W]),
        (0, 1000, 2010, [M]),
    ],
)
def test_kiai_off_the_beat(mode: int, start_ms: int, end_ms: int, expected: list[Severity]) -> None:
    lines = (RED, f"{start_ms},-100,4,2,1,60,0,1", f"{end_ms},-100,4,2,1,60,0,0")
    data = chart(LONG, timing=lines, mode=mode)
    assert severities(found("unsnapped_kiai", data)) == expected


# Unused lines


def test_a_green_line_that_says_the_same_can_be_removed() -> None:
    data = chart(LONG, timing=(RED, "1000,-100,4,2,1,60,0,0"))
    (finding,) = found("unused_green_line", data)
    assert "does nothing" in finding.message
    assert fixed(data, finding) == chart(LONG, timing=(RED,))


@pytest.mark.parametrize(
    ("line", "mode", "used"),
    [
        ("1000,-50,4,2,1,60,0,0", 0, False),  # there is no slider
        ("1000,-50,4,2,1,60,0,0", 1, True),  # but notes scroll
        ("1000,-50,4,2,1,60,0,0", 3, True),
        ("1000,-100,4,2,1,50,0,0", 0, True),
        ("1000,-100,4,1,1,60,0,0", 0, True),
        ("1000,-100,4,2,2,60,0,0", 0, True),
        ("1000,-100,4,2,1,60,0,1", 0, True),
        ("60000,-100,4,2,1,50,0,0", 0, False),  # after the last object
    ],
)
def test_green_lines_are_used_where_something_meets_them(line: str, mode: int, used: bool) -> None:
    data = chart(LONG, timing=(RED, line), mode=mode)
    assert (found("unused_green_line", data) == []) is used


def test_a_velocity_for_a_slider_is_used() -> None:
    lines = (RED, "1000,-50,4,2,1,60,0,0", "1500,-100,4,2,1,60,0,0")
    for ms, n_unused in ((1000, 1), (1499, 1), (1500, 2), (999, 2)):
        findings = found("unused_green_line", chart([SLIDER.format(ms=ms)], timing=lines))
        assert sum(len(finding.fix) for finding in findings) == n_unused


def test_lines_that_only_together_have_an_effect_are_not_removed_together() -> None:
    # The first has no slider; the second says the same, and has one: so one of them can go.
    lines = (RED, "1000,-50,4,2,1,60,0,0", "2000,-50,4,2,1,60,0,0")
    data = chart([SLIDER.format(ms=2000)], timing=lines)
    (finding,) = found("unused_green_line", data)
    assert fixed(data, finding) == chart([SLIDER.format(ms=2000)], timing=(RED, lines[2]))


def test_a_line_that_takes_ticks_away_has_an_effect() -> None:
    lines = (RED, "1000,NaN,4,2,1,60,0,0")
    assert found("unused_green_line", chart([SLIDER.format(ms=1000)], timing=lines)) == []


@pytest.mark.parametrize(
    ("line", "mode", "expected"),
    [
        ("32000,500,4,2,1,60,1,0", 0, [P]),  # sixteen bars later
        ("32000,500,4,2,1,50,1,0", 0, [P]),  # a green line could do that
        ("2000,500,4,2,1,60,1,0", 0, [W]),  # begins the Nightcore mod's bars anew
        ("8000,500,4,2,1,60,1,0", 0, [P]),
        ("8001,500,4,2,1,60,1,0", 0, [P]),
        ("8002,500,4,2,1,60,1,0", 0, []),  # moves the bars
        ("8000,501,4,2,1,60,1,0", 0, []),
        ("8000,500,3,2,1,60,1,0", 0, []),
        ("8000,500,4,2,1,60,1,8", 0, [W]),  # hides a bar line
        ("8000,500,4,2,1,60,1,8", 1, []),
        ("8000,500,4,2,1,60,1,8", 3, []),
        ("8000,500,4,2,1,60,1,8", 2, [P]),  # nothing shows bars in catch
    ],
)
def test_red_lines_that_go_on_with_the_bars(line: str, mode: int, expected: list[Severity]) -> None:
    data = chart(LONG, timing=(RED, line), mode=mode)
    assert severities(found("unused_red_line", data)) == expected


# Objects before a red line


@pytest.mark.parametrize(
    ("ms", "line_ms", "count"),
    [
        (1000, 1040, 0),  # 40.8 ms are 1/12 of the new beat
        (1000, 1043, 1),
        (1000, 1050, 1),
        (1000, 1051, 1),  # 1/8 of 500 is 62.5
        (1000, 1062, 0),  # 62 ms are 1/8 of the new beat, too
        (1000, 1063, 0),
        (1000, 1001, 0),
        (1010, 1040, 0),  # is on neither grid
    ],
)
def test_objects_before_a_red_line_belong_to_it(ms: int, line_ms: int, count: int) -> None:
    timing = (RED, f"{line_ms},490,4,2,1,60,1,0")
    data = chart([f"1,1,{ms},1,0"], timing=timing)
    assert len(found("snapped_to_old_line", data, Level.HARD)) == count


def test_a_red_line_that_keeps_the_bars_takes_no_objects() -> None:
    timing = (RED, "2000,500,4,2,1,60,1,0")
    assert found("snapped_to_old_line", chart(["1,1,1969,1,0"], timing=timing)) == []


# Rare divisors


def test_a_divisor_that_is_seldom_used_is_named_with_its_places() -> None:
    sixths = [f"1,1,{60_000 + n * 1000 + 83},1,0" for n in range(8)]
    for count, expected in ((1, [W]), (3, [W]), (4, [M]), (7, [M]), (8, [])):
        data = chart([*LONG[:90], *sixths[:count]])
        assert severities(found("rare_divisor", data)) == expected


def test_the_share_of_a_divisor_counts_in_larger_maps() -> None:
    beats = [f"1,1,{n * 500},1,0" for n in range(1600)]
    sixths = [f"1,1,{n * 500 + 83},1,0" for n in range(100)]
    for count, expected in ((8, [W]), (9, [M]), (84, [M]), (90, [])):
        findings = found("rare_divisor", chart([*beats, *sixths[:count]]))
        assert severities(findings) == expected
