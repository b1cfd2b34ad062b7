from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from companion.engine.events import EventType
from companion.engine.token_kinds import TokenKinds
from companion.engine.vocabulary import Vocabulary

TOKENIZER = Path(__file__).parents[2] / "companion/models/bundled/tokenizer.json"


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_file(TOKENIZER)


def test_kind_and_value_are_told_apart(vocabulary: Vocabulary) -> None:
    sound = vocabulary.ranges[EventType.HITSOUND].first_id
    combo = vocabulary.ranges[EventType.NEW_COMBO].first_id
    said = torch.zeros(1, vocabulary.size_out)
    # A new combo half the time; else a sound, one of three.
    said[0, combo] = 0.5
    said[0, sound : sound + 3] = torch.tensor([0.25, 0.125, 0.125])
    score = TokenKinds(vocabulary, torch.device("cpu")).score(said, torch.tensor([sound + 1]))
    assert score.kind_bits == pytest.approx([1])
    assert score.value_bits == pytest.approx([2])
    assert score.value_entropy_bits == pytest.approx([1.5])
    assert score.combo_bits == pytest.approx([1])
    assert score.likeliest.tolist() == [sound]
    assert score.likeliest_probability == pytest.approx([0.25])
    assert score.is_likeliest.tolist() == [False]


def test_all_types_are_one_kind(vocabulary: Vocabulary) -> None:
    circle = vocabulary.ranges[EventType.CIRCLE].first_id
    slider = vocabulary.ranges[EventType.SLIDER_HEAD].first_id
    said = torch.zeros(1, vocabulary.size_out)
    said[0, circle], said[0, slider] = 0.25, 0.75
    score = TokenKinds(vocabulary, torch.device("cpu")).score(said, torch.tensor([circle]))
    assert score.kind_bits == pytest.approx([0])
    assert score.value_bits == pytest.approx([2])
    assert score.likeliest.tolist() == [slider]


def test_bits_of_kind_and_value_add_up(vocabulary: Vocabulary) -> None:
    generator = torch.Generator().manual_seed(1)
    said = torch.randn(40, vocabulary.size_out, generator=generator).mul(3).softmax(dim=1)
    real = torch.randint(3, vocabulary.size_out, (40,), generator=generator)
    score = TokenKinds(vocabulary, torch.device("cpu")).score(said, real)
    bits = -np.log2(said[torch.arange(40), real].numpy())
    assert score.kind_bits + score.value_bits == pytest.approx(bits, abs=1e-3)
    half = score.part(slice(10, 30))
    assert half.value_bits.tolist() == score.value_bits[10:30].tolist()
