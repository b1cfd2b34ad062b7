from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from companion.beatmap import Mode, TimingPoint
from companion.engine import checkpoint
from companion.engine.conditioning import Conditioning
from companion.engine.events import ContextType
from companion.engine.model.backbone import EncodedWindows, WindowInput
from companion.engine.model.bundled import BundledBackbone
from companion.engine.model.bundled.configuration import NetworkSizes
from companion.engine.model.bundled.folder import save, settings_of
from companion.engine.model.bundled.lexicon import Lexicon
from companion.engine.model.bundled.network import BundledNetwork
from companion.engine.vocabulary import Vocabulary
from companion.errors import CheckpointMismatch

TOKENIZER = Path(__file__).parents[2] / "companion/models/bundled/tokenizer.json"
TINY = NetworkSizes(
    width=32,
    heads=2,
    feed_forward=48,
    convolutions=1,
    encoder_layers=1,
    decoder_layers=2,
    pointer_width=16,
    head_width=32,
)


def red_line(time_ms: float = 100.0, beat_length: float = 400.0, meter: int = 4) -> TimingPoint:
    return TimingPoint(
        time_ms=time_ms,
        beat_length=beat_length,
        meter=meter,
        sample_set=1,
        sample_index=0,
        volume=60,
        uninherited=True,
        effects=0,
        line=0,
    )


def tiny_network(seed: int = 0) -> BundledNetwork:
    torch.manual_seed(seed)
    network = BundledNetwork(TINY, Lexicon.of(Vocabulary.from_file(TOKENIZER)))
    with torch.no_grad():
        for value in network.parameters():  # far from initial symmetries
            value.add_(0.05 * torch.randn_like(value))
    return network


@pytest.fixture(scope="module")
def backbone() -> BundledBackbone:
    vocabulary = Vocabulary.from_file(TOKENIZER)
    return BundledBackbone(tiny_network(), vocabulary, settings_of(TINY, {}))


def window(seed: int, mode: Mode = Mode.OSU, **changes: object) -> WindowInput:
    rng = np.random.default_rng(seed)
    samples = rng.normal(0, 0.1, (TINY.window_frames - 1) * TINY.hop_samples).astype(np.float32)
    wish = Conditioning(mode=mode, difficulty=4.0, note_density=3.0, keycount=4)
    given = WindowInput(samples, 1000.0 * seed, (red_line(),), wish)
    return replace(given, **changes)


@pytest.fixture(scope="module")
def encoded(backbone: BundledBackbone) -> EncodedWindows:
    return backbone.encode([window(1), window(2, Mode.MANIA)])


def prompt(length: int = 40, n: int = 2, seed: int = 0) -> torch.Tensor:
    """Tokens with types, times, distances and cells in them, so that every branch is taken."""
    words = Vocabulary.from_file(TOKENIZER)
    rng = np.random.default_rng(seed)
    rows: list[list[int]] = []
    for _ in range(n):
        time, row = 0, [words.sos_id, words.context_sos[ContextType.MAP]]
        while len(row) < length:
            time = min(time + int(rng.integers(0, 40)), 818)
            cell, distance = int(rng.integers(957)), int(rng.integers(641))
            row += [3645, 17 + time, 837, 853 + distance, 1494 + cell, 3471, 3600]
        rows.append(row[:length])
    return torch.tensor(rows)


def test_logits_do_not_depend_on_later_tokens(
    backbone: BundledBackbone, encoded: EncodedWindows
) -> None:
    tokens = prompt()
    changed = tokens.clone()
    changed[:, 25:] = prompt(seed=5)[:, 25:]
    before = backbone.logits(tokens, None, encoded)
    after = backbone.logits(changed, None, encoded)
    assert torch.allclose(before[:, :25], after[:, :25], atol=1e-5)
    assert not torch.allclose(before[:, 25:], after[:, 25:], atol=1e-3)


def test_left_padding_changes_nothing(backbone: BundledBackbone, encoded: EncodedWindows) -> None:
    tokens = prompt()
    padded = torch.cat([torch.zeros(2, 9, dtype=torch.long), tokens], dim=1)
    mask = torch.arange(49).expand(2, 49) >= 9
    plain = backbone.logits(tokens, None, encoded)
    assert torch.allclose(plain, backbone.logits(padded, mask, encoded)[:, 9:], atol=1e-4)
    first, _ = backbone.start(padded, mask, encoded)
    assert torch.allclose(first, plain[:, -1], atol=1e-4)


@pytest.mark.parametrize("n_padding", [0, 7])
def test_stepping_gives_the_same_as_the_whole_sequence(
    backbone: BundledBackbone, encoded: EncodedWindows, n_padding: int
) -> None:
    tokens = prompt(200)
    padding = torch.zeros(2, n_padding, dtype=torch.long)
    mask = torch.arange(20 + n_padding).expand(2, -1) >= n_padding if n_padding else None
    whole = backbone.logits(tokens, None, encoded)
    out, state = backbone.start(torch.cat([padding, tokens[:, :20]], dim=1), mask, encoded)
    assert torch.allclose(out, whole[:, 19], atol=1e-4)
    for place in range(20, 200):  # beyond the room that a state begins with
        out, state = backbone.step(tokens[:, place], state)
        assert torch.allclose(out, whole[:, place], atol=1e-4)
    assert state.n_tokens == 200 + n_padding


