from __future__ import annotations

import pytest

from companion.beatmap.star_rating import star_rating

HEAD = "osu file format v14\n\n[General]\nMode: {}\n\n"
DIFFICULTY = "[Difficulty]\nCircleSize:4\nOverallDifficulty:8\nSliderMultiplier:1.4\n\n"
TIMING = "[TimingPoints]\n0,300,4,2,1,60,1,0\n\n"
OBJECTS = "[HitObjects]\n" + "".join(
    f"{n * 97 % 512},{n * 61 % 384},{n * 150},1,0\n" for n in range(80)
)


@pytest.mark.parametrize("mode", [0, 1, 2, 3])
def test_line_ends_and_the_order_of_sections_do_not_change_the_rating(mode: int) -> None:
    head = HEAD.format(mode)
    stars = star_rating((head + DIFFICULTY + TIMING + OBJECTS).encode())
    assert stars is not None
    assert stars > 0.5
    usual = head + DIFFICULTY + TIMING + OBJECTS
    assert star_rating(usual.replace("\n", "\r").encode()) == stars
    assert star_rating(usual.replace("\n", "\r\n").encode()) == stars
    first, general = head.split("\n\n", 1)
    shuffled = f"{first}\n\n{OBJECTS}\n{TIMING}{DIFFICULTY}{general}"
    assert star_rating(shuffled.encode()) == stars
