from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING

import pytest
import torch

import convert_diffusion
from companion.engine.checkpoint import CONFIG, WEIGHTS
from companion.engine.diffusion import load
from companion.engine.diffusion.network import DiffusionNetwork, NetworkSize
from companion.errors import CheckpointMismatch, ModelMissing

SIZE = NetworkSize(context_size=272, hidden_size=24, depth=2, num_heads=2, class_size=10)
TABLE = {
    "beatmap_idx": {},
    "num_classes": 0,
    "num_diff_classes": 4,
    "max_difficulty": 12,
    "beatmap_mapper": {7: 1001},
    "mapper_idx": {1001: 0},
    "num_mapper_classes": 2,
    "beatmap_descriptors": {7: [0]},
    "descriptor_idx": {"streams": 0},
    "num_descriptor_classes": 2,
    "num_cs_classes": 2,
}

if TYPE_CHECKING:
    from pathlib import Path


class Malicious:
    """Would make a file if it were unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


@pytest.fixture
def weights() -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    return dict(DiffusionNetwork(SIZE).state_dict())


@pytest.fixture
def published(tmp_path: Path, weights: dict[str, torch.Tensor]) -> Path:
    """Files as they are published."""
    folder = tmp_path / "published"
    folder.mkdir()
    torch.save(weights, folder / "model_ema.pkl")
    torch.save(TABLE, folder / "tokenizer.pkl")
    return folder


def convert(published: Path, out: Path, heads: int | None = 2) -> None:
    convert_diffusion.convert(published / "model_ema.pkl", out, published / "tokenizer.pkl", heads)


def test_a_converted_checkpoint_loads_with_the_same_weights(
    published: Path, tmp_path: Path, weights: dict[str, torch.Tensor]
):
    convert(published, tmp_path / "out")
    model = load(tmp_path / "out", "cpu")
    assert model.settings.size == SIZE
    assert model.classes.mappers == {1001: 0}
    converted = model.network.state_dict()
    assert converted.keys() == weights.keys()
    for name, tensor in weights.items():
        assert torch.equal(converted[name], tensor), name


@pytest.mark.parametrize("name", ["model_ema.pkl", "tokenizer.pkl"])
@pytest.mark.parametrize("form", ["torch", "pickle 2", "pickle 4"])
def test_a_file_that_would_run_code_is_refused(
    published: Path, tmp_path: Path, name: str, form: str
):
    trap = tmp_path / "trap"
    content = {"context_embedder.mlp.0.weight": Malicious(trap)}
    if form == "torch":
        torch.save(content, published / name)
    else:
        (published / name).write_bytes(pickle.dumps(content, protocol=int(form[-1])))
    with pytest.raises(CheckpointMismatch, match=name):
        convert(published, tmp_path / "out")
    assert not trap.exists()
    assert not (tmp_path / "out").exists()


def test_the_trap_of_these_tests_would_have_sprung(published: Path, tmp_path: Path):
    trap = tmp_path / "trap"
    pickle.loads(pickle.dumps(Malicious(trap)))
    assert trap.exists()


def test_a_damaged_file_is_refused(published: Path, tmp_path: Path):
    whole = (published / "model_ema.pkl").read_bytes()
    for damaged in (b"", b"not a pickle", whole[: len(whole) // 2]):
        (published / "model_ema.pkl").write_bytes(damaged)
        with pytest.raises(CheckpointMismatch):
            convert(published, tmp_path / "out")


def test_a_missing_file_is_named(published: Path, tmp_path: Path):
    (published / "tokenizer.pkl").unlink()
    with pytest.raises(ModelMissing, match=r"tokenizer\.pkl"):
        convert(published, tmp_path / "out")


def test_something_else_than_weights_is_refused(published: Path, tmp_path: Path):
    for content in ([1, 2], {}, {"weights": 3}, {"a": torch.zeros(2)}):
        torch.save(content, published / "model_ema.pkl")
        with pytest.raises(CheckpointMismatch):
            convert(published, tmp_path / "out")


def test_a_misfit_is_named_before_anything_is_written(
    published: Path, tmp_path: Path, weights: dict[str, torch.Tensor]
):
    del weights["blocks.1.mlp.fc2.bias"]
    torch.save(weights, published / "model_ema.pkl")
    with pytest.raises(CheckpointMismatch, match=r"blocks\.1\.mlp\.fc2\.bias"):
        convert(published, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_table_of_other_weights_is_refused(published: Path, tmp_path: Path):
    torch.save(TABLE | {"num_cs_classes": 22}, published / "tokenizer.pkl")
    with pytest.raises(CheckpointMismatch, match="other weights"):
        convert(published, tmp_path / "out")


def test_an_unpublished_width_needs_its_heads(published: Path, tmp_path: Path):
    with pytest.raises(CheckpointMismatch, match="--heads"):
        convert(published, tmp_path / "out", heads=None)


def test_the_command_says_what_it_did(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out = tmp_path / "out"
    arguments = [str(published / "model_ema.pkl"), str(out)]
    assert convert_diffusion.main(arguments) == 1
    assert "--heads" in capsys.readouterr().err
    assert convert_diffusion.main([*arguments, "--heads", "2"]) == 0
    assert str(out) in capsys.readouterr().out
    assert {file.name for file in out.iterdir()} == {CONFIG, WEIGHTS}
