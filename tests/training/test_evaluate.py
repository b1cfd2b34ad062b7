from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from companion.beatmap import Document, TimeRange
from companion.engine.events import EventType
from companion.engine.model.bundled import BundledBackbone
from companion.engine.model.bundled.folder import settings_of
from companion.engine.model.bundled.lexicon import Lexicon
from companion.engine.model.bundled.network import BundledNetwork
from companion.engine.windows import Window
from companion.training.evaluate import Baseline, Effort, Examiner, quarter_ticks
from companion.training.figures import Findings, intervals, summary
from companion.training.hearings import Judged, MapListener, count_moments, moment_bits
from companion.training.library import find_sets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.vocabulary import Vocabulary

WINDOW = Window(0, 0, 0, TimeRange(0, 8184), TimeRange(0, 8184))
T, CIRCLE, COLUMN = EventType.TIME_SHIFT, EventType.CIRCLE, EventType.MANIA_COLUMN


def judged(*events: tuple[EventType, int, float]) -> Judged:
    kinds = tuple(kind for kind, _, _ in events)
    values = np.array([value for _, value, _ in events])
    bits = np.array([bits for _, _, bits in events])
    return Judged(WINDOW, kinds, values, values, values, bits)


@pytest.fixture(scope="module")
def listener(vocabulary: Vocabulary, tiny_sizes: NetworkSizes) -> MapListener:
    torch.manual_seed(0)
    network = BundledNetwork(tiny_sizes, Lexicon.of(vocabulary))
    return MapListener(BundledBackbone(network, vocabulary, settings_of(tiny_sizes, {})))


def test_an_objects_suspicion_is_the_larger_of_its_own_and_the_next_time() -> None:
    one = judged((CIRCLE, 0, 1), (T, 100, 2), (CIRCLE, 0, 1), (T, 200, 5), (CIRCLE, 0, 9))
    assert moment_bits(one) == [(100, None, 5), (200, None, 5)]


def test_mania_notes_are_told_apart_by_column() -> None:
    snap = EventType.SNAPPING
    one = judged((CIRCLE, 0, 1), (T, 100, 2), (snap, 1, 0), (COLUMN, 3, 1))
    assert moment_bits(one) == [(100, 3, 2)]


def test_chords_and_slider_tails_count_as_one_moment() -> None:
    assert count_moments(judged((T, 100, 1), (T, 100, 1), (T, 300, 1))) == 2
    assert count_moments(judged((CIRCLE, 0, 1))) == 0


def test_quarter_ticks_follow_the_red_lines(make_set: Callable[..., Path]) -> None:
    text = (make_set("Ticks") / "0.osu").read_text()
    text = text.replace("0,400,4,1,0,60,1,0", "0,400,4,1,0,60,1,0\n1000,800,4,1,0,60,1,0")
    beatmap = Document.parse(text.encode()).beatmap
    ticks = quarter_ticks(beatmap, 800, 1500)
    assert ticks.tolist() == [800, 900, 1000, 1200, 1400]


def test_figures_are_pooled_over_songs() -> None:
    first = Findings(
        bits={"t": [1.0, 3.0], "type": [6.0]}, head=np.array([3.0, 1, 2]), n_moments=1, n_maps=1
    )
    second = Findings(bits={"t": [5.0]}, moved=[4.0], untouched=[1.0, 5.0], n_moments=2, n_maps=2)
    figures = summary([first, second])
    assert figures["bits"]["t"] == 3
    assert figures["moment_bits"] == 3
    assert figures["rhythm_bits"] == 5
    assert figures["head_f1"] == pytest.approx(6 / 9)
    assert figures["displacement_auc"] == 0.5
    assert figures["maps"] == 3
    low, high = intervals({"a": first, "b": second})["time_bits"]
    assert (low, high) == (2, 5)


def test_the_baseline_knows_frequencies_of_a_mode(listener: MapListener) -> None:
    words = listener.backbone.vocabulary
    columns = words.ranges[EventType.MANIA_COLUMN]
    counts = {"mania": {str(columns.first_id): 15, str(columns.first_id + 1): 3}}
    plain, within = Baseline(counts, listener).bits("mania", np.array([columns.first_id]))
    assert plain[0] == pytest.approx(-math.log2(16 / (words.size_out + 18)))
    assert within[0] == pytest.approx(-math.log2(16 / (18 + 18)))


def test_a_song_is_examined_from_end_to_end(
    listener: MapListener, make_set: Callable[..., Path], tmp_path: Path
) -> None:
    make_set("First", (0, 3), tmp_path)
    make_set("Second", (0,), tmp_path)
    one, other = find_sets([tmp_path])
    examiner = Examiner(listener, Baseline({}, listener), Effort(1, 2, 1))
    found = dict(examiner.examine(one, other))
    assert found.keys() == {"osu", "mania"}
    figures = summary(list(found.values()))
    assert figures["windows"] == sum(entry.n_windows for entry in found.values())
    assert set(figures["bits"]) >= {"t", "snap", "type", "pos", "column", "hitsound", "volume"}
    assert all(value > 0 for value in figures["bits"].values())
    assert found["osu"].bits.keys() == found["osu"].shuffled_bits.keys()
    assert len(found["osu"].untouched) > len(found["osu"].moved) > 0
    json.dumps(figures)
