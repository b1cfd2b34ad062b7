from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from companion.beatmap import Document, Mode
from companion.engine.events import Event, EventType
from companion.engine.requests import HeardTiming
from companion.training.evaluation import figures
from companion.training.evaluation.baselines import Baselines, Frequencies, Pairs, symbol_pairs
from companion.training.evaluation.bits import Bits, Tally
from companion.training.evaluation.faults import Scores
from companion.training.evaluation.plots import Bar, bars, histograms
from companion.training.evaluation.run import SongFindings
from companion.training.evaluation.shapes import Likeness, Shapes, shapes_of
from companion.training.evaluation.summary import carrier, known, mode_value
from companion.training.evaluation.timing import main_bpm, timing_error
from companion.training.evaluation.writing import Written
from tests.training.conftest import map_lines

if TYPE_CHECKING:
    from companion.engine.vocabulary import Vocabulary

T = EventType.TIME_SHIFT
FIRST = SongFindings(
    bits=Bits(
        right={"t": Tally(4.0, 2), "type": Tally(6.0, 1)},
        other={"t": Tally(8.0, 2)},
        none={"t": Tally(5.0, 2)},
        head=np.array([3.0, 1, 2]),
        has_head=True,
        n_moments=1,
    ),
    written={"section": Written(ticks=np.array([3.0, 1, 2, 0]), sounds=np.array([4.0, 3, 2]))},
    n_maps=1,
)
SECOND = SongFindings(
    bits=Bits(right={"t": Tally(5.0, 1)}, other={"t": Tally(5.0, 1)}, n_moments=2),
    n_maps=2,
)
SECOND.faults.scores["moved_1_4"] = Scores([4.0], [1.0, 5.0])
SECOND.faults.rules["moved_1_4"] = [1, 0]


def test_figures_are_pooled_over_songs():
    value = mode_value({"a": FIRST, "b": SECOND})
    assert value["bits"]["t"] == 3
    assert value["moment_bits"] == 3
    assert value["rhythm_bits"] == 5
    assert value["head_f1"] == pytest.approx(6 / 9)
    assert value["displacement_auc"] == 0.5
    assert value["maps"] == 3
    assert value["intervals"]["time_bits"] == (2, 5)
    assert value["section"]["ticks"]["f1"] == pytest.approx(6 / 9)
    json.dumps(known(value))


def test_listening_is_what_the_right_sound_saves():
    assert figures.gain([FIRST], "other") == 2
    assert figures.gain([FIRST], "none") == 0.5


def test_hitsounds_are_compared_with_the_most_common_one():
    assert figures.hitsound_gain([FIRST]) == pytest.approx(0.25)


def test_what_was_not_measured_is_not_a_number():
    for figure in (figures.hitsound_gain, figures.head_f1, figures.star_error):
        assert math.isnan(figure([SECOND]))
    assert math.isnan(figures.written_f1([SECOND], "section"))
    assert known({"a": [math.nan, 1.0, math.inf]}) == {"a": [None, 1.0, None]}


def test_faults_are_told_from_objects_of_their_own_mode():
    std, mania = SongFindings(Mode.OSU), SongFindings(Mode.MANIA)
    std.faults.scores["extra"] = Scores([5.0, 0.0, 5.0], [1.0, 2.0])
    mania.faults.scores["extra"] = Scores([50.0], [10.0])
    assert figures.fault_auc([std], "extra") == pytest.approx(2 / 3)
    assert figures.fault_auc([std, mania], "extra") == pytest.approx(3 / 4)


def test_who_carries_a_kind_of_fault_is_told():
    found = SongFindings()
    found.faults.scores["extra"] = Scores([5.0, 5.0], [1.0, 2.0])
    found.faults.rules["extra"] = [2, 0]
    assert carrier([found], "extra") == "model"
    found.faults.rules["extra"] = [2, 2]
    assert carrier([found], "extra") == "both"
    found.faults.scores["extra"] = Scores([0.0], [1.0])
    assert carrier([found], "extra") == "rules"


# Baselines


