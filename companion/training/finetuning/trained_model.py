"""A loaded checkpoint as a module that is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

import torch
from torch import nn

from companion.engine import checkpoint
from companion.engine.vocabulary import PAD_ID
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from torch import Tensor

    from companion.engine.checkpoint import DeviceName
    from companion.engine.model.backbone import WindowInput
    from companion.engine.model.settings import ModelSettings
    from companion.engine.vocabulary import Vocabulary
    from companion.training.data.draws import Batch


@runtime_checkable
class TrainableBackbone(Protocol):
    """A backbone that also runs with gradients."""

    @property
    def network(self) -> nn.Module:
        """Its modules, under the names that their weights have in checkpoints."""
        ...

    @property
    def vocabulary(self) -> Vocabulary:
        """Its tokens."""
        ...

    @property
    def settings(self) -> ModelSettings:
        """Sizes and times."""
        ...

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        ...

    def predict(
        self, windows: Sequence[WindowInput], tokens: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Predictions of the token after each, shape = (n, n_tokens, vocab_out)."""
        ...


class TrainedModel(nn.Module):
    """A backbone's network, called with batches."""

    def __init__(self, backbone: TrainableBackbone) -> None:
        super().__init__()
        self.network = backbone.network
        # Not a module, and not to be counted as one.
        self._backbone = [backbone]

    @classmethod
    def load(cls, folder: Path, device: DeviceName = "auto") -> TrainedModel:
        """Load a checkpoint; nothing of it is trained yet.

        Raises:
            ModelMissing, CheckpointMismatch, OutOfMemory: As `checkpoint.load`.
            OptionRefused: Networks of its family cannot be trained.
        """
        backbone = checkpoint.load(folder, device)
        if not isinstance(backbone, TrainableBackbone):
            raise OptionRefused(f"The model in {folder} is of a kind that cannot be trained.")
        return cls(backbone)

    @property
    def backbone(self) -> TrainableBackbone:
        """What runs the network."""
        return self._backbone[0]

    def trained(self) -> dict[str, nn.Parameter]:
        """The weights that are trained, by name."""
        return {
            name: value for name, value in self.network.named_parameters() if value.requires_grad
        }

    def forward(self, batch: Batch) -> Tensor:
        """Predictions of the targets, shape = (n, n_tokens, vocab_out), float32."""
        mask = None if bool(batch.mask.all()) else batch.mask
        tokens = batch.tokens.masked_fill(~batch.mask, PAD_ID)
        return self.backbone.predict(batch.windows, tokens, mask)


def train_everything(model: TrainedModel) -> None:
    """Let all weights be trained, except the filters that make spectrograms."""
    for name, value in model.network.named_parameters():
        value.requires_grad_(not name.startswith("spectrogram."))


def export_checkpoint(model: TrainedModel, base: Path, folder: Path) -> None:
    """Write a checkpoint folder with the trained weights; all else is the base's.

    Raises:
        OSError: The disk does not take it.
    """
    # Its path parameter is an unparametrised os.PathLike.
    from safetensors.torch import save_file  # pyright: ignore[reportUnknownVariableType]

    folder.mkdir(parents=True, exist_ok=True)
    weights = checkpoint.read_weights(base)
    for name, value in model.network.state_dict().items():
        # Weights are stored as the base has them, in half precision for instance.
        weights[name] = value.detach().to("cpu", weights[name].dtype).contiguous()
    save_file(weights, folder / checkpoint.WEIGHTS, metadata={"format": "pt"})
    for name in (checkpoint.CONFIG, checkpoint.GENERATION_CONFIG, checkpoint.VOCABULARY):
        (folder / name).write_bytes((base / name).read_bytes())


def on_device(batch: Batch, device: torch.device) -> Batch:
    """A batch with its tensors where they are needed; windows move when they are heard."""
    return batch._replace(
        tokens=batch.tokens.to(device),
        mask=batch.mask.to(device),
        targets=batch.targets.to(device),
        predicted=batch.predicted.to(device),
    )
