from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from companion.beatmap import Document, Mode
from companion.engine.cancellation import CancelToken
from companion.engine.events import EventType
from companion.engine.loaded_model import LoadedModel
from companion.engine.modding import ModdingSettings
from companion.engine.modding.detectors import SCOPES, Detector, Fault, detectors_to_json
from companion.engine.modding.features import FEATURE_INDEX, FEATURES, ObjectRow
from companion.engine.modding.rarity import Rarity
from companion.engine.model.bundled import folder as bundled_folder
from companion.engine.model.bundled.lexicon import Lexicon
from companion.engine.model.bundled.network import BundledNetwork
from companion.engine.requests import ScoreRequest
from companion.training.calibration import (
    FAULT_BUDGET,
    HALVING_RANGE,
    LEAST_BITS,
    GoodMap,
    calibrated,
    pooled_rarity,
    rarity_of,
    threshold,
)
from companion.training.detecting import FaultRows, fit_detector, fit_detectors, gather_rows
from companion.training.evaluation.fault_kinds import FaultKind
from companion.training.library import find_sets
from companion.training.measures import auc
from tests.training.conftest import TOKENIZER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.vocabulary import Vocabulary


def row(
    rng: np.random.Generator,
    more: Mapping[str, float] | None = None,
    head: EventType = EventType.CIRCLE,
) -> ObjectRow:
    values = rng.exponential(1.0, len(FEATURES))
    for name, bits in (more or {}).items():
        values[FEATURE_INDEX[name]] += bits
    return ObjectRow(0, head, has_new_combo=False, values=values, events={})


def rows_of(n: int, **more: float) -> FaultRows:
    """Faults with so many more bits than untouched objects; ``__`` stands for a dot."""
    rng = np.random.default_rng(5)
    bits = {name.replace("__", "."): value for name, value in more.items()}
    faulty = [row(rng, bits) for _ in range(n)]
    return FaultRows({FaultKind.HITSOUND: faulty}, [row(rng) for _ in range(4 * n)])


# Fitting


def test_a_detector_learns_what_speaks_of_a_fault() -> None:
    rows = rows_of(100, own__sound__bits=3.0, next__sound__bits=1.0)
    found = fit_detector(Fault.HITSOUND, rows)
    assert found is not None
    weights = dict(zip(FEATURES, found.weights, strict=True))
    assert max(weights, key=lambda name: weights[name]) == "own.sound.bits"
    assert {name for name, w in weights.items() if w} <= set(SCOPES[Fault.HITSOUND].features)
    fresh = rows_of(60, own__sound__bits=3.0)
    faulty = [found.evidence_bits(one) for one in fresh.faulty[FaultKind.HITSOUND]]
    clean = [found.evidence_bits(one) for one in fresh.clean]
    assert auc(faulty, clean) > 0.9
    # Evidence is a likelihood ratio: for a fault above 0, against one below.
    assert np.median(faulty) > 1
    assert np.median(clean) < -1


def test_evidence_does_not_depend_on_how_many_clean_objects_there_are() -> None:
    many = rows_of(100, own__sound__bits=2.0)
    few = FaultRows(many.faulty, many.clean[::4])
    evidence = [
        np.mean([found.evidence_bits(one) for one in many.clean])
        for rows in (many, few)
        if (found := fit_detector(Fault.HITSOUND, rows)) is not None
    ]
    assert evidence[0] == pytest.approx(evidence[1], abs=0.5)


def test_a_fault_that_cannot_be_told_gets_no_evidence() -> None:
    found = fit_detector(Fault.HITSOUND, rows_of(100))
    assert found is not None
    fresh = rows_of(100)
    assert np.abs([found.evidence_bits(one) for one in fresh.clean]).mean() < 1


def test_too_few_faults_teach_nothing() -> None:
    assert fit_detector(Fault.HITSOUND, rows_of(10, own__sound__bits=9.0)) is None
    assert fit_detectors({Mode.OSU: rows_of(10)}) == {Mode.OSU: {}}


def test_objects_that_cannot_have_the_fault_are_no_counterexamples() -> None:
    rng, loud = np.random.default_rng(0), {"own.sound.bits": 9.0}
    rows = rows_of(100, own__sound__bits=2.0)
    with_sliders = FaultRows(
        rows.faulty,
        [*rows.clean, *(row(rng, loud, EventType.SLIDER_HEAD) for _ in range(300))],
    )
    plain, mixed = fit_detector(Fault.HITSOUND, rows), fit_detector(Fault.HITSOUND, with_sliders)
    assert plain is not None
    assert mixed is not None
    assert mixed.weights.tolist() == plain.weights.tolist()


# Thresholds


