from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import save_file

from companion.engine.adapters import Adapter, AdapterSettings, fingerprint
from companion.engine.checkpoint import describe, digest, load
from companion.engine.model.whisper import WhisperNetwork
from companion.errors import CheckpointMismatch, ModelMissing

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, RANK = 16, 3
QUERIES = "transformer.model.decoder.layers.0.self_attn.q_proj"
HEARD = "transformer.model.decoder.layers.0.encoder_attn.v_proj"
WIDENED = "transformer.model.encoder.layers.0.fc1"
CONFIG: dict[str, Any] = {
    "backbone_model_name": "openai/whisper-small",
    "backbone_config": {
        "d_model": WIDTH, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
        "num_mel_bins": 16, "max_source_positions": 8, "max_target_positions": 64,
        "vocab_size": 20, "pad_token_id": 0,
    },
    "hidden_size": WIDTH, "vocab_size": 20, "vocab_size_in": 24, "max_source_positions": 8,
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
SETTINGS: dict[str, Any] = {
    "peft_type": "LORA", "r": RANK, "lora_alpha": 6, "bias": "none", "use_dora": False,
    "use_rslora": False, "rank_pattern": {}, "alpha_pattern": {}, "modules_to_save": None,
    "fan_in_fan_out": False, "init_lora_weights": True, "target_modules": ["q_proj", "v_proj"],
    "lora_dropout": 0.05, "base_model_name_or_path": None, "layer_replication": None,
}  # fmt: skip


def factors(*modules: str, rank: int = RANK) -> dict[str, torch.Tensor]:
    """What peft writes for some of the network's matrices."""
    network = WhisperNetwork(CONFIG).state_dict()
    random = torch.Generator().manual_seed(7)
    tensors: dict[str, torch.Tensor] = {}
    for module in modules:
        n_out, n_in = network[f"{module}.weight"].shape
        name = f"base_model.model.{module}"
        tensors[f"{name}.lora_A.weight"] = torch.randn(rank, n_in, generator=random)
        tensors[f"{name}.lora_B.weight"] = torch.randn(n_out, rank, generator=random)
    return tensors


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "generation_config.json").write_text("{}")
    (folder / "tokenizer.json").write_text(json.dumps(VOCABULARY))
    torch.manual_seed(0)
    save_file(WhisperNetwork(CONFIG).state_dict(), folder / "model.safetensors")
    return folder


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    folder = tmp_path / "jumps"
    folder.mkdir()
    configure(folder)
    save_file(factors(QUERIES, HEARD, WIDENED), folder / "adapter_model.safetensors")
    return folder


def configure(folder: Path, **changes: Any) -> None:
    (folder / "adapter_config.json").write_text(json.dumps(SETTINGS | changes))


def weights_of(folder: Path, **options: Any) -> dict[str, torch.Tensor]:
    backbone: Any = load(folder, "cpu", **options)
    return backbone._network.state_dict()


def change_of(adapter: Path, module: str) -> torch.Tensor:
    tensors = factors(QUERIES, HEARD, WIDENED)
    name = f"base_model.model.{module}"
    return tensors[f"{name}.lora_B.weight"] @ tensors[f"{name}.lora_A.weight"]


def test_an_adapter_is_merged_into_the_matrices_it_names_and_no_others(folder: Path, adapter: Path):
    before, after = weights_of(folder), weights_of(folder, adapter=adapter)
    assert after.keys() == before.keys()
    for name, weight in before.items():
        module = name.removesuffix(".weight")
        expected = weight
        if name.endswith(".weight") and module in {QUERIES, HEARD, WIDENED}:
            expected = weight + 2 * change_of(adapter, module)
            assert not torch.allclose(after[name], weight, atol=1e-2)
        torch.testing.assert_close(after[name], expected)


def test_an_adapter_is_merged_before_weights_are_rounded(folder: Path, adapter: Path):
    rounded = weights_of(folder, adapter=adapter, dtype=torch.bfloat16)
    exact = weights_of(folder, adapter=adapter)
    assert torch.equal(rounded[f"{QUERIES}.weight"], exact[f"{QUERIES}.weight"].bfloat16())


