from __future__ import annotations

import math

import numpy as np
import pytest

from companion.beatmap import Document, Mode
from companion.engine.events import Event, EventType
from companion.engine.kind_score import KindScore
from companion.engine.modding import ModdingSettings
from companion.engine.modding.detectors import (
    SCOPES,
    Detector,
    Fault,
    detectors_from_json,
    detectors_to_json,
    plain_bits,
)
from companion.engine.modding.features import FEATURE_INDEX, FEATURES, MapObjects
from companion.engine.modding.rarity import Rarity
from companion.engine.modding.suspects import Suspect, find_suspects
from companion.errors import CheckpointMismatch

E = EventType
T, POS, SOUND, COMBO = E.TIME_SHIFT, E.POS, E.HITSOUND, E.NEW_COMBO
CIRCLE = (E.CIRCLE, 0)
FROM_3_BITS = Rarity(3.0, 1.0, 1.0)
BY_TIME = Detector.of(0.0, {"own.time.bits": 1.0}, FROM_3_BITS)


def rows(*events, combo_bits: float = 0.0, likeliest: tuple[int, ...] = ()):
    """Of kinds and value bits, the objects' rows and what was said."""
    kinds = [kind for kind, _ in events]
    n = len(events)
    said = KindScore(
        np.full(n, 0.5, dtype=np.float32),
        np.array([bits for _, bits in events], dtype=np.float32),
        np.full(n, 1.0, dtype=np.float32),
        np.full(n, combo_bits, dtype=np.float32),
        np.zeros(n, dtype=np.int32),
        np.zeros(n, dtype=np.float32),
        np.array([i in likeliest for i in range(n)]),
    )
    return list(objects_of(kinds).rows(0, said)), said


def objects_of(kinds: list[EventType]) -> MapObjects:
    """Of a map without red lines, which has no habits."""
    beatmap = Document.parse(b"osu file format v14\n").beatmap
    return MapObjects([Event(kind) for kind in kinds], beatmap, types_first=True)


def value(row, name: str) -> float:
    return float(row.values[FEATURE_INDEX[name]])


# Features


def test_a_row_holds_an_object_its_tail_and_the_next_one() -> None:
    found, _ = rows(
        (E.SLIDER_HEAD, 1), (T, 2), (POS, 3), (COMBO, 0), (SOUND, 4),
        (E.LAST_ANCHOR, 0), (T, 5), (E.SLIDER_END, 0), (T, 6),
        CIRCLE, (T, 7), (POS, 8), (SOUND, 9),
    )  # fmt: skip
    slider, circle = found
    assert value(slider, "own.kind.bits") == 1
    assert value(slider, "own.time.bits") == 2
    assert value(slider, "own.time.entropy") == 1
    assert value(slider, "tail.time.bits") == 6
    assert value(slider, "next.position.bits") == 8
    assert value(slider, "around.time") == 6
    assert slider.has_new_combo
    assert value(slider, "own.new_combo.kind") == 0.5
    assert (value(slider, "is_long"), value(slider, "is_last")) == (1, 0)
    assert slider.events["tail.time"] == 8
    assert not circle.has_new_combo
    assert (value(circle, "is_long"), value(circle, "is_last")) == (0, 1)
    assert value(circle, "next.time.bits") == 0


def test_without_a_tail_the_next_time_is_around() -> None:
    found, _ = rows(CIRCLE, (T, 2), CIRCLE, (T, 7))
    assert [value(row, "around.time") for row in found] == [7, 7]


def test_where_a_new_combo_may_stand_is_the_event_after_the_position() -> None:
    found, _ = rows(CIRCLE, (T, 2), (E.DISTANCE, 0), (POS, 3), (SOUND, 4), combo_bits=6)
    assert value(found[0], "own.combo.missing") == 6
    assert found[0].events["own.combo"] == 4


def test_an_object_that_a_window_sees_in_part_is_left_to_another_one() -> None:
    kinds = [E.CIRCLE, T, E.CIRCLE, T]
    _, said = rows(CIRCLE, (T, 2), CIRCLE, (T, 7))
    assert len(list(objects_of(kinds).rows(1, said.part(slice(1, 4))))) == 1


# Detectors


def detector(**weights: float) -> Detector:
    return Detector.of(-1.0, {name.replace("__", "."): w for name, w in weights.items()})


