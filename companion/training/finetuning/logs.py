"""What is written down of a run: TensorBoard always, Weights & Biases where it is set up."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

from companion.training.finetuning.extra import needs_extra

if TYPE_CHECKING:
    from pathlib import Path

    from companion.training.finetuning.held_out import Surprise

WANDB_VARIABLES = ("WANDB_API_KEY", "WANDB_MODE")
"""With one of these in the environment, runs are also told to Weights & Biases; nothing else makes
the companion send anything anywhere."""
PROJECT = "osu-companion"


class Logs:
    """Curves of one run.

    Args:
        folder: Where TensorBoard's files go, into ``logs``.
        enabled: False in processes that are not the first.
    """

    def __init__(self, folder: Path, *, enabled: bool) -> None:
        self._board: Any = None
        self._wandb: Any = None
        self._folder = folder
        self._enabled = enabled

    def step(self, step: int, loss: float, rate: float, seconds: float) -> None:
        """Note a step."""
        self._put(step, {"train/loss": loss, "train/rate": rate, "train/seconds": seconds})

    def look(self, step: int, surprise: Surprise) -> None:
        """Note a look at held-out maps."""
        figures = {f"held_out/{kind}": bits.mean for kind, bits in surprise.by_kind.items()}
        self._put(step, figures | {"held_out/bits_per_event": surprise.every.mean})

    def close(self) -> None:
        """Write down what is still in memory."""
        if self._board is not None:
            self._board.close()
            self._board = None
        if self._wandb is not None:
            self._wandb.finish()
            self._wandb = None

    def _put(self, step: int, figures: dict[str, float]) -> None:
        if not self._enabled:
            return
        self._open()
        for name, value in figures.items():
            self._board.add_scalar(name, value, step)
        if self._wandb is not None:
            self._wandb.log(figures, step=step)

    def _open(self) -> None:
        if self._board is not None:
            return
        with needs_extra():
            from torch.utils.tensorboard.writer import SummaryWriter
        self._board = cast("Any", SummaryWriter)(str(self._folder / "logs"))
        if any(os.environ.get(name) for name in WANDB_VARIABLES):
            with needs_extra():
                import wandb  # pyright: ignore
            self._wandb = cast("Any", wandb).init(
                project=PROJECT, dir=str(self._folder), resume="allow"
            )
