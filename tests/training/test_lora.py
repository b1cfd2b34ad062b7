from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import pytest
import torch

from companion.engine import checkpoint
from companion.engine.vocabulary import PAD_ID
from companion.errors import CheckpointMismatch, ModelMissing, OptionRefused
from companion.settings import BUNDLED_MODEL_FOLDER
from companion.training.data.draws import Batch, Draws, places_of
from companion.training.data.examples import ExampleBuilder
from companion.training.data.options import options_for
from companion.training.data.records import read_records
from companion.training.data.sounds import SoundCache
from companion.training.data.sources import FolderSet
from companion.training.finetuning import lora
from companion.training.finetuning.lora import TARGETS, LoraOptions, add_factors, export_adapter
from companion.training.finetuning.trained_model import (
    TrainedModel,
    export_checkpoint,
    train_everything,
)
from tests.training.tiny_checkpoints import FAMILIES, make

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVERY = (*FAMILIES, "bundled")
OPTIONS = LoraOptions(rank=2, dropout=0.0)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    parent = tmp_path_factory.mktemp("models")
    return {name: make(name, parent / name) for name in FAMILIES} | {
        "bundled": BUNDLED_MODEL_FOLDER
    }


@pytest.fixture(scope="module")
def batch_of(
    make_set: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[TrainedModel], Batch]:
    [record] = read_records(FolderSet(make_set("Song b", (0, 0))))
    cache = tmp_path_factory.mktemp("sounds")

    def batch(model: TrainedModel) -> Batch:
        settings, words = model.backbone.settings, model.backbone.vocabulary
        builder = ExampleBuilder(settings, words, SoundCache.of(cache, settings), 60)
        return Draws(builder, places_of([record]), options_for(settings.family), 2).batch(0)

    return batch


def load(folder: Path) -> TrainedModel:
    return TrainedModel.load(folder, "cpu").eval()


def taught(model: TrainedModel, batch: Batch, steps: int = 3) -> None:
    """Some large steps towards a batch."""
    optimizer = torch.optim.Adam(model.trained().values(), lr=3e-2)
    for _ in range(steps):
        logits = model(batch)
        loss = torch.nn.functional.cross_entropy(
            logits[batch.predicted], batch.targets[batch.predicted]
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@pytest.mark.parametrize("family", EVERY)
def test_training_runs_the_network_that_the_engine_runs(
    folders: dict[str, Path], batch_of: Callable[[TrainedModel], Batch], family: str
) -> None:
    model = load(folders[family])
    batch = batch_of(model)
    backbone: Any = model.backbone
    encoded = backbone.encode(batch.windows)
    expected = backbone.logits(batch.tokens, batch.tokens != PAD_ID, encoded)
    found = model(batch)[batch.mask]
    torch.testing.assert_close(found.detach(), expected[batch.mask].clone(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", EVERY)
@pytest.mark.parametrize("principal", [False, True], ids=["plain", "pissa"])
def test_an_adapter_changes_nothing_at_first_and_is_loaded_as_it_was_trained(
    folders: dict[str, Path],
    batch_of: Callable[[TrainedModel], Batch],
    tmp_path: Path,
    family: str,
    principal: bool,
) -> None:
    folder = folders[family]
    model = load(folder)
    batch = batch_of(model)
    before = model(batch).detach()
    add_factors(model, LoraOptions(rank=2, dropout=0.0, principal=principal))
    # Singular values are taken out and put in again, in float32.
    tolerance = 2e-2 if principal else 1e-5
    torch.testing.assert_close(model(batch).detach(), before, atol=tolerance, rtol=tolerance)
    trained = model.trained()
    assert trained
    assert all("lora_" in name for name in trained)

    taught(model, batch)
    after = model(batch).detach()
    assert float((after - before).abs().max()) > 0.05
    export_adapter(model, folder, tmp_path / "adapter")
    loaded = TrainedModel(checkpoint.load(folder, "cpu", adapter=tmp_path / "adapter"))  # type: ignore[arg-type]
    torch.testing.assert_close(loaded(batch), after, atol=tolerance, rtol=tolerance)


@pytest.mark.parametrize("family", ["v29", "v32"])
def test_peft_itself_reads_the_adapter_for_the_same_modules(
    folders: dict[str, Path],
    batch_of: Callable[[TrainedModel], Batch],
    tmp_path: Path,
    family: str,
) -> None:
    from peft import PeftModel

    model = load(folders[family])
    batch = batch_of(model)
    add_factors(model, OPTIONS)
    taught(model, batch)
    export_adapter(model, folders[family], tmp_path / "adapter")
    config = json.loads((tmp_path / "adapter/adapter_config.json").read_text())
    assert config["peft_type"] == "LORA"
    assert sorted(config["target_modules"]) == sorted(TARGETS[family])
    assert (config["r"], config["lora_alpha"], config["bias"]) == (2, 4, "none")
    fresh = load(folders[family])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about configurations of transformers
        PeftModel.from_pretrained(fresh.network, tmp_path / "adapter")
    torch.testing.assert_close(fresh(batch), model(batch), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "modes", "made_for"),
    [("model", (), None), ("model", ("gamemode=3",), [""]), ("gamemode=0", (), ["gamemode=0"])],
)
def test_an_adapter_says_which_folders_it_fits(
    folders: dict[str, Path], tmp_path: Path, name: str, modes: tuple[str, ...], made_for: Any
) -> None:
    base = tmp_path / name
    for mode in modes:
        (base / mode).mkdir(parents=True)
    model = load(folders["v29"])
    add_factors(model, OPTIONS)
    export_adapter(model, base, tmp_path / "adapter")
    notes = json.loads((tmp_path / "adapter/mapperatorinator_lora_metadata.json").read_text())
    assert notes == {"ckpt_subfolders": made_for, "format_version": 1}


def test_kinds_without_a_way_to_adapt_them_are_refused(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lora, "TARGETS", {})
    with pytest.raises(OptionRefused, match="v29"):
        add_factors(load(folders["v29"]), OPTIONS)


@pytest.mark.parametrize("options", [LoraOptions(rank=0), LoraOptions(alpha=-1.0)])
def test_sizes_that_no_adapter_has_are_refused(
    folders: dict[str, Path], options: LoraOptions
) -> None:
    with pytest.raises(OptionRefused):
        add_factors(load(folders["v29"]), options)


def test_what_is_no_checkpoint_is_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        TrainedModel.load(tmp_path, "cpu")
    (tmp_path / "config.json").write_text('{"model_type": "diffusion"}')
    with pytest.raises(CheckpointMismatch, match="kind"):
        TrainedModel.load(tmp_path, "cpu")


def test_a_whole_checkpoint_is_written_as_it_was_trained(
    folders: dict[str, Path], batch_of: Callable[[TrainedModel], Batch], tmp_path: Path
) -> None:
    model = load(folders["v29"])
    batch = batch_of(model)
    before = model(batch).detach()
    train_everything(model)
    taught(model, batch, steps=1)
    export_checkpoint(model, folders["v29"], tmp_path / "new")
    again = load(tmp_path / "new")
    torch.testing.assert_close(again(batch), model(batch), atol=1e-5, rtol=1e-5)
    assert float((again(batch) - before).abs().max()) > 0.01
