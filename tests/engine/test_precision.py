from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from companion.engine import checkpoint, precision
from companion.engine.conditioning import Conditioning
from companion.engine.engine import BUNDLED_MODEL
from companion.engine.model.backbone import WindowInput
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

    from companion.engine.model.backbone import Backbone
    from companion.settings import Precision

FAMILIES = ("v29", "v30", "v31", "v32", "bundled")


def folder_of(goldens: Path, family: str) -> Path:
    return BUNDLED_MODEL if family == "bundled" else goldens / family / "model"


def predictions(backbone: Backbone) -> tuple[Tensor, Tensor]:
    """Log-probabilities after a prompt, taught and in steps; shapes (1, vocab_out)."""
    n = backbone.settings.window_samples
    samples = (np.sin(np.arange(n) / 20) * 0.5).astype(np.float32)
    encoded = backbone.encode([WindowInput(samples, 0.0, (), Conditioning(difficulty=4.0))])
    tokens = torch.tensor([[1, 5, 40, 60]])
    taught = backbone.logits(tokens, None, encoded)[:, -1]
    _, state = backbone.start(tokens[:, :-1], None, encoded)
    stepped, _ = backbone.step(tokens[:, -1], state)
    return taught.log_softmax(-1), stepped.log_softmax(-1)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("kind", ["bf16", "amp"])
def test_less_exact_is_nearly_the_same(goldens: Path, family: str, kind: Precision):
    folder = folder_of(goldens, family)
    exact, _ = predictions(checkpoint.load(folder, "cpu"))
    backbone = checkpoint.load(folder, "cpu", precision=kind)
    for rounded in predictions(backbone):
        assert rounded.dtype == torch.float32
        assert rounded.isfinite().all()
        apart = (rounded.exp() - exact.exp()).abs().sum()
        assert 0 < apart < 0.2


def test_weights_are_rounded_or_not(goldens: Path):
    def kinds(how: Precision) -> set[torch.dtype]:
        backbone = checkpoint.load(goldens / "v29" / "model", "cpu", precision=how)
        inner: Any = getattr(backbone, "_inner", backbone)
        return {p.dtype for p in inner._network.decoder_embedder.parameters()}

    assert kinds("fp32") == kinds("amp") == {torch.float32}
    assert kinds("bf16") == {torch.bfloat16}


def test_a_device_without_bfloat16_is_refused_in_plain_words(
    goldens: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(precision, "_has_bfloat16", lambda _: False)
    with pytest.raises(OptionRefused, match="cpu device of this machine cannot compute in bf16"):
        checkpoint.load(goldens / "v29" / "model", "cpu", precision="bf16")
    checkpoint.load(goldens / "v29" / "model", "cpu", precision="fp32")


def test_a_processor_that_imitates_it_is_warned_about(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    precision.require_precision("amp", torch.device("cpu"))
    assert "amp is slower than fp32 here" in caplog.text
