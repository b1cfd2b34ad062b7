"""What to do when a device runs out of memory."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import torch

from companion.errors import OutOfMemory

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_one_batch_or_two(
    work: Callable[[Sequence[Item]], list[Result]],
    items: Sequence[Item],
    drop_caches: Callable[[], None] | None = None,
) -> list[Result]:
    """Work on all items at once; if the device has no room for that, on one half after the other.

    Args:
        work: Gives one result per item.
        items: At least one.
        drop_caches: Frees what the caller keeps on the device, before the second try.

    Raises:
        OutOfMemory: Not even half of the items fit.
    """
    try:
        return work(items)
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    # Outside the handler, so that the traceback no longer keeps the failed batch's tensors alive.
    if drop_caches is not None:
        drop_caches()
    release()
    middle = (len(items) + 1) // 2
    halves = [half for half in (items[:middle], items[middle:]) if half]
    try:
        return [result for half in halves for result in work(half)]
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        release()
        raise OutOfMemory(
            "The model ran out of memory, even with half as much at a time. Close other programs, "
            "or run it on the CPU."
        ) from error


@contextmanager
def shortage_is_typed() -> Generator[None]:
    """Turn the many ways in which a device says that it is full into `OutOfMemory`."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        release()
        raise OutOfMemory(
            "The model ran out of memory. Close other programs, ask for fewer variants, or run it "
            "on the CPU."
        ) from error


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch says that a device is full; only CUDA has a type for that."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text
    )


def release() -> None:
    """Hand memory that torch keeps for itself back to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    if torch.backends.mps.is_available():
        torch.mps.empty_cache()
