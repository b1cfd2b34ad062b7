from __future__ import annotations

import json
import random
import struct
from typing import TYPE_CHECKING, Any

import pytest

from companion.errors import CheckpointMismatch, ModelMissing
from companion.model_store import read_weights_header

if TYPE_CHECKING:
    from pathlib import Path

ENTRY: dict[str, Any] = {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]}


def write(folder: Path, header: object, data: bytes = b"\0" * 12) -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def test_parameters_are_counted_without_reading_tensors(tmp_path: Path):
    loss = {"dtype": "F32", "shape": [1], "data_offsets": [12, 16]}
    write(
        tmp_path, {"__metadata__": {"format": "pt"}, "a": ENTRY, "loss_fn.weight": loss}, bytes(16)
    )
    weights = read_weights_header(tmp_path)
    assert (weights.n_tensors, weights.n_parameters, weights.dtypes) == (2, 6, ("F16", "F32"))
    assert weights.size_bytes == (tmp_path / "model.safetensors").stat().st_size


def test_it_agrees_with_the_library(tmp_path: Path):
    import torch
    from safetensors.torch import save_file

    tensors = {
        "a": torch.zeros(3, 5, dtype=torch.bfloat16),
        "b": torch.zeros(()),
        "c.d": torch.ones(7),
    }
    save_file(tensors, tmp_path / "model.safetensors")
    weights = read_weights_header(tmp_path)
    assert weights.n_parameters == sum(tensor.numel() for tensor in tensors.values())
    assert weights.dtypes == ("BF16", "F32")


def test_no_weights_are_told(tmp_path: Path):
    with pytest.raises(ModelMissing, match="weights"):
        read_weights_header(tmp_path)


@pytest.mark.parametrize("length", [10 * 2**30, 2**64 - 1, 2**63, 200])
def test_a_header_of_absurd_length_is_not_read(tmp_path: Path, length: int):
    (tmp_path / "model.safetensors").write_bytes(struct.pack("<Q", length) + b"{}")
    with pytest.raises(CheckpointMismatch, match="longer"):
        read_weights_header(tmp_path)


@pytest.mark.parametrize(
    "header",
    [
        b"", b"{", b"[]", b"3", b"[" * 50_000, b"\xff\xfe", b"1" * 9_000, {"a": 3}, {"a": []},
        {"a": None}, {"a": {}},
        *({"a": {**ENTRY, **change}} for change in (
            {"dtype": "F17"}, {"dtype": []}, {"dtype": 3}, {"shape": 6}, {"shape": [-2, -3]},
            {"shape": [2.0, 3]}, {"shape": ["6"]}, {"shape": [10**30]}, {"shape": [True, 6]},
            {"data_offsets": [0]}, {"data_offsets": [12, 0]}, {"data_offsets": [0, 13]},
            {"data_offsets": None}, {"data_offsets": [4, 16]}, {"data_offsets": [0, 12, 12]},
        )),
    ],
    ids=lambda header: str(header)[:40],
)  # fmt: skip
def test_a_malformed_header_is_damaged(tmp_path: Path, header: object):
    write(tmp_path, header)
    with pytest.raises(CheckpointMismatch, match="damaged"):
        read_weights_header(tmp_path)


def test_random_headers_end_in_a_typed_error(tmp_path: Path):
    dice = random.Random(1)
    sound = json.dumps({"a": ENTRY, "b": ENTRY}).encode()
    refused = 0
    for _ in range(300):
        text = bytearray(sound)
        for _ in range(dice.randrange(1, 4)):
            text[dice.randrange(len(text))] = dice.randrange(256)
        write(tmp_path, bytes(text))
        try:
            read_weights_header(tmp_path)
        except CheckpointMismatch:
            refused += 1
    assert refused > 200
