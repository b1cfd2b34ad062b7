from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document, Slider
from companion.checks import Difficulty
from companion.checks.gameplay.difficulty import (
    catch_width_px,
    catcher_width_px,
    circle_radius_px,
    difficulty_range,
    fade_in_ms,
    hit_windows_ms,
    preempt_ms,
    spins_to_clear,
)
from companion.checks.gameplay.osu import hard_rock_view, osu_view
from companion.checks.gameplay.paths import path_of
from companion.checks.gameplay.sliders import tick_count, tick_distance_px

if TYPE_CHECKING:
    from pathlib import Path

MapText = Callable[..., bytes]

DIFFICULTY = ("CircleSize:4", "OverallDifficulty:7", "ApproachRate:9", "SliderMultiplier:1.4")


def difficulty_of(data: bytes) -> Difficulty:
    return Difficulty(Document.parse(data))


def test_settings_become_sizes_and_times() -> None:
    assert [difficulty_range(s, (1800, 1200, 450)) for s in (0, 5, 10)] == [1800, 1200, 450]
    # osu-standard-stable 5.0 gives 36.48 before lazer's allowance of 1.00041
    assert circle_radius_px(4) == pytest.approx(36.48 * 1.00041)
    assert [preempt_ms(ar) for ar in (0, 5, 9, 10)] == [1800, 1200, 600, 450]
    assert preempt_ms(9.3) == 554  # in single precision it is a little less than 555
    assert preempt_ms(9.6) == 509
    assert preempt_ms(9.7) == 495
    assert fade_in_ms(10) == fade_in_ms(9) == 400
    assert hit_windows_ms(5) == (49.5, 99.5, 149.5)
    assert hit_windows_ms(10) == (19.5, 59.5, 99.5)
    assert (spins_to_clear(5, 1000), spins_to_clear(5, 400), spins_to_clear(5, 399)) == (2, 1, 0)
    assert catcher_width_px(5) == pytest.approx(106.75)
    assert catch_width_px(5) == pytest.approx(106.75 * 0.8)


def test_what_follows_in_one_place_is_stacked(map_text: MapText) -> None:
    lines = ("100,100,1000,1,0", "101,101,1200,1,0", "100,100,1400,1,0", "300,100,1600,1,0")
    view = difficulty_of(map_text(lines, difficulty=DIFFICULTY)).fact(osu_view)
    assert view.heights == (2, 1, 0, 0)
    assert view.head(0) == pytest.approx((100 - 0.2 * view.radius_px,) * 2)
    assert view.head(2) == (100, 100)


@pytest.mark.parametrize(("second_ms", "stacked"), [(1420, True), (1421, False)])
def test_the_stack_leniency_is_a_share_of_the_approach(
    map_text: MapText, second_ms: int, stacked: bool
) -> None:
    lines = ("100,100,1000,1,0", f"100,100,{second_ms},1,0")
    view = difficulty_of(map_text(lines, difficulty=DIFFICULTY)).fact(osu_view)
    assert view.heights == ((1, 0) if stacked else (0, 0))


def test_circles_under_a_sliders_end_go_down(map_text: MapText) -> None:
    lines = ("100,100,1000,2,0,L|240:100,1,140", "240,100,1600,1,0", "240,100,1700,1,0")
    assert difficulty_of(map_text(lines)).fact(osu_view).heights == (0, -1, -2)
    back = ("100,100,1000,2,0,L|240:100,2,140", "100,100,2100,1,0")
    assert difficulty_of(map_text(back)).fact(osu_view).heights == (0, -1)


def test_sliders_are_stacked_on_what_ends_at_their_head(map_text: MapText) -> None:
    lines = ("100,100,1000,1,0", "100,100,1200,2,0,L|240:100,1,140")
    assert difficulty_of(map_text(lines)).fact(osu_view).heights == (1, 0)


