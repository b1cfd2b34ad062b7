from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
import torch

from companion.engine.analysis.configuration import RhythmData
from companion.engine.analysis.rhythm_complexity import (
    gap_nats,
    leniency_steps,
    played_s,
    rhythm_complexity,
)
from companion.engine.analysis.rhythm_network import load_rhythm_network
from companion.engine.analysis.rhythm_tokens import RhythmVocabulary, foretellings, rhythm_steps
from companion.errors import CheckpointMismatch, ModelMissing, OptionRefused
from tests.engine.tiny_analysis_models import (
    RHYTHM_CONFIG,
    RHYTHM_OUTPUTS,
    RHYTHM_SHAPES,
    random_weights,
    write_folder,
    write_rhythm_model,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.conftest import BeatmapOf

CPU = torch.device("cpu")
DATA = RhythmData(src_seq_len=8, time_resolution=0.1, min_time=80, max_time=250)
SLIDER = "100,100,{ms},2,0,L|170:100,2,70"
"""Two spans of 250 ms each at 120 BPM and 1.4."""


def circles(*times_ms: int) -> list[str]:
    return [f"100,100,{ms},1,0,0:0:0:0:" for ms in times_ms]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rhythm_model(tmp_path_factory.mktemp("rhythm"))


def test_a_gap_is_the_steps_above_the_shortest_one_and_cut_off(beatmap_of: BeatmapOf):
    steps = rhythm_steps(beatmap_of(circles(1000, 1125, 1185, 2185)), RhythmVocabulary(DATA))
    # 125 - 80 ms are 4.5 steps, rounded to even; 60 ms is below the first, 1 s beyond the last
    assert [step.gap_token for step in steps] == [18, 1 + 4, 1, 18]


def test_gaps_after_a_slider_are_counted_from_its_head(beatmap_of: BeatmapOf):
    vocabulary = RhythmVocabulary(RhythmData())
    objects = [*circles(500), SLIDER.format(ms=1000), *circles(1750)]
    steps = rhythm_steps(beatmap_of(objects), vocabulary)
    assert [step.gap_token - 1 for step in steps] == [100, 50, 25, 50, 75]
    first_kind = vocabulary.n_outputs
    assert [step.kind_token - first_kind for step in steps] == [0, 3, 4, 5, 0]
    assert [step.starts_object for step in steps] == [True, True, False, False, True]


def test_spinners_are_no_rhythm(beatmap_of: BeatmapOf):
    spinner = "256,192,1500,8,0,3000,0:0:0:0:"
    vocabulary = RhythmVocabulary(DATA)
    with_spinner = rhythm_steps(beatmap_of([*circles(1000), spinner]), vocabulary)
    assert with_spinner == rhythm_steps(beatmap_of(circles(1000)), vocabulary)


def test_an_object_is_foreseen_from_the_tokens_right_before_its_gap(beatmap_of: BeatmapOf):
    times = [1000 + 150 * i for i in range(6)]
    steps = rhythm_steps(beatmap_of(circles(*times)), RhythmVocabulary(DATA))
    asked = list(foretellings(steps, 8))
    assert [item.time_ms for item in asked] == times[4:]
    tokens = [token for step in steps for token in (step.gap_token, step.kind_token)]
    assert asked[1].context == tuple(tokens[2:10])
    assert asked[1].gap_token == tokens[10]


def test_the_network_takes_weights_by_their_names(folder: Path):
    network, config = load_rhythm_network(folder, CPU)
    weights = random_weights(RHYTHM_SHAPES)
    assert config.data == DATA
    tokens = torch.randint(0, RHYTHM_OUTPUTS + 6, (5, 8))
    hidden = weights["model.0.weight"][tokens].flatten(1)
    for place in (2, 4, 6):
        hidden = hidden @ weights[f"model.{place}.weight"].T + weights[f"model.{place}.bias"]
        hidden = hidden.clamp(min=0)
    expected = hidden @ weights["model.8.weight"].T + weights["model.8.bias"]
    with torch.inference_mode():
        logits = network(tokens)
    assert logits.shape == (5, RHYTHM_OUTPUTS)
    torch.testing.assert_close(logits, expected)


def test_names_of_a_compiled_network_are_understood(folder: Path, tmp_path: Path):
    weights = random_weights(RHYTHM_SHAPES)
    write_folder(tmp_path, RHYTHM_CONFIG, {f"_orig_mod.{k}": w for k, w in weights.items()})
    network, _ = load_rhythm_network(tmp_path, CPU)
    other, _ = load_rhythm_network(folder, CPU)
    torch.testing.assert_close(network.state_dict(), other.state_dict())


def test_gaps_nearly_right_count_as_right() -> None:
    probabilities = torch.tensor([[0.1, 0.2, 0.3, 0.15, 0.25]])

    def nats(gap: int, reach: int) -> float:
        return float(gap_nats(probabilities.log(), torch.tensor([gap]), reach))

    assert nats(2, 1) == pytest.approx(-math.log(0.2 + 0.3))
    assert nats(4, 2) == pytest.approx(-math.log(0.3 + 0.15 + 0.25))
    assert nats(1, 2) == pytest.approx(-math.log(1e-4))  # would begin before the first token
    assert nats(3, 0) == pytest.approx(-math.log(1e-4))


def test_leniency_follows_the_overall_difficulty() -> None:
    assert [leniency_steps(od, 0.1) for od in (0, 5, 8, 10)] == [7, 4, 3, 1]


def test_long_pauses_and_sliders_are_not_waited_through(beatmap_of: BeatmapOf):
    objects = [*circles(1000), SLIDER.format(ms=2000), *circles(3000, 8000, 8400)]
    assert played_s(beatmap_of(objects)) == pytest.approx(1.0 + 0.5 + 0.4)


def test_the_verdict_is_the_same_every_time_and_wherever_the_map_begins(
    folder: Path, beatmap_of: BeatmapOf
):
    times = [1000, 1150, 1300, 1450, 1600, 1840, 1930, 2100]
    here = rhythm_complexity(beatmap_of(circles(*times)), folder, "cpu")
    again = rhythm_complexity(beatmap_of(circles(*times)), folder, "cpu")
    later = rhythm_complexity(beatmap_of(circles(*(ms + 7000 for ms in times))), folder, "cpu")
    assert here == again
    assert [s.time_ms for s in here.surprises] == times[4:]
    assert later.nats_per_second == here.nats_per_second
    total = sum(surprise.nats for surprise in here.surprises)
    assert here.nats_per_second == pytest.approx(total / 1.1)
    assert [s.nats for s in here.most_surprising(4)] == sorted(
        (s.nats for s in here.surprises), reverse=True
    )


def test_a_map_of_a_few_objects_has_no_verdict(folder: Path, beatmap_of: BeatmapOf):
    assert rhythm_complexity(beatmap_of(circles(1000, 1150)), folder, "cpu").nats_per_second is None
    assert rhythm_complexity(beatmap_of(), folder, "cpu").nats_per_second is None


def test_other_modes_are_refused(folder: Path, beatmap_of: BeatmapOf):
    with pytest.raises(OptionRefused, match="osu! standard"):
        rhythm_complexity(beatmap_of(circles(1000), mode=3), folder, "cpu")


def test_the_first_misfit_is_named(tmp_path: Path):
    with pytest.raises(ModelMissing, match=r"config\.json"):
        load_rhythm_network(tmp_path, CPU)
    weights = random_weights(RHYTHM_SHAPES)
    lacking = {name: tensor for name, tensor in weights.items() if name != "model.4.bias"}
    write_folder(tmp_path, RHYTHM_CONFIG, lacking)
    with pytest.raises(CheckpointMismatch, match=r"lack “model\.4\.bias”"):
        load_rhythm_network(tmp_path, CPU)
    wider = {"data": RHYTHM_CONFIG["data"], "model": {"hidden_size": 4}}
    write_folder(tmp_path, wider, weights)
    with pytest.raises(CheckpointMismatch, match=r"“model\.0\.weight” has the shape \(25, 3\)"):
        load_rhythm_network(tmp_path, CPU)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelMissing, match="weights are missing"):
        load_rhythm_network(tmp_path, CPU)


@pytest.mark.parametrize(
    ("model", "name"),
    [({}, "model.hidden_size"), ({"name": "bert", "hidden_size": 3}, "model.name")],
)
def test_a_configuration_that_cannot_be_used_is_named(
    tmp_path: Path, model: dict[str, object], name: str
):
    write_folder(tmp_path, {"data": {}, "model": model}, random_weights(RHYTHM_SHAPES))
    with pytest.raises(CheckpointMismatch, match=f"“{name}”"):
        load_rhythm_network(tmp_path, CPU)


def test_gaps_that_end_before_they_begin_are_refused(tmp_path: Path):
    data = {"min_time": 250, "max_time": 80}
    write_folder(tmp_path, RHYTHM_CONFIG | {"data": data}, random_weights(RHYTHM_SHAPES))
    with pytest.raises(CheckpointMismatch, match="max_time is below min_time"):
        load_rhythm_network(tmp_path, CPU)
