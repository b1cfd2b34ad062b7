from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from companion.engine.checkpoint import load
from companion.engine.conditioning import Conditioning
from companion.engine.encoding import EncodingOptions
from companion.engine.model.backbone import WindowInput
from companion.engine.model.rope_whisper import (
    V30_ENCODING,
    V30_PROMPTS,
    V31_ENCODING,
    V31_PROMPTS,
    RopeWhisperNetwork,
    model_settings,
)
from companion.engine.prompts import PromptOptions
from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from pathlib import Path

    from companion.engine.model.backbone import Backbone

CONFIG: dict[str, Any] = {
    "backbone_model_name": "Tiger14n/ropewhisper-small",
    "backbone_config": {
        "d_model": 16, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2,
        "decoder_attention_heads": 2, "encoder_ffn_dim": 24, "decoder_ffn_dim": 24,
        "activation_function": "gelu", "rope_type": "dynamic",
    },
    "hidden_size": 16, "vocab_size": 20, "vocab_size_in": 24, "max_source_positions": 16,
    "max_target_positions": 600, "sample_rate": 16000, "hop_length": 128, "n_fft": 1024,
    "n_mels": 12, "f_min": 20, "f_max": 8000, "pad_mode": "reflect", "spectrogram_log_scale": True,
    "cond_dim": 8, "num_mappers": 2, "do_style_embed": False, "do_difficulty_embed": True,
    "do_mapper_embed": True, "do_song_position_embed": True, "project_encoder_input": False,
}  # fmt: skip
VOCABULARY: dict[str, Any] = {
    "offset": 5, "context_sos": {"map": 3}, "context_eos": {"map": 4},
    "event_ranges": [{"type": "t", "min_value": 0, "max_value": 14}],
    "input_event_ranges": [{"type": "gamemode", "min_value": 0, "max_value": 3}],
    "event_start": {"t": 5}, "vocab_size_out": 20, "vocab_size_in": 24, "num_diff_classes": 0,
    "max_difficulty": 0, "mapper_idx": {"1001": 0, "1002": 1}, "num_mapper_classes": 2,
}  # fmt: skip
ABOUT = Conditioning(difficulty=4.2, mapper_id=1002, song_length_ms=60_000)


def write(folder: Path, **changes: Any) -> Path:
    config = {**CONFIG, **changes}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "generation_config.json").write_text("{}")
    (folder / "tokenizer.json").write_text(json.dumps(VOCABULARY))
    torch.manual_seed(6)
    weights = RopeWhisperNetwork(CONFIG).state_dict()
    save_file({**weights, "loss_fn.weight": torch.ones(20)}, folder / "model.safetensors")
    return folder


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Backbone:
    return load(write(tmp_path_factory.mktemp("v31")), "cpu")


def window(
    backbone: Backbone, about: Conditioning = ABOUT, start_ms: float = 9000.0, seed: int = 2
) -> WindowInput:
    samples = np.random.default_rng(seed).normal(size=backbone.settings.window_samples)
    return WindowInput(samples.astype(np.float32), start_ms, (), about)


def hear(backbone: Backbone, given: WindowInput) -> torch.Tensor:
    return backbone.encode([given]).parts["hidden"]


def close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)


def test_sizes_come_from_the_configuration(backbone: Backbone):
    settings = backbone.settings
    assert settings.family == "v31"
    assert (settings.window_frames, settings.max_tokens) == (32, 600)
    assert hear(backbone, window(backbone)).shape == (1, 16, 16)


def test_a_checkpoint_without_ids_for_prompts_alone_is_a_v30():
    settings = model_settings({**CONFIG, "vocab_size_in": 20})
    assert settings.family == "v30"
    assert not settings.prompts.add_out_context_types
    assert settings.encoding.add_timing


def test_windows_are_heard_alike_alone_and_in_a_batch(backbone: Backbone):
    other = window(backbone, Conditioning(song_length_ms=60_000), 100.0, seed=3)
    both = backbone.encode([window(backbone), other]).parts["hidden"]
    close(both[:1], hear(backbone, window(backbone)))
    close(both[1:], hear(backbone, other))


@pytest.mark.parametrize(
    "changed",
    [
        {"difficulty": 2.0},
        {"difficulty": None},
        {"mapper_id": 1001},
        {"mapper_id": None},
        {"song_length_ms": 90_000},
    ],
)
def test_what_the_encoder_is_told_changes_what_it_hears_and_the_key(
    backbone: Backbone, changed: dict[str, Any]
):
    before, after = window(backbone), window(backbone, replace(ABOUT, **changed))
    assert not torch.allclose(hear(backbone, before), hear(backbone, after), atol=1e-3)
    assert backbone.encoding_key(before) != backbone.encoding_key(after)


