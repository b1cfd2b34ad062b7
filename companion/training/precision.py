"""In which precision a forward pass of training runs on this machine's processor."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from contextlib import AbstractContextManager


def forward_precision() -> AbstractContextManager[object]:
    """Autocast to bfloat16 where the processor has instructions for it, else float32.

    Without AVX-512 torch works bfloat16 products out value by value: a step that takes 3 s in
    float32 takes 90 s.
    """
    if torch.backends.cpu.get_cpu_capability() == "AVX512":
        return torch.autocast("cpu", dtype=torch.bfloat16)
    return contextlib.nullcontext()
