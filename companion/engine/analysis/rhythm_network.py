"""The network that foresees gaps: an embedding of some tokens and three layers that narrow down.

The modules and their places in the sequence are what the weights' names rest on (``model.0`` the
embedding; ``model.2``, ``4``, ``6`` and ``8`` linear).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import torch
from torch import nn

from companion.engine.analysis.configuration import (
    RhythmConfig,
    read_config,
    read_plain_weights,
)
from companion.engine.analysis.rhythm_tokens import RhythmVocabulary
from companion.engine.checkpoint import fill, misfit_is_typed

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor


class RhythmNetwork(nn.Module):
    """Scores every length of the next gap."""

    def __init__(self, config: RhythmConfig) -> None:
        super().__init__()
        vocabulary = RhythmVocabulary(config.data)
        width = config.model.hidden_size
        widths = (config.data.src_seq_len * width, 4 * width, 2 * width, width)
        layers: list[nn.Module] = [nn.Embedding(vocabulary.n_inputs, width), nn.Flatten()]
        for wide, narrow in pairwise(widths):
            layers += [nn.Linear(wide, narrow), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.Linear(width, vocabulary.n_outputs))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens, shape = (n, src_seq_len), to logits, shape = (n, n_outputs)."""
        return self.model(tokens)


def load_rhythm_network(folder: Path, device: torch.device) -> tuple[RhythmNetwork, RhythmConfig]:
    """Load the rhythm model in a folder.

    Raises:
        ModelMissing: The folder lacks ``config.json`` or ``model.safetensors``.
        CheckpointMismatch: They do not fit each other; the first misfit is named.
    """
    config = read_config(folder, RhythmConfig)
    with misfit_is_typed(folder, device):
        with torch.device("meta"):
            network = RhythmNetwork(config)
        fill(network, read_plain_weights(folder), device=device, dtype=torch.float32)
    return network.eval(), config
