from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from companion.engine.checkpoint import load
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import EncodingOptions
from companion.engine.events import ContextType, EventType
from companion.engine.model.backbone import EncodedWindows, WindowInput
from companion.engine.model.var_whisper import (
    ENCODING,
    PROMPTS,
    VarWhisperBackbone,
    VarWhisperNetwork,
    model_settings,
)
from companion.engine.prompts import PromptOptions
from companion.engine.vocabulary import EventRange, Vocabulary
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from pathlib import Path

V = Vocabulary(
    (EventRange(EventType.TIME_SHIFT, 5, 0, 94),),
    (EventRange(EventType.GAMEMODE, 100, 0, 3),),
    {ContextType.MAP: 3},
    {ContextType.MAP: 4},
    100,
    104,
)
TOKENIZER: dict[str, Any] = {
    "offset": 5, "context_sos": {"map": 3}, "context_eos": {"map": 4},
    "event_ranges": [{"type": "t", "min_value": 0, "max_value": 94}],
    "input_event_ranges": [{"type": "gamemode", "min_value": 0, "max_value": 3}],
    "event_start": {"t": 5}, "vocab_size_out": 100, "vocab_size_in": 104, "num_diff_classes": 24,
    "max_difficulty": 12,
}  # fmt: skip
LOCAL = {"global_attn_every_n_layers": 3, "local_attention": 12, "local_rope_theta": 500}
"""Of two layers the second looks six tokens to either side."""


def config(**backbone: Any) -> dict[str, Any]:
    return {
        "backbone_model_name": "OliBomby/varwhisper-small",
        "backbone_config": {
            "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
            "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 40,
            "num_mel_bins": 24, "max_source_positions": 16, "max_target_positions": 600,
            "activation_function": "gelu", "attention_bias": True, "global_rope_theta": 10000,
            "local_rope_theta": 10000, "local_attention": 128, "global_attn_every_n_layers": 1,
            "rope_scaling": {"factor": 1.0, "rope_type": "default"}, **backbone,
        },
        "hidden_size": 32, "vocab_size": 100, "vocab_size_in": 104, "max_source_positions": 16,
        "max_target_positions": 600, "sample_rate": 16000, "hop_length": 128, "n_fft": 1024,
        "n_mels": 24, "f_min": 20, "f_max": 8000, "pad_mode": "reflect",
        "spectrogram_log_scale": True, "spectrogram_implementation": "torchaudio",
        "project_encoder_input": False,
    }  # fmt: skip


def network_of(**backbone: Any) -> VarWhisperNetwork:
    torch.manual_seed(1)
    network = VarWhisperNetwork(config(**backbone))
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return network


def backbone_of(**backbone: Any) -> VarWhisperBackbone:
    return VarWhisperBackbone(network_of(**backbone), V, model_settings(config(**backbone)))


@pytest.fixture(scope="module", params=[{}, LOCAL], ids=["global", "local"])
def backbone(request: pytest.FixtureRequest) -> VarWhisperBackbone:
    return backbone_of(**request.param)


def hear(backbone: VarWhisperBackbone, n: int = 2) -> EncodedWindows:
    random = np.random.default_rng(2)
    n_samples = backbone.settings.window_samples
    return backbone.encode(
        [
            WindowInput(random.normal(size=n_samples).astype(np.float32), 0, (), Conditioning())
            for _ in range(n)
        ]
    )


def close(ours, theirs) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


def save(folder: Path, network: VarWhisperNetwork, content: dict[str, Any]) -> None:
    (folder / "config.json").write_text(json.dumps(content))
    (folder / "generation_config.json").write_text("{}")
    (folder / "tokenizer.json").write_text(json.dumps(TOKENIZER))
    unused = {"loss_fn.weight": torch.ones(100)}
    save_file({**network.state_dict(), **unused}, folder / "model.safetensors")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path, network_of(), config())
    return tmp_path


def test_the_familys_options_are_those_it_was_trained_with(goldens: Path):
    data = json.loads((goldens / "v32" / "train_config.json").read_text())["data"]
    assert PromptOptions.from_train_config(data) == PROMPTS
    assert EncodingOptions.from_train_config(data) == ENCODING