def test_spinners_take_no_part(map_text: MapText) -> None:
    lines = ("100,100,1000,1,0", "256,192,1100,8,0,1200", "100,100,1300,1,0")
    assert difficulty_of(map_text(lines)).fact(osu_view).heights == (1, 0, 0)


def test_formats_before_6_stack_in_another_way(map_text: MapText) -> None:
    lines = ("100,100,1000,1,0", "100,100,1200,1,0", "100,100,1400,1,0")
    assert difficulty_of(map_text(lines, version=5)).fact(osu_view).heights == (2, 1, 0)
    # The far end of the path counts, even after an even number of spans.
    back = ("100,100,1000,2,0,L|240:100,2,140", "240,100,2100,1,0")
    assert difficulty_of(map_text(back, version=5)).fact(osu_view).heights == (0, -1)
    assert difficulty_of(map_text(back)).fact(osu_view).heights == (0, 0)


def test_hard_rock_parts_stacks_and_turns_the_map_round(map_text: MapText) -> None:
    lines = ("100,100,1000,1,0", "100,100,1400,1,0")
    difficulty = difficulty_of(map_text(lines, difficulty=DIFFICULTY))
    view = difficulty.fact(hard_rock_view)
    assert view.heights == (0, 0)
    assert view.head(0) == (100, 284)
    assert view.radius_px < difficulty.fact(osu_view).radius_px


def test_gaps_are_from_end_to_head(map_text: MapText) -> None:
    lines = ("100,100,1000,2,0,L|240:100,1,140", "240,130,1700,1,0", "0,0,1800,8,0,1900")
    view = difficulty_of(map_text(lines)).fact(osu_view)
    assert view.gaps == [(0, 200, 30)]


@pytest.mark.parametrize(
    "curve",
    [
        "L|300:200,1,120",
        "B|300:200,1,120",
        "P|150:150|200:100,1,120",
        "P|150:150|200:100,1,400",
        "P|150:50|200:100,1,90",
        "P|150:100|200:100,1,90",
        "B|150:150|200:100|260:180,1,150",
        "L|150:150|200:100,1,100",
    ],
)
def test_formulas_agree_with_the_flattened_curve(map_text: MapText, curve: str) -> None:
    (item,) = difficulty_of(map_text((f"100,100,0,2,0,{curve}",))).beatmap.hit_objects
    assert isinstance(item, Slider)
    for share in (0.0, 0.3, 0.9, 1.0):
        x, y = path_of(item).position_at(share)
        assert (x, y) == pytest.approx(item.path.position_at(share), abs=0.3)


def test_a_slider_of_equal_points_ends_where_it_begins(map_text: MapText) -> None:
    (item,) = difficulty_of(map_text(("100,100,0,2,0,L|100:100,1,50",))).beatmap.hit_objects
    assert isinstance(item, Slider)
    assert path_of(item).end == (100, 100)


def test_stacks_of_a_real_map_are_as_another_implementation_has_them(shared_data: Path) -> None:
    # osu-standard-stable 5.0.0: number of objects, sums of their heights with and without sign,
    # and of ticks
    folder = shared_data / "real/claris-hitorigoto-tv-mix"
    for name, expected in REAL.items():
        difficulty = difficulty_of((folder / f"osu-{name}.osu").read_bytes())
        heights = difficulty.fact(osu_view).heights
        ticks = sum(
            tick_count(item, tick_distance_px(item, difficulty.beatmap))
            for item in difficulty.beatmap.hit_objects
            if isinstance(item, Slider)
        )
        assert (len(heights), sum(heights), sum(map(abs, heights)), ticks) == expected


REAL = {
    "Little-s-Easy-ce0a67": (106, 1, 1, 33),
    "StarR-sensei-s-Insane-df82a9": (307, 28, 34, 7),
    "Xxdeathx-s-Insane-89da00": (321, 38, 40, 2),
    "Kencho-s-Insane-d1dce4": (314, 15, 17, 2),
    "Easy-5ff648": (132, 0, 0, 26),
}
