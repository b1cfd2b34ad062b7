"""The header of a safetensors file: what is in it, without reading the tensors.

Fact (safetensors format): eight bytes, little endian, give the header's length; the header is a
JSON object of ``{"dtype", "shape", "data_offsets"}`` per tensor, with an optional
``__metadata__`` of strings; offsets count from the header's end.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from companion.errors import CheckpointMismatch, ModelMissing

if TYPE_CHECKING:
    from pathlib import Path

WEIGHTS: Final = "model.safetensors"
_LENGTH_BYTES = 8
_MAX_HEADER_BYTES = 100_000_000
"""The format's own limit."""
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "U16": 16, "I16": 16, "F16": 16,
    "BF16": 16, "U32": 32, "I32": 32, "F32": 32, "U64": 64, "I64": 64, "F64": 64,
}  # fmt: skip
_NO_PARAMETERS = ("loss_fn.", "spectrogram.")
"""Tensors below these names are stored beside what was trained."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What the header of a weights file says."""

    n_tensors: int
    n_parameters: int
    """Trained numbers; the loss's weights and the spectrogram's filters are none."""
    dtypes: tuple[str, ...]
    """Kinds of numbers as the format names them, e.g. ``BF16``, the most frequent first."""
    size_bytes: int
    """Of the file."""


def read_weights_header(folder: Path) -> Weights:
    """Read the header of a checkpoint's weights.

    Raises:
        ModelMissing: There is no weights file.
        CheckpointMismatch: It is damaged or cut off.
    """
    path = folder / WEIGHTS
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as file:
            n_bytes = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if n_bytes > min(_MAX_HEADER_BYTES, size_bytes - _LENGTH_BYTES):
                raise _damaged(path, "its header is longer than it can be")
            header: object = json.loads(file.read(n_bytes))
    except OSError as error:
        raise ModelMissing(f"The model's weights are missing: {path}.") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "its header is not JSON") from error
    if not isinstance(header, dict):
        raise _damaged(path, "its header is not a JSON object")
    tensors = cast("dict[str, Any]", header)
    tensors.pop("__metadata__", None)
    return _summary(path, tensors, size_bytes, size_bytes - _LENGTH_BYTES - n_bytes)


def _summary(path: Path, tensors: dict[str, Any], size_bytes: int, data_bytes: int) -> Weights:
    numbers: dict[str, int] = {}
    n_parameters = 0
    for name, tensor in tensors.items():
        try:
            dtype, n, end = _tensor(tensor)
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(path, f"what it says of “{name}” makes no sense") from error
        if end > data_bytes:
            raise _damaged(path, f"“{name}” is cut off")
        numbers[dtype] = numbers.get(dtype, 0) + n
        n_parameters += 0 if name.startswith(_NO_PARAMETERS) else n
    dtypes = tuple(sorted(numbers, key=lambda dtype: -numbers[dtype]))
    return Weights(len(tensors), n_parameters, dtypes, size_bytes)


def _tensor(entry: Any) -> tuple[str, int, int]:
    """Kind, count of numbers and end of a tensor; KeyError, TypeError, ValueError if malformed."""
    dtype, shape, (start, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
    whole = [*shape, start, end]
    if not all(isinstance(n, int) and not isinstance(n, bool) and n >= 0 for n in whole):
        raise ValueError("sizes are whole numbers")
    n = math.prod(cast("list[int]", shape))
    if (end - start) * 8 != n * _BITS[dtype]:
        raise ValueError("its size is not that of its numbers")
    return dtype, n, end


def _damaged(path: Path, why: str) -> CheckpointMismatch:
    return CheckpointMismatch(f"{path} is damaged ({why}); fetch the model again.")