def test_sizes_come_from_the_configuration(backbone: VarWhisperBackbone):
    settings = backbone.settings
    assert settings.family == "v32"
    assert (settings.window_frames, settings.window_samples) == (32, 31 * 128)
    assert settings.max_tokens == 600
    assert settings.prompts is PROMPTS
    assert settings.encoding is ENCODING
    assert hear(backbone, 2).parts["hidden"].shape == (2, 16, 32)


def test_predictions_do_not_depend_on_what_comes_after(backbone: VarWhisperBackbone):
    encoded = hear(backbone, 1)
    ids = torch.randint(1, 104, (1, 30))
    whole = backbone.logits(ids, None, encoded)
    for n_tokens in range(1, 30):
        other = torch.cat([ids[:, :n_tokens], (ids[:, n_tokens:] + 7) % 103 + 1], dim=1)
        close(backbone.logits(other, None, encoded)[:, :n_tokens], whole[:, :n_tokens])
        close(backbone.logits(ids[:, :n_tokens], None, encoded), whole[:, :n_tokens])
    close(backbone.logits(ids, None, encoded, since=20), whole[:, 20:])
    assert whole.dtype == torch.float32


def test_predictions_depend_on_the_order_of_what_came_before(backbone: VarWhisperBackbone):
    encoded = hear(backbone, 1)
    ids = torch.tensor([[9, 40, 70, 12]])
    swapped = torch.tensor([[40, 9, 70, 12]])
    last = backbone.logits(ids, None, encoded, since=3)
    assert (backbone.logits(swapped, None, encoded, since=3) - last).abs().max() > 1e-2


def test_padding_changes_nothing(backbone: VarWhisperBackbone):
    encoded = hear(backbone, 1)
    ids = torch.randint(1, 104, (1, 10))
    padded = torch.nn.functional.pad(ids, (6, 0))
    close(backbone.logits(padded, padded != 0, encoded)[:, 6:], backbone.logits(ids, None, encoded))
    assert backbone.logits(padded, padded != 0, encoded).isfinite().all()
    full = torch.ones_like(ids, dtype=torch.bool)
    close(backbone.logits(ids, full, encoded), backbone.logits(ids, None, encoded))


def test_stepping_past_the_cache_room_gives_what_the_whole_sequence_gives(
    backbone: VarWhisperBackbone,
):
    encoded = hear(backbone, 2)
    ids = torch.randint(1, 104, (2, 290))
    ids[0, :7] = 0
    mask = ids != 0
    whole = backbone.logits(ids, mask, encoded)
    last, state = backbone.start(ids[:, :9], mask[:, :9], encoded)
    close(last, whole[:, 8])
    for position in range(9, 290):
        last, state = backbone.step(ids[:, position], state)
        close(last, whole[:, position])
    assert state.n_tokens == 290


def test_rows_that_share_a_window_hear_what_they_would_alone(backbone: VarWhisperBackbone):
    encoded = hear(backbone, 2)
    ids = torch.randint(1, 104, (4, 8))
    shared, _ = backbone.start(ids, None, encoded[1].repeat(4))
    close(shared, backbone.start(ids, None, encoded[[1, 1, 1, 1]])[0])


def test_a_local_layer_looks_no_further_than_its_reach():
    everything_local = {**LOCAL, "decoder_layers": 1, "encoder_layers": 1}
    network = network_of(**everything_local)
    decoder: Any = network.transformer.model["decoder"]
    decoder.layers[0].self_attn.reach = 6
    backbone = VarWhisperBackbone(network, V, model_settings(config()))
    encoded = hear(backbone, 1)
    ids = torch.randint(1, 104, (1, 20))
    other = ids.clone()
    other[0, 3] = ids[0, 3] % 103 + 1
    apart = (backbone.logits(ids, None, encoded) - backbone.logits(other, None, encoded)).abs()
    changed = (apart[0].amax(-1) > 1e-4).tolist()
    assert changed == [3 <= position <= 9 for position in range(20)]


def test_which_layers_are_local_and_how_they_turn_comes_from_the_configuration():
    def attentions(**backbone: Any) -> list[Any]:
        decoder: Any = network_of(**backbone).transformer.model["decoder"]
        return [layer.self_attn for layer in decoder.layers]

    four = attentions(**LOCAL, decoder_layers=4)
    assert [attention.reach for attention in four] == [None, 6, 6, None]
    assert [attention.base for attention in four] == [10000, 500, 500, 10000]
    inherited = attentions(**{**LOCAL, "local_rope_theta": None})
    assert [attention.base for attention in inherited] == [10000, 10000]


