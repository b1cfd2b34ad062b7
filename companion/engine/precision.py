"""How exactly a network computes: float32, bfloat16, or float32 with products in bfloat16.

bfloat16 has float32's range and 8 bits of it: enough for choosing tokens, with slightly different
results. Importing this loads torch.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.engine.model.backbone import (
        Backbone,
        DecoderState,
        EncodedWindows,
        WindowInput,
    )
    from companion.engine.model.settings import ModelSettings
    from companion.engine.vocabulary import Vocabulary
    from companion.settings import Precision

log = logging.getLogger(__name__)


def weights_type(precision: Precision) -> torch.dtype:
    """What weights are held in."""
    return torch.bfloat16 if precision == "bf16" else torch.float32


def require_precision(precision: Precision, device: torch.device) -> None:
    """Refuse what a device cannot compute in.

    Raises:
        OptionRefused: The device has no bfloat16.
    """
    if precision == "fp32":
        return
    if not _has_bfloat16(device):
        raise OptionRefused(
            f"The {device.type} device of this machine cannot compute in {precision}; "
            "leave the precision at fp32."
        )
    if device.type == "cpu" and torch.backends.cpu.get_cpu_capability() == "AVX2":
        # Without instructions for it, torch works bfloat16 products out value by value.
        log.warning(
            "This processor only imitates bfloat16: %s is slower than fp32 here.", precision
        )


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    try:
        one = torch.ones(2, 2, dtype=torch.bfloat16, device=device)
        return bool((one @ one).isfinite().all())
    except (RuntimeError, TypeError):
        return False


class AutocastBackbone:
    """A backbone whose matrix products are computed in bfloat16; its weights stay as they are.

    See `companion.engine.model.backbone.Backbone`, which this is one of.
    """

    def __init__(self, inner: Backbone) -> None:
        self._inner = inner
        for network in vars(inner).values():
            if isinstance(network, nn.Module):
                _norms_in_full(network)

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens it speaks."""
        return self._inner.vocabulary

    @property
    def settings(self) -> ModelSettings:
        """Sizes and times from the checkpoint's files."""
        return self._inner.settings

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._inner.device

    @property
    def n_parameters(self) -> int:
        """Number of trained values."""
        return self._inner.n_parameters

    def encode(self, windows: Sequence[WindowInput]) -> EncodedWindows:
        """See `Backbone.encode`."""
        with self._products():
            return self._inner.encode(windows)

    def encoding_key(self, window: WindowInput) -> bytes:
        """See `Backbone.encoding_key`."""
        return self._inner.encoding_key(window)

    def logits(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows, *, since: int = 0
    ) -> Tensor:
        """See `Backbone.logits`."""
        with self._products():
            return self._inner.logits(tokens, mask, encoded, since=since).float()

    def start(
        self, tokens: Tensor, mask: Tensor | None, encoded: EncodedWindows
    ) -> tuple[Tensor, DecoderState]:
        """See `Backbone.start`."""
        with self._products():
            logits, state = self._inner.start(tokens, mask, encoded)
        return logits.float(), state

    def step(self, tokens: Tensor, state: DecoderState) -> tuple[Tensor, DecoderState]:
        """See `Backbone.step`."""
        with self._products():
            logits, state = self._inner.step(tokens, state)
        return logits.float(), state

    def _products(self) -> torch.autocast:
        return torch.autocast(self._inner.device.type, dtype=torch.bfloat16)


def _norms_in_full(network: nn.Module) -> None:
    """Let norms compute in their weights' type: autocast sees to layer norms, but not to these."""
    for module in network.modules():
        if isinstance(module, nn.RMSNorm):
            module.register_forward_pre_hook(_in_weights_type)


def _in_weights_type(module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    weight = module.weight
    return tuple(part.to(weight.dtype) for part in inputs) if isinstance(weight, Tensor) else inputs
