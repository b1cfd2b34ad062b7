from __future__ import annotations

import math

import torch

from companion.engine.model.rotary import Rotation


def rotation(positions: list[int], width: int = 8) -> Rotation:
    return Rotation.at(torch.tensor([positions]), width, 10_000.0, torch.float32)


def heads(n_tokens: int, width: int = 8) -> torch.Tensor:
    return torch.randn(1, 2, n_tokens, width, generator=torch.Generator().manual_seed(5))


def test_the_first_position_is_not_turned():
    torch.testing.assert_close(rotation([0]).turn(heads(1)), heads(1))


def test_features_turn_in_pairs_half_a_head_apart():
    unit = torch.zeros(1, 1, 1, 4)
    unit[..., 1] = 1
    turned = rotation([3], 4).turn(unit)[0, 0, 0]
    angle = 3 / 10_000 ** (2 / 4)
    torch.testing.assert_close(turned, torch.tensor([0, math.cos(angle), 0, math.sin(angle)]))


def test_only_the_distance_counts():
    asked, found = heads(2)[:, :, :1], heads(2)[:, :, 1:]
    near = (rotation([5]).turn(asked) * rotation([2]).turn(found)).sum(-1)
    far = (rotation([1005]).turn(asked) * rotation([1002]).turn(found)).sum(-1)
    torch.testing.assert_close(near, far, atol=1e-3, rtol=0)
    assert not torch.allclose(near, (asked * found).sum(-1), atol=1e-2)


def test_angles_are_exact_whatever_type_the_network_has():
    half = Rotation.at(torch.tensor([[1001]]), 8, 10_000.0, torch.bfloat16)
    exact = rotation([1001])
    assert half.cosines.dtype == torch.bfloat16
    torch.testing.assert_close(half.cosines.float(), exact.cosines, atol=4e-3, rtol=0)
