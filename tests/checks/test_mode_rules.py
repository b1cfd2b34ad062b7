"""What holds of the rules of all four modes, on maps that nobody would make."""

from __future__ import annotations

import time

import pytest

from companion.beatmap import Document
from companion.checks import (
    Difficulty,
    DifficultyCheck,
    Level,
    Mapset,
    SetCheck,
    catch,
    mania,
    taiko,
)
from companion.checks import osu as osu_rules
from tests.checks.conftest import chart

RULES = (osu_rules.CHECKS, taiko.CHECKS, catch.CHECKS, mania.CHECKS)
ODD = {
    "empty": chart(),
    "no red line": chart(["0,0,0,1,0", "0,0,9,2,0,L|9:9,1,9", "0,0,90,8,0,99"], timing=()),
    "green lines only": chart(["0,0,0,1,0"], timing=["0,-100,4,2,1,60,0,0"]),
    "no tempo": chart(["0,0,0,1,0", "0,0,9,2,0,L|9:9,1,9"], timing=["0,0,4,2,1,60,1,0"]),
    "backward tempo": chart(["0,0,0,1,0", "0,0,99,1,4"], timing=["0,-5,4,2,1,60,1,0"]),
    "nothing is a number": chart(
        ["0,0,0,1,0", "0,0,500,2,0,L|140:0,1,140"],
        timing=["0,500,4,2,1,60,1,0", "100,NaN,4,2,1,60,0,0"],
        difficulty=["CircleSize:NaN", "ApproachRate:NaN", "SliderMultiplier:NaN"],
    ),
    "far times": chart(
        [
            "0,0,-2000000000,1,0",
            "0,0,2000000000,2,0,L|140:0,2,140",
            "0,0,2000000001,12,0,2100000000",
        ],
        timing=["-2000000000,0.00001,4,2,1,60,1,1", "0,1000000,4,2,1,60,1,8"],
    ),
    "one place": chart(["9,9,5,2,0,B|9:9|9:9|9:9,9000,0.001"] * 9),
    "sliders without points": chart(["9,9,5,2,0,L,1,100", "9,9,5,2,0,P|9:9|9:9,3,100"]),
    "long curves": chart(["9,9,5,2,0,B|90:9|9:9|90:9|9:9|90:90,1,100000"] * 3),
    "one chord": chart([f"{n * 37 % 512},0,5,128,8,{n}:0:0:0:0:a" for n in range(400)]),
}  # fmt: skip


@pytest.mark.parametrize("level", [Level.EASY, Level.INSANE])
@pytest.mark.parametrize("mode", range(4))
@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_odd_maps_neither_fail_nor_take_long(data: bytes, mode: int, level: Level) -> None:
    stated = data.replace(b"Mode: 0", f"Mode: {mode}".encode())
    difficulty = Difficulty(Document.parse(stated), "a.osu", level)
    started = time.process_time()
    for check in RULES[mode]:
        if isinstance(check, DifficultyCheck):
            list(check.run(difficulty))
        elif isinstance(check, SetCheck):
            list(check.run(Mapset((difficulty, difficulty))))
    assert time.process_time() - started < 10


@pytest.mark.parametrize("mode", range(4))
def test_cost_grows_with_the_number_of_objects_only(mode: int) -> None:
    def seconds(count: int) -> float:
        lines = [
            f"{n * 67 % 512},{n * 41 % 384},{n * 160},{5 if n % 6 == 0 else 1},{n % 16}"
            if n % 3
            else f"100,100,{n * 160},2,0,B|{150 + n % 90}:160|220:{n % 90}|260:100,1,42"
            for n in range(count)
        ]
        difficulty = Difficulty(Document.parse(chart(lines, mode=mode)), "a.osu", Level.EASY)
        assert len(difficulty.beatmap.hit_objects) == count
        started = time.process_time()
        for check in RULES[mode]:
            if isinstance(check, DifficultyCheck):
                list(check.run(difficulty))
        return time.process_time() - started

    seconds(100)
    # quadratic cost would be 36-fold
    assert seconds(6000) < 18 * max(0.02, seconds(1000))
