from __future__ import annotations

import pytest

from companion.checks import Level
from companion.findings import Severity
from tests.checks.conftest import chart, found, found_in_set, severities

P, W, M = Severity.PROBLEM, Severity.WARNING, Severity.MINOR
NO_STACKS = ("StackLeniency: 0",)
CS4 = ("CircleSize:4", "OverallDifficulty:7", "ApproachRate:8", "SliderMultiplier:1.4")


def row(*distances: float, step_ms: int = 150) -> list[str]:
    """Circles in a row with these distances between them."""
    xs = [0.0]
    for distance in distances:
        xs.append(xs[-1] + distance)
    return [f"{x},100,{1000 + n * step_ms},1,0" for n, x in enumerate(xs)]


def spaced(*distances: float, step_ms: int = 150) -> bytes:
    return chart(row(*distances, step_ms=step_ms), general=NO_STACKS, difficulty=CS4, version=128)


@pytest.mark.parametrize(
    ("distance", "expected"),
    [(160, []), (161, [M]), (320, [M]), (321, [W]), (1200, [W]), (1201, [P])],
)
def test_jumps_far_beyond_the_others_are_found(distance: float, expected: list[Severity]) -> None:
    data = spaced(80, 80, 80, distance)
    assert severities(found("abnormal_spacing", data)) == expected


def test_jumps_are_compared_with_gaps_of_their_own_length() -> None:
    assert found("abnormal_spacing", spaced(80, 80, 500)) == []  # too few to know
    assert found("abnormal_spacing", spaced(80, 80, 80, 500, step_ms=181)) == []
    assert len(found("abnormal_spacing", spaced(80, 80, 80, 500, step_ms=180))) == 1
    other = [*row(80, 80, 80), "740,100,1600,1,0"]  # over 150 ms like the others
    other[-1] = "740,100,1606,1,0"  # over 156 ms
    assert found("abnormal_spacing", chart(other, general=NO_STACKS, difficulty=CS4)) == []


def test_what_was_done_before_is_no_surprise() -> None:
    assert found("abnormal_spacing", spaced(80, 80, 500, 80, 80, 499)) == []


def test_short_jumps_do_not_matter() -> None:
    # two diameters are 145.98 px
    assert found("abnormal_spacing", spaced(30, 30, 30, 145)) == []
    assert len(found("abnormal_spacing", spaced(30, 30, 30, 146))) == 1


def test_from_a_slider_three_radii_are_spared() -> None:
    def data(distance: float) -> bytes:
        lines = [
            f"{n * 120},100,{1000 + n * 250},2,0,L|{n * 120 + 28}:100,1,28" for n in range(4)
        ]  # 100 ms long, then 92 px in 150 ms
        lines.append(f"{3 * 120 + 28 + distance},100,2000,1,0")
        return chart(lines, general=NO_STACKS, difficulty=CS4, version=128)

    assert found("abnormal_spacing", data(2 * 92 + 109)) == []
    assert severities(found("abnormal_spacing", data(2 * 92 + 110))) == [M]


@pytest.mark.parametrize(
    ("distance", "expected"),
    [(100, []), (129, []), (130, [M]), (172, [W]), (170, [M]), (79, []), (78, [M]), (61, [W])],
)
def test_uneven_distances_of_low_levels_are_found(
    distance: float, expected: list[Severity]
) -> None:
    data = spaced(100, distance, step_ms=500)
    for level in (Level.EASY, Level.NORMAL):
        assert severities(found("uneven_spacing", data, level)) == expected
    assert found("uneven_spacing", data, Level.HARD) == []


def test_only_near_and_similar_gaps_are_compared() -> None:
    assert found("uneven_spacing", spaced(100, 300, step_ms=601), Level.EASY) == []
    assert found("uneven_spacing", spaced(100, 11, step_ms=500), Level.EASY) == []  # a stack
    uneven_time = ["0,100,0,1,0", "100,100,500,1,0", "400,100,983,1,0"]
    assert found("uneven_spacing", chart(uneven_time, general=NO_STACKS), Level.EASY) == []
    late = ["0,100,0,1,0", "100,100,500,1,0", "0,100,5000,1,0", "300,100,5500,1,0"]
    assert found("uneven_spacing", chart(late, general=NO_STACKS), Level.EASY) == []


def test_one_uneven_distance_does_not_make_the_next_one_uneven() -> None:
    data = spaced(100, 300, 100, 100, step_ms=500)
    assert [f.objects for f in found("uneven_spacing", data, Level.EASY)] == [(1500, 2000)]


def named(name: str, lines: list[str]) -> bytes:
    return chart(
        lines, general=NO_STACKS, difficulty=CS4, metadata=[f"Version:{name}"], version=128
    )


@pytest.mark.parametrize(
    ("apart_ms", "distance", "expected"),
    [
        (124, 80, [P]), (125, 80, [W]), (174, 80, [W]), (175, 80, []), (124, 72, []),
        (250, 50, []), (251, 50, [M]), (251, 62, [M]), (251, 64, []), (1500, 50, []),
    ],
)  # fmt: skip
def test_quick_clicks_overlap_and_others_do_not(
    apart_ms: int, distance: int, expected: list[Severity]
) -> None:
    lines = ["100,100,1000,1,0", f"{100 + distance},100,{1000 + apart_ms},1,0"]
    assert severities(found_in_set("low_level_overlap", named("Easy", lines))) == expected
    assert severities(found_in_set("low_level_overlap", named("Normal", lines))) == expected
    assert found_in_set("low_level_overlap", named("Hard", lines)) == []


def test_a_normal_beside_an_easy_may_space_its_clicks() -> None:
    lines = ["100,100,1000,1,0", "200,100,1100,1,0"]
    maps = named("Easy", lines), named("Normal", lines)
    assert [f.file for f in found_in_set("low_level_overlap", *maps)] == ["0.osu"]


def test_the_end_of_a_slider_need_not_overlap() -> None:
    lines = ["100,100,1000,2,0,L|200:100,1,70", "400,100,1350,1,0"]
    assert found_in_set("low_level_overlap", named("Easy", lines)) == []
