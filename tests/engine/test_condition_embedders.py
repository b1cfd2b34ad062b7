from __future__ import annotations

import math

import pytest
import torch

from companion.engine.model.condition_embedders import (
    DifficultyEmbedder,
    MapperEmbedder,
    SongPositionEmbedder,
)


@pytest.fixture(autouse=True)
def _same_weights_each_time() -> None:
    torch.manual_seed(4)


def test_tensors_have_the_names_that_checkpoints_use():
    difficulty = {n: tuple(t.shape) for n, t in DifficultyEmbedder(16).state_dict().items()}
    assert difficulty == {
        "basis_centers": (8,), "basis_widths": (8,),
        "difficulty_proj.0.weight": (16, 8), "difficulty_proj.0.bias": (16,),
        "difficulty_proj.1.weight": (16,), "difficulty_proj.1.bias": (16,),
        "difficulty_proj.4.weight": (16, 16), "difficulty_proj.4.bias": (16,),
        "difficulty_proj.5.weight": (16,), "difficulty_proj.5.bias": (16,),
    }  # fmt: skip
    position = SongPositionEmbedder(16).state_dict()
    assert position["position_proj.0.weight"].shape == (32, 20)
    assert position["position_proj.4.weight"].shape == (16, 32)
    mapper = {n: tuple(t.shape) for n, t in MapperEmbedder(5, 16).state_dict().items()}
    assert mapper == {
        "embedding.weight": (6, 16), "layer_norm.weight": (16,), "layer_norm.bias": (16,)
    }  # fmt: skip


def test_difficulty_is_spread_over_bell_curves_of_a_tenth_of_the_stars():
    embedder = DifficultyEmbedder(8)
    embedder.difficulty_proj = torch.nn.Sequential(torch.nn.Identity())
    curves = embedder(torch.tensor([0.0, 10.0])).detach()
    assert curves[0, 0] == 1
    assert curves[1, 7] == 1
    assert float(curves[0, 1]) == pytest.approx(math.exp(-((1 / 7) ** 2) / (2 * 0.1**2)))


def test_near_star_ratings_look_alike():
    embedder = DifficultyEmbedder(32)
    easy, near, hard = embedder(torch.tensor([1.0, 1.1, 7.0]))
    assert (easy - near).norm() < (easy - hard).norm() / 4


def test_mappers_out_of_range_are_unknown():
    embedder = MapperEmbedder(3, 8)
    first, last, unknown, below, above = embedder(torch.tensor([0, 2, 3, -1, 99]))
    assert torch.equal(unknown, below)
    assert torch.equal(unknown, above)
    assert not torch.allclose(first, unknown)
    assert not torch.allclose(last, unknown)


def test_the_start_comes_before_the_end():
    embedder = SongPositionEmbedder(8)
    embedder.position_proj = torch.nn.Sequential(torch.nn.Identity())
    (curves,) = embedder(torch.tensor([[0.0, 1.0]]))
    assert curves.shape == (20,)
    assert (curves[0], curves[19]) == (1, 1)
    assert curves[10] < 1e-6


def test_half_precision_weights_tell_close_values_apart():
    embedder = DifficultyEmbedder(16).bfloat16()
    one, other = embedder(torch.tensor([5.23, 5.6]))
    assert one.dtype == torch.bfloat16
    assert not torch.equal(one, other)
