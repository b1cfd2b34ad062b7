"""The weights that ship."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from companion.beatmap import Document
from companion.engine import checkpoint
from companion.engine.conditioning import Conditioning
from companion.engine.events import ContextType, EventType
from companion.engine.model.backbone import WindowInput
from companion.engine.prompts import Context

FOLDER = Path(__file__).parents[2] / "companion/models/bundled"
RED_LINE = b"osu file format v14\n\n[TimingPoints]\n0,400,4,1,0,60,1,0\n\n[HitObjects]\n"


def test_the_shipped_model_loads_and_is_small() -> None:
    backbone = checkpoint.load(FOLDER, "cpu")
    assert 8e6 < backbone.n_parameters < 15e6
    assert backbone.vocabulary.size_out == 3667
    assert backbone.settings.window_ms == 8184
    assert (FOLDER / "model.safetensors").stat().st_size < 32e6
    config = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
    assert config["n_parameters"] == backbone.n_parameters
    assert (FOLDER / "MODEL_CARD.md").is_file()


def test_the_shipped_model_puts_a_circle_on_the_click_that_it_hears() -> None:
    backbone = checkpoint.load(FOLDER, "cpu")
    settings, words = backbone.settings, backbone.vocabulary
    samples = np.zeros(settings.window_samples, dtype=np.float32)
    noise = np.random.default_rng(0).normal(0, 0.3, 800).astype(np.float32)
    for beat in range(20):
        at = 16 * (400 * beat + 20)
        samples[at : at + 800] = noise[: len(samples[at : at + 800])]
    beatmap = Document.parse(RED_LINE).beatmap
    wish = Conditioning(difficulty=2.0, cs=4.0, note_density=1.5)
    encoded = backbone.encode([WindowInput(samples, 0, beatmap.red_lines, wish)])
    context = Context(ContextType.MAP)
    prompt = settings.prompt_builder(words).build((), [context], wish, 0).ids
    tokens = torch.tensor([[*prompt, words.token(EventType.CIRCLE)]])
    logits = backbone.logits(tokens, None, encoded)[0, -1]
    best = words.decode(int(logits.argmax()))
    assert best.kind is EventType.TIME_SHIFT
    assert best.value % 10 == 0  # on a quarter of a beat of 400 ms
