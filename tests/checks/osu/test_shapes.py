from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from companion.checks.osu import shapes
from tests.checks.conftest import chart, found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.beatmap import SliderPath

CS4 = ("CircleSize:4", "OverallDifficulty:7", "SliderMultiplier:1", "SliderTickRate:1")


def words(line: str) -> list[str]:
    return [f.message for f in found("ambiguous_slider", chart([line], difficulty=CS4))]


@pytest.mark.parametrize(
    ("length", "n_found"),
    # there and back over 150 px: the tail is 300 - length px from the head
    [(300, 1), (295, 1), (294, 0), (150, 0)],
)
def test_a_tail_on_the_head_is_ambiguous(length: int, n_found: int) -> None:
    found_here = words(f"100,100,0,2,0,B|250:100|250:100|100:100,1,{length}")
    assert len(found_here) == n_found
    assert all("head and tail" in word for word in found_here)


def test_a_small_loop_can_be_played_by_staying_in_it() -> None:
    # ticks each 100 px; two radii are 73 px
    assert words("100,100,0,2,0,B|170:100|170:100|100:100,1,140") == []
    assert len(words("100,100,0,2,0,B|200:100|200:100|100:100,1,200")) == 1


@pytest.mark.parametrize(("x", "n_found"), [(105, 1), (106, 0)])
def test_an_anchor_on_the_head_is_ambiguous(x: int, n_found: int) -> None:
    # 40 px down, 40 px back to the anchor beside the head, and on to the right
    line = f"100,100,0,2,0,B|100:140|100:140|{x}:100|{x}:100|300:100,1,270"
    assert len(words(line)) == n_found
    near = f"100,100,0,2,0,B|100:120|100:120|{x}:100|{x}:100|300:100,1,230"
    assert words(near) == []  # less than 60 px of the way lie between


def test_an_anchor_on_the_tail_is_ambiguous() -> None:
    line = "100,100,0,2,0,L|200:100|200:140|200:100,1,180"
    assert words(line) == [
        "The slider's tail lies on a red anchor; which way it goes cannot be told from its shape."
    ]
    assert words("100,100,0,2,0,L|200:100|200:125|200:100,1,150") == []


def test_plain_shapes_are_clear() -> None:
    for curve in ("L|240:100,1,140", "P|170:130|240:100,1,150", "B|170:130|240:100,1,140"):
        assert words(f"100,100,0,2,0,{curve}") == []


def folded(curve: str) -> list[str]:
    return [f.message for f in found("folded_slider", chart([f"100,100,0,2,0,{curve}"]))]


def test_curves_that_run_along_themselves_are_found() -> None:
    (message,) = folded("B|250:100|250:100|100:100,1,300")
    assert "The slider runs back along itself" in message
    (message,) = folded("B|250:100|250:100|110:101,1,290")
    assert "along itself" in message


def test_curves_that_only_cross_themselves_are_fine() -> None:
    assert folded("B|250:100|250:100|180:30|180:30|180:170,1,380") == []
    assert folded("B|170:130|240:100,1,140") == []
    assert folded("B|250:100|250:100|100:106,1,300") == []
    assert folded("P|150:150|200:100,1,300") == []


def test_a_copied_shape_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []

    def fold_scores(paths: Sequence[SliderPath]) -> list[float]:
        measured.append(len(paths))
        return [9.0] * len(paths)

    monkeypatch.setattr(shapes, "fold_scores", fold_scores)
    line = "{0},{0},{1},2,0,B|{2}:{3}|{0}:{0}|{2}:{0}|{0}:{3},1,800"
    lines = [line.format(50 + n % 9, n * 900, 250 + n % 9, 250 + n % 9) for n in range(20)]
    assert len(found("folded_slider", chart(lines))) == 20
    assert measured == [1]