def test_evidence_is_a_weighted_sum_of_logarithms() -> None:
    found, _ = rows(CIRCLE, (T, 3), CIRCLE, (T, 7))
    one = detector(own__time__bits=2.0, next__time__bits=-0.5)
    assert one.evidence_bits(found[0]) == -1 + 2 * 2 - 0.5 * 3


def test_without_detectors_the_bits_that_speak_of_a_fault_are_added() -> None:
    found, _ = rows((E.CIRCLE, 2), (T, 3), (SOUND, 4))
    assert plain_bits(Fault.MISSING, found[0]) == 5
    assert plain_bits(Fault.HITSOUND, found[0]) == 4


def test_scopes_know_all_faults_and_only_real_features() -> None:
    assert SCOPES.keys() == set(Fault)
    for scope in SCOPES.values():
        assert set(scope.features) <= set(FEATURES)


def test_detectors_survive_their_file() -> None:
    before = {Mode.OSU: {Fault.MOVED: BY_TIME}, Mode.MANIA: {}}
    after = detectors_from_json(detectors_to_json(before))
    assert after.keys() == before.keys()
    found = after[Mode.OSU][Fault.MOVED]
    assert (found.bias, found.rarity) == (0, FROM_3_BITS)
    assert found.weights.tolist() == BY_TIME.weights.tolist()


@pytest.mark.parametrize(
    "given",
    [
        [],
        {"osu": []},
        {"golf": {}},
        {"osu": {"ugly": {"bias": 0, "weights": {}, "rarity": [1, 1, 1]}}},
        {"osu": {"moved": {"bias": 0}}},
        {"osu": {"moved": {"bias": 0, "weights": {}, "rarity": [1, 0, 1]}}},
        {"osu": {"moved": {"bias": True, "weights": {}, "rarity": [1, 1, 1]}}},
        {"osu": {"moved": {"bias": math.nan, "weights": {}, "rarity": [1, 1, 1]}}},
        {"osu": {"moved": {"bias": 0, "weights": {"own.smell.bits": 1}, "rarity": [1, 1, 1]}}},
        {"osu": {"moved": {"bias": 0, "weights": {"own.time.bits": "1"}, "rarity": [1, 1, 1]}}},
        {"osu": {"moved": {"bias": 0, "weights": {}, "rarity": [1, 1, 1], "extra": 1}}},
    ],
)
def test_broken_detectors_are_named(given: object) -> None:
    with pytest.raises(CheckpointMismatch, match=r"modding\.detectors"):
        ModdingSettings.from_json({"detectors": given})


# Suspects


def test_an_object_is_suspected_from_enough_evidence_on() -> None:
    found, said = rows(CIRCLE, (T, 7), CIRCLE, (T, 6.9))
    detectors = {Fault.MOVED: BY_TIME}
    suspects = [find_suspects(row, detectors, said, 0) for row in found]
    assert suspects == [[Suspect(Fault.MOVED, 1, 3.0, FROM_3_BITS)], []]


def test_what_is_as_expected_tells_of_nothing() -> None:
    found, said = rows(CIRCLE, (T, 15), CIRCLE, (T, 4), likeliest=(1,))
    suspects = find_suspects(found[0], {Fault.MOVED: BY_TIME}, said, 0)
    # It is the next object's time that can be put into words.
    assert suspects == [Suspect(Fault.MOVED, 3, 4.0, FROM_3_BITS)]


def test_of_faults_told_by_one_event_the_gravest_is_named() -> None:
    found, said = rows(CIRCLE, (T, 15))
    detectors = {
        Fault.MOVED: BY_TIME,
        Fault.EXTRA: Detector.of(1.0, {"own.time.bits": 1.0}, FROM_3_BITS),
    }
    assert find_suspects(found[0], detectors, said, 0) == [
        Suspect(Fault.EXTRA, 1, 5.0, FROM_3_BITS)
    ]


def test_a_fault_that_an_object_cannot_have_is_not_suspected() -> None:
    found, said = rows(CIRCLE, (T, 7), (POS, 1), (COMBO, 0), CIRCLE, (T, 7), (POS, 1), (SOUND, 1))
    detectors = {Fault.COMBO_EXTRA: BY_TIME}
    suspects = [find_suspects(row, detectors, said, 0) for row in found]
    assert suspects == [[Suspect(Fault.COMBO_EXTRA, 3, 3.0, FROM_3_BITS)], []]
