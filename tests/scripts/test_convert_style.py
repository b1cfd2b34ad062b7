from __future__ import annotations

import json
import os
import pickle
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import torch

import convert_style
from companion.engine.analysis.style_network import load_style_network
from companion.engine.checkpoint import CONFIG, WEIGHTS
from companion.errors import CheckpointMismatch, ModelMissing
from tests.engine.tiny_analysis_models import (
    MAPPERS,
    STYLE_CONFIG,
    STYLE_SHAPES,
    random_weights,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CPU = torch.device("cpu")
FOREIGN = "classes_of_a_training_program"


class Malicious:
    """Would make a file if it were unpickled."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self):
        return os.mkdir, (str(self.target),)


class Node:
    """Holds a value or nodes, as the configuration of the training program does."""

    def __init__(self, value: Any) -> None:
        self._metadata = Flag("any")
        self._parent = None
        if isinstance(value, dict):
            self._content = {key: Node(inner) for key, inner in value.items()}
        elif isinstance(value, list):
            self._content = [Node(inner) for inner in value]
        else:
            self._val = value


class Flag:
    """Made by a call with an argument, as members of enumerations are."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __reduce__(self):
        return type(self), (self.name,)


class Tokenizer:
    """Has slots, so that its state is a pair."""

    __slots__ = ("event_range", "mapper_idx")

    def __init__(self, mapper_idx: dict[int, int]) -> None:
        self.mapper_idx = mapper_idx
        self.event_range = {Flag("t"): [Flag("range")]}


@pytest.fixture
def foreign() -> Iterator[None]:
    """The training program's classes, which are there only while the file is made."""
    module = ModuleType(FOREIGN)
    before = {kind: kind.__module__ for kind in (Node, Flag, Tokenizer)}
    for kind in before:
        kind.__module__ = FOREIGN
        setattr(module, kind.__name__, kind)
    sys.modules[FOREIGN] = module
    yield
    for kind, name in before.items():
        kind.__module__ = name
    sys.modules.pop(FOREIGN, None)


def checkpoint() -> dict[str, Any]:
    args = {key: STYLE_CONFIG[key] for key in ("data", "model")}
    args["data"] = {**args["data"], "hop_length": "${..model.spectrogram.hop_length}"}
    order = {mapper: place for place, mapper in enumerate(MAPPERS)}
    return {
        "epoch": 3,
        "state_dict": {
            f"model._orig_mod.{name}": tensor
            for name, tensor in random_weights(STYLE_SHAPES).items()
        },
        "hyper_parameters": {
            "args": Node({**args, "optim": {"base_lr": 0.1}}),
            "tokenizer": Tokenizer(dict(reversed(order.items()))),
        },
        "callbacks": {"progress": Flag("bar")},
    }


@pytest.fixture
def published(tmp_path: Path, foreign: None) -> Path:
    """A file as it is published, on a machine without the program that made it."""
    path = tmp_path / "model.ckpt"
    torch.save(checkpoint(), path)
    del sys.modules[FOREIGN]
    return path


def test_a_converted_classifier_loads_with_the_same_weights(published: Path, tmp_path: Path):
    convert_style.convert(published, tmp_path / "out", {"202": "Somebody", "9": "Nobody here"})
    network, config = load_style_network(tmp_path / "out", CPU)
    assert config.mappers == MAPPERS
    assert config.mapper_names == {202: "Somebody"}
    expected = random_weights(STYLE_SHAPES)
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, expected[name]), name
    written = json.loads((tmp_path / "out" / CONFIG).read_text())
    assert set(written["model"]) == set(STYLE_CONFIG["model"])
    assert "mappers_path" not in written["data"]


def test_the_command_says_where_it_wrote(
    published: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "names.json").write_text('{"101": "First"}')
    arguments = [str(published), str(tmp_path / "out"), "--names", str(tmp_path / "names.json")]
    assert convert_style.main(arguments) == 0
    assert str(tmp_path / "out") in capsys.readouterr().out
    assert load_style_network(tmp_path / "out", CPU)[1].mapper_names == {101: "First"}
    assert convert_style.main([str(tmp_path / "no.ckpt"), str(tmp_path / "out")]) == 1


def test_what_would_run_code_does_not(foreign: None, tmp_path: Path):
    trap = tmp_path / "trap"
    content = checkpoint()
    content["callbacks"] = Malicious(trap)
    content["hyper_parameters"]["more"] = Malicious(trap)
    torch.save(content, tmp_path / "model.ckpt")
    try:
        convert_style.convert(tmp_path / "model.ckpt", tmp_path / "out")
    except CheckpointMismatch:
        assert not (tmp_path / "out").exists()
    assert not trap.exists()


def test_the_trap_of_these_tests_would_have_sprung(tmp_path: Path):
    trap = tmp_path / "trap"
    pickle.loads(pickle.dumps(Malicious(trap)))
    assert trap.exists()


def test_damaged_files_are_refused(published: Path, tmp_path: Path):
    whole = published.read_bytes()
    for damaged in (b"", b"not a pickle", whole[: len(whole) // 2], pickle.dumps([1])):
        published.write_bytes(damaged)
        with pytest.raises(CheckpointMismatch):
            convert_style.convert(published, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(ModelMissing, match=r"no\.ckpt"):
        convert_style.convert(tmp_path / "no.ckpt", tmp_path / "out")


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.pop("state_dict"),
        lambda c: c.pop("hyper_parameters"),
        lambda c: c["hyper_parameters"].pop("tokenizer"),
        lambda c: c["hyper_parameters"].update(tokenizer=Tokenizer({101: 0, 202: 2, 303: 1, 4: 4})),
        lambda c: c["hyper_parameters"].update(tokenizer=Tokenizer({101: 0, 202: 1})),
        lambda c: c["hyper_parameters"].update(args=Node({"model": {"name": "other"}})),
        lambda c: c["state_dict"].update({"model.classifier.weight": torch.zeros(9, 9)}),
        lambda c: c["state_dict"].update({"model.classifier.weight": 3}),
    ],
)
def test_something_else_than_a_classifier_is_refused(foreign: None, tmp_path: Path, change):
    content = checkpoint()
    change(content)
    torch.save(content, tmp_path / "model.ckpt")
    with pytest.raises(CheckpointMismatch):
        convert_style.convert(tmp_path / "model.ckpt", tmp_path / "out")
    assert not (tmp_path / "out" / WEIGHTS).exists()