def test_the_place_in_the_song_is_heard(backbone: Backbone):
    before, after = window(backbone), window(backbone, start_ms=40_000.0)
    assert not torch.allclose(hear(backbone, before), hear(backbone, after), atol=1e-3)
    assert backbone.encoding_key(before) != backbone.encoding_key(after)


def test_what_the_encoder_is_not_told_changes_nothing(backbone: Backbone):
    about = replace(ABOUT, year=2013, cs=5.0)
    assert torch.equal(hear(backbone, window(backbone)), hear(backbone, window(backbone, about)))
    assert backbone.encoding_key(window(backbone)) == backbone.encoding_key(window(backbone, about))


def test_unknown_things_have_vectors_of_their_own(backbone: Backbone):
    nobody = window(backbone, replace(ABOUT, mapper_id=None, difficulty=None))
    stranger = window(backbone, replace(ABOUT, mapper_id=777, difficulty=5.0))
    assert torch.equal(hear(backbone, nobody), hear(backbone, stranger))


def test_a_song_of_unknown_length_is_heard_all_the_same(backbone: Backbone):
    assert hear(backbone, window(backbone, Conditioning())).isfinite().all()


def test_padding_and_what_comes_after_change_nothing(backbone: Backbone):
    encoded = backbone.encode([window(backbone)])
    ids = torch.randint(1, 24, (1, 30), generator=torch.Generator().manual_seed(1))
    whole = backbone.logits(ids, None, encoded)
    close(backbone.logits(ids[:, :12], None, encoded), whole[:, :12])
    padded = torch.nn.functional.pad(ids, (6, 0))
    close(backbone.logits(padded, padded != 0, encoded)[:, 6:], whole)


def test_stepping_past_the_cache_room_gives_what_the_whole_sequence_gives(backbone: Backbone):
    encoded = backbone.encode([window(backbone), window(backbone, seed=3)])
    ids = torch.randint(1, 24, (2, 290), generator=torch.Generator().manual_seed(1))
    ids[0, :7] = 0
    whole = backbone.logits(ids, ids != 0, encoded)
    last, state = backbone.start(ids[:, :9], ids[:, :9] != 0, encoded)
    close(last, whole[:, 8])
    for position in range(9, 290):
        last, state = backbone.step(ids[:, position], state)
    close(last, whole[:, -1])


def test_half_precision_runs_and_answers_in_float32(tmp_path: Path):
    half = load(write(tmp_path), "cpu", torch.bfloat16)
    encoded = half.encode([window(half)])
    assert encoded.parts["hidden"].dtype == torch.bfloat16
    logits, state = half.start(torch.tensor([[5, 6, 7]]), None, encoded)
    assert logits.dtype == torch.float32
    assert half.step(torch.tensor([7]), state)[0].isfinite().all()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"do_style_embed": True}, "do_style_embed should be false"),
        ({"do_mapper_embed": False}, "do_mapper_embed should be true"),
        ({"project_encoder_input": True}, "project_encoder_input"),
        ({"num_mappers": 3}, r"mapper_embedder\.embedding\.weight.*\(3, 8\).*\(4, 8\)"),
        ({"cond_dim": 9}, r"conv1\.weight"),
        ({"hidden_size": 18}, "18 features"),
        ({"vocab_size": 21}, r"proj_out\.weight"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_named(
    tmp_path: Path, changes: dict[str, Any], named: str
):
    with pytest.raises(CheckpointMismatch, match=named):
        load(write(tmp_path, **changes), "cpu")


@pytest.mark.parametrize(
    ("part", "value"), [("activation_function", "relu"), ("rope_type", "linear")]
)
def test_layers_of_another_kind_are_refused(tmp_path: Path, part: str, value: str):
    layers = {**CONFIG["backbone_config"], part: value}
    with pytest.raises(CheckpointMismatch, match=value):
        load(write(tmp_path, backbone_config=layers), "cpu")


@pytest.mark.parametrize(
    ("family", "prompts", "encoding"),
    [("v30", V30_PROMPTS, V30_ENCODING), ("v31", V31_PROMPTS, V31_ENCODING)],
)
def test_prompts_and_encoding_are_those_the_family_was_trained_with(
    goldens: Path, family: str, prompts: PromptOptions, encoding: EncodingOptions
):
    data = json.loads((goldens / family / "train_config.json").read_text())["data"]
    assert prompts == PromptOptions.from_train_config(data)
    assert encoding == EncodingOptions.from_train_config(data)
