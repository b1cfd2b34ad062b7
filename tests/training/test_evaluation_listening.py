from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from companion.beatmap import Document, TimeRange
from companion.engine.audio import Waveform
from companion.engine.cancellation import CancelToken
from companion.engine.events import TYPES, ContextType, Event, EventType
from companion.engine.kind_score import KindScore
from companion.engine.loaded_model import LoadedModel, Song
from companion.engine.modding.detectors import Detector, Fault
from companion.engine.modding.features import MapObjects
from companion.engine.model.bundled import folder as bundled_folder
from companion.engine.model.bundled.lexicon import Lexicon
from companion.engine.model.bundled.network import BundledNetwork
from companion.engine.windows import Window
from companion.training.evaluation.bits import Bits, Tally, add, count_moments
from companion.training.evaluation.fault_kinds import FaultKind
from companion.training.evaluation.faults import windows_apart
from companion.training.evaluation.listening import Judged, MapListener, Sound
from companion.training.evaluation.suspicion import can_have, seen_objects, suspicion
from tests.training.conftest import TOKENIZER, map_lines, osu_objects

if TYPE_CHECKING:
    from pathlib import Path

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.vocabulary import Vocabulary

WINDOW = Window(0, 0, 0, TimeRange(0, 8184), TimeRange(0, 8184))
E = EventType
T, SNAP, CIRCLE, COLUMN = E.TIME_SHIFT, E.SNAPPING, E.CIRCLE, E.MANIA_COLUMN


def judged(*events: tuple[EventType, int, float] | tuple[EventType, int, float, float]) -> Judged:
    """Kind, value, bits, and what of them is the kind's."""
    values = np.array([event[1] for event in events])
    bits = np.array([event[2] for event in events], dtype=np.float64)
    of_kind = np.array([event[3] if len(event) == 4 else 0 for event in events], dtype=np.float32)
    nothing = np.zeros(len(events), dtype=np.float32)
    likeliest = np.zeros(len(events), dtype=np.int32)
    by_kind = KindScore(
        of_kind,
        bits.astype(np.float32) - of_kind,
        nothing,
        nothing,
        likeliest,
        nothing,
        nothing.astype(np.bool_),
    )
    kinds = tuple(event[0] for event in events)
    where = np.arange(len(events))
    return Judged(WINDOW, ContextType.MAP, where, kinds, values, values, values, bits, by_kind)


def objects_of(one: Judged) -> MapObjects:
    """Of a map without red lines."""
    events = [Event(kind, int(value)) for kind, value in zip(one.kinds, one.values, strict=True)]
    beatmap = Document.parse(b"osu file format v14\n").beatmap
    return MapObjects(events, beatmap, types_first=True)


def suspicions(kind: FaultKind, one: Judged) -> list[tuple[int, int | None, float]]:
    return [
        (item.time_ms, item.column, suspicion(kind, item.row, {}))
        for item in seen_objects(one, objects_of(one))
    ]


def moved_bits(one: Judged) -> list[tuple[int, int | None, float]]:
    return suspicions(FaultKind.MOVED_QUARTER, one)


def test_a_moved_object_is_noticed_by_its_own_or_the_next_time():
    one = judged((CIRCLE, 0, 1), (T, 100, 2), (CIRCLE, 0, 1), (T, 200, 5), (CIRCLE, 0, 9))
    assert moved_bits(one) == [(100, None, 5), (200, None, 5)]


def test_mania_notes_are_told_apart_by_column():
    one = judged((CIRCLE, 0, 1), (T, 100, 2), (SNAP, 1, 0), (COLUMN, 3, 1))
    assert moved_bits(one) == [(100, 3, 2)]


def test_a_new_combo_is_judged_by_whether_it_comes_and_a_sound_by_what_it_is():
    one = judged(
        (CIRCLE, 0, 1),
        (T, 100, 1),
        (E.DISTANCE, 9, 2),
        (E.POS, 9, 3),
        (E.NEW_COMBO, 0, 6, 6),
        (E.HITSOUND, 4, 5, 1),
        (CIRCLE, 0, 1),
        (T, 200, 1),
        (E.DISTANCE, 9, 7),
        (E.POS, 9, 8),
        (E.HITSOUND, 4, 2, 0.5),
    )
    extra, missing = (
        suspicions(FaultKind.COMBO_EXTRA, one),
        suspicions(FaultKind.COMBO_MISSING, one),
    )
    assert (extra[0][2], missing[1][2]) == (6, 0.5)
    assert [bits for _, _, bits in suspicions(FaultKind.HITSOUND, one)] == [4, 1.5]
    assert suspicions(FaultKind.MISPLACED, one)[0][2] == 2 + 3 + 7 + 8


def test_the_length_of_a_slider_is_judged_by_its_end_and_a_gap_by_what_comes_after_it():
    one = judged(
        (E.SLIDER_HEAD, 0, 1),
        (T, 100, 2),
        (E.LAST_ANCHOR, 0, 1),
        (T, 300, 4),
        (E.SLIDER_END, 0, 1),
        (T, 300, 3),
        (CIRCLE, 0, 1),
        (T, 500, 9),
    )
    assert suspicions(FaultKind.SLIDER_LENGTH, one)[0][2] == 4
    assert suspicions(FaultKind.OBJECT_KIND, one)[0][2] == 1 + 4
    assert suspicions(FaultKind.MISSING, one)[1][2] == 1 + 9
    assert suspicions(FaultKind.EXTRA, one)[1][2] == 9


