from __future__ import annotations

import numpy as np
import pytest

from companion.beatmap import Beatmap, Document
from companion.engine.encoding import EncodingOptions, encode_map
from companion.engine.modding.groups import group_events
from companion.engine.modding.habits import HABITS, MOST_SLOTS, habits_of

BEAT = 400
BAR = 4 * BEAT
CLAP = 8


def beatmap_of(lines: list[str], red_lines: str = f"0,{BEAT},4,2,0,60,1,0") -> Beatmap:
    text = (
        "osu file format v14\n\n[General]\nMode: 0\n\n[Difficulty]\nSliderMultiplier:1\n"
        f"\n[TimingPoints]\n{red_lines}\n\n[HitObjects]\n" + "\n".join(lines)
    )
    return Document.parse(text.encode()).beatmap


def circle(ms: float, sound: int = 0, *, combo: bool = False) -> str:
    return f"100,100,{round(ms)},{5 if combo else 1},{sound},0:0:0:0:"


def slider(ms: float, beats: int = 1) -> str:
    return f"100,100,{round(ms)},2,0,L|{100 + 100 * beats}:100,1,{100 * beats}"


def habits(beatmap: Beatmap) -> dict[int, dict[str, float]]:
    """By start time."""
    events = encode_map(beatmap, EncodingOptions())
    kinds, times = [event.kind for event in events], [event.time_ms for event in events]
    groups = group_events(kinds, times, types_first=True)
    starts = {group.start: group.time_ms for group in groups}
    found = habits_of(groups, events, beatmap)
    return {
        starts[first]: dict(zip(HABITS, row.tolist(), strict=True)) for first, row in found.items()
    }


def bars(n: int = 12) -> list[str]:
    """A beat each, claps on the second and fourth, a combo every other bar."""
    return [
        circle(bar * BAR + beat * BEAT, CLAP * (beat % 2), combo=beat == 0 and bar % 2 == 0)
        for bar in range(n)
        for beat in range(4)
    ]


def changed(line: str, at: int) -> dict[int, dict[str, float]]:
    lines = bars()
    lines[at] = line
    return habits(beatmap_of(lines))


def test_what_is_as_always_is_no_surprise() -> None:
    for row in habits(beatmap_of(bars())).values():
        assert row["habit.sound.bits"] < 0.25
        assert row["habit.sound.near"] < 0.1
        assert row["habit.combo.near"] < 0.5
        assert row["habit.start.near"] < 0.1
        assert row["habit.skipped"] == 0


def test_another_sound_or_combo_than_at_this_place_stands_out() -> None:
    usual = habits(beatmap_of(bars()))
    at = 5 * 4 + 1
    ms = 5 * BAR + BEAT
    odd = changed(circle(ms, 0), at)
    assert odd[ms]["habit.sound.bits"] > usual[ms]["habit.sound.bits"] + 2
    assert odd[ms]["habit.sound.near"] > usual[ms]["habit.sound.near"] + 2
    # One that is odd hardly makes the others odd.
    assert odd[ms + BAR]["habit.sound.bits"] < 1
    odd = changed(circle(ms, CLAP, combo=True), at)
    assert odd[ms]["habit.combo.near"] > usual[ms]["habit.combo.near"] + 2
    missing = changed(circle(4 * BAR, 0), 4 * 4)
    assert missing[4 * BAR]["habit.combo.near"] > usual[4 * BAR]["habit.combo.near"] + 1


def test_a_change_of_style_counts_less_than_the_bars_around() -> None:
    later = [
        circle(bar * BAR + beat * BEAT, 2 * (beat % 2))
        for bar in range(12, 40)
        for beat in range(4)
    ]
    row = habits(beatmap_of([*bars(), *later]))[3 * BAR + BEAT]
    assert row["habit.sound.bits"] > 1.2
    assert row["habit.sound.near"] < row["habit.sound.bits"] - 0.5


def test_a_moved_object_is_where_seldom_anything_starts_and_leaves_a_gap() -> None:
    at, ms = 5 * 4 + 1, 5 * BAR + BEAT
    moved = changed(circle(ms + BEAT / 4, CLAP), at)[round(ms + BEAT / 4)]
    assert moved["habit.start.bits"] > 4
    assert moved["habit.start.near"] > 4
    assert moved["habit.skipped"] == 4
    earlier = changed(circle(ms - BEAT / 4, CLAP), at)
    assert earlier[round(ms - BEAT / 4)]["habit.next.skipped"] == 4
    assert earlier[round(ms + BEAT)]["habit.skipped"] == 4


def test_where_an_object_goes_on_nothing_is_skipped() -> None:
    lines = bars()
    lines[20:22] = [slider(5 * BAR)]
    found = habits(beatmap_of(lines))
    assert found[5 * BAR + 2 * BEAT]["habit.skipped"] == 0
    assert found[5 * BAR]["habit.kind.bits"] > 2
    assert found[5 * BAR]["habit.end.near"] < 1
    lines[20] = f"100,100,{5 * BAR},2,0,L|200:100,1,75"
    assert habits(beatmap_of(lines))[5 * BAR]["habit.end.near"] > 2


def test_each_red_line_has_bars_of_its_own() -> None:
    whole = habits(beatmap_of(bars()))
    shifted = [circle(12 * BAR + 100 + beat * 300, 2) for beat in range(8 * 3)]
    found = habits(
        beatmap_of(
            [*bars(), *shifted],
            f"0,{BEAT},4,2,0,60,1,0\n{12 * BAR + 100},300,3,2,0,60,1,0",
        )
    )
    assert found[12 * BAR + 100 + 900]["habit.start.near"] < 0.1
    near = found[5 * BAR]["habit.start.near"]
    assert near == pytest.approx(whole[5 * BAR]["habit.start.near"], abs=0.01)


@pytest.mark.parametrize(
    "red_lines", ["", "0,0.001,4,2,0,60,1,0", "0,1E+20,4,2,0,60,1,0", "0,NaN,4,2,0,60,1,0"]
)
def test_without_a_beat_there_are_no_habits(red_lines: str) -> None:
    assert all(not any(row.values()) for row in habits(beatmap_of(bars(), red_lines)).values())


def test_objects_that_are_years_apart_cost_no_memory() -> None:
    years = [circle(0), circle(2_000_000_000)]
    assert 2_000_000_000 / BEAT * 12 > MOST_SLOTS
    assert habits(beatmap_of(years)) == {}


def test_a_lone_object_and_two_at_once_are_taken_as_they_are() -> None:
    for lines in ([circle(0)], [circle(0), circle(0)], [circle(-300), circle(500)]):
        for row in habits(beatmap_of(lines)).values():
            assert np.isfinite(list(row.values())).all()
            assert min(row.values()) >= 0