def test_rank_stabilised_adapters_are_scaled_by_the_root_of_their_rank(folder: Path, adapter: Path):
    configure(adapter, use_rslora=True)
    before, after = weights_of(folder), weights_of(folder, adapter=adapter)
    expected = before[f"{HEARD}.weight"] + 6 / math.sqrt(RANK) * change_of(adapter, HEARD)
    torch.testing.assert_close(after[f"{HEARD}.weight"], expected)


def test_principal_adapters_replace_the_largest_singular_values(folder: Path, adapter: Path):
    configure(adapter, init_lora_weights="pissa")
    weight = weights_of(folder)[f"{WIDENED}.weight"]
    after = weights_of(folder, adapter=adapter)[f"{WIDENED}.weight"]
    rest = after - 2 * change_of(adapter, WIDENED)
    found, whole = torch.linalg.svdvals(rest), torch.linalg.svdvals(weight)
    torch.testing.assert_close(found[:-RANK], whole[RANK:], atol=1e-4, rtol=0)
    torch.testing.assert_close(found[-RANK:], torch.zeros(RANK), atol=1e-4, rtol=0)


def test_an_untrained_principal_adapter_changes_nothing(folder: Path, adapter: Path):
    configure(adapter, init_lora_weights="pissa")
    before = weights_of(folder)
    left, values, right = torch.linalg.svd(before[f"{QUERIES}.weight"], full_matrices=False)
    roots = (values[:RANK] / 2).sqrt()
    tensors = {
        f"base_model.model.{QUERIES}.lora_A.weight": (roots[:, None] * right[:RANK]).contiguous(),
        f"base_model.model.{QUERIES}.lora_B.weight": (left[:, :RANK] * roots).contiguous(),
    }
    save_file(tensors, adapter / "adapter_model.safetensors")
    after = weights_of(folder, adapter=adapter)
    torch.testing.assert_close(after[f"{QUERIES}.weight"], before[f"{QUERIES}.weight"])


def test_a_checkpoint_with_an_adapter_has_a_name_and_a_digest_of_its_own(
    folder: Path, adapter: Path
):
    backbone = load(folder, "cpu", adapter=adapter)
    info = describe(folder, backbone, adapter)
    assert info.name == "model + jumps"
    assert info.digest == fingerprint(digest(folder), adapter)
    assert info.digest != describe(folder, backbone).digest
    configure(adapter, lora_alpha=7)
    assert describe(folder, backbone, adapter).digest != info.digest


def test_an_adapter_may_be_for_one_mode_only(folder: Path, adapter: Path):
    metadata = adapter / "mapperatorinator_lora_metadata.json"
    metadata.write_text(json.dumps({"format_version": 1, "ckpt_subfolders": ["gamemode=3/"]}))
    read = Adapter.read(adapter)
    assert read.fits(folder / "gamemode=3")
    assert not read.fits(folder)
    assert not read.fits(folder / "gamemode=0")
    with pytest.raises(CheckpointMismatch, match="other folders"):
        load(folder, "cpu", adapter=adapter)
    metadata.write_text(json.dumps({"ckpt_subfolders": ["", "gamemode=0"]}))
    assert Adapter.read(adapter).fits(folder)
    metadata.write_text(json.dumps({"ckpt_subfolders": None}))
    assert Adapter.read(adapter).fits(folder / "gamemode=1")


