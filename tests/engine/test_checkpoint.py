from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import save_file

from companion.beatmap import Mode
from companion.engine.checkpoint import choose_device, describe, digest, fill, folder_for, load
from companion.engine.events import ContextType
from companion.engine.model.whisper import WhisperNetwork
from companion.errors import CheckpointMismatch, ModelMissing, OutOfMemory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CONFIG: dict[str, Any] = {
    "backbone_model_name": "openai/whisper-small",
    "backbone_config": {
        "d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
        "num_mel_bins": 16, "max_source_positions": 8, "max_target_positions": 64,
        "vocab_size": 20, "pad_token_id": 0,
    },
    "hidden_size": 16, "vocab_size": 20, "vocab_size_in": 24, "max_source_positions": 8,
    "max_target_positions": 64, "sample_rate": 16000, "hop_length": 128, "n_fft": 256,
    "n_mels": 12, "f_min": 0, "f_max": 8000, "pad_mode": "constant", "spectrogram_log_scale": False,
}  # fmt: skip
VOCABULARY: dict[str, Any] = {
    "offset": 5, "context_sos": {"map": 3}, "context_eos": {"map": 4},
    "event_ranges": [{"type": "t", "min_value": 0, "max_value": 14}],
    "input_event_ranges": [{"type": "gamemode", "min_value": 0, "max_value": 3}],
    "event_start": {"t": 5}, "vocab_size_out": 20, "vocab_size_in": 24, "num_diff_classes": 24,
    "max_difficulty": 12,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "generation_config.json").write_text("{}")
    (tmp_path / "tokenizer.json").write_text(json.dumps(VOCABULARY))
    torch.manual_seed(0)
    weights = WhisperNetwork(CONFIG).state_dict()
    unused = {"loss_fn.weight": torch.ones(20)}
    save_file({**weights, **unused}, tmp_path / "model.safetensors")
    return tmp_path


def rewrite(file: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def reweigh(folder: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    weights = WhisperNetwork(CONFIG).state_dict()
    change(weights)
    save_file(weights, folder / "model.safetensors")


def test_a_folder_is_loaded_by_what_its_configuration_says(folder: Path):
    backbone = load(folder, "cpu")
    assert backbone.settings.family == "v29"
    assert backbone.settings.max_tokens == 64
    assert backbone.vocabulary.context_eos[ContextType.MAP] == 4
    assert backbone.device.type == "cpu"


def test_weights_are_the_files(folder: Path):
    network: Any = load(folder, "cpu")
    torch.manual_seed(0)
    expected = WhisperNetwork(CONFIG).state_dict()
    loaded = network._network.state_dict()
    assert loaded.keys() == expected.keys()
    assert all(torch.equal(loaded[name], expected[name]) for name in expected)


def test_spectrograms_stay_exact_in_half_precision(folder: Path):
    backbone: Any = load(folder, "cpu", torch.bfloat16)
    types = {name: t.dtype for name, t in backbone._network.state_dict().items()}
    assert types["spectrogram.transform.mel_basis"] == torch.float32
    assert types["decoder_embedder.weight"] == torch.bfloat16


def test_a_checkpoint_is_described_by_name_size_and_digest(folder: Path):
    backbone = load(folder, "cpu")
    info = describe(folder, backbone)
    assert info.name == folder.name
    assert info.n_parameters == backbone.n_parameters
    data = (folder / "model.safetensors").read_bytes()
    assert info.digest == hashlib.sha256(data).hexdigest()
    rewrite(folder / "config.json", lambda config: config.update(name="Pocket"))
    assert describe(folder, backbone).name == "Pocket"


def test_a_mode_is_loaded_from_its_own_folder_where_there_is_one(folder: Path):
    own = folder / "gamemode=3"
    own.mkdir()
    for file in ("config.json", "generation_config.json", "tokenizer.json"):
        shutil.copy(folder / file, own)
    weights = {n: t + 1 for n, t in WhisperNetwork(CONFIG).state_dict().items()}
    save_file(weights, own / "model.safetensors")
    assert folder_for(folder, Mode.OSU) == folder
    assert folder_for(folder, Mode.MANIA) == own
    mania: Any = load(folder_for(folder, Mode.MANIA), "cpu")
    loaded = mania._network.state_dict()
    assert all(torch.equal(loaded[name], weights[name]) for name in weights)
    assert describe(own, mania).name == f"{folder.name}/gamemode=3"
    assert describe(own, mania).digest != digest(folder)


def test_an_unfinished_mode_folder_is_not_passed_over(folder: Path):
    (folder / "gamemode=1").mkdir()
    with pytest.raises(ModelMissing, match=r"gamemode=1.*config\.json"):
        load(folder_for(folder, Mode.TAIKO), "cpu")


def test_a_mode_folder_has_none_of_its_own(folder: Path):
    own = folder / "gamemode=3"
    own.mkdir()
    assert folder_for(own, Mode.MANIA) == own


def test_the_digest_follows_the_file(folder: Path):
    before = digest(folder)
    assert digest(folder) == before
    reweigh(folder, lambda weights: weights["encoder_embedder.bias"].add_(1))
    assert digest(folder) != before


def test_a_missing_folder_is_no_model(tmp_path: Path):
    with pytest.raises(ModelMissing, match=r"config\.json"):
        load(tmp_path / "nowhere", "cpu")
    with pytest.raises(ModelMissing):
        digest(tmp_path)


def test_missing_weights_are_named(folder: Path):
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelMissing, match="weights"):
        load(folder, "cpu")


@pytest.mark.parametrize("content", ["", "[1]", "{"])
def test_a_damaged_configuration_is_named(folder: Path, content: str):
    (folder / "config.json").write_text(content)
    with pytest.raises(CheckpointMismatch, match=r"config\.json is damaged"):
        load(folder, "cpu")


def test_cut_off_weights_are_damaged(folder: Path):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointMismatch, match="damaged"):
        load(folder, "cpu")


