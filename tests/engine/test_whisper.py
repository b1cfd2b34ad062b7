from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from companion.engine.conditioning import Conditioning
from companion.engine.events import ContextType, EventType
from companion.engine.model.backbone import EncodedWindows, WindowInput
from companion.engine.model.whisper import WhisperBackbone, WhisperNetwork, model_settings
from companion.engine.vocabulary import EventRange, Vocabulary

V = Vocabulary(
    (EventRange(EventType.TIME_SHIFT, 5, 0, 94),),
    (EventRange(EventType.GAMEMODE, 100, 0, 3),),
    {ContextType.MAP: 3},
    {ContextType.MAP: 4},
    100,
    104,
)


def config() -> dict[str, Any]:
    return {
        "backbone_model_name": "openai/whisper-small",
        "backbone_config": {
            "d_model": 32, "encoder_layers": 1, "decoder_layers": 2, "encoder_attention_heads": 2,
            "decoder_attention_heads": 2, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48,
            "num_mel_bins": 32, "max_source_positions": 16, "max_target_positions": 600,
            "vocab_size": 100, "pad_token_id": 0, "dropout": 0.0,
        },
        "hidden_size": 32, "vocab_size": 100, "vocab_size_in": 104, "max_source_positions": 16,
        "max_target_positions": 600, "sample_rate": 16000, "hop_length": 128, "n_fft": 1024,
        "n_mels": 40, "f_min": 0, "f_max": 8000, "pad_mode": "constant",
        "spectrogram_log_scale": False,
    }  # fmt: skip


@pytest.fixture(scope="module")
def backbone() -> WhisperBackbone:
    torch.manual_seed(1)
    network = WhisperNetwork(config())
    for buffer in network.buffers():
        buffer.normal_()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return WhisperBackbone(network, V, model_settings(config()))


def hear(backbone: WhisperBackbone, n: int = 2) -> EncodedWindows:
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


def test_sizes_come_from_the_configuration(backbone: WhisperBackbone):
    settings = backbone.settings
    assert (settings.window_frames, settings.window_samples) == (32, 31 * 128)
    assert settings.max_tokens == 600
    assert settings.windows.window_ms == pytest.approx(248)
    assert backbone.n_parameters > 10_000


def test_windows_are_heard_alike_alone_and_in_a_batch(backbone: WhisperBackbone):
    both = hear(backbone, 2)
    assert both.parts["hidden"].shape == (2, 16, 32)
    random = np.random.default_rng(2)
    first = random.normal(size=backbone.settings.window_samples).astype(np.float32)
    alone = backbone.encode([WindowInput(first, 0, (), Conditioning())])
    close(both[0].parts["hidden"], alone.parts["hidden"])
    assert backbone.encoding_key(WindowInput(first, 0, (), Conditioning())) == b""


def test_predictions_do_not_depend_on_what_comes_after(backbone: WhisperBackbone):
    encoded = hear(backbone, 1)
    ids = torch.randint(1, 104, (1, 30))
    whole = backbone.logits(ids, None, encoded)
    close(backbone.logits(ids[:, :12], None, encoded), whole[:, :12])
    close(backbone.logits(ids, None, encoded, since=20), whole[:, 20:])
    assert whole.dtype == torch.float32


def test_padding_changes_nothing(backbone: WhisperBackbone):
    encoded = hear(backbone, 1)
    ids = torch.randint(1, 104, (1, 10))
    padded = torch.nn.functional.pad(ids, (6, 0))
    close(backbone.logits(padded, padded != 0, encoded)[:, 6:], backbone.logits(ids, None, encoded))
    assert backbone.logits(padded, padded != 0, encoded).isfinite().all()


def test_a_mask_without_padding_is_no_mask(backbone: WhisperBackbone):
    encoded = hear(backbone, 1)
    ids = torch.randint(1, 104, (1, 10))
    full = torch.ones_like(ids, dtype=torch.bool)
    close(backbone.logits(ids, full, encoded), backbone.logits(ids, None, encoded))


def test_stepping_past_the_cache_room_gives_what_the_whole_sequence_gives(
    backbone: WhisperBackbone,
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
    close(last, whole[:, -1])
    assert state.n_tokens == 290


def test_rows_that_share_a_window_hear_what_they_would_alone(backbone: WhisperBackbone):
    encoded = hear(backbone, 2)
    ids = torch.randint(1, 104, (4, 8))
    shared, _ = backbone.start(ids, None, encoded[1].repeat(4))
    close(shared, backbone.start(ids, None, encoded[[1, 1, 1, 1]])[0])


def test_encoded_windows_can_be_picked_joined_and_repeated(backbone: WhisperBackbone):
    encoded = hear(backbone, 3)
    assert len(encoded) == 3
    assert len(encoded[-1]) == 1
    close(encoded[-1].parts["hidden"], encoded[2].parts["hidden"])
    rejoined = EncodedWindows.cat([encoded[0], encoded[1:]])
    close(rejoined.parts["hidden"], encoded.parts["hidden"])
    assert len(encoded.repeat(2)) == 6
    close(encoded.repeat(2)[4].parts["hidden"], encoded[1].parts["hidden"])
    assert encoded.repeat(1) is encoded
    assert encoded[0].clone().n_bytes == encoded.n_bytes // 3
    assert EncodedWindows.cat([encoded]) is encoded
    assert encoded.to("cpu").n_bytes == encoded.n_bytes


def test_half_precision_runs_and_answers_in_float32():
    torch.manual_seed(1)
    network = WhisperNetwork(config())
    for buffer in network.buffers():
        buffer.normal_()
    mel = network.spectrogram
    network = network.bfloat16()
    network.spectrogram = mel.float()
    half = WhisperBackbone(network, V, model_settings(config()))
    logits, state = half.start(torch.randint(1, 104, (1, 5)), None, hear(half, 1))
    assert logits.dtype == torch.float32
    assert half.step(torch.tensor([7]), state)[0].isfinite().all()