def test_a_fault_is_told_from_objects_that_can_have_it():
    one = judged(
        (E.SLIDER_HEAD, 0, 1),
        (T, 100, 2),
        (E.SLIDER_END, 0, 1),
        (T, 300, 3),
        (CIRCLE, 0, 1),
        (T, 500, 9),
        (E.POS, 3, 1),
        (E.NEW_COMBO, 0, 1),
    )
    slider, circle = (item.row for item in seen_objects(one, objects_of(one)))
    assert [can_have(FaultKind.MISPLACED, row) for row in (slider, circle)] == [False, True]
    assert [can_have(FaultKind.SLIDER_LENGTH, row) for row in (slider, circle)] == [True, False]
    assert [can_have(FaultKind.COMBO_MISSING, row) for row in (slider, circle)] == [True, False]
    assert [can_have(FaultKind.COMBO_EXTRA, row) for row in (slider, circle)] == [False, True]


def test_a_checkpoints_own_detectors_come_first():
    one = judged((CIRCLE, 0, 1), (T, 100, 1))
    (item,) = seen_objects(one, objects_of(one))
    own = {Fault.EXTRA: Detector.of(5.0, {"own.time.bits": -1.0})}
    assert suspicion(FaultKind.EXTRA, item.row, own) == 4
    assert suspicion(FaultKind.MISSING, item.row, own) == 1 + 1


def test_chords_and_slider_tails_count_as_one_moment():
    assert count_moments(judged((T, 100, 1), (T, 100, 1), (T, 300, 1))) == 2
    assert count_moments(judged((CIRCLE, 0, 1))) == 0


def test_types_are_one_kind_of_event():
    found = Bits()
    add(found.right, judged((CIRCLE, 0, 1), (T, 100, 2), (E.SLIDER_HEAD, 0, 4)), [1, 2, 4])
    assert found.right == {"type": Tally(5, 2), "t": Tally(2, 1)}


def test_faults_stand_in_windows_that_do_not_see_each_other():
    windows = [Window(i, 0, 0, TimeRange(0, 1), TimeRange(0, 1)) for i in (0, 1, 2, 3, 5)]
    assert [window.index for window in windows_apart(windows)] == [0, 2, 5]


# A tiny network


@pytest.fixture(scope="module")
def listener(
    tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary, tiny_sizes: NetworkSizes
) -> MapListener:
    torch.manual_seed(0)
    folder: Path = tmp_path_factory.mktemp("tiny")
    network = BundledNetwork(tiny_sizes, Lexicon.of(vocabulary))
    bundled_folder.save(folder, network, TOKENIZER.read_text(), {})
    return MapListener(LoadedModel.load(folder, "cpu"))


@pytest.fixture(scope="module")
def song(listener: MapListener) -> Song:
    rng = np.random.default_rng(0)
    samples = rng.normal(0, 0.1, 16_000 * 12).astype(np.float32)
    return Song(Waveform(samples, 16_000, "a song"), listener.settings.window_samples)


DOCUMENT = Document.parse(map_lines(0, "Std", osu_objects()))


def judge(listener: MapListener, song: Song, sound: Sound = Sound.RIGHT) -> list[Judged]:
    about = listener.model.conditioning_of(DOCUMENT, song)
    view = listener.view(DOCUMENT, about)
    windows = listener.windows(len(song.waveform.samples), view, 3)
    return listener.judge_map(view, song, windows, sound)


def test_bits_are_those_of_the_engines_own_scores(listener: MapListener, song: Song):
    about = listener.model.conditioning_of(DOCUMENT, song)
    scan = listener.model.scan(DOCUMENT, song, about)
    scored = {
        (run.first_event + offset): float(one.score.surprisal_bits[place])
        for batch in listener.model.scored(scan, song, DOCUMENT, about, CancelToken())
        for one in batch
        for place, (run, offset) in enumerate(
            (run, offset) for run in one.task.runs for offset in range(run.n_events)
        )
    }
    view = listener.view(DOCUMENT, about)
    seen = 0
    for one in listener.judge_map(view, song, scan.windows):
        for index, bits in zip(one.indices.tolist(), one.bits.tolist(), strict=True):
            seen += 1
            # The engine adds a little to every probability, lest there be infinite bits.
            assert 2**-bits == pytest.approx(2 ** -scored[index], abs=1e-6)
    assert seen == len(scored)


def test_bits_are_split_into_kind_and_value(listener: MapListener, song: Song):
    for one in judge(listener, song):
        assert (one.by_kind.kind_bits >= 0).all()
        assert (one.by_kind.value_bits >= 0).all()
        both = one.by_kind.kind_bits + one.by_kind.value_bits
        assert both == pytest.approx(one.bits, abs=1e-3)
        combos = [kind is E.NEW_COMBO for kind in one.kinds]
        # There is only one new combo token: all of it is whether one comes.
        assert one.by_kind.value_bits[combos] == pytest.approx(0, abs=1e-4)
        kinds = listener.backbone.vocabulary.kind_index
        of_attributes = [kind not in TYPES for kind in one.kinds]
        tokens, likeliest = one.tokens[of_attributes], one.by_kind.likeliest[of_attributes]
        assert (kinds[tokens] == kinds[likeliest]).all()


def test_the_sound_makes_a_difference_and_no_sound_is_none(listener: MapListener, song: Song):
    loud = Song(
        Waveform(song.waveform.samples[::-1].copy(), 16_000, "backwards"), song.window_samples
    )
    right, none = judge(listener, song), judge(listener, song, Sound.NONE)
    other_none = judge(listener, loud, Sound.NONE)
    assert not np.allclose(right[0].bits, none[0].bits)
    assert np.allclose(none[0].bits, other_none[0].bits)
    assert not np.allclose(right[0].bits, judge(listener, loud)[0].bits)