@pytest.mark.parametrize("names", ["gamemode=0", [3]])
def test_a_damaged_note_of_folders_is_named(adapter: Path, names: object):
    metadata = adapter / "mapperatorinator_lora_metadata.json"
    metadata.write_text(json.dumps({"ckpt_subfolders": names}))
    with pytest.raises(CheckpointMismatch, match="ckpt_subfolders"):
        Adapter.read(adapter)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"peft_type": "LOHA"}, "not that of a LoRA"),
        ({"use_dora": True}, "use_dora"),
        ({"bias": "all"}, "bias"),
        ({"rank_pattern": {"q_proj": 4}}, "rank_pattern"),
        ({"alpha_pattern": {"q_proj": 4}}, "alpha_pattern"),
        ({"modules_to_save": ["proj_out"]}, "modules_to_save"),
        ({"fan_in_fan_out": True}, "fan_in_fan_out"),
        ({"init_lora_weights": "olora"}, "olora"),
        ({"init_lora_weights": "pissa_niter_16"}, "pissa_niter_16"),
        ({"r": 0}, "“r”"),
        ({"r": "8"}, "“r”"),
        ({"r": True}, "“r”"),
        ({"lora_alpha": None}, "“lora_alpha”"),
        ({"lora_alpha": float("nan")}, "“lora_alpha”"),
    ],
)
def test_settings_that_cannot_be_merged_are_named(changes: dict[str, Any], named: str):
    with pytest.raises(CheckpointMismatch, match=named):
        AdapterSettings.of(SETTINGS | changes)


def test_files_that_are_not_there_are_named(folder: Path, adapter: Path, tmp_path: Path):
    with pytest.raises(ModelMissing, match=r"adapter_config\.json"):
        load(folder, "cpu", adapter=tmp_path / "nowhere")
    with pytest.raises(ModelMissing, match=r"adapter_config\.json"):
        fingerprint("0", tmp_path / "nowhere")
    (adapter / "adapter_model.safetensors").rename(adapter / "adapter_model.bin")
    with pytest.raises(ModelMissing, match=r"no adapter_model\.safetensors"):
        load(folder, "cpu", adapter=adapter)


def test_damaged_files_are_named(folder: Path, adapter: Path):
    path = adapter / "adapter_model.safetensors"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(CheckpointMismatch, match="damaged"):
        load(folder, "cpu", adapter=adapter)
    (adapter / "adapter_config.json").write_text("[]")
    with pytest.raises(CheckpointMismatch, match=r"adapter_config\.json is damaged"):
        load(folder, "cpu", adapter=adapter)


A, B = (f"base_model.model.{QUERIES}.lora_{side}.weight" for side in "AB")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({A: None}, "lack.*lora_A"),
        ({B: None}, "lack.*lora_B"),
        ({A: torch.ones(RANK + 1, WIDTH)}, "rank 3"),
        ({B: torch.ones(WIDTH, 1)}, "rank 3"),
        ({A: torch.ones(RANK, WIDTH + 1)}, r"\(16, 17\)"),
        ({B: torch.ones(WIDTH, RANK, 1)}, "not a matrix"),
        ({A: torch.full((RANK, WIDTH), math.inf)}, "finite"),
        ({A: torch.ones(RANK, WIDTH, dtype=torch.int32)}, "not a matrix"),
        ({f"base_model.model.{QUERIES}.bias": torch.ones(WIDTH)}, "bias.*cannot be merged"),
        ({"lora_A.weight": torch.ones(RANK, WIDTH)}, "cannot be merged"),
        (
            {
                "base_model.model.style.lora_A.weight": torch.ones(RANK, WIDTH),
                "base_model.model.style.lora_B.weight": torch.ones(WIDTH, RANK),
            },
            r"another model: it changes “style\.weight”",
        ),
    ],
)
def test_factors_that_do_not_fit_are_named(
    folder: Path, adapter: Path, change: dict[str, torch.Tensor | None], named: str
):
    tensors = {**factors(QUERIES), **change}
    kept = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    save_file(kept, adapter / "adapter_model.safetensors")
    with pytest.raises(CheckpointMismatch, match=named):
        load(folder, "cpu", adapter=adapter)


def test_an_empty_adapter_is_named(folder: Path, adapter: Path):
    save_file({}, adapter / "adapter_model.safetensors")
    with pytest.raises(CheckpointMismatch, match="empty"):
        load(folder, "cpu", adapter=adapter)
