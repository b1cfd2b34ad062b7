from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from companion.engine.memory import in_one_batch_or_two, is_out_of_memory, shortage_is_typed
from companion.errors import OutOfMemory

if TYPE_CHECKING:
    from collections.abc import Sequence


class Device:
    """Has room for so many items at a time."""

    def __init__(self, room: int, error: Exception) -> None:
        self.room = room
        self.error = error
        self.batches: list[int] = []

    def work(self, items: Sequence[int]) -> list[int]:
        self.batches.append(len(items))
        if len(items) > self.room:
            raise self.error
        return [item * 10 for item in items]


FULL = torch.OutOfMemoryError("full")


def test_a_batch_that_fits_runs_once():
    device = Device(4, FULL)
    assert in_one_batch_or_two(device.work, [1, 2, 3]) == [10, 20, 30]
    assert device.batches == [3]


@pytest.mark.parametrize(
    "error",
    [FULL, MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory"),
     RuntimeError("MPS backend out of memory")],
)  # fmt: skip
def test_a_batch_that_does_not_fit_is_halved_once(error: Exception):
    device = Device(2, error)
    dropped: list[bool] = []
    results = in_one_batch_or_two(device.work, [1, 2, 3], lambda: dropped.append(True))
    assert results == [10, 20, 30]
    assert device.batches == [3, 2, 1]
    assert dropped == [True]


def test_half_a_batch_that_does_not_fit_is_an_error_for_the_mapper():
    with pytest.raises(OutOfMemory, match="half as much"):
        in_one_batch_or_two(Device(1, FULL).work, [1, 2, 3, 4])


def test_a_single_item_is_tried_again_before_giving_up():
    device = Device(0, FULL)
    with pytest.raises(OutOfMemory):
        in_one_batch_or_two(device.work, [1])
    assert device.batches == [1, 1]


def test_other_errors_pass_through():
    with pytest.raises(RuntimeError, match="shapes"):
        in_one_batch_or_two(Device(0, RuntimeError("shapes differ")).work, [1])
    assert not is_out_of_memory(ValueError("out of memory"))


def test_a_shortage_outside_of_batches_is_typed_too():
    with pytest.raises(OutOfMemory, match="fewer variants"), shortage_is_typed():
        raise FULL
    with pytest.raises(RuntimeError, match="shapes"), shortage_is_typed():
        raise RuntimeError("shapes differ")
