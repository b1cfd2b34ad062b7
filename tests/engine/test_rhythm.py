"""When objects begin: ticks, habits, and plans."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from companion.beatmap import Mode
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import EncodingOptions
from companion.engine.model.backbone import EncodedWindows
from companion.engine.model.bundled.grid import BeatLines
from companion.engine.model.settings import ModelSettings
from companion.engine.rhythm import NOTHING_KNOWN, Habits, KnownOnsets, OnsetPlanner
from companion.engine.rhythm.habits import BEATS_AWAY, N_FEATURES, features
from companion.engine.rhythm.plan import LEAST_LOG_ODDS, planned_onsets
from companion.engine.rhythm.ticks import QuarterTicks
from companion.errors import CheckpointMismatch
from tests.engine.test_bundled_backbone import red_line

if TYPE_CHECKING:
    from collections.abc import Sequence

BEAT_MS = 400.0
SETTINGS = ModelSettings("bundled", 16_000, 128, 1024, 1024)


def lines(*starts: tuple[float, float, int]) -> BeatLines:
    return BeatLines.of([red_line(*start) for start in starts])


def quarter_ticks(end_ms: float = 20_000.0) -> QuarterTicks:
    return QuarterTicks.of(lines((0.0, BEAT_MS, 4)), 0.0, end_ms)


# ------------------------------------------------------------------ ticks


def test_ticks_are_counted_from_the_red_line_also_before_it() -> None:
    ticks = QuarterTicks.of(lines((1000.0, 400.0, 4)), 850.0, 1250.0)
    assert ticks.times_ms.tolist() == [900.0, 1000.0, 1100.0, 1200.0]
    assert ticks.places.tolist() == [15, 0, 1, 2]
    assert ticks.measures.tolist() == [16] * 4


def test_a_new_line_begins_a_new_measure_of_its_own() -> None:
    ticks = QuarterTicks.of(lines((0.0, 400.0, 4), (650.0, 800.0, 3)), 0.0, 1500.0)
    assert ticks.times_ms.tolist() == [0, 100, 200, 300, 400, 500, 600, 650, 850, 1050, 1250, 1450]
    assert ticks.places.tolist() == [*range(7), 0, 1, 2, 3, 4]
    assert ticks.lines.tolist() == [0] * 7 + [1] * 5
    assert set(ticks.measures[7:].tolist()) == {12}


def test_beats_after_the_fourth_are_like_the_fourth() -> None:
    places = QuarterTicks.of(lines((0.0, 400.0, 7)), 0.0, 2800.0).places
    assert places.max() == 15
    assert places[20:28].tolist() == [12, 13, 14, 15] * 2


def test_there_are_no_ticks_without_a_tempo() -> None:
    assert not len(QuarterTicks.of(BeatLines.of([]), 0.0, 1000.0))


def test_near_is_within_what_a_time_token_blurs() -> None:
    ticks = quarter_ticks(400.0)
    assert ticks.near(np.array([12.0, 85.0, 188.5])).tolist() == [True, False, True, False]
    assert not ticks.near(np.zeros(0)).any()


# ------------------------------------------------------------------ habits


def test_only_what_is_known_is_marked() -> None:
    known = KnownOnsets(np.array([0.0, 200.0, 700.0]), ((0.0, 300.0), (600.0, 701.0)))
    assert known.marks(quarter_ticks(1000.0)).tolist() == [1, -1, 1, 0, 0, 0, -1, 1, 0, 0]
    assert not NOTHING_KNOWN.marks(quarter_ticks(1000.0)).any()


def test_before_the_first_and_after_the_last_beginning_nothing_is_known() -> None:
    known = KnownOnsets.around([200.0, 300.0], 600.0, [900.0])
    assert known.marks(quarter_ticks(1200.0)).tolist() == [0, 0, 1, 1, -1, -1, 0, 0, 0, 1, 0, 0]
    assert KnownOnsets.around([], 600.0, []).ranges_ms == ()


def test_features_look_beats_and_measures_away_within_a_red_line() -> None:
    ticks = QuarterTicks.of(lines((0.0, 400.0, 4), (4800.0, 400.0, 4)), 0.0, 9600.0)
    marks = np.where(ticks.times_ms == 3200.0, 1.0, -1.0)
    rows = np.array([36, 48, 52])
    found = features(ticks, marks, rows, None)
    assert found.shape == (3, N_FEATURES)
    a_beat_before = found[:, 0]
    assert a_beat_before.tolist() == [1.0, 0.0, -1.0]  # the second is the new line's first tick
    a_measure_before = features(ticks, marks, np.array([48 - 16 + 12]), None)
    assert a_measure_before[0, 2 * len(BEATS_AWAY)] == -1.0


def test_nothing_known_says_nothing_but_the_place() -> None:
    ticks = quarter_ticks()
    found = features(ticks, np.zeros(len(ticks)), np.array([5]), None)[0]
    assert found[: N_FEATURES - 16].tolist() == [0.0] * (N_FEATURES - 16)
    assert found[N_FEATURES - 16 :].tolist() == [float(place == 5) for place in range(16)]


def test_a_density_is_a_share_of_the_ticks() -> None:
    ticks = quarter_ticks()
    found = features(ticks, np.zeros(len(ticks)), np.array([5]), 2.5)[0]
    assert found[N_FEATURES - 18] == pytest.approx(math.log(0.25 / 0.75))
    assert found[N_FEATURES - 17] == 1.0


def some_habits(weight: float = 0.5, place: int | None = None) -> Habits:
    row = np.zeros(N_FEATURES)
    if place is None:
        row[0] = weight  # a beat before
    else:
        row[N_FEATURES - 16 + place] = weight
    return Habits(dict.fromkeys(Mode, row))


def test_habits_are_the_same_after_json() -> None:
    habits = some_habits()
    read = Habits.from_json(habits.to_json())
    assert all(np.array_equal(read.weights[mode], habits.weights[mode]) for mode in Mode)


@pytest.mark.parametrize(
    "damage",
    [
        lambda good: [],
        lambda good: {**good, "osu": good["osu"][:-1]},
        lambda good: {**good, "mania": None},
        lambda good: {**good, "taiko": "many"},
        lambda good: {**good, "catch": [math.nan, *good["catch"][1:]]},
        lambda good: {name: row for name, row in good.items() if name != "osu"},
    ],
)
def test_habits_that_do_not_fit_are_refused(damage: Any) -> None:
    with pytest.raises(CheckpointMismatch, match=r"generation_config\.json: rhythm"):
        Habits.from_json(damage(some_habits().to_json()))


# ------------------------------------------------------------------ plans


def planned(log_odds: Sequence[float], ticks: Sequence[int]) -> list[int]:
    on_tick = torch.zeros(1, len(log_odds), dtype=torch.bool)
    on_tick[0, list(ticks)] = True
    return planned_onsets(torch.tensor([log_odds]), on_tick)[0].nonzero()[:, 0].tolist()


def test_what_is_likely_enough_on_a_tick_is_planned() -> None:
    bar = LEAST_LOG_ODDS
    odds = [bar + 1, bar + 2, bar + 1, bar + 1, bar + 1, bar - 1, bar - 1, bar - 1, bar + 1]
    assert planned(odds, [0, 4, 7, 8]) == [0, 4, 8]


def test_of_ticks_side_by_side_the_likeliest_is_planned() -> None:
    assert planned([0.0, 0.0, 2.0, 1.0, 3.0, 0.0, 0.0, 1.0], [2, 4, 7]) == [4, 7]


def test_without_red_lines_the_likeliest_bins_are_planned() -> None:
    assert planned([0.0, 3.0, 0.0, -9.0, -9.0, 2.0], []) == [1, 5]


class Ears:
    """A network that hears something at some 10 ms bins."""

    def __init__(self, heard: dict[int, float], habits: Habits | None = None) -> None:
        encoding = EncodingOptions()
        self.settings = replace(SETTINGS, encoding=encoding, habits=habits)
        self._heard = heard

    def onset_log_odds(self, encoded: EncodedWindows) -> torch.Tensor:
        odds = torch.full((len(encoded), 200), -2.0)
        for place, value in self._heard.items():
            odds[:, place] = value
        return odds

    def ticks(self, encoded: EncodedWindows, *, quarters: bool = False) -> torch.Tensor:
        del quarters
        return (torch.arange(200) % 10 == 0).expand(len(encoded), -1)


WISH = Conditioning(song_length_ms=60_000.0)


def plan_of(
    backbone: Any,
    known: KnownOnsets = NOTHING_KNOWN,
    temperature: float = 0.0,
    seeds: Sequence[int] = (0,),
) -> list[list[int]]:
    planner = OnsetPlanner(backbone, WISH, (red_line(0.0, BEAT_MS, 4),), temperature)
    encoded = EncodedWindows({"x": torch.zeros(1, 1)})
    n = len(seeds)
    plan = planner.plan(encoded, [4000.0] * n, [known] * n, seeds)
    return [row.nonzero()[:, 0].tolist() for row in plan.planned]


def test_without_habits_what_is_heard_is_planned() -> None:
    assert plan_of(Ears({10: 3.0, 13: 9.0, 50: -1.0})) == [[10]]


def test_what_the_map_does_elsewhere_joins_what_is_heard() -> None:
    doubtful = Ears({20: -1.0, 60: -1.0}, some_habits(2.0))
    assert plan_of(doubtful) == [[]]
    # A beat before the window's 20th bin (4200 ms) something begins.
    known = KnownOnsets(np.array([3800.0]), ((3400.0, 4000.0),))
    assert plan_of(doubtful, known) == [[20]]


def test_a_habit_that_needs_no_knowledge_is_not_counted_twice() -> None:
    ears = Ears({20: 0.0}, some_habits(1.0, place=10))
    planner = OnsetPlanner(ears, WISH, (red_line(0.0, BEAT_MS, 4),))  # type: ignore[arg-type]
    planner._join(odds := torch.zeros(200), 4000.0, NOTHING_KNOWN, 0)
    assert odds[20].item() == pytest.approx(0.7 - 0.5)  # beat 10.5
    assert odds[10].item() == 0


def test_daring_plans_differ_by_seed_and_repeat_themselves() -> None:
    heard = {place: -1.0 + place % 160 / 80 for place in range(0, 200, 10)}
    first, again, other = plan_of(Ears(heard), temperature=1.0, seeds=(1, 1, 2))
    assert first == again != other
    measure = BEAT_MS * 4 / 10
    assert {place for place in first if place < 40} == {
        place - measure for place in first if place >= measure
    }
    assert plan_of(Ears(heard), seeds=(1,)) == plan_of(Ears(heard), seeds=(2,))


def test_daring_plans_are_as_dense_as_others() -> None:
    heard = {place: -1.5 + (7 * place) % 160 / 80 + place / 1e4 for place in range(0, 200, 10)}
    plain = plan_of(Ears(heard))[0]
    varied = plan_of(Ears(heard), temperature=2.0, seeds=range(20))
    assert 0 < len(plain) < 10
    assert {len(one) for one in varied} == {len(plain)}
    assert len({tuple(one) for one in varied}) > 5


def test_nothing_likely_enough_stays_so_however_daring() -> None:
    assert plan_of(Ears({}), temperature=2.0, seeds=range(5)) == [[]] * 5


def test_only_networks_that_hear_beginnings_plan() -> None:
    assert OnsetPlanner.can_plan(Ears({}))  # type: ignore[arg-type]
    ears = Ears({})
    ears.settings = replace(SETTINGS, encoding=EncodingOptions(types_first=False))
    assert not OnsetPlanner.can_plan(ears)  # type: ignore[arg-type]