def test_half_precision_runs_and_answers_in_float32(folder: Path):
    half: Any = load(folder, "cpu", torch.bfloat16)
    filters = half._network.state_dict()["spectrogram.transform.mel_scale.fb"]
    assert filters.dtype == torch.float32
    logits, state = half.start(torch.randint(1, 104, (1, 5)), None, hear(half, 1))
    assert logits.dtype == torch.float32
    assert half.step(torch.tensor([7]), state)[0].isfinite().all()


def test_a_folder_of_the_family_is_loaded(folder: Path):
    backbone: Any = load(folder, "cpu")
    ids = torch.randint(1, 104, (1, 12))
    expected = backbone_of()
    close(
        backbone.logits(ids, None, hear(backbone, 1)),
        expected.logits(ids, None, hear(expected, 1)),
    )


def test_a_smaller_checkpoint_of_the_family_is_loaded(tmp_path: Path):
    smaller = {
        "d_model": 16, "encoder_layers": 1, "decoder_layers": 3, "decoder_attention_heads": 2,
        "attention_bias": False, "activation_function": "relu",
    }  # fmt: skip
    content = config(**smaller) | {"hidden_size": 16, "backbone_model_name": "o/varwhisper-mini"}
    save(tmp_path, network_of(**smaller), content)
    backbone = load(tmp_path, "cpu")
    assert backbone.settings.family == "v32"
    ids = torch.randint(1, 104, (1, 12))
    expected = backbone_of(**smaller)
    close(
        backbone.logits(ids, None, hear(expected, 1)),
        expected.logits(ids, None, hear(expected, 1)),
    )


def test_an_adapter_changes_fused_projections(folder: Path, tmp_path: Path):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    fused = "transformer.model.decoder.layers.1.cross_attn.Wkv"
    down, up = torch.randn(2, 32), torch.randn(64, 2)
    tensors = {f"base_model.model.{fused}.lora_A.weight": down}
    tensors[f"base_model.model.{fused}.lora_B.weight"] = up
    save_file(tensors, adapter / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 2, "lora_alpha": 4}
    (adapter / "adapter_config.json").write_text(json.dumps(settings))
    backbone: Any = load(folder, "cpu", adapter=adapter)
    expected = network_of().state_dict()[f"{fused}.weight"] + 2 * up @ down
    close(backbone._network.state_dict()[f"{fused}.weight"], expected)


def test_the_first_tensor_that_does_not_fit_is_named(folder: Path):
    weights = network_of().state_dict()
    fused = "transformer.model.decoder.layers.1.self_attn.Wqkv.weight"
    weights[fused] = torch.zeros(64, 32)
    weights["transformer.proj_out.weight"] = torch.zeros(3, 32)
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(CheckpointMismatch, match=rf"“{fused}”.*\(64, 32\).*\(96, 32\)"):
        load(folder, "cpu")
    del weights[fused]
    save_file(weights, folder / "model.safetensors")
    with pytest.raises(CheckpointMismatch, match=f"lack “{fused}”"):
        load(folder, "cpu")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}, "'dynamic'"),
        ({"num_mel_bins": 80}, "80 bins"),
        ({"encoder_attention_heads": 5}, "5 heads"),
        ({"activation_function": "no_such"}, "no_such"),
        ({"global_attn_every_n_layers": 0}, "global_attn_every_n_layers"),
    ],
)
def test_a_configuration_that_cannot_be_built_is_named(
    folder: Path, change: dict[str, Any], named: str
):
    (folder / "config.json").write_text(json.dumps(config(**change)))
    with pytest.raises(CheckpointMismatch, match=named):
        load(folder, "cpu")


def test_forms_of_other_families_are_named(folder: Path):
    (folder / "config.json").write_text(json.dumps(config() | {"project_encoder_input": True}))
    with pytest.raises(CheckpointMismatch, match="projected spectrogram"):
        load(folder, "cpu")
    (folder / "config.json").write_text(json.dumps(config() | {"backbone_config": []}))
    with pytest.raises(CheckpointMismatch, match="backbone_config"):
        load(folder, "cpu")
    (folder / "config.json").write_text(json.dumps(config() | {"spectrogram_implementation": "x"}))
    with pytest.raises(CheckpointMismatch, match="'x'"):
        load(folder, "cpu")