def test_frequencies_of_a_mode_are_known(vocabulary: Vocabulary):
    columns = vocabulary.ranges[EventType.MANIA_COLUMN]
    counts = {"mania": {str(columns.first_id): 15, str(columns.first_id + 1): 3}}
    plain, within = Frequencies(counts, vocabulary).bits("mania", np.array([columns.first_id]))
    assert plain[0] == pytest.approx(-math.log2(16 / (vocabulary.size_out + 18)))
    assert within[0] == pytest.approx(-math.log2(16 / (18 + 18)))


def times(*values: int) -> list[Event]:
    return [Event(T, value, value) for value in values]


BEATMAP = Document.parse(map_lines(0, "", [])).beatmap


def test_times_are_told_as_distances_in_beats():
    pairs = symbol_pairs(BEATMAP, times(400, 800, 1000))
    assert [symbol for _, symbol in pairs[1:]] == [("t", 24), ("t", 12)]
    assert pairs[2][0] == ("t", 24)


def test_the_bigram_foresees_what_usually_follows(vocabulary: Vocabulary):
    pairs = Pairs()
    pairs.count(symbol_pairs(BEATMAP, times(*range(400, 40_000, 400))))
    baselines = Baselines(vocabulary, None, pairs)
    usual = symbol_pairs(BEATMAP, times(400, 800, 1200))
    odd = symbol_pairs(BEATMAP, times(400, 800, 900))
    assert baselines.bigram(usual)[2] < 1 < 5 < baselines.bigram(odd)[2]
    plain, within = baselines.unigram("osu", np.zeros(3, dtype=np.int64), usual)
    assert plain[2] > within[2] > 0


def test_counts_of_several_songs_add_up():
    one, other = Pairs(), Pairs()
    one.count(symbol_pairs(BEATMAP, times(400, 800)))
    other.count(symbol_pairs(BEATMAP, times(400, 800)))
    total = Pairs.sum([one, other])
    assert total.single["t", 24] == 2
    assert total.before == {**one.before, **{k: 2 * v for k, v in one.before.items()}}


# Shapes, timing, plots


def test_spacings_and_turns_are_measured_along_the_objects():
    objects = [
        "100,100,400,1,0,0:0:0:0:",
        "200,100,800,1,0,0:0:0:0:",
        "200,200,1200,1,0,0:0:0:0:",
        "100,200,9000,1,0,0:0:0:0:",
    ]
    found = shapes_of(Document.parse(map_lines(0, "", objects)).beatmap.hit_objects)
    assert found.spacings_px == [100, 100]
    assert found.angles_deg == pytest.approx([90])


def test_distances_of_shapes_are_compared_only_where_both_are_known():
    song = SongFindings()
    near, far = Shapes([1.0, 2.0, 3.0], [5.0, 5.0]), Shapes([90.0, 91.0, 92.0], [5.0, 5.0])
    song.written["section"] = Written(shapes=[Likeness(far, near, near), Likeness(far, near, None)])
    assert figures.energy([song], "section", 0, of_other=False) > 100
    assert figures.energy([song], "section", 0, of_other=True) < 0


def test_timing_errors_are_against_the_maps_red_lines():
    red = BEATMAP.red_lines[0]
    heard = HeardTiming((replace(red, time_ms=4.0, beat_length=400.0),), 10, 20_000.0)
    error = timing_error(heard, BEATMAP.red_lines)
    assert error is not None
    assert error.bpm_error == 0
    assert error.offset_ms == pytest.approx(4)
    two = (red, replace(red, time_ms=1000.0, beat_length=300.0))
    assert main_bpm(two, 20_000) == pytest.approx(200)
    assert main_bpm((), 20_000) == 0


def test_plots_are_svg_and_escape_their_labels():
    plot = bars([Bar("<b>", 0.5, (0.4, 0.6), 0.7), Bar("none", None)])
    assert plot.startswith("<svg")
    assert "<b>" not in plot
    assert "none" not in plot
    assert bars([Bar("none", None)]) == ""
    assert histograms({"one": [1.0, 2.0, 3.0], "few": [1.0]}, "px").count("<polyline") == 1