def test_a_threshold_lets_so_many_through() -> None:
    values = [float(i) for i in range(100)]
    assert sum(value > threshold(values, 10) for value in values) == 10
    # For a tenth of an event: beyond the strongest, each bit halves.
    assert threshold(values, 0.125) == 99 + 3


def test_a_rarity_is_that_of_a_map_that_surprises_little() -> None:
    quiet, loud = [float(i) for i in range(20)], [float(i + 50) for i in range(20)]
    rarity = rarity_of([(quiet, 2.0), (loud, 2.0), (loud, 2.0)], per_minute=2.0)
    assert rarity.from_bits == 65
    assert HALVING_RANGE[0] <= rarity.halving_bits <= HALVING_RANGE[1]
    assert rarity_of([([0.1] * 9, 1.0)], 1.0).from_bits == LEAST_BITS


# All of it, with a tiny network


@pytest.fixture(scope="module")
def model(
    tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary, tiny_sizes: NetworkSizes
) -> LoadedModel:
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tiny")
    network = BundledNetwork(tiny_sizes, Lexicon.of(vocabulary))
    bundled_folder.save(folder, network, TOKENIZER.read_text(), {})
    return LoadedModel.load(folder, "cpu")


@pytest.fixture(scope="module")
def set_folder(make_set: Callable[..., Path]) -> Path:
    return make_set("detected")


def test_faults_are_planted_into_maps_of_both_modes(model: LoadedModel, set_folder: Path) -> None:
    sets = find_sets([set_folder.parent])
    seen = {mode: rows for _, mode, rows in gather_rows(model, sets, 1)}
    assert seen.keys() == {Mode.OSU, Mode.MANIA}
    for rows in seen.values():
        assert rows.clean
        assert rows.faulty[FaultKind.MOVED_QUARTER]


def test_thresholds_go_with_the_detectors_that_there_are(
    model: LoadedModel, set_folder: Path
) -> None:
    document = Document.parse((set_folder / "0.osu").read_bytes())
    song = model.listen(set_folder / "song.wav")
    about = model.conditioning_of(document, song)
    good = GoodMap("0", document, set_folder / "song.wav", about)
    detectors = {Mode.OSU: {Fault.EXTRA: Detector.of(0.0, {"own.time.bits": 1.0})}}
    settings = calibrated(model, [good], ModdingSettings(detectors=detectors))
    rarity = settings.detectors[Mode.OSU][Fault.EXTRA].rarity
    assert rarity.per_minute == FAULT_BUDGET
    assert rarity.from_bits > 0
    # Other modes have no detectors and are still told of surprising times.
    assert settings.kinds["t"].from_bits < 99
    kinds = {key: one.to_json() for key, one in settings.kinds.items()}
    json = {"kinds": kinds, "detectors": detectors_to_json(settings.detectors)}
    read = ModdingSettings.from_json(json)
    assert read.kinds == settings.kinds
    assert read.detectors[Mode.OSU][Fault.EXTRA].rarity == rarity


def test_of_all_maps_together_so_many_are_told_as_allowed() -> None:
    maps = [([float(i) for i in range(50)], 5.0), ([float(i) for i in range(50)], 5.0)]
    rarity = pooled_rarity(maps, per_minute=1.0)
    assert sum(bits > rarity.from_bits for values, _ in maps for bits in values) == 10
    assert pooled_rarity([([-4.0, -5.0], 1.0)], 1.0).from_bits == 0


def test_what_a_detector_finds_is_told_in_a_mappers_words(
    model: LoadedModel, set_folder: Path
) -> None:
    document = Document.parse((set_folder / "0.osu").read_bytes())
    rarity = Rarity(4.0, 1.0, 600.0)
    always = Detector.of(5.0, {}, rarity)
    settings = ModdingSettings(
        kinds=dict.fromkeys(["hitsound", "t"], rarity),
        detectors={Mode.OSU: {Fault.COMBO_MISSING: always, Fault.HITSOUND: always}},
    )
    modding = replace(model, modding=settings)
    request = ScoreRequest(document, set_folder / "song.wav")
    found = [f for told in modding.score(request, CancelToken()) for f in told.findings]
    by_code = {finding.code: finding for finding in found}
    missing, sound = by_code["maimod.new_combo_missing"], by_code["maimod.hitsound"]
    assert missing.fix_label == "Start a new combo"
    assert "was expected" in sound.message
    # All hitsounds are told by their detector, which says the same of each.
    weights = {finding.weight for finding in found if finding.code == "maimod.hitsound"}
    assert weights == {2.0}
    starts = {int(hit.start_ms) for hit in document.beatmap.hit_objects}
    assert all(starts.issuperset(finding.objects) for finding in found)
