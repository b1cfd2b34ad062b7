from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document
from companion.checks import Difficulty
from companion.checks.gameplay.score import best_play, difficulty_factor
from tests.checks.conftest import chart

if TYPE_CHECKING:
    from pathlib import Path

FLAT = ("HPDrainRate:5", "CircleSize:4", "OverallDifficulty:7", "SliderMultiplier:1.4")
MODS = 1.06 * 1.06 * 1.12 * 1.12


def play(*lines: str, mode: int = 0, timing: tuple[str, ...] = ("0,500,4,2,1,60,1,0",)):
    data = chart(lines, mode=mode, timing=timing, difficulty=FLAT)
    return Difficulty(Document.parse(data)).fact(best_play)


def factor(*lines: str, mode: int = 0) -> int:
    return difficulty_factor(Document.parse(chart(lines, mode=mode, difficulty=FLAT)).beatmap)


def test_combo_counts_more_in_harder_and_denser_maps() -> None:
    assert factor() == 0
    assert factor("0,0,0,1,0") == 4  # no whole second: 16 for density
    assert factor("0,0,0,1,0", "0,0,8000,1,0") == 2  # two objects in 8 s: 2 for density
    assert factor("0,0,0,1,0", mode=1) == 4  # as if the circle size were 2


def test_sliders_count_for_their_parts_and_once_for_combo() -> None:
    # head, two ticks and tail make a combo of 4, and the whole is counted after them
    assert play("0,0,0,2,0,L|350:0,1,350") == (4, 300 + 60 + 20 + round(3 * 12 * 4 * MODS))


@pytest.mark.parametrize(
    ("duration_ms", "bonus"),
    [
        (0, 0),
        # 15 half spins, 6 of them before a bonus: 2, 4, 6 give 100; 8, 10, 12, 14 give 1100
        (1000, 300 + 4400),
        # 31 half spins, 9 before a bonus: all even ones give 100, 11 to 31 in twos 1100
        (2000, 1500 + 11 * 1100),
    ],
)
def test_spinners_give_bonus(duration_ms: int, bonus: int) -> None:
    assert play(f"256,192,0,8,0,{duration_ms}") == (1, 300 + bonus)


def test_taiko_counts_notes_drumrolls_and_kiai() -> None:
    assert play("0,0,0,1,0", mode=1) == (1, 300)
    assert play("0,0,0,1,4", mode=1) == (1, 600)
    # from the tenth hit on each step of ten is worth 8 * 2 * 5 more
    twelve = [f"0,0,{n},1,0" for n in range(12)]
    assert play(*twelve, mode=1) == (12, 3600 + round(2 * 80 * MODS))
    kiai = ("0,500,4,2,1,60,1,1",)
    assert play("0,0,0,1,0", mode=1, timing=kiai) == (1, 300 + round(60 * MODS))
    # a beat of 500 ms has a drumroll hit each 62.5 ms: 8 on 500 ms, and one within 62 ms after
    assert play("0,0,0,2,0,L|140:0,1,140", mode=1) == (0, 9 * 300)
    assert play("0,0,0,2,4,L|140:0,1,140", mode=1) == (0, 9 * 360)
    # 7 half spins asked for, times 1.65, times 1.5: 16, and one more
    assert play("256,192,0,8,0,1000", mode=1) == (0, 600 + 17 * 300)


def test_catch_counts_all_that_falls() -> None:
    assert play("0,0,0,1,0", mode=2) == (1, 300)
    # gaps of 500, 464 and 36 ms between the parts: 7 and 7 tiny droplets
    assert play("0,0,0,2,0,L|280:0,1,280", mode=2) == (
        3,
        300 + 100 + 300 + 140 + round(1 * 12 * 4 * 1.06 * 1.12 * 1.06 * 1.12),
    )
    assert play("256,192,0,8,0,1000", mode=2) == (0, 17 * 1100)


def test_mania_has_one_highest_score() -> None:
    assert play("0,0,0,1,0", "0,0,0,128,0,250:0:0:0:0:", mode=3) == (4, 1_000_000)


def test_combos_of_real_maps_are_those_of_rosu_pp(shared_data: Path) -> None:
    import rosu_pp_py as rosu

    for path in sorted((shared_data / "real").rglob("*.osu"))[::9]:
        difficulty = Difficulty(Document.parse(path.read_bytes()))
        expected = rosu.Difficulty().calculate(rosu.Beatmap(path=str(path))).max_combo
        assert difficulty.fact(best_play).combo == expected, path
