"""Each filter against what the original's processors made of the same scores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from companion.beatmap import Mode
from companion.engine.logit_filters import (
    ConditionalTemperature,
    Guidance,
    InvertedGuidance,
    LookbackMask,
    LookbackRedistribution,
    MonotonicTime,
    TimeBias,
    TokenHistory,
    temperature_rules,
)
from companion.engine.vocabulary import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

FAMILIES = ["v29", "v30", "v31", "v32"]


@pytest.fixture(params=FAMILIES)
def folder(request: pytest.FixtureRequest, goldens: Path) -> Path:
    return goldens / request.param


@pytest.fixture
def vocabulary(folder: Path) -> Vocabulary:
    return Vocabulary.from_file(folder / "model" / "tokenizer.json")


@pytest.fixture
def recorded(folder: Path) -> dict[str, Any]:
    with np.load(folder / "logits_processors.npz") as arrays:
        return dict(arrays)


@pytest.fixture
def options(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "logits_processors.json").read_text())


def test_monotonic_time_masks_the_recorded_ids(vocabulary: Vocabulary, recorded: dict[str, Any]):
    rows = sorted(name.removesuffix("_scores") for name in recorded if name.endswith("_scores"))
    assert rows
    for row in rows:
        history = TokenHistory(vocabulary, recorded[f"{row}_ids"].tolist())
        scores = torch.as_tensor(recorded[f"{row}_scores"])
        filtered = MonotonicTime(vocabulary).apply(scores, history)
        masked = (filtered == -torch.inf).nonzero()[:, 1].numpy()
        np.testing.assert_array_equal(masked, recorded[f"{row}_monotonic_masked_ids"])
        kept = filtered != -torch.inf
        torch.testing.assert_close(filtered[kept], scores[kept], rtol=0, atol=0)


def test_the_temperature_is_the_recorded_one(
    vocabulary: Vocabulary, recorded: dict[str, Any], options: dict[str, Any]
):
    rules = temperature_rules(
        vocabulary,
        tuple(Mode),
        options["temperature"],
        timing=options["timing_temperature"],
        mania_column=options["mania_column_temperature"],
        taiko_hit=options["taiko_hit_temperature"],
    )
    rows = sorted(name.removesuffix("_condtemp_ratio") for name in recorded if "condtemp" in name)
    assert rows
    for row in rows:
        history = TokenHistory(vocabulary, recorded[f"{row}_ids"].tolist())
        divided = ConditionalTemperature(options["temperature"], rules).apply(
            torch.ones(1, vocabulary.size_out), history
        )
        ratio = float(recorded[f"{row}_condtemp_ratio"])
        assert float(divided[0, 0]) == pytest.approx(1 / ratio, rel=1e-5)


@pytest.mark.parametrize(("name", "kind"), [("tf", LookbackRedistribution), ("tl", LookbackMask)])
def test_the_lookback_is_treated_as_recorded(
    vocabulary: Vocabulary, recorded: dict[str, Any], options: dict[str, Any], name: str, kind: Any
):
    bias = kind(vocabulary, int(options["lookback_time_ms"] / 10))
    ids: list[int] = recorded[f"lookback_{name}_ids3"][0].tolist()
    history = TokenHistory(vocabulary, [ids[:-2]])
    for i, added in enumerate([None, *ids[-2:]], start=1):
        if added is not None:
            history.append([added])
        scores = torch.as_tensor(recorded[f"lookback_{name}_s{i}"])
        expected = torch.as_tensor(recorded[f"lookback_{name}_o{i}"])
        torch.testing.assert_close(bias.apply(scores, history), expected, rtol=0, atol=1e-5)


def test_inverted_guidance_is_the_recorded_one(recorded: dict[str, Any]):
    negative, wanted = torch.as_tensor(recorded["cfg_in"]).split(1)
    expected = torch.as_tensor(recorded["cfg_out_scale2"])
    torch.testing.assert_close(
        InvertedGuidance(2.0).mix(wanted, negative), expected, rtol=0, atol=1e-5
    )
    torch.testing.assert_close(Guidance(2.0).mix(negative, wanted), expected, rtol=0, atol=1e-5)


def test_the_time_bias_is_the_recorded_one(vocabulary: Vocabulary, recorded: dict[str, Any]):
    bias = TimeBias(vocabulary, 1.5)
    filtered = bias.apply(
        torch.as_tensor(recorded["bias_in"]), TokenHistory(vocabulary, [[vocabulary.sos_id]])
    )
    expected = torch.as_tensor(recorded["bias_out_1.5"])
    torch.testing.assert_close(filtered, expected, rtol=0, atol=1e-5)
