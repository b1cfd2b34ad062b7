"""Diffusion checkpoints, their classes and their noise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from companion.engine.diffusion import ClassTable, MapTraits, NoiseSchedule, load
from companion.engine.diffusion.denoising import band
from companion.engine.diffusion.network import DiffusionNetwork, NetworkSize
from companion.engine.diffusion.schedule import SQUARED_COSINE, chosen_steps
from companion.errors import CheckpointMismatch, ModelMissing, OptionRefused

if TYPE_CHECKING:
    from pathlib import Path

TABLE: dict[str, Any] = {
    "beatmap_idx": {"55": 1},
    "num_classes": 3,
    "num_diff_classes": 14,
    "max_difficulty": 12,
    "beatmap_mapper": {"100": 1001},
    "mapper_idx": {"1001": 0, "1002": 1},
    "num_mapper_classes": 3,
    "descriptor_idx": {"streams": 0, "simple": 1},
    "num_descriptor_classes": 3,
    "num_cs_classes": 12,
}
DIT = {"context_size": 272, "hidden_size": 16, "depth": 1, "num_heads": 2, "class_size": 35}
CONFIG: dict[str, Any] = {
    "dit": DIT,
    "diffusion_steps": 1000,
    "noise_schedule": SQUARED_COSINE,
    "seq_len": 128,
    "tokenizer": TABLE,
}
BEATMAPS, DIFFICULTIES, MAPPERS, DESCRIPTORS, SIZES = 0, 3, 17, 20, 23


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_file(DiffusionNetwork(NetworkSize(**DIT)).state_dict(), tmp_path / "model.safetensors")
    configure(tmp_path)
    return tmp_path


def configure(folder: Path, **changes: object) -> None:
    (folder / "config.json").write_text(json.dumps(CONFIG | changes), encoding="utf-8")


def test_a_checkpoint_is_loaded_without_gradients(folder: Path):
    model = load(folder, "cpu")
    assert not any(p.requires_grad for p in model.network.parameters())
    assert model.device == torch.device("cpu")
    half = load(folder, "cpu", torch.bfloat16)
    assert {p.dtype for p in half.network.parameters()} == {torch.bfloat16}
    noise, spread = half.estimate(
        torch.zeros(2, 3),
        7,
        torch.zeros(272, 3),
        torch.zeros(2, 35),
        torch.zeros(3, 3, dtype=torch.bool),
        1.0,
    )
    assert noise.shape == spread.shape == (2, 3)
    assert noise.dtype == torch.float32


@pytest.mark.parametrize("name", ["blocks.0.attn.in_proj_bias", "final_layer.linear.weight"])
def test_the_first_misfit_tensor_is_named(folder: Path, name: str):
    path = folder / "model.safetensors"
    weights = load_file(path)
    save_file(weights | {name: torch.zeros(3)}, path)
    with pytest.raises(CheckpointMismatch, match=name):
        load(folder, "cpu")
    save_file({n: t for n, t in weights.items() if n != name}, path)
    with pytest.raises(CheckpointMismatch, match=name):
        load(folder, "cpu")
    save_file(weights | {"extra": torch.zeros(3)}, path)
    with pytest.raises(CheckpointMismatch, match="extra"):
        load(folder, "cpu")


def test_a_missing_checkpoint_is_named(folder: Path, tmp_path: Path):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelMissing, match=r"model\.safetensors"):
        load(folder, "cpu")
    with pytest.raises(ModelMissing):
        load(tmp_path / "nowhere", "cpu")


@pytest.mark.parametrize(
    "changes",
    [
        {"dit": DIT | {"context_size": 142}},
        {"dit": DIT | {"num_heads": 5}},
        {"dit": DIT | {"class_size": 36}},
        {"dit": {"hidden_size": 16}},
        {"dit": 3},
        {"seq_len": "far"},
        {"diffusion_steps": None},
        {"tokenizer": {}},
        {"tokenizer": 7},
        {"tokenizer": TABLE | {"mapper_idx": {"1001": 2}}},
        {"tokenizer": TABLE | {"descriptor_idx": ["streams"]}},
        {"tokenizer": TABLE | {"max_difficulty": 0}},
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(folder: Path, changes: dict[str, Any]):
    configure(folder, **changes)
    with pytest.raises(CheckpointMismatch):
        load(folder, "cpu")


def classes_of(traits: MapTraits, *, original_quirks: bool = False) -> list[int]:
    vector = ClassTable.from_config(TABLE).vector(traits, original_quirks=original_quirks)
    assert vector.shape == (35,)
    return vector.nonzero().flatten().tolist()


def test_what_is_not_said_is_unknown():
    unknown = [BEATMAPS + 2, DIFFICULTIES + 13, MAPPERS + 2, DESCRIPTORS + 2, SIZES + 11]
    assert classes_of(MapTraits()) == unknown
    strange = MapTraits(beatmap_id=1, mapper_id=1, descriptors=("odd",))
    assert classes_of(strange) == unknown


def test_traits_have_their_classes():
    traits = MapTraits(5.5, 1002, ("simple", "odd", "streams"), (), 4.3, 55)
    expected = [BEATMAPS + 1, DIFFICULTIES + 5, MAPPERS + 1, DESCRIPTORS, DESCRIPTORS + 1]
    assert classes_of(traits) == [*expected, SIZES + 4]


def test_values_beyond_the_last_class_fall_into_it():
    for stars, circle_size, steps in ((50, 50, (12, 10)), (-1, -1, (0, 0))):
        found = classes_of(MapTraits(stars=stars, circle_size=circle_size))
        assert (found[1] - DIFFICULTIES, found[-1] - SIZES) == steps


def test_the_original_takes_the_mapper_for_a_map():
    assert MAPPERS + 2 in classes_of(MapTraits(mapper_id=1001), original_quirks=True)
    assert MAPPERS in classes_of(MapTraits(mapper_id=100), original_quirks=True)
    assert MAPPERS + 2 in classes_of(MapTraits(mapper_id=100))


def test_the_opposite_keeps_difficulty_and_circle_size():
    traits = MapTraits(5.5, 1002, ("simple",), ("streams",), 4.3, 55)
    assert traits.opposite == MapTraits(5.5, None, ("streams",), (), 4.3, None)


def test_networks_without_a_kind_of_class_have_no_place_for_it():
    table = ClassTable.from_config(TABLE | {"beatmap_idx": {}, "num_classes": 0})
    assert table.size == 32
    assert table.vector(MapTraits(beatmap_id=55)).sum() == 4


def test_steps_are_spread_over_each_section():
    assert chosen_steps(1000, (10, *[0] * 9)) == tuple(range(0, 100, 11))
    assert chosen_steps(10, (2, 1)) == (0, 4, 5)
    assert chosen_steps(11, (6, 5)) == tuple(range(11))
    with pytest.raises(OptionRefused, match="5"):
        chosen_steps(10, (6, 1))


def test_all_steps_have_finite_numbers():
    for sections in ((1,), (2,), (1000,), (1, 0, 1)):
        schedule = NoiseSchedule.respaced(SQUARED_COSINE, 1000, sections)
        stages = schedule.stages()
        assert len(stages) == len(schedule) == sum(sections)
        assert [s.last for s in stages] == [False] * (len(stages) - 1) + [True]
        assert [s.trained_step for s in stages] == sorted(schedule.trained_steps, reverse=True)
        numbers = [s.mean_from_clean + s.min_log_variance + s.max_log_variance for s in stages]
        assert np.isfinite(numbers).all()


def test_the_last_step_gives_the_clean_positions():
    last = NoiseSchedule.respaced(SQUARED_COSINE, 1000, (4,)).stages()[-1]
    clean, other = torch.rand(2, 5), torch.rand(2, 5)
    assert torch.allclose(last.before(clean, other, other, other), clean)


def test_knowing_the_noise_gives_the_clean_positions():
    schedule = NoiseSchedule.respaced(SQUARED_COSINE, 1000, (20,))
    clean, noise = torch.rand(2, 5), torch.randn(2, 5)
    for kept, stage in zip(schedule.kept[::-1], schedule.stages(), strict=True):
        if kept > 1e-3:
            noisy = clean * kept**0.5 + noise * (1 - kept) ** 0.5
            assert torch.allclose(stage.clean(noisy, noise), clean, atol=1e-4)


def test_points_look_as_far_as_they_were_trained_to():
    blocked = band(10, 3, torch.device("cpu"))
    seen = [[column for column in range(10) if not blocked[row, column]] for row in range(10)]
    assert seen[0] == [0, 1, 2, 3]
    assert seen[5] == [3, 4, 5, 6, 7, 8]
    assert seen[9] == [7, 8, 9]


def test_blocked_points_are_not_heard():
    torch.manual_seed(0)
    network = DiffusionNetwork(NetworkSize(**DIT)).eval()
    torch.nn.init.normal_(network.get_parameter("blocks.0.attn.in_proj_weight"))
    positions, context = torch.rand(1, 2, 6), torch.rand(1, 272, 6)
    moved = positions.clone()
    moved[..., 5] += 0.3
    blocked = band(6, 2, torch.device("cpu"))
    with torch.inference_mode():
        first, second = (
            network(p, torch.tensor([5.0]), context, torch.zeros(1, 35), blocked)
            for p in (positions, moved)
        )
    assert torch.equal(first[..., :3], second[..., :3])
    assert not torch.equal(first[..., 3:], second[..., 3:])
