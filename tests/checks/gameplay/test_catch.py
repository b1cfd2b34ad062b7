from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Document
from companion.checks import Difficulty
from companion.checks.gameplay.catch import FallingKind, falling_objects
from tests.checks.conftest import chart

if TYPE_CHECKING:
    from pathlib import Path

SIZE = ("CircleSize:5", "OverallDifficulty:7", "SliderMultiplier:1.4")
HALF_PX = 106.75 / 2
GRACE_MS = 1000 / 60 / 4


def falling(*lines: str):
    data = chart(lines, mode=2, difficulty=SIZE)
    return Difficulty(Document.parse(data)).fact(falling_objects)


def test_streams_fall_in_parts_and_bananas_do_not_count() -> None:
    parts = falling(
        "100,0,0,2,0,L|380:0,2,280", "256,192,3000,8,0,4000", "100,0,5000,1,0", "600,0,6000,1,0"
    )
    assert [(part.kind, part.time_ms, round(part.x)) for part in parts] == [
        (FallingKind.HEAD, 0, 100),
        (FallingKind.DROPLET, 500, 240),
        (FallingKind.REPEAT, 1000, 380),
        (FallingKind.DROPLET, 1500, 240),
        (FallingKind.TAIL, 2000, 100),
        (FallingKind.FRUIT, 5000, 100),
        (FallingKind.FRUIT, 6000, 512),
    ]
    assert [part.in_slider for part in parts] == [False, True, True, True, True, False, False]


@pytest.mark.parametrize(("x", "hyper"), [(249, False), (250, True)])
def test_a_hyperdash_is_what_a_dash_cannot_reach(x: int, hyper: bool) -> None:
    # 100 ms less the grace, and half a catcher: 149.2 px
    first, last = falling("100,0,1000,1,0", f"{x},0,1100,1,0")
    assert first.hyperdash is hyper
    if not hyper:
        assert first.to_hyperdash_px == pytest.approx(100 - GRACE_MS + HALF_PX - 149)
    assert not last.hyperdash


def test_going_on_in_one_direction_leaves_less_to_spare() -> None:
    there = falling("100,0,1000,1,0", "240,0,1100,1,0", "380,0,1200,1,0")
    assert [part.hyperdash for part in there] == [False, True, False]
    back = falling("100,0,1000,1,0", "240,0,1100,1,0", "100,0,1200,1,0")
    assert [part.hyperdash for part in back] == [False, False, False]


def test_hyperdashes_of_real_maps_are_as_another_implementation_has_them(shared_data: Path) -> None:
    # osu-catch-stable 4.0.0: number of fruits and droplets, of hyperdashes, sum of positions
    for name, expected in REAL.items():
        data = (shared_data / "real" / f"{name}.osu").read_bytes()
        parts = Difficulty(Document.parse(data)).fact(falling_objects)
        assert (
            len(parts),
            sum(part.hyperdash for part in parts),
            pytest.approx(sum(part.x for part in parts), abs=3),
        ) == expected


REAL = {
    "icon-for-hire-make-a-move-speed-up-ver/catch-Ascendance-s-Overdose-7593eb": (262, 64, 68184),
    "icon-for-hire-make-a-move-speed-up-ver/catch-Ascendance-s-Platter-9a9f08": (233, 13, 60578),
    "onumi-personality/catch-AJAMEZ-S-SALAD-baa354": (439, 0, 110451),
    "onumi-personality/catch-OVERDOSE-2b4378": (745, 186, 195567),
    "fractal-dreamers-everything-for-a-dream/catch-Rain-9edabb": (405, 33, 105313),
}