def test_an_unknown_family_is_named(folder: Path):
    rewrite(folder / "config.json", lambda config: config.update(backbone_model_name="x/y"))
    with pytest.raises(CheckpointMismatch, match="x/y"):
        load(folder, "cpu")


def test_a_configuration_without_sizes_is_named(folder: Path):
    rewrite(folder / "config.json", lambda config: config.pop("n_mels"))
    with pytest.raises(CheckpointMismatch, match="n_mels"):
        load(folder, "cpu")


def test_sizes_that_contradict_each_other_are_named(folder: Path):
    rewrite(folder / "config.json", lambda c: c["backbone_config"].update(num_mel_bins=12))
    with pytest.raises(CheckpointMismatch, match="12"):
        load(folder, "cpu")


def test_the_first_missing_tensor_is_named(folder: Path):
    reweigh(folder, lambda weights: weights.pop("transformer.proj_out.weight"))
    with pytest.raises(CheckpointMismatch, match=r"transformer\.proj_out\.weight"):
        load(folder, "cpu")


def test_the_first_tensor_of_another_shape_is_named(folder: Path):
    reweigh(folder, lambda weights: weights.update({"encoder_embedder.bias": torch.zeros(3)}))
    with pytest.raises(CheckpointMismatch, match=r"encoder_embedder\.bias.*\(3,\).*\(16,\)"):
        load(folder, "cpu")


def test_a_tensor_too_many_is_named(folder: Path):
    reweigh(folder, lambda weights: weights.update({"style_embedder.weight": torch.zeros(3)}))
    with pytest.raises(CheckpointMismatch, match=r"style_embedder\.weight"):
        load(folder, "cpu")


def test_a_vocabulary_of_another_size_does_not_fit(folder: Path):
    def grow(vocabulary: dict[str, Any]) -> None:
        vocabulary["event_ranges"][0]["max_value"] += 1
        vocabulary["vocab_size_out"] += 1
        vocabulary["vocab_size_in"] += 1

    rewrite(folder / "tokenizer.json", grow)
    with pytest.raises(CheckpointMismatch, match="21 and 25 tokens"):
        load(folder, "cpu")


def test_a_full_device_is_an_error_for_the_mapper(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object, **__: object) -> None:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr("companion.engine.checkpoint.fill", full)
    with pytest.raises(OutOfMemory, match="does not fit"):
        load(folder, "cpu")


def test_a_device_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto").type == "cpu"
    with pytest.raises(ModelMissing, match="cuda"):
        choose_device("cuda")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").type == "mps"


def test_filling_takes_tensors_by_name():
    with torch.device("meta"):
        network = torch.nn.Linear(2, 1)
    weights = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}
    fill(network, weights, device=torch.device("cpu"), dtype=torch.float32)
    assert network(torch.tensor([[1.0, 1.0]])).tolist() == [[6.0]]