def test_since_leaves_out_the_earlier_positions(
    backbone: BundledBackbone, encoded: EncodedWindows
) -> None:
    tokens = prompt()
    whole = backbone.logits(tokens, None, encoded)
    late = backbone.logits(tokens, None, encoded, since=30)
    assert late.shape == (2, 10, backbone.vocabulary.size_out)
    assert torch.allclose(whole[:, 30:], late, atol=1e-5)


def test_encoding_windows_together_or_alone_is_the_same(backbone: BundledBackbone) -> None:
    windows = [window(1), window(2, Mode.MANIA), window(3)]
    together = backbone.encode(windows)
    alone = EncodedWindows.cat([backbone.encode([one]) for one in windows])
    for name, part in together.parts.items():
        assert torch.allclose(part.double(), alone.parts[name].double(), atol=1e-4), name


def test_the_sum_of_all_probabilities_is_about_one(
    backbone: BundledBackbone, encoded: EncodedWindows
) -> None:
    total = backbone.logits(prompt(), None, encoded).exp().sum(dim=-1)
    assert torch.all((total > 0.98) & (total < 1.001))


def test_the_encoding_key_names_what_the_encoding_depends_on(backbone: BundledBackbone) -> None:
    key = backbone.encoding_key(window(1))
    assert key == backbone.encoding_key(window(1))
    assert key != backbone.encoding_key(window(1, red_lines=(red_line(103.0),)))
    assert key != backbone.encoding_key(window(1, red_lines=(red_line(beat_length=401.0),)))
    wish = window(1).conditioning
    harder = replace(wish, difficulty=6.0)
    assert key != backbone.encoding_key(window(1, conditioning=harder))
    # A single moved object must not make every window be heard again.
    nearly = replace(wish, difficulty=4.01, note_density=3.01)
    assert key == backbone.encoding_key(window(1, conditioning=nearly))
    far = (red_line(), red_line(900_000.0, 300.0))
    assert key == backbone.encoding_key(window(1, red_lines=far))


def test_a_window_of_another_length_is_refused(backbone: BundledBackbone) -> None:
    with pytest.raises(CheckpointMismatch, match="samples"):
        backbone.encode([window(1, samples=np.zeros(100, dtype=np.float32))])


def test_a_saved_model_loads_through_the_checkpoint_folder(tmp_path: Path) -> None:
    network = tiny_network(3)
    save(tmp_path, network, TOKENIZER.read_text(encoding="utf-8"), {"name": "tiny"})
    loaded = checkpoint.load(tmp_path, "cpu")
    assert isinstance(loaded, BundledBackbone)
    assert loaded.settings.family == "bundled"
    assert loaded.settings.window_ms == pytest.approx(8184.0)
    assert checkpoint.describe(tmp_path, loaded).name == "tiny"
    for name, value in network.state_dict().items():
        assert torch.allclose(value, loaded.network.state_dict()[name], atol=2e-3), name
    again = tmp_path / "again"
    save(again, loaded.network, TOKENIZER.read_text(encoding="utf-8"), {"name": "tiny"})
    assert (again / "model.safetensors").read_bytes() == (
        tmp_path / "model.safetensors"
    ).read_bytes()


def test_weights_of_other_sizes_are_refused_by_name(tmp_path: Path) -> None:
    save(tmp_path, tiny_network(), TOKENIZER.read_text(encoding="utf-8"), {})
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    config["network"]["feed_forward"] = 64
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(CheckpointMismatch, match="feed"):
        checkpoint.load(tmp_path, "cpu")


def test_unknown_sizes_are_refused() -> None:
    with pytest.raises(CheckpointMismatch, match="depth"):
        NetworkSizes.of({"depth": 3})


def test_half_precision_gives_about_the_same(backbone: BundledBackbone, tmp_path: Path) -> None:
    save(tmp_path, backbone.network, TOKENIZER.read_text(encoding="utf-8"), {})
    rounded = checkpoint.load(tmp_path, "cpu", torch.bfloat16)
    windows = [window(1), window(2, Mode.MANIA)]
    tokens = prompt(60)
    exact = backbone.logits(tokens, None, backbone.encode(windows))
    encoded = rounded.encode(windows)
    coarse = rounded.logits(tokens, None, encoded)
    assert coarse.dtype == torch.float32
    assert (coarse - exact).abs().median() < 0.1
    out, state = rounded.start(tokens[:, :-1], None, encoded)
    assert out.dtype == torch.float32
    out, _ = rounded.step(tokens[:, -1], state)
    assert (out - coarse[:, -1]).abs().median() < 0.1
